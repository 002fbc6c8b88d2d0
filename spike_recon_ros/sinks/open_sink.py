# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Choose the sink by the name of the output, without overwriting anything by mistake."""

import contextlib
import math
from pathlib import Path
from typing import Any

from spike_recon_ros.errors import UserError, reason_and_cure
from spike_recon_ros.regular_file import user_path
from spike_recon_ros.sinks.image_bag import ImageBagSink
from spike_recon_ros.sinks.image_folder import ImageFolderSink
from spike_recon_ros.sinks.output_path import check_not_source
from spike_recon_ros.sinks.sink import Sink
from spike_recon_ros.sinks.video import VideoSink


def open_sink(
    path: str | Path,
    fps: float,
    *,
    overwrite: bool = False,
    source: str | Path | None = None,
) -> Sink:
    """Open the file or folder that frames are written to.

    Args:
        path: `*.mp4` for a video, `*.mcap` for a bag, else a folder of images.
        fps: nominal rate of the frames, for formats that state one.
        overwrite: replace what is there; of a folder only an earlier run's frames.
        source: the recording that is read, which is never replaced.

    Raises:
        UserError: if there is something at `path` already, it cannot be written, or `fps` is no
            rate.
    """
    path, fps = user_path(path), _rate(fps)
    kind = path.suffix.lower()
    if str(path) == '-':
        raise UserError('images cannot be written to stdout (-); name a folder or a file')
    if kind in ('.mp4', '.mcap'):
        _check_file(path, overwrite)
    elif path.suffix and not path.is_dir():
        raise UserError(
            f'{path}: {path.suffix} cannot be written; name a folder (make it first if its name '
            'has a dot), an .mp4 or an .mcap'
        )
    else:
        _check_folder(path, overwrite)
    if source is not None:
        check_not_source(Path(source), path)
    try:
        if kind == '.mp4':
            return VideoSink(path, fps)
        if kind == '.mcap':
            return ImageBagSink(path)
        return ImageFolderSink(path)
    except OSError as error:
        raise UserError(f'{path} cannot be written: {reason_and_cure(error)}') from error


def _rate(fps: Any) -> float:
    with contextlib.suppress(TypeError, ValueError):
        if 0 < float(fps) < math.inf:
            return float(fps)
    raise UserError(f'fps is {fps!r}; give the frames per second, for example 25')


def _check_file(path: Path, overwrite: bool) -> None:
    if path.is_dir():
        raise UserError(f'{path} is a folder; name another output')
    if path.exists() and not overwrite:
        raise UserError(f'{path} exists; name another output or allow it with --overwrite')


def _check_folder(path: Path, overwrite: bool) -> None:
    if path.exists() and not path.is_dir():
        raise UserError(f'{path} is a file; name a folder for the images')
    if path.exists() and not overwrite and any(path.iterdir()):
        raise UserError(
            f'the folder {path} is not empty; name another output or allow it with --overwrite'
        )
