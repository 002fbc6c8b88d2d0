# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Frames as an MP4 video, through the optional library PyAV.

H.264 in yuv420p, which browsers play; it takes 8 bits and even sides. The file is written in
fragments, so that what a killed run leaves can be played.
"""

import os
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from spike_recon_ros.cures import pip_install
from spike_recon_ros.errors import UserError
from spike_recon_ros.sinks.output_path import keep_partial, lock, set_leftover_aside
from spike_recon_ros.sinks.sink import Sink

# 90 kHz is the time base that every player expects of H.264; a tick is 11 us.
TICKS_PER_SECOND = 90_000
LONGEST_STEP_NS = 2_000_000_000
# Without B-frames the times of a fragment begin at that of its first frame.
QUALITY = {'crf': '18', 'preset': 'veryfast', 'bf': '0'}
HYBRID_SINCE = (61, 7, 100)


class VideoSink(Sink):
    """One video; frames appear at the distances of their sensor times.

    It is written under a hidden name beside it and renamed when it is complete; without a frame
    there is no file.

    Args:
        path: the file.
        fps: nominal rate; the last frame is shown for as long as this says.

    Raises:
        UserError: if PyAV is missing, or another program writes the same file.
        OSError: if the file cannot be written.
    """

    def __init__(self, path: Path, fps: float) -> None:
        super().__init__(path)
        self._av = import_av()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._unfinished = path.with_name(f'.{path.stem}.unfinished.mp4')
        self.warnings = set_leftover_aside(self._unfinished, path)
        self._rate = Fraction(fps).limit_denominator(1000)
        self._unfinished.touch()  # PyAV would report only at the first frame that it cannot
        self._lock = lock(self._unfinished, path)
        self._container: Any = self._av.open(
            str(self._unfinished), 'w', options=_fragments(self._av)
        )
        self._stream: Any = None
        self._last_t_ns = 0
        self._tick = 0

    def _write(self, image: np.ndarray, t_ns: int, stamp_ns: int) -> None:
        """Append one frame.

        Where time goes back, as in a bag that loops, or pauses for long, the frame follows the
        last one at the nominal rate.

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
        pixels = _padded_to_even(_as_uint8(image))
        format_ = 'bgr24' if pixels.ndim == 3 else 'gray'
        frame = self._av.VideoFrame.from_ndarray(pixels, format=format_).reformat(format='yuv420p')
        frame.pts = self._tick
        frame.time_base = self._stream.codec_context.time_base
        self._mux(self._stream.encode(frame))

    def _mux(self, packets: list[Any]) -> None:
        try:
            self._container.mux(packets)
        except self._av.error.FFmpegError as error:
            raise OSError(error.errno, error.strerror) from error

    def _ticks(self, step_ns: int) -> int:
        if not 0 < step_ns <= LONGEST_STEP_NS:
            step_ns = round(1_000_000_000 / self._rate)
        return max(1, step_ns * TICKS_PER_SECOND // 1_000_000_000)

    def _start(self, image: np.ndarray) -> None:
        self._shape = image.shape
        height, width = image.shape[:2]
        stream = self._container.add_stream('libx264', rate=self._rate, options=QUALITY)
        stream.width, stream.height = width + width % 2, height + height % 2
        stream.pix_fmt = 'yuv420p'
        stream.codec_context.time_base = Fraction(1, TICKS_PER_SECOND)
        self._stream = stream

    def _finish(self) -> None:
        """Write what the encoder still holds and give the file its name."""
        if self._stream is not None:
            self._mux(self._stream.encode(None))
        try:
            self._container.close()
        except self._av.error.FFmpegError as error:
            raise OSError(error.errno, error.strerror) from error
        if self._stream is not None:
            os.replace(self._unfinished, self.path)
        else:
            self._unfinished.unlink(missing_ok=True)
        os.close(self._lock)

    def _discard(self) -> str:
        """Remove the incomplete file, so that it does not keep the disk full; or keep it."""
        with suppress(Exception):  # PyAV reports the full disk once more
            self._container.close()
        os.close(self._lock)
        if self.keeps_partial and self._stream is not None:
            return keep_partial(self._unfinished, self.path)
        self._unfinished.unlink(missing_ok=True)
        return ''


def _fragments(av: Any) -> dict[str, str]:
    """Return the options by which fragments are written.

    Newer libraries turn them into an ordinary file at the end.
    """
    is_hybrid = av.library_versions['libavformat'] >= HYBRID_SINCE
    flags = 'hybrid_fragmented' if is_hybrid else 'frag_keyframe+empty_moov+default_base_moof'
    return {'movflags': flags, 'frag_duration': '500000', 'flush_packets': '1'}


def import_av() -> Any:
    """Return the library PyAV.

    Raises:
        UserError: it is not installed.
    """
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
    height, width = image.shape[:2]
    sides = ((0, height % 2), (0, width % 2), (0, 0))
    return np.pad(image, sides[: image.ndim], mode='edge')
