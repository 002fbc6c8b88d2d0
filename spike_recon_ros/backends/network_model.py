# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A Model that runs a network: representation, padding and backend joined."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spike_recon_ros.backends.backend import Placement
from spike_recon_ros.backends.choice import Choice, load_backend
from spike_recon_ros.backends.first_planes import FirstPlanes
from spike_recon_ros.backends.lamp_average import LampAverage
from spike_recon_ros.backends.lamp_watch import LampWatch
from spike_recon_ros.backends.network_input import NetworkInput
from spike_recon_ros.backends.resting_scene import RestingScene
from spike_recon_ros.backends.state_steps import StateSteps
from spike_recon_ros.bundles.bundle import Bundle
from spike_recon_ros.frames.anchor import Anchor
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.representations.padding import crop
from spike_recon_ros.windows.window import Window

FORMING_NS = 300_000_000
"""Time after a reset in which windows are split, as short windows build the state faster."""
FORMING_WINDOWS = 1.25
"""Longest window in that time, as a multiple of the window length used in training."""


@dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """What the user may choose about any network.

    Attributes:
        threads: number of CPU threads.
        lookahead_planes: see Model; None = as in training.
        state_step_ns: shortest time between two updates of the state by events, see StateSteps.
        noise_gate: whether to treat resting parts of the scene as in RestingScene.
        lamp_averaging: whether events are averaged over the period of a lamp, see LampAverage.
    """

    threads: int = 1
    lookahead_planes: int | None = None
    state_step_ns: int = 0
    noise_gate: bool = False
    lamp_averaging: bool = False


PLAIN = NetworkOptions()


class NetworkModel:
    """A Model that runs a bundle.

    Args:
        bundle: bundle of the network.
        choice: backend to run it with.
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        options: what the user chose.

    Attributes:
        name: name of the bundle.
        description: model, backend, device and the reason for the choice, for the log.
        lookahead_planes: see Model.
        hop_planes: see Model.
        anchor_at: see FrameModel; used only by bundles that read frames.
        output_range: intensities that mean black and white, of networks for events; else None.

    Raises:
        UserError: the bundle cannot be loaded, deviates from its golden output, or does not
            support another lookahead than that of its training.
    """

    def __init__(
        self,
        bundle: Bundle,
        choice: Choice,
        width: int,
        height: int,
        options: NetworkOptions = PLAIN,
    ) -> None:
        self.name = bundle.name
        self._bundle = bundle
        self._size = height, width
        self._input = NetworkInput(bundle, width, height, options.lookahead_planes)
        where = Placement(*self._input.padded, choice.device, options.threads, sensor=self._size)
        self._backend, used = load_backend(choice, bundle, where)
        self.description = f'{bundle.name} with {self._backend.name} ({used.reason})'
        self.hop_planes = bundle.hop_planes
        is_event = bundle.sensor is SensorKind.EVENT
        self.output_range = bundle.output_range if is_event else None
        self.lookahead_planes = self._input.lookahead_planes
        self.anchor_at: Callable[[int], Anchor | None] | None = None
        # Stamps of the latest frames that the state and the image have read.
        self._anchored_ns: int | None = None
        self._shown_ns: int | None = None
        self._last: np.ndarray | None = None
        self._formed_ns = 0
        self._is_updated = False
        # Planes have a memory of their own, in the representation.
        self._state_step_ns = options.state_step_ns if is_event else 0
        self._steps = StateSteps(self._state_step_ns)
        self._resting: RestingScene | None = None
        if options.noise_gate and is_event:
            black, white = bundle.output_range or (0.0, 1.0)
            self._resting = RestingScene(
                width, height, bundle.output_scale, white - black, self._resting_grey()
            )
        averages = options.lamp_averaging and bundle.reads_plain_grid
        self._lamps = LampWatch(width, height) if averages else None
        # Networks with a fixed hop keep features of planes, which are measured, not guessed.
        guesses = bool(self.lookahead_planes) and not self.hop_planes
        self._first = FirstPlanes(self.lookahead_planes, width * height) if guesses else None

    @property
    def longest_window_ns(self) -> int:
        """See Model; shorter in the first FORMING_NS after a reset.

        Twice the shortest step of the state at least, so that each part updates it.
        """
        longest = self._bundle.longest_window_ns
        if not longest:
            return 0
        if self._formed_ns < FORMING_NS:
            longest = min(longest, round(1e6 * FORMING_WINDOWS * self._bundle.window_ms))
        return max(longest, 2 * self._state_step_ns)

    def step(self, window: Window) -> np.ndarray:
        """Run the network on one window; return float32 [height, width].

        Networks for super-resolution return more rows and columns.

        After a window without events the image stays as it is, unless a frame came: without new
        events the network would slowly forget the scene.
        After a window that is not due, the image may be an old one.

        Raises:
            UserError: the network needs windows of another number of spike planes.
        """
        self._is_updated = False
        if len(window.samples) and not self._input.fills_hop(window):
            return np.zeros(self._size, np.float32)
        if self._lamps is not None:
            self._lamps.add(window)
            self._read_again(self._lamps.take_start())
        lamp = self._lamp
        if self._resting is not None:
            window = self._resting.apply(window, has_lamp=lamp is not None)
        if lamp is not None:
            lamp.add(window)
        earlier = self._steps.cut_off(window)
        if earlier is not None:
            self._intensity(earlier, commit=True)
        window_since, commit = self._steps.extend(window)
        has_frame = self._is_unread(self._anchor(window))
        is_new = bool(len(window.samples)) or self._last is None or has_frame
        if is_new:
            self._formed_ns += window.t_end_ns - window.t_start_ns
        is_wanted = is_new and (window.due or self._last is None)
        if is_wanted or (commit and len(window_since.samples)):
            intensity = self._intensity(window_since, commit)
            if is_new:
                self._last = self._shown(intensity)
                self._zero_guessed_state(window)
        assert self._last is not None
        return self._last.copy()

    def _read_again(self, windows: list[Window]) -> None:
        """Zero the state and read windows again, if there are any.

        Not with frames: those of earlier windows are gone, and the next one corrects the state.
        """
        if not windows or self._bundle.reads_frames:
            return
        self._steps.clear()
        self._backend.reset()
        for window in windows:
            self._intensity(window, commit=True)

    @property
    def gated_events(self) -> int:
        """See RestingScene."""
        return self._resting.gated_events if self._resting is not None else 0

    @property
    def unseen_share(self) -> float:
        """See RestingScene."""
        return self._resting.unseen_share if self._resting is not None else 0.0

    @property
    def part_steps(self) -> int:
        """Steps that computed only the active part of the image."""
        return getattr(self._backend, 'part_steps', 0)

    @property
    def spike_rate(self) -> float | None:
        """Share of all spiking neurons that fired in the last update of the state.

        None if the last call of `step` did not update it, as without events, or if the bundle
        declares no membranes. Those of the padding count, too. Each call copies the membranes.
        """
        thresholds = self._bundle.thresholds
        if not thresholds or not self._is_updated:
            return None
        spikes = [self._backend.state(name) >= value for name, value in thresholds.items()]
        return sum(map(np.count_nonzero, spikes)) / sum(one.size for one in spikes)

    @property
    def _lamp(self) -> LampAverage | None:
        return self._lamps.lamp if self._lamps is not None else None

    def _resting_grey(self) -> float:
        """Return the grey that the network draws before it has seen anything."""
        nothing = np.zeros((self._bundle.bins, *self._input.padded), np.float32)
        image = self._backend.step(nothing)
        self._backend.reset()
        return float(np.median(image))

    def _shown(self, intensity: np.ndarray) -> np.ndarray:
        """Return the image of a step as it is shown, without padding.

        A frame of the aligned camera shows everything, so then it is the image of the network.
        """
        if self._resting is not None:
            if self._shown_ns is None:
                return self._resting.shown(intensity)
            self._resting.show_all()
        height, width = (self._bundle.output_scale * side for side in self._size)
        return np.ascontiguousarray(crop(intensity, height, width))

    def _zero_guessed_state(self, window: Window) -> None:
        """Zero the state while images rest on too few planes or spikes."""
        if self._first is not None and not self._first.suffice_with(window.samples):
            self._backend.reset()
            self._is_updated = False

    def _intensity(self, window: Window, commit: bool) -> np.ndarray:
        """Return the intensity at padded size; the backend makes the voxel grid if it can."""
        self._is_updated |= commit
        lamp = self._lamp
        writer = lamp.write if lamp is not None else None
        if self._backend.step_events is not None and writer is None:
            return self._backend.step_events(
                window.samples, window.t_start_ns, window.t_end_ns, commit
            )
        anchor = self._anchor(window)
        if anchor is None:
            return self._backend.step(self._input.read(window, writer=writer), commit)
        is_new = anchor.stamp_ns != self._anchored_ns
        self._shown_ns = anchor.stamp_ns
        if commit:
            self._anchored_ns = anchor.stamp_ns
        return self._backend.step(self._input.read(window, anchor, is_new, writer), commit)

    def _anchor(self, window: Window) -> Anchor | None:
        """Return the latest frame for a window, if the network reads frames and there is one."""
        if not self._bundle.reads_frames or self.anchor_at is None:
            return None
        return self.anchor_at(window.t_end_ns)

    def _is_unread(self, anchor: Anchor | None) -> bool:
        return anchor is not None and anchor.stamp_ns != self._shown_ns

    def forget(self) -> None:
        """Zero the recurrent state only; the representation keeps its history of the sensor."""
        self._last = self._anchored_ns = self._shown_ns = None
        self._formed_ns = 0
        self._is_updated = False
        self._steps.clear()
        self._backend.reset()
        if self._resting is not None:
            self._resting.forget()
        if self._lamps is not None:
            self._lamps.forget_start()

    def reset(self) -> None:
        """Zero the recurrent state and clear the history of the representation."""
        self.forget()
        self._input.reset()
        for part in (self._resting, self._lamps, self._first):
            if part is not None:
                part.reset()

    def close(self) -> None:
        """Close the backend."""
        self._backend.close()
