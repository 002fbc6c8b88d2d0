# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Packets in, frames out: the one module that holds the order of the processing steps.

The live node, `spike-recon run` and the benchmarks all drive this class, so a recording gives the
same frames everywhere.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from spike_recon_ros.errors import UserError
from spike_recon_ros.frame import Frame
from spike_recon_ros.model import Model, step_in_parts
from spike_recon_ros.model_choice import (
    LoadModel,
    check_model_name,
    choose_model,
    describe_running,
    load_model,
)
from spike_recon_ros.packets.decoder import Decoder, DecoderStatistics
from spike_recon_ros.packets.packet import Packet, Reference, check_sensor_size
from spike_recon_ros.packets.registry import decoder_for, sensor_kind_of
from spike_recon_ros.packets.sensor_clock import SensorClock
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.packets.spike_planes_decoder import SpikePlanesDecoder
from spike_recon_ros.rendering.renderer import Renderer
from spike_recon_ros.settings import Settings
from spike_recon_ros.stream_statistics import ResetReason, Statistics
from spike_recon_ros.windows.continuity import BACKWARDS_TOLERANCE_NS, first_step_back, split_at
from spike_recon_ros.windows.cutter import Cutter, cutter_for
from spike_recon_ros.windows.hot_pixels import HotPixelMask
from spike_recon_ros.windows.merging import WindowMerger
from spike_recon_ros.windows.window import Window


class Reconstructor:
    """Turns the packets of one sensor into frames.

    Args:
        settings: what to run and how to cut and render.
        on_reset: called with the reason and a sentence each time the state is zeroed.
        load: makes the model, as load_model does; another may watch what a model gets to see.
        cutter: makes what cuts windows, as cutter_for does; another may end them elsewhere.

    Attributes:
        statistics: counts since the beginning; a spike plane counts as an event.
        merge_windows: how many windows are joined to one, under overload.
        rendering: whether frames get an image.
        model_name: what runs; before the first packet, what the settings ask for.
        kind: of the camera that sends the packets; events before the first packet.

    Raises:
        UserError: there is no model of that name.
    """

    def __init__(
        self,
        settings: Settings,
        on_reset: Callable[[ResetReason, str], None] | None = None,
        load: LoadModel = load_model,
        cutter: Callable[[Settings, SensorClock], Cutter] = cutter_for,
    ) -> None:
        check_model_name(settings.model)
        self.settings = settings
        self.statistics = Statistics()
        self.merge_windows = 1
        self.rendering = True
        self.model_name = settings.model
        self.kind = SensorKind.EVENT
        self._on_reset, self._load, self._new_cutter = on_reset, load, cutter
        self._renderer = Renderer(settings)
        self._merger = WindowMerger()
        self._sensor: tuple[str, int, int] | None = None
        self._loaded_for: tuple[int, int, SensorKind] | None = None
        self._decoder: Decoder[Any] | None = None
        self._model: Model | None = None
        self._mask: HotPixelMask | None = None
        self._last_packet: Packet | None = None
        self._begin_stream()

    def prepare(self, width: int, height: int, kind: SensorKind) -> None:
        """Load the model for a sensor of width x height pixels, before its first packet.

        Raises:
            UserError: the model cannot be loaded for this sensor.
        """
        if self._loaded_for == (width, height, kind):
            return
        model_name = choose_model(self.settings, kind)
        self.close()
        self._mask = HotPixelMask(width, height, self.settings)
        self._model = self._load(self.settings, width, height, kind=kind)
        self._loaded_for = (width, height, kind)
        self.model_name, self.kind = model_name, kind
        self.statistics.models_loaded += 1

    def skip(self, packet: Packet) -> None:
        """Pass over a packet whose data the caller has dropped; the state survives.

        Of a spike camera the state is reset instead, because its history counts planes.
        """
        last = self._last_packet
        if last is None or (packet.encoding, packet.width, packet.height) != self._sensor:
            return
        if self.kind is SensorKind.SPIKE:
            self.reset(ResetReason.OVERLOAD, 'packets of spike planes were dropped')
            return
        self._check_sequence(last, packet)
        self._last_packet = packet

    def push(self, packet: Packet) -> Iterator[Frame]:
        """Decode one packet now and yield the frames that it completes, oldest first.

        Each frame is made when it is asked for; all must be taken before the next push.

        Args:
            packet: the next packet of the sensor. A gap in `seq`, time that goes backwards or a
                new resolution reset the state.

        Raises:
            UserError: the packet's encoding is unknown, its resolution impossible, or the model
                cannot be loaded for it.
        """
        self._admit(packet)
        assert self._decoder is not None
        events = self._decoder.decode(packet)
        self.statistics.packets += 1
        self.statistics.samples += len(events)
        return self._frames_of(events, packet.stamp_ns)

    def push_reference(self, reference: Reference) -> Iterator[Frame]:
        """Take in a moment for which a frame is wanted; yield the frames that are due already."""
        return self._frames(self._cutter.push_reference(reference))

    def flush(self) -> Iterator[Frame]:
        """At the end of a recording: yield the frame of the last, unfinished window, if any."""
        return self._frames(self._cutter.flush())

    def reset(self, reason: ResetReason = ResetReason.REQUESTED, detail: str = '') -> None:
        """Zero the state and start anew with the next packet, which need not follow the last."""
        if self._decoder is not None:
            self._decoder.reset()
        self._last_packet = None
        self._restart(reason, detail)

    def close(self) -> None:
        """Give back what the model holds; the next packet would load it again."""
        if self._model is not None:
            self._model.close()
        self._model, self._sensor, self._last_packet = None, None, None
        self._loaded_for = None
        self._begin_stream()  # what is pending is of that sensor
        self._renderer.reset()

    @property
    def runs(self) -> str:
        """The model and what runs it, for people; empty while there is none."""
        return '' if self._model is None else describe_running(self._model)

    @property
    def late_references(self) -> int:
        """References and trigger edges of this stream that came too late for a frame."""
        return self._cutter.late

    @property
    def decoder_statistics(self) -> DecoderStatistics:
        """What the current decoder left out."""
        return self._decoder.statistics if self._decoder is not None else DecoderStatistics()

    def adopt(self, settings: Settings) -> None:
        """Take over new rendering settings without touching the state."""
        self.settings = settings
        self._renderer.adopt(settings)

    def save_hot_pixels(self, path: Path) -> None:
        """Write the mask of hot pixels as a PNG that the setting `hot_pixel_file` takes.

        Raises:
            UserError: no packet was seen yet, or the file cannot be written.
        """
        if self._mask is None:
            raise UserError(f'no packet was seen: there are no hot pixels to write to {path}')
        self._mask.save(path)

    def _begin_stream(self) -> None:
        self._clock = SensorClock()
        self._cutter: Cutter = self._new_cutter(self.settings, self._clock)
        self._merger.clear()
        self._first_t_ns = 0
        self._last_t_ns: int | None = None

    def _restart(self, reason: ResetReason, detail: str) -> None:
        self.statistics.resets[reason] += 1
        if self._on_reset is not None:
            self._on_reset(reason, detail)
        self._begin_stream()
        self._renderer.reset()
        if self._mask is not None:
            self._mask.reset()
        if self._model is not None:
            self._model.reset()

    def _admit(self, packet: Packet) -> None:
        """Prepare for a packet, with a reset where it does not continue the last one."""
        sensor = (packet.encoding, packet.width, packet.height)
        last = self._last_packet
        if sensor != self._sensor:
            self._adapt(packet)
            if last is not None:
                self.reset(ResetReason.SENSOR_CHANGED, f'now {sensor[1]}x{sensor[2]} {sensor[0]}')
        elif last is not None:
            self._check_sequence(last, packet)
        self._sensor = sensor
        self._last_packet = packet

    def _check_sequence(self, last: Packet, packet: Packet) -> None:
        lost = packet.seq - last.seq - 1
        back_ns = last.stamp_ns - packet.stamp_ns
        if packet.stamp_ns and back_ns > BACKWARDS_TOLERANCE_NS:
            self.reset(ResetReason.TIME_BACKWARDS, f'by {back_ns / 1e9:.3f} s; a bag that loops?')
        elif packet.seq == last.seq:
            pass  # a sender that does not count
        elif lost < 0:
            self.reset(ResetReason.SENDER_RESTARTED, f'seq {packet.seq} came after {last.seq}')
        elif lost > 0:
            self.statistics.lost_packets += lost
            may_miss = self.kind is SensorKind.EVENT  # the history of spikes counts planes
            if lost > may_miss * self.settings.lost_packets_tolerated:
                self.reset(ResetReason.LOST_PACKETS, f'{lost} before seq {packet.seq}')

    def _adapt(self, packet: Packet) -> None:
        """Make decoder, mask and model for the sensor that the packet came from."""
        check_sensor_size(packet)
        decoder = decoder_for(packet.encoding, packet.width, packet.height)
        self.prepare(packet.width, packet.height, sensor_kind_of(packet.encoding))
        self._decoder = decoder

    def _frames_of(self, events: Any, stamp_ns: int) -> Iterator[Frame]:
        """Yield the frames of a packet's events, with a reset wherever time goes back."""
        while (back := self._step_back(events)) < len(events):
            before, events = split_at(events, back)
            yield from self._frames(self._push_events(before, stamp_ns))
            step_ns = int(events.t_ns[0]) - (self._last_t_ns or 0)
            self._restart(ResetReason.TIME_BACKWARDS, f'by {-step_ns / 1e9:.3f} s')
        yield from self._frames(self._push_events(events, stamp_ns))

    def _step_back(self, events: Any) -> int:
        """Return the index at which sensor time goes back; the number of events if nowhere."""
        if not len(events):
            return 0
        last_t_ns = int(events.t_ns[0]) if self._last_t_ns is None else self._last_t_ns
        return first_step_back(events.t_ns, last_t_ns)

    def _push_events(self, events: Any, stamp_ns: int) -> list[Window]:
        if len(events):
            self._clock.observe(int(events.t_ns[0]), stamp_ns)
            if self._last_t_ns is None:
                self._first_t_ns = int(events.t_ns[0])
            self._last_t_ns = int(events.t_ns[-1])
        return self._cutter.push(events)

    def _frames(self, windows: list[Window]) -> Iterator[Frame]:
        for window in self._merger.join(windows, lambda: self.merge_windows):
            self.statistics.merged_windows = self._merger.merged
            frame = self._step(window)
            if frame is not None:
                yield frame
        self.statistics.merged_windows = self._merger.merged

    def _step(self, window: Window) -> Frame | None:
        assert self._model is not None
        assert self._mask is not None
        window = self._mask.apply(window)
        if self.merge_windows > 1:  # to have fewer steps
            intensity = self._model.step(window)
        else:
            intensity = step_in_parts(self._model, window)
        self.statistics.windows += 1
        t_ns = self._image_time_ns(window)
        if not window.due or t_ns is None:
            return None
        self.statistics.frames += 1
        stamp_ns = self._clock.to_host_ns(t_ns) if window.stamp_ns is None else window.stamp_ns
        image = self._renderer.render(intensity, t_ns) if self.rendering else None
        return Frame(t_ns, stamp_ns, window.t_start_ns, window.samples, intensity, image)

    def _image_time_ns(self, window: Window) -> int | None:
        """Return the time that the image is for; None before the first plane of the stream."""
        if not isinstance(self._decoder, SpikePlanesDecoder):
            return window.t_end_ns
        assert self._model is not None
        if not len(window.samples):
            return None
        lookahead_ns = self._model.lookahead_planes * self._decoder.period_ns
        t_ns = int(window.samples.t_ns[-1]) - lookahead_ns
        return t_ns if t_ns >= self._first_t_ns else None
