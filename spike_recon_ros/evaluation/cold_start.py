# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The image of one plane of a spike stream, made by the pipeline from a zero state.

Public data sets of spike cameras give ground truth for single planes. The pipeline cuts windows
by time, so the plane would rarely be the one that an image is for. Here only the cutter differs:
it counts planes, and its last window ends as many planes after the wanted one as the model looks
ahead. Everything else is Reconstructor's.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import numpy as np

from spike_recon_ros.model import Model, SpikeModel
from spike_recon_ros.model_choice import load_model
from spike_recon_ros.packets.packet import Packet, Reference
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.packets.spike_planes import SpikePlanes
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings
from spike_recon_ros.windows.sample_buffer import SampleBuffer
from spike_recon_ros.windows.window import Window

PLANES_PER_WINDOW = 20
"""For models that accept any number: 1 ms of a camera with 20,000 planes per second."""


class PlaneCutter:
    """A Cutter that ends windows after given numbers of planes since the start of the stream.

    Args:
        borders: returns the start of the first window and the end of each, increasing. It is
            called with the first planes, when the model is loaded. Planes before the first border
            and after the last one are dropped.
        every_window_due: whether each window gives a frame, or only the last one.
    """

    late = 0

    def __init__(self, borders: Callable[[], Sequence[int]], *, every_window_due: bool) -> None:
        self._ask, self._every_window_due = borders, every_window_due
        self._borders: list[int] | None = None
        self._pending = SampleBuffer()
        self._position = self._skip = 0

    def push(self, planes: Any) -> list[Window]:
        """Append SpikePlanes; return the windows that they complete."""
        if self._borders is None:
            self._skip, *self._borders = self._ask()
        windows: list[Window] = []
        self._pending.append(planes)
        if self._skip and self._pending.count >= self._skip:
            self._pending.take_first(self._skip)
            self._position, self._skip = self._skip, 0
        while not self._skip and self._borders:
            length = self._borders[0] - self._position
            if length > self._pending.count:
                break
            self._position = self._borders.pop(0)
            windows.append(self._window(self._pending.take_first(length)))
        return windows

    def _window(self, planes: SpikePlanes) -> Window:
        due = self._every_window_due or not self._borders
        return Window(int(planes.t_ns[0]), int(planes.t_ns[-1]) + 1, planes, due=due)

    def push_reference(self, reference: Reference) -> list[Window]:
        """Ignore it: the borders are known."""
        return []

    def flush(self) -> list[Window]:
        """Return nothing: planes after the last border are dropped."""
        return []


class ColdStart:
    """Reconstructs single planes of spike streams, each from a zero state.

    Args:
        settings: model and its parameters.

    Attributes:
        model_name: what runs, after the first packet.
        lookahead_planes: planes after the wanted one that the model needs; 0 before the first
            packet.
    """

    def __init__(self, settings: Settings) -> None:
        self._model: SpikeModel | None = None
        self._plane = 0
        self._reconstructor = Reconstructor(settings, load=self._load, cutter=self._cutter)
        self._reconstructor.images.rendering = False

    def intensity(self, packets: Iterable[Packet], plane: int) -> np.ndarray | None:
        """Return the intensity at a plane, in spikes per plane.

        Args:
            packets: of the whole stream, from its first one on.
            plane: its number in the stream, counted from 0.

        Returns: float32 [height, width]; None if the stream ends before the model has the planes
            that it needs.

        Raises:
            UserError: the packets hold events, or the model cannot be loaded.
        """
        self._plane = plane
        self._reconstructor.reset()
        for packet in packets:
            for frame in self._reconstructor.stream(packet):
                return frame.intensity
        return None

    @property
    def model_name(self) -> str:
        """The name of the model."""
        return self._reconstructor.model_name

    @property
    def lookahead_planes(self) -> int:
        """Planes that the model needs after the one that the image is for."""
        return 0 if self._model is None else self._model.lookahead_planes

    def close(self) -> None:
        """Release the model."""
        self._reconstructor.close()

    def _load(self, settings: Settings, width: int, height: int, *, kind: SensorKind) -> Model:
        self._model = cast(SpikeModel, load_model(settings, width, height, kind=kind))
        return self._model

    def _cutter(self, *_: object) -> PlaneCutter:
        return PlaneCutter(self._borders, every_window_due=False)

    def _borders(self) -> list[int]:
        """Return borders `hop` planes apart, the last one where the model has what it needs.

        The remainder at the start is a shorter first window, or dropped where the model accepts
        one length only.
        """
        assert self._model is not None
        end = self._plane + 1 + self._model.lookahead_planes
        hop = self._model.hop_planes or PLANES_PER_WINDOW
        remainder = end % hop
        start = [0] if remainder and not self._model.hop_planes else []
        return [*start, *range(remainder, end + 1, hop)]
