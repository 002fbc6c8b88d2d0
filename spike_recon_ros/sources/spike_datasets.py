# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Find the clips in public data sets of spike cameras, in the folders of their authors.

    spike-REDS,      train|test / input|spike / NAME_key_id151.dat or NAME.dat
    spike-X4K        train|test / gt / NAME_key_id151.png
    SREDS            spike / val / interp_20_alpha_0.40 / SCENE / FRAME.dat
                     imgs / val / val_orig / SCENE / FRAME.png
                     and to train on the same below crop_mini / spike and crop_mini / image
    recVidarReal2019 classA / NAME.dat, without truth
    one folder       NAME_key_id151.dat beside NAME_key_id151.png, or
                     NAME.dat beside NAME_truth / plane_000150.png, as simulations are written

The number after key_id counts planes from 1. Truth and planes have the same size, which no `.dat`
states, so the size of the image is used for the planes, unless a sidecar states another.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path

from spike_recon_ros.errors import UserError
from spike_recon_ros.regular_file import own_files
from spike_recon_ros.sources.spike_clip import (
    WHITE_RATE,
    SpikeClip,
    SpikeTruth,
    plane_count,
    read_truth,
)
from spike_recon_ros.sources.spike_layout import SpikeLayout, layout_of, sidecar_of

TRAIN, TEST = 'train', 'test'
_SPIKES, _TRUTHS = ('input', 'spike'), 'gt'
_SREDS = {
    TRAIN: ('crop_mini/spike/train', 'crop_mini/image/train/train_orig'),
    TEST: ('spike/val', 'imgs/val/val_orig'),
}
_REAL = ('classA', 'classB')
_PLACES = [
    *('.', *_SPIKES, 'train/*', 'test/*', 'test', *_REAL),
    *(f'{spikes}/*/*' for spikes, _ in _SREDS.values()),
]
_KEY = re.compile(r'(.+)_key_id(\d+)')
_PLANE = re.compile(r'plane_(\d+)')
_WHITE_RATE = re.compile(r'.*alpha_(\d\.\d+)')
LOOKED_FOR = (
    'input or spike beside gt, below train and test (spike-REDS, spike-X4K), spike/val beside '
    'imgs/val/val_orig (SREDS), classA (recVidarReal2019), or .dat files in the folder itself'
)


def holds_clips(path: Path) -> bool:
    """Return whether a folder looks like a data set of spike planes; a quick check."""
    return path.is_dir() and first_dat(path) is not None


def first_dat(path: Path) -> Path | None:
    """Return a .dat file of a data set of spike planes, or None if there is none."""
    found = (file for place in _PLACES for file in own_files(path.glob(f'{place}/*.dat')))
    return next(found, None)


def find_clips(path: Path, split: str = TEST) -> list[SpikeClip]:
    """Return the clips of a data set, by name.

    Args:
        path: the folder into which the data set was unpacked, or a split of it.
        split: `train` or `test`, for data sets that have both.

    Raises:
        UserError: there is no data set, or a part of it is missing.
    """
    if not path.is_dir():
        raise UserError(f'there is no folder {path}; name the one that holds the data set')
    for reader in (_split_in_two, _sreds, _real, _one_folder):
        if clips := sorted(reader(path, split), key=lambda clip: clip.name):
            return clips
    other = TRAIN if split == TEST else TEST
    if (path / other).is_dir():
        raise UserError(f'{path} holds {other} but no .dat below {split}; unpack that part too')
    raise UserError(f'{path} holds no data set of spike planes; looked for were {LOOKED_FOR}')


def _split_in_two(path: Path, split: str) -> Iterator[SpikeClip]:
    """Yield the clips of data sets with separate folders for planes and truths."""
    for root in (path / split, path):
        for name in _SPIKES:
            spikes = own_files((root / name).glob('*.dat'))
            if not spikes:
                continue
            truths = own_files((root / _TRUTHS).glob('*.png'))
            if not truths:
                raise UserError(f'{root} has planes in {name} but no .png in {_TRUTHS}; unpack it')
            # In the test part of spike-X4K, the numbers of the images do not count planes: what
            # its authors compare with them is the middle of each file.
            middle = root.name == TEST and not any(_KEY.fullmatch(one.stem) for one in spikes)
            yield from (_keyed(file, truths, middle) for file in spikes)
            return


def _keyed(file: Path, images: Sequence[Path], middle: bool = False) -> SpikeClip:
    """Return the clip of a file, with the images that have its name.

    Without any, the images of the other clips tell the size of its planes.
    """
    keyed = _KEY.fullmatch(file.stem)
    name = keyed.group(1) if keyed else file.stem
    pairs = [(key, image) for image in images if (key := _KEY.fullmatch(image.stem))]
    truths = {int(key.group(2)) - 1: image for key, image in pairs if key.group(1) == name}
    layout = _layout(file, list(truths.values()) or [image for _, image in pairs])
    if middle and len(truths) == 1:
        truths = {plane_count(file, layout) // 2: image for image in truths.values()}
    return SpikeClip(file.stem, (file,), layout, _in_order(truths))


def _sreds(path: Path, split: str) -> Iterator[SpikeClip]:
    """Yield a clip for each scene: one file per frame, which is exposed at its first plane."""
    spikes, images = (path / place for place in _SREDS[split])
    for scene in own_files(spikes.glob('*/*/')):
        files = tuple(own_files(scene.glob('*.dat')))
        found = [images / scene.name / f'{file.stem}.png' for file in files]
        there = [image for image in found if image.is_file()]
        if not there:
            raise UserError(f'{scene} has no frames in {images / scene.name}; unpack them too')
        # Its authors flip the rows of every size.
        layout = _layout(files[0], there, flip=True)
        counts = [plane_count(file, layout) for file in files]
        planes = accumulate(counts[:-1], initial=0)
        truths = {n: image for n, image in zip(planes, found, strict=True) if image.is_file()}
        rate = _WHITE_RATE.fullmatch(scene.parent.name)
        yield SpikeClip(
            f'{scene.parent.name}/{scene.name}',
            files,
            layout,
            _in_order(truths),
            float(rate.group(1)) if rate else WHITE_RATE,
        )


def _real(path: Path, split: str) -> Iterator[SpikeClip]:
    """Yield recordings of a real camera; both splits have the same."""
    for folder in (*(path / name for name in _REAL), path / split):
        for file in own_files(folder.glob('*.dat')):
            yield SpikeClip(f'{folder.name}/{file.stem}', (file,), _layout(file, []))


def _one_folder(path: Path, split: str) -> Iterator[SpikeClip]:
    """Yield the clips of a folder that holds both planes and truths."""
    images = own_files(path.glob('*.png'))
    for file in own_files(path.glob('*.dat')):
        simulated = own_files((path / f'{file.stem}_truth').glob('*.png'))
        if not simulated:
            yield _keyed(file, images)
            continue
        pairs = ((_PLANE.fullmatch(image.stem), image) for image in simulated)
        truths = {int(plane.group(1)): image for plane, image in pairs if plane}
        layout = _layout(file, simulated)
        rate = layout.white_rate or WHITE_RATE
        yield SpikeClip(file.stem, (file,), layout, _in_order(truths), rate)


def _in_order(truths: dict[int, Path]) -> tuple[SpikeTruth, ...]:
    return tuple(SpikeTruth(plane, truths[plane]) for plane in sorted(truths))


def _layout(file: Path, truths: Sequence[Path], flip: bool | None = None) -> SpikeLayout:
    """Return the layout of the sidecar, else with the size of the truth, else of a Vidar."""
    if sidecar_of(file).exists() or not truths:
        return layout_of(file)
    height, width = read_truth(truths[0]).shape
    return SpikeLayout(width=width, height=height, flip=flip)
