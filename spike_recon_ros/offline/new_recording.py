# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Writes a recording aside and moves it into place when it is complete.

So a full disk or an interrupt leaves what was there before, and no half recording.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spike_recon_ros.errors import UserError, reason_and_cure
from spike_recon_ros.sources.bag_writer import check_replaceable

DAT = '.dat'
OF_FILES = frozenset(
    (
        '.aedat', '.aedat4', '.avi', '.bag', '.bin', '.csv', '.db3', '.es', '.h5', '.hdf5',
        '.json', '.mcap', '.mkv', '.mp4', '.npy', '.npz', '.png', '.raw', '.txt', '.yaml', '.zip',
    )
)  # fmt: skip
"""Names that promise a file of another format, while a bag is a folder."""


@contextmanager
def new_recording(out: Path, overwrite: bool, *, with_truth: bool = False) -> Iterator[Path]:
    """Yield a path to write to; what is there is moved to `out` if the block succeeds.

    Args:
        out: folder of a bag, or `x.dat`, which has files beside it.
        overwrite: replace a recording that is there.
        with_truth: whether a folder `x_truth` is written beside `x.dat`.

    Raises:
        UserError: `out` must not be replaced, or cannot be written.
    """
    _check(out, overwrite, with_truth)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f'.{out.name}.', dir=out.parent))
    except OSError as error:
        raise UserError(f'{out} cannot be written: {reason_and_cure(error)}') from error
    try:
        yield folder / out.name
        for made in folder.iterdir():
            place = out.with_name(made.name)
            if place.is_dir():
                shutil.rmtree(place)
            made.rename(place)
    except OSError as error:
        raise UserError(f'{out} cannot be written: {reason_and_cure(error)}') from error
    except UserError as error:  # names the file, but in the folder that is removed
        raise UserError(str(error).replace(str(folder), str(out.parent))) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _check(out: Path, overwrite: bool, with_truth: bool) -> None:
    if out.suffix.lower() in OF_FILES:
        raise UserError(
            f'{out}: what is written is a bag, a folder; leave out {out.suffix}, or give a name '
            'that ends in .dat for a file of spike planes'
        )
    if out.suffix != DAT:
        check_replaceable(out, overwrite)
        return
    truth = out.with_name(f'{out.stem}_truth')
    for path in (out, truth) if with_truth else (out,):
        if path.exists() and not overwrite:
            raise UserError(f'{path} exists already; choose another name or add --overwrite')
    if out.is_dir():
        raise UserError(f'{out} is a folder, so it stays; choose another name')
    old_truth = truth.iterdir() if with_truth and truth.exists() else ()
    if any(not file.match('plane_*.png') for file in old_truth):
        raise UserError(f'{truth} holds more than ground truth, so it stays; choose another name')
