# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Every default of the pipeline and the node, written once.

Each field of the dataclass `Settings` carries its range and its description. The node's
parameters, `config/recon.yaml`, the parameter table of the documentation and the options of
`spike-recon run` are all made from it.
"""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from spike_recon_ros.model_settings import (
    AUTO,
    EVENT_MODEL,
    FRAME_MODEL,
    SPIKE_MODELS,
)
from spike_recon_ros.setting import (
    NODE,
    Renamed,
    check_value,
    converting,
    plain_value,
    setting,
    with_current_names,
    with_words,
)
from spike_recon_ros.window_settings import WindowSettings

__all__ = ['AUTO', 'EVENT_MODEL', 'FRAME_MODEL', 'RENAMED', 'SPIKE_MODELS', 'Settings', 'check']
__all__ += ['current_values', 'setting_fields', 'size_in']

RENAMED = {'front_end': Renamed('voxel_grid_on', {'device': 'gpu'})}
"""Old names of settings. They still work everywhere, with a warning."""


@dataclass(frozen=True, kw_only=True)
class Settings(WindowSettings):
    """What a user can set. Seconds, hertz and bytes, as people write them.

    Raises:
        UserError: on construction, if a value is out of its range or not one of its choices.
    """

    cutoff_num_events: float = setting(
        40.0,
        'fibar: cut-off period of the temporal filter, in events per pixel.',
        low=4.5,
        high=10_000.0,
    )
    leak_time: float = setting(
        0.1, 'leaky_integrator: time constant of the leak, in seconds.', low=0.001, high=60.0
    )
    lookahead_planes: int = setting(
        -1,
        'Spike cameras: future planes used for each image; adds that much latency. -1 = the '
        'default of the model: the value that a network was trained with, 40 for '
        'spike_intervals and tfi, 30 for compensated_tfi.',
        low=-1,
        high=63,
    )
    tfp_planes: int = setting(
        21,
        'tfp: number of planes to average, odd; the image shows the time of the middle plane.',
        low=1,
        high=63,
    )
    image_encoding: str = setting(
        'mono8', 'Encoding of the published images.', choices=('mono8', 'mono16', '32FC1')
    )
    percentile_low: float = setting(
        1.0,
        'Percentile of the intensity that is shown as black.',
        low=0.0,
        high=49.0,
        live=True,
    )
    percentile_high: float = setting(
        99.0,
        'Percentile of the intensity that is shown as white.',
        low=51.0,
        high=100.0,
        live=True,
    )
    tone_stretch: float = setting(
        0.5,
        'Networks for events: how much the contrast is stretched. 0 = not at all; 1 = always to '
        'the percentiles; in between, the less contrast there is, the more it is stretched, and '
        'noise alone stays grey. Filters and spike cameras always use 1.',
        low=0.0,
        high=1.0,
        live=True,
    )
    tone_time: float = setting(
        0.2,
        'Time constant of the adaptation of the black and white levels to the scene, in seconds; '
        '0 = adapt at once.',
        low=0.0,
        high=60.0,
        live=True,
    )
    gamma: float = setting(
        1.0,
        'Gamma correction: the normalised image is raised to the power 1/gamma; values above 1 '
        'brighten it.',
        low=0.1,
        high=10.0,
        live=True,
    )
    clahe_clip: float = setting(
        0.0,
        'Clip limit of the contrast-limited adaptive histogram equalisation (CLAHE); 0 = off.',
        low=0.0,
        high=40.0,
        live=True,
    )
    hot_pixel_time: float = setting(
        0.0,
        'Duration of the hot-pixel detection after a start, in seconds of sensor time; 0 = off.',
        low=0.0,
        high=600.0,
    )
    hot_pixel_file: str = setting(
        '',
        'Mask of hot pixels: a PNG of the size of the images; every pixel that is not black is '
        'masked.',
    )
    flicker_frequency: float = setting(
        0.0,
        'Frequency of a lamp whose flicker is removed, in changes of its light per second: 100 or '
        '120 with mains of 50 or 60 Hz; `spike-recon inspect` measures it. 0 = off. Event cameras '
        'only.',
        low=0.0,
        high=5000.0,
    )
    noise_filter_time: float = setting(
        0.0,
        'Background-activity filter: an event is kept if one of the 8 pixels around it fired '
        'within this many seconds before it, for example 0.01; 0 = off. Event cameras only.',
        low=0.0,
        high=10.0,
    )
    max_event_rate: float = setting(
        0.0,
        'Events per second above which events are thinned evenly over pixels and time, for '
        'example 10e6; 0 = no limit. Event cameras only.',
        low=0.0,
        high=1_000_000_000.0,
        live=True,
    )
    max_gap: float = setting(
        1.0,
        'Longest pause in the data that is filled with frames, in seconds (free_running).',
        low=0.01,
        high=3600.0,
    )
    lost_packets_tolerated: int = setting(
        100,
        'Largest number of consecutive lost event packets that does not reset the recurrent '
        'state; a lost packet of spike planes always resets it.',
        low=0,
        high=1_000_000,
    )
    frame_id: str = setting(
        '', 'frame_id of the images; empty = the frame_id of the packets.', group=NODE
    )
    sensor_size: str = setting(
        '',
        'Sensor size, as 346x260, for which the model is loaded before the first packet; empty = '
        'the size last seen on this topic, otherwise the size in a CameraInfo message. A first '
        'packet of another size reloads the model.',
        group=NODE,
    )
    event_queue_memory_limit: int = setting(
        100_000_000,
        'Limit of the queue of event packets, in bytes; when it is exceeded, the oldest half is '
        'dropped. Four packets always fit.',
        low=100_000,
        high=4_000_000_000,
        group=NODE,
    )
    spike_queue_memory_limit: int = setting(
        250_000_000,
        'Limit of the queue of spike-plane packets, in bytes; one second of 400x250 pixels at '
        '20,000 planes per second is 250 MB.',
        low=100_000,
        high=4_000_000_000,
        group=NODE,
    )
    queue_time_limit: float = setting(
        1.0,
        'Age of the oldest waiting packet, in seconds, above which the packets older than half of '
        'this limit are dropped.',
        low=0.01,
        high=3600.0,
        live=True,
        group=NODE,
    )
    overload_lag: float = setting(
        0.1,
        'Largest latency of a frame under overload, in seconds, from the arrival of its newest '
        'packet; windows are merged, so that fewer frames are made, and packets are dropped last.',
        low=0.001,
        high=60.0,
        live=True,
        group=NODE,
    )
    statistics_period: float = setting(
        5.0,
        'Interval between statistics lines in the log, in seconds; diagnostics are published '
        'every second.',
        low=0.1,
        high=3600.0,
        group=NODE,
    )

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            check(field.name, getattr(self, field.name))


def setting_fields(group: str | None = None) -> Iterator[dataclasses.Field]:
    """Yield the fields of Settings, all of them or those of one group."""
    for field in dataclasses.fields(Settings):
        if group is None or field.metadata['group'] == group:
            yield field


def current_values(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return values under their current names, and a sentence for each old name among them.

    A truth value becomes the word `off` or `on` where a setting has that choice; numbers of NumPy
    become Python's, and paths become texts.

    Raises:
        UserError: a setting is given under both its names.
    """
    plain = {name: plain_value(value) for name, value in values.items()}
    current, notes = with_current_names(plain, RENAMED)
    return with_words(current, Settings.__dataclass_fields__), notes


def check(name: str, value: Any) -> None:
    """Raise UserError, naming what is valid, if `value` is not valid for the setting `name`."""
    check_value(Settings.__dataclass_fields__[name], value)


def size_in(text: str) -> tuple[int, int] | None:
    """Return width and height in a text such as `346x260`; None = it is malformed."""
    found = re.fullmatch(r'([1-9]\d{0,4})[xX]([1-9]\d{0,4})', text, re.ASCII)
    return None if found is None else (int(found[1]), int(found[2]))


# Old names and truth values work in Python as they do in files.
Settings.__init__ = converting(Settings.__init__, current_values)  # type: ignore[method-assign]
