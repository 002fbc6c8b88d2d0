# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Frames as an MP4 video, through the optional library PyAV.

Comes in: images. Goes out: H.264 in yuv420p, which browsers play. Knows that video takes 8 bits
and even sides.
"""

import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.sinks.sink import Sink

# 90 kHz is the time base that every player expects of H.264; a tick is 11 us.
TICKS_PER_SECOND = 90_000
QUALITY = {'crf': '18', 'preset': 'veryfast'}


class VideoSink(Sink):
    """One video; frames appear at their sensor times, counted from the first.

    It is written under another name and renamed when it is complete; without a frame there is no
    file.

    Args:
        path: the file.
        fps: nominal rate; the last frame is shown for as long as this says.

    Raises:
        UserError: if PyAV is missing.
        OSError: if the file cannot be written.
    """

    def __init__(self, path: Path, fps: float) -> None:
        self._av = _import_av()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._unfinished = path.with_name(f'.{path.stem}.unfinished.mp4')
        self._rate = Fraction(fps).limit_denominator(1000)
        self._container: Any = self._av.open(str(self._unfinished), 'w')
        self._stream: Any = None
        self._first_t_ns = 0
        self._last_tick = -1

    def write(self, image: np.ndarray, t_ns: int, stamp_ns: int) -> None:
        """Append one frame; times that do not increase are moved on by one tick."""
        if self._stream is None:
            self._start(image, t_ns)
        gray = _padded_to_even(_as_uint8(image))
        frame = self._av.VideoFrame.from_ndarray(gray, format='gray').reformat(format='yuv420p')
        tick = (t_ns - self._first_t_ns) * TICKS_PER_SECOND // 1_000_000_000
        self._last_tick = max(tick, self._last_tick + 1)
        frame.pts = self._last_tick
        frame.time_base = self._stream.codec_context.time_base
        self._container.mux(self._stream.encode(frame))

    def _start(self, image: np.ndarray, t_ns: int) -> None:
        height, width = image.shape
        stream = self._container.add_stream('libx264', rate=self._rate, options=QUALITY)
        stream.width, stream.height = width + width % 2, height + height % 2
        stream.pix_fmt = 'yuv420p'
        stream.codec_context.time_base = Fraction(1, TICKS_PER_SECOND)
        self._stream = stream
        self._first_t_ns = t_ns

    def close(self) -> None:
        """Write what the encoder still holds and give the file its name."""
        if self._container is None:
            return
        if self._stream is not None:
            self._container.mux(self._stream.encode(None))
        self._container.close()
        self._container = None
        if self._stream is not None:
            os.replace(self._unfinished, self._path)
        else:
            self._unfinished.unlink(missing_ok=True)


def _import_av() -> Any:
    try:
        import av  # noqa: PLC0415 -- an optional extra
    except ImportError as error:
        raise UserError(
            "videos need the library av; run: pip install 'spike_recon_ros[video]'"
        ) from error
    return av


def _as_uint8(image: np.ndarray) -> np.ndarray:
    if image.dtype == np.uint16:
        return (image >> 8).astype(np.uint8)
    if image.dtype == np.float32:
        return np.rint(np.clip(np.nan_to_num(image), 0, 1) * 255).astype(np.uint8)
    return image


def _padded_to_even(image: np.ndarray) -> np.ndarray:
    height, width = image.shape
    return np.pad(image, ((0, height % 2), (0, width % 2)), mode='edge')
