# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the recurrent state of a network for spike cameras is worth, image by image.

Comes in: a data set of spike planes with ground truth each 20 planes. Goes out: PSNR by the number
of images since the start, with the state and without. Knows nothing about what is in a network.

In low light PSNR says most of all how well the brightness was guessed: nothing in the planes tells
a sensor's dark current from light. So each row has the PSNR of levelled images beside it, whose
mean is brought to that of the truth.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from spike_recon_ros.backends.network_model import NetworkModel
from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.curves import curves_possible, draw_curves
from spike_recon_ros.evaluation.full_reference import psnr
from spike_recon_ros.evaluation.spike_instants import graded
from spike_recon_ros.model_choice import load_model
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.settings import Settings
from spike_recon_ros.sources.spike_clip import SpikeClip, read_truth
from spike_recon_ros.sources.spike_datasets import find_clips
from spike_recon_ros.windows.window import Window

HOP = 20
PLOT = 'spikes_state.png'


def spikes_state(models: list[str], datasets: list[Path], out: Path | None) -> Iterator[Any]:
    """Run each network over each clip twice; one row a model and folder, means over its clips.

    Raises:
        UserError: a folder has no clip with a truth each 20 planes, or a model is no network.
    """
    folders = {
        path.name: [clip for clip in find_clips(path) if _instants(clip)] for path in datasets
    }
    if not folders or not all(folders.values()):
        raise UserError(
            f'spikes_state needs --clip FOLDER with clips that have a truth each {HOP} planes; '
            'make them with spike-recon simulate --sensor spike --fps-truth 1000 -o FOLDER/x.dat'
        )
    curves = {}
    for name, (folder, clips) in itertools.product(models, folders.items()):
        row: dict[str, Any] = {'model': name, 'folder': folder, 'clips': len(clips)}
        for kept in (True, False):
            rows = [_psnrs(clip, name, kept) for clip in clips]
            length = min(map(len, rows))
            means = np.mean([one[:length] for one in rows], 0).round(2)
            said = 'with state' if kept else 'without'
            for kind, curve in zip(('psnr', 'psnr_levelled'), means.T.tolist(), strict=True):
                row[f'{kind}_{said.replace(" ", "_")}'] = curve
            times_s = [HOP * 5e-5 * number for number in range(length)]
            curves[f'{name}, {folder}, {said}'] = times_s, means[:, 0].tolist()
        yield row
    if out is not None and curves_possible():
        out.mkdir(parents=True, exist_ok=True)
        draw_curves(out / PLOT, 'What the recurrent state is worth', 'PSNR, dB', curves)


def _instants(clip: SpikeClip) -> list[int]:
    """Return the planes of the truths from the first on, as long as they are HOP apart."""
    found: list[int] = []
    for truth in clip.truths:
        if found and truth.plane != found[-1] + HOP:
            break
        found.append(truth.plane)
    return found if len(found) > 1 else []


def _psnrs(clip: SpikeClip, name: str, kept: bool) -> list[tuple[float, float]]:
    """Return the PSNR of each image that has a truth, as it is and levelled."""
    settings = Settings(model=name, threads=1)
    model = load_model(settings, clip.layout.width, clip.layout.height, kind=SensorKind.SPIKE)
    if not isinstance(model, NetworkModel):
        raise UserError(f'{name} is no network; give a name of the model zoo or a bundle')
    planes, truths, found = clip.planes(), {t.plane: t.image for t in clip.truths}, []
    begin = 0
    for instant in _instants(clip):
        end = instant + 1 + model.lookahead_planes
        if end > len(planes):
            break
        part, begin = planes[begin:end], end
        if not kept:
            model.forget()
        intensity = model.step(Window(int(part.t_ns[0]), int(part.t_ns[-1]) + 1, part))
        image = graded(intensity, clip.white_rate)
        truth = read_truth(truths[instant]) / 255
        found.append((psnr(image, truth), psnr(image + (truth - image).mean(), truth)))
    model.close()
    return found
