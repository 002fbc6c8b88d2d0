# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Reconstruct from a Python program: a whole recording, arrays, or arrays as they arrive.

These are the functions behind `import spike_recon_ros`. Messages for people (a reset of the
state, a part of a recording that is left out) go to the logger `spike_recon_ros`, which Python
prints to stderr unless the program configures it.
"""

import dataclasses
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from spike_recon_ros.errors import UserError, did_you_mean
from spike_recon_ros.frame import Frame
from spike_recon_ros.model import Model
from spike_recon_ros.model_choice import load_model
from spike_recon_ros.offline.array_packets import packets_of, period_of
from spike_recon_ros.offline.arrays import Samples, Size, checked, four_arrays
from spike_recon_ros.offline.stream_warnings import left_out_warnings, order_warnings_of
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.packets.spike_planes import SpikePlanes
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import RENAMED, Settings
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.sources.source import Source
from spike_recon_ros.stream_statistics import ResetReason, Statistics
from spike_recon_ros.unused_settings import unused

LOGGER = logging.getLogger('spike_recon_ros')
Self = TypeVar('Self', bound='ArrayReconstructor')


def reconstruct(
    source: str | Path | Source | Samples,
    *,
    size: tuple[int, int] | None = None,
    t_unit: str | None = None,
    topic: str | None = None,
    reference_topic: str | None = None,
    settings: Settings | None = None,
    **values: Any,
) -> Iterator[Frame]:
    """Return an iterator over the frames of a recording or of arrays.

    Frames are made one packet at a time as the iterator advances. When it ends, or is closed or
    discarded, it closes the model and the recording.

        for frame in reconstruct('my_bag', model='fibar', fps=50):
            cv2.imshow('frame', frame.image)

        frames = list(reconstruct((x, y, t, p), size=(346, 260), t_unit='us'))

    Args:
        source: path of a recording, an open Source (which stays open), Events, SpikePlanes, or
            the four arrays `(x, y, t, p)` of one length, also as a structured array or a mapping
            with these names. `x` and `y` are whole pixels, `t` never decreases, `p` is boolean, 0
            and 1, or -1 and 1.
        size: width and height of the sensor in pixels; needed for arrays, and for files that
            state no size.
        t_unit: unit of `t` in four arrays: 's', 'ms', 'us' or 'ns'. There is no default.
        topic: topic of the packets, for a bag with several.
        reference_topic: topic whose stamps ask for frames, with `sync_mode` 'camera_image' or
            'time_reference'.
        settings: all settings as one object.
        **values: or single settings by name, for example `model='fibar', fps=50`.

    Raises:
        UserError: at the call, if an argument is wrong, and while iterating, if the recording is
            damaged or the model cannot run; the sentence says what to change.
    """
    chosen = settings_from(settings, values)
    if isinstance(source, str | Path | Source):
        if t_unit is not None:
            raise UserError('t_unit is for arrays, a recording has its own times; leave it out')
        reconstructor = Reconstructor(chosen, on_reset=_log_reset, load=_load)
        if isinstance(source, Source):
            if topic or reference_topic or size is not None:
                raise UserError('give topic, reference_topic and size to open_source, not here')
            return _frames_of_source(source, reconstructor, close_source=False)
        _check_reference(chosen, reference_topic)
        opened = open_source(source, topic, reference_topic, size=size)
        return _frames_of_source(opened, reconstructor, close_source=True)
    if topic or reference_topic:
        raise UserError('arrays have no topics; leave out topic and reference_topic')
    if not isinstance(source, Events | SpikePlanes):
        source, t_unit = four_arrays(source, t_unit)
    live = ArrayReconstructor(size, settings=chosen)
    return _frames_of_arrays(live, checked(source, live.size, t_unit))


class ArrayReconstructor:
    """Turns the arrays of one sensor into frames while they arrive, for a live loop.

        with ArrayReconstructor((346, 260), model='fibar', fps=50) as live:
            while camera.is_running():
                for frame in live.push(camera.read(), t_unit='us'):
                    show(frame.image)

    A frame is due once a sample later than its window has arrived. Times must continue from push
    to push: a step back by more than 50 ms counts as a restart of the camera, which resets the
    state, is logged and is counted in `statistics`. Several threads may call the methods; a call
    waits until another thread's is done.

    Args:
        size: width and height of the sensor in pixels.
        settings: all settings as one object.
        **values: or single settings by name.

    Raises:
        UserError: a setting is not valid, there is no such model, or it needs trigger edges or
            another topic, which arrays do not have.
    """

    def __init__(
        self,
        size: tuple[int, int] | None,
        *,
        settings: Settings | None = None,
        **values: Any,
    ) -> None:
        chosen = settings_from(settings, values)
        if size is None:
            raise UserError('size is missing; give (width, height), for example size=(346, 260)')
        if chosen.sync_mode not in ('free_running', 'by_count'):
            raise UserError(
                f'sync_mode {chosen.sync_mode} needs a recording with triggers or references; '
                'for arrays use free_running or by_count'
            )
        self.size = Size.of(size)
        self._reconstructor = Reconstructor(chosen, on_reset=_log_reset, load=_load)
        self._lock = threading.RLock()  # a handler of the log may call a method
        self._next_seq = 0
        self._period_ns: int | None = None

    def push(self, samples: Samples, *, t_unit: str | None = None) -> list[Frame]:
        """Append samples and return the frames that they complete, oldest first.

        Args:
            samples: Events, SpikePlanes, or the four arrays `(x, y, t, p)`, also as a structured
                array or a mapping with these names; may be empty.
            t_unit: unit of `t` in four arrays: 's', 'ms', 'us' or 'ns'.

        Raises:
            UserError: an array is wrong, in which case none of this push was used, or the model
                cannot run.
        """
        arrays = checked(samples, self.size, t_unit)
        with self._lock:
            return list(self._frames_of(arrays))

    def _frames_of(self, samples: Events | SpikePlanes) -> Iterator[Frame]:
        """Yield the frames that checked samples complete, each packet when it is asked for."""
        if isinstance(samples, SpikePlanes) and len(samples):
            self._period_ns = period_of(samples, self._period_ns)
        for packet in packets_of(samples, self.size, self._next_seq, self._period_ns):
            self._next_seq = packet.seq + 1
            yield from self._reconstructor.stream(packet)

    def flush(self) -> list[Frame]:
        """Return the frame of the last, unfinished window, if any; call it at the end."""
        with self._lock:
            return self._reconstructor.flush()

    def reset(self) -> None:
        """Set the recurrent state to zero; the next samples begin a new stream."""
        with self._lock:
            self._reconstructor.reset(ResetReason.REQUESTED, 'by the program')

    def close(self) -> None:
        """Release the model; the next push loads it again."""
        with self._lock:
            self._reconstructor.close()

    @property
    def statistics(self) -> Statistics:
        """Counts since the beginning."""
        return self._reconstructor.statistics

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def settings_from(settings: Settings | None, values: dict[str, Any]) -> Settings:
    """Return the settings that a caller gave as one object or by name.

    Raises:
        UserError: both were given, a name does not exist, or a value is not valid.
    """
    if settings is not None:
        if values:
            raise UserError(
                f'give either settings or single values ({", ".join(values)}), not both'
            )
        if not isinstance(settings, Settings):
            raise UserError(
                f'settings is {type(settings).__name__}; give spike_recon_ros.Settings, or single '
                "values by name, for example model='fibar', fps=50"
            )
        return settings
    names = [field.name for field in dataclasses.fields(Settings)]
    for name in values:
        if name not in names and name not in RENAMED:
            hint = did_you_mean(name, names) or f'; there are: {", ".join(names)}'
            raise UserError(f'there is no setting {name!r}{hint}')
    return Settings(**values)


def _check_reference(settings: Settings, reference_topic: str | None) -> None:
    if settings.uses_references != (reference_topic is not None):
        raise UserError(
            'reference_topic names the topic that asks for frames; give it together with '
            "sync_mode='camera_image' or 'time_reference'"
        )


def _frames_of_source(
    source: Source, reconstructor: Reconstructor, *, close_source: bool
) -> Iterator[Frame]:
    logged = _log_warnings(source, 0)
    try:
        for item in source:
            yield from reconstructor.stream(item)
        yield from reconstructor.stream_end()
        _warn_if_empty(reconstructor.statistics, str(source.path))
        counts, dropped = reconstructor.statistics, reconstructor.decoder_statistics
        kind = reconstructor.kind
        left_out = left_out_warnings(dropped, counts.samples, kind=kind)
        for sentence in [*left_out, *order_warnings_of(counts, kind)]:
            LOGGER.warning('%s', sentence)
    finally:
        _log_warnings(source, logged)  # those of reading
        reconstructor.close()
        if close_source:
            source.close()


def _frames_of_arrays(live: ArrayReconstructor, samples: Events | SpikePlanes) -> Iterator[Frame]:
    with live:
        yield from live._frames_of(samples)
        yield from live.flush()
        _warn_if_empty(live.statistics, 'the arrays')


def _log_warnings(source: Source, start: int) -> int:
    for sentence in source.warnings[start:]:
        LOGGER.warning('%s', sentence)
    return len(source.warnings)


def _warn_if_empty(statistics: Statistics, source: str) -> None:
    if not statistics.frames:
        LOGGER.warning(
            'no frame was made from %s: %d packets with %d events or planes are too few',
            source,
            statistics.packets,
            statistics.samples,
        )


def _load(settings: Settings, width: int, height: int, *, kind: SensorKind) -> Model:
    """Load the model, and warn of settings that have no effect."""
    for sentence in unused(settings, [kind]).values():
        LOGGER.warning(sentence)
    return load_model(settings, width, height, kind=kind)


def _log_reset(reason: ResetReason, detail: str) -> None:
    LOGGER.warning('state reset: %s (%s)', reason.value, detail)
