# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Frames as an MP4 video, through the optional library PyAV.

Comes in: images. Goes out: H.264 in yuv420p, which browsers play. Knows that video takes 8 bits
and even sides.
"""

import contextlib
import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from spike_recon_ros.cures import pip_install
from spike_recon_ros.errors import UserError
from spike_recon_ros.sinks.sink import Sink

# 90 kHz is the time base that every player expects of H.264; a tick is 11 us.
TICKS_PER_SECOND = 90_000
LONGEST_STEP_NS = 2_000_000_000
QUALITY = {'crf': '18', 'preset': 'veryfast'}


class VideoSink(Sink):
    """One video; frames appear at the distances of their sensor times.

    It is written under another name and renamed when it is complete; without a frame there is no
    file.

    Args:
        path: the file.
        fps: nominal rate; the last frame is shown for as long as this says.

    Raises:
        UserError: if PyAV is missing; on use, if the file cannot be written.
        OSError: if the file cannot be created.
    """

    def __init__(self, path: Path, fps: float) -> None:
        self._av = _import_av()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._unfinished = path.with_name(f'.{path.stem}.unfinished.mp4')
        self._rate = Fraction(fps).limit_denominator(1000)
        self._unfinished.touch()  # PyAV would tell only at the first frame that it cannot
        self._container: Any = self._av.open(str(self._unfinished), 'w')
        self._stream: Any = None
        self._last_t_ns = 0
        self._tick = 0

    def write(self, image: np.ndarray, t_ns: int, stamp_ns: int) -> None:
        """Append one frame.

        Where time goes back, as in a bag that loops, or is silent for long, the frame follows the
        last one as the nominal rate says.

        Raises:
            UserError: the frame is not of the first one's size.
        """
        if self._stream is None:
            self._start(image)
        else:
            self._tick += self._ticks(t_ns - self._last_t_ns)
        self._last_t_ns = t_ns
        if image.shape != self._shape:
            raise UserError(
                f'the images changed from {self._shape[1]}x{self._shape[0]} to '
                f'{image.shape[1]}x{image.shape[0]}, and a video has one size; write them into a '
                'folder or an .mcap'
            )
        gray = _padded_to_even(_as_uint8(image))
        frame = self._av.VideoFrame.from_ndarray(gray, format='gray').reformat(format='yuv420p')
        frame.pts = self._tick
        frame.time_base = self._stream.codec_context.time_base
        self._mux(self._stream.encode(frame))

    def _mux(self, packets: list[Any]) -> None:
        try:
            self._container.mux(packets)
        except (self._av.error.FFmpegError, OSError) as error:
            raise self._given_up(error) from error

    def _given_up(self, error: Exception) -> UserError:
        """Remove the incomplete file, so that it does not keep the disk full."""
        with contextlib.suppress(self._av.error.FFmpegError, OSError):
            self._container.close()
        self._container = None
        self._unfinished.unlink(missing_ok=True)
        reason = getattr(error, 'strerror', None) or error
        return UserError(f'{self._path} cannot be written: {reason}')

    def _ticks(self, step_ns: int) -> int:
        if not 0 < step_ns <= LONGEST_STEP_NS:
            step_ns = round(1_000_000_000 / self._rate)
        return max(1, step_ns * TICKS_PER_SECOND // 1_000_000_000)

    def _start(self, image: np.ndarray) -> None:
        self._shape = height, width = image.shape
        stream = self._container.add_stream('libx264', rate=self._rate, options=QUALITY)
        stream.width, stream.height = width + width % 2, height + height % 2
        stream.pix_fmt = 'yuv420p'
        stream.codec_context.time_base = Fraction(1, TICKS_PER_SECOND)
        self._stream = stream

    def close(self) -> None:
        """Write what the encoder still holds and give the file its name."""
        if self._container is None:
            return
        if self._stream is not None:
            self._mux(self._stream.encode(None))
        try:
            self._container.close()
        except (self._av.error.FFmpegError, OSError) as error:
            raise self._given_up(error) from error
        self._container = None
        if self._stream is not None:
            os.replace(self._unfinished, self._path)
        else:
            self._unfinished.unlink(missing_ok=True)


def _import_av() -> Any:
    try:
        import av  # noqa: PLC0415 -- an optional extra
    except ImportError as error:
        raise UserError(f'videos need the library av; run: {pip_install("video")}') from error
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
