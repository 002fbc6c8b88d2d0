# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The pipeline: packets in, frames out. Node, `run`, `evaluate` and `bench` all drive it."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from spike_recon_ros import model_choice
from spike_recon_ros.conditioning.conditioner import Conditioner
from spike_recon_ros.conditioning.region import Region, parse_roi, region_of
from spike_recon_ros.frame import Frame
from spike_recon_ros.frame_maker import FrameMaker
from spike_recon_ros.frames.anchor import Anchors
from spike_recon_ros.frames.camera_frame import CameraFrame
from spike_recon_ros.frames.store import FrameStore
from spike_recon_ros.packet_sequence import PacketOrder, Place, Succession
from spike_recon_ros.packets.decoder import Decoder, DecoderStatistics
from spike_recon_ros.packets.packet import Packet, Reference, check_fields
from spike_recon_ros.packets.registry import check_expected_size, decoder_for, sensor_kind_of
from spike_recon_ros.packets.sensor_clock import SensorClock
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.plane_runs import IN_GAP, PlaneRuns
from spike_recon_ros.settings import Settings
from spike_recon_ros.stream_statistics import ResetReason, Statistics
from spike_recon_ros.window_steps import Pace, WindowSteps
from spike_recon_ros.windows.cutter import Cutter, cutter_for
from spike_recon_ros.windows.hot_pixels import HotPixelMask
from spike_recon_ros.windows.piece import TimeJump
from spike_recon_ros.windows.window import Window
from spike_recon_ros.windows.window_stream import WindowStream


class Reconstructor:
    """Turns the packets of one sensor into frames.

    Args:
        settings: the model, and how to cut and render.
        on_reset: called with the reason and a sentence each time the state is zeroed.
        load: makes models, as `model_choice.load_model` does.
        cutter: makes the cutter, as `cutter_for` does.

    Attributes:
        statistics: counts since construction.
        pace: decides what is left out where time is short, and what is done in advance.
        images: makes the frames, and decides whether they get images.
        model_name: the model that runs; before the first packet, the one in the settings.
        kind: kind of camera that sends the packets; EVENT before the first packet.
        frames: frames of an aligned camera, which the pipeline reads.
        region: the part of the sensor that the images show; None before the model is loaded.

    Raises:
        UserError: there is no model of that name.
    """

    def __init__(
        self,
        settings: Settings,
        on_reset: Callable[[ResetReason, str], None] | None = None,
        load: model_choice.LoadModel = model_choice.load_model,
        cutter: Callable[[Settings, SensorClock], Cutter] = cutter_for,
    ) -> None:
        model_choice.check_model_name(settings.model)
        parse_roi(settings.roi)
        self.settings, self.statistics = settings, Statistics()
        self.pace, self._steps, self._order = Pace(), WindowSteps(), PacketOrder()
        self.model_name, self.kind, self.frames = settings.model, SensorKind.EVENT, FrameStore()
        self.region: Region | None = None
        self.images = FrameMaker(settings, self.frames, self.statistics, load)
        self._on_reset, self._load, self._new_cutter = on_reset, load, cutter
        self._sensor: tuple[str, int, int] | None = None
        self._loaded_for: tuple[int, int, SensorKind] | None = None
        self._decoder: Decoder[Any] | None = None
        self._conditioner: Conditioner | None = None
        self._unfinished: Iterator[Frame] = iter(())
        self._begin_stream()

    def prepare(self, width: int, height: int, kind: SensorKind) -> None:
        """Load the model for a sensor of width x height pixels, before its first packet.

        Raises:
            UserError: the model cannot be loaded for this sensor.
        """
        if self._loaded_for == (width, height, kind):
            return
        check_expected_size(width, height)
        model_name = model_choice.choose_model(self.settings, kind)
        references = self._windows.early_references
        self.close()
        self._begin_stream(references)
        self.region = region_of(self.settings, width, height)
        self._conditioner = Conditioner(self.settings, self.region, self.statistics)
        self._steps.mask = HotPixelMask(*self.region.image_size, self.settings)
        model = self._steps.model = self._load(self.settings, *self.region.image_size, kind=kind)
        if self.settings.frames == 'anchor':
            anchors = Anchors(self.frames, self.region, lambda: self._windows)
            model.anchor_at = anchors.at  # type: ignore[attr-defined]  # a FrameModel
        self.images.prepare(self.region, kind, model)
        self._loaded_for, self.model_name, self.kind = (width, height, kind), model_name, kind
        self.statistics.models_loaded += 1

    def needs(self, packet: Packet) -> bool:
        """Return whether the next frame needs a packet; see PlaneRuns."""
        return self._runs.needs(packet, self.pace.longest_run_ns(), self._order.last)

    def skip(self, packet: Packet) -> None:
        """Note a packet that the caller dropped; planes are not joined across the gap."""
        deque(self._unfinished, maxlen=0)
        last = self._order.last
        if last is None or packet.sensor != self._sensor or packet.seq < last.seq:
            return  # the first, of another sensor, late, or a restart
        self._check_sequence(packet)
        self._begin_run(ResetReason.OVERLOAD, IN_GAP, packet, last)

    def push(self, packet: Packet) -> list[Frame]:
        """Process one packet and return the frames that it completes, oldest first.

        Raises:
            UserError: the encoding or resolution is impossible, or the model cannot be loaded.
        """
        return list(self.stream(packet))

    def push_reference(self, reference: Reference) -> list[Frame]:
        """Add a moment for which a frame is wanted; return the frames that are already due."""
        return list(self.stream(reference))

    def flush(self) -> list[Frame]:
        """Return the frames that no later packet will complete, at the end of a recording."""
        return list(self.stream_end())

    def stream(self, item: Packet | Reference | CameraFrame) -> Iterator[Frame]:
        """Process an item lazily: make each frame when the iterator reaches it.

        For callers that must not wait, such as the live node. The item is decoded and stored at
        once. Frames that are not iterated are computed at the next call. Raises as `push`.
        """
        deque(self._unfinished, maxlen=0)
        if isinstance(item, CameraFrame):
            self.frames.add(item, self._sensor and self._sensor[1:])
        elif isinstance(item, Reference):
            self._unfinished = self._frames(self._windows.push_reference(item))
        elif self._admits(item):
            self._decode(item)
        return self._unfinished

    def _decode(self, packet: Packet) -> None:
        assert self._decoder is not None
        samples = self._decoder.decode(packet)
        self.statistics.packets += 1
        self.statistics.samples += len(samples)
        self._unfinished = self._frames(self._windows.push(samples, packet.stamp_ns))

    def stream_end(self) -> Iterator[Frame]:
        """Like `flush`, but lazily, as `stream` does."""
        deque(self._unfinished, maxlen=0)
        self._unfinished = self._frames(self._windows.flush())
        return self._unfinished

    def reset(self, reason: ResetReason = ResetReason.REQUESTED, detail: str = '') -> None:
        """Zero the state and begin a new stream with the next packet."""
        self._order.forget()
        self._restart(reason, detail)

    def close(self) -> None:
        """Release the model; the next packet loads it again."""
        self._unfinished = iter(())
        self.images.close()
        self._steps.close()
        self._sensor = self._loaded_for = None
        self._order.forget()
        self._begin_stream()  # pending samples are from the old sensor

    @property
    def runs(self) -> str:
        """Text that names the model and its backend; empty before a model is loaded."""
        return model_choice.describe_running(self._steps.model) if self._steps.model else ''

    @property
    def spike_rate(self) -> float | None:
        """Share of spiking neurons that fired for the last window; see NetworkModel."""
        return getattr(self._steps.model, 'spike_rate', None)

    @property
    def late_references(self) -> int:
        """Number of references and trigger edges of this stream that came too late for a frame."""
        return self._windows.late

    @property
    def decoder_statistics(self) -> DecoderStatistics:
        """Counts of what the current decoder left out."""
        return self._decoder.statistics if self._decoder is not None else DecoderStatistics()

    def adopt(self, settings: Settings) -> None:
        """Apply new settings of the rendering and the event rate without changing the state."""
        self.settings = settings
        self.images.adopt(settings)
        if self._conditioner is not None:
            self._conditioner.adopt(settings)

    def save_hot_pixels(self, path: Path) -> None:
        """Write the mask of hot pixels for the setting `hot_pixel_file`; see WindowSteps."""
        self._steps.save_hot_pixels(path)

    def _begin_stream(self, references: Iterable[Reference] = ()) -> None:
        period_ns = getattr(self._decoder, 'period_ns', 0)
        self._windows = WindowStream(self.settings, self._new_cutter, period_ns, self._conditioner)
        self._runs = PlaneRuns(self._steps.model, period_ns, self._windows)
        for reference in references:
            self._windows.push_reference(reference)
        self._steps.clear()

    def _restart(self, reason: ResetReason, detail: str) -> None:
        self._unfinished = iter(())
        if self._decoder is not None:
            self._decoder.reset()
        self._zero_state(reason, detail)
        self._begin_stream()

    def _zero_state(self, reason: ResetReason, detail: str, in_gap: bool = False) -> None:
        self.statistics.resets[reason] += 1
        if self._on_reset is not None:
            self._on_reset(reason, detail)
        self.images.reset(keep_contrast=in_gap)
        others = (self._decoder,) if in_gap else (self.frames, self._steps.mask)
        for part in self._steps.model, *others:
            if part is not None:
                part.reset()

    def _admits(self, packet: Packet) -> bool:
        """Prepare for a packet, and return whether it is used."""
        if packet.sensor != self._sensor:
            self._change_sensor(packet)
        found = self._check_sequence(packet)
        self.statistics.repeated_packets += found.place is Place.REPEATED
        self.statistics.unordered_packets += found.place is Place.LATE
        return found.is_used

    def _change_sensor(self, packet: Packet) -> None:
        check_fields(packet)  # once: the packets of a program are alike
        decoder = decoder_for(*packet.sensor)
        is_first = self._order.last is None
        self.prepare(packet.width, packet.height, sensor_kind_of(packet.encoding))
        self._decoder = decoder
        self.frames.check_size(packet.width, packet.height)
        if is_first:
            self._begin_stream(self._windows.early_references)
        else:
            detail = f'now {packet.width}x{packet.height} {packet.encoding}'
            self._restart(ResetReason.SENSOR_CHANGED, detail)
        self._sensor = packet.sensor

    def _check_sequence(self, packet: Packet) -> Succession:
        last = self._order.last
        found = self._order.follow(packet, self.settings.lost_packets_tolerated)
        self.statistics.lost_packets += found.lost
        if found.reason is ResetReason.LOST_PACKETS and self._runs.has_planes:
            self._begin_run(found.reason, found.detail, packet, last)
        elif found.reason is not None:
            self._restart(found.reason, found.detail)
        return found

    def _begin_run(
        self, reason: ResetReason, detail: str, packet: Packet, last: Packet | None
    ) -> None:
        has_begun = self._runs.has_begun  # else nothing could be joined across the gap
        if has_begun and self._runs.begin(packet, last):
            self._zero_state(reason, detail, in_gap=True)
            self._steps.clear()
        elif has_begun:
            self._restart(reason, detail)

    def _follow_jump(self, jump: TimeJump) -> None:
        if not jump.repeated:  # a damaged packet may jump many times
            reason = ResetReason.TIME_JUMP if jump.step_ns > 0 else ResetReason.TIME_BACKWARDS
            self._zero_state(reason, jump.detail)
        if jump.restart:
            self._steps.clear()

    def _frames(self, steps: Iterable[Window | TimeJump]) -> Iterator[Frame]:
        counts = self.statistics
        for window, intensity in self._steps.run(self._without_jumps(steps), self.pace):
            counts.merged_windows = self._steps.merged
            counts.windows += 1
            counts.read_model(self._steps.model)
            whole = self._steps.was_whole
            frame = self.images.frame(window, intensity, self._windows, whole=whole)
            if frame is not None:
                yield frame
        counts.merged_windows = self._steps.merged
        if self.settings.frames == 'off':  # a frame for mid window may come after its events
            self._steps.step_ahead(self._windows.next_part, self.pace)

    def _without_jumps(self, steps: Iterable[Window | TimeJump]) -> Iterator[Window]:
        self.statistics.time_outliers += self._windows.take_outliers()
        for step in steps:
            if isinstance(step, TimeJump):
                self._follow_jump(step)
            else:
                yield step
