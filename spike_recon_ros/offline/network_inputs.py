# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The tensors that a network reads from recordings, for quantisation and pruning."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from spike_recon_ros.backends.network_input import NetworkInput
from spike_recon_ros.bundles.bundle import Bundle
from spike_recon_ros.errors import UserError
from spike_recon_ros.frames.anchor import Anchor
from spike_recon_ros.model import Model
from spike_recon_ros.offline.camera_frames import with_frames
from spike_recon_ros.offline.frames import frames_of
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.windows.window import Window

MOST_WINDOWS = 200
"""Limits the memory that the tensors take."""


def tensors_of(
    bundle: Bundle, recordings: Sequence[Path], console: Console
) -> list[list[np.ndarray]]:
    """Return what a network reads from recordings.

    Args:
        bundle: of the network.
        recordings: share MOST_WINDOWS windows equally; windows beyond that are not read.
        console: for progress bars.

    Returns: for each stretch without a reset, the tensors float32 [bins, height, width] of its
        windows in order.

    Raises:
        UserError: a recording cannot be read, comes from another kind of sensor, or is too short,
            or the recordings differ in size.
    """
    most = MOST_WINDOWS // len(recordings)
    found = [part for path in recordings for part in _tensors(bundle, path, most, console)]
    sizes = sorted({tensor.shape[1:] for part in found for tensor in part})
    if len(sizes) > 1:
        listed = ', '.join(f'{width}x{height}' for height, width in sizes)
        raise UserError(
            f'the recordings differ in size ({listed}, padded for the network); give those of one '
            'sensor'
        )
    return found


def _tensors(bundle: Bundle, path: Path, most: int, console: Console) -> list[list[np.ndarray]]:
    taps: list[_Tap] = []

    def load(settings: Settings, width: int, height: int, *, kind: SensorKind) -> Model:
        taps.append(_Tap(bundle, width, height))
        return taps[-1]

    settings = Settings(
        model=str(bundle.folder.absolute()),
        fps=1e3 / bundle.window_ms,
        frames='anchor' if bundle.reads_frames else 'off',
    )
    reconstructor = Reconstructor(settings, load=load)
    reconstructor.images.rendering = False
    opened = open_source(path)
    with with_frames(opened, path) if bundle.reads_frames else opened as source:
        for _ in frames_of(source, reconstructor, console, f'{path.name}: reading'):
            if sum(tap.count for tap in taps) == most:
                break
    sequences = [part for tap in taps for part in tap.sequences if part]
    reconstructor.close()
    if not sequences:
        raise UserError(
            f'{path} is shorter than a window ({bundle.window_ms:g} ms); give a longer recording'
        )
    return sequences


class _Tap:
    """A Model that stores what a network would read, and runs no network."""

    def __init__(self, bundle: Bundle, width: int, height: int) -> None:
        self.name, self.hop_planes = bundle.name, bundle.hop_planes
        self.count = 0
        self.sequences: list[list[np.ndarray]] = [[]]
        self._input = NetworkInput(bundle, width, height)
        self.lookahead_planes = self._input.lookahead_planes
        self.longest_window_ns = bundle.longest_window_ns
        self._blank = np.zeros((height, width), np.float32)
        self.anchor_at: Callable[[int], Anchor | None] | None = None  # see FrameModel
        self._anchored_ns: int | None = None

    def step(self, window: Window) -> np.ndarray:
        """See Model."""
        if not self._input.fills_hop(window):
            return self._blank.copy()
        anchor = None if self.anchor_at is None else self.anchor_at(window.t_end_ns)
        is_new = anchor is not None and anchor.stamp_ns != self._anchored_ns
        self._anchored_ns = None if anchor is None else anchor.stamp_ns
        self.sequences[-1].append(self._input.read(window, anchor, is_new).copy())
        self.count += 1
        return self._blank.copy()

    def reset(self) -> None:
        """See Model."""
        self._input.reset()
        self.sequences.append([])

    def close(self) -> None:
        """See Model."""
