# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Every default of the pipeline and the node, written once.

Comes in: nothing. Goes out: a dataclass whose fields carry range and description. The node's
parameters, `config/recon.yaml`, the README's table and the options of `spike-recon run` are all
made from it. Knows nothing about ROS or argparse.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.sensor_kind import SensorKind

PIPELINE, NODE = 'pipeline', 'node'
AUTO = 'auto'
EVENT_MODEL = 'two_scale_gru'
"""What `auto` stands for where events come."""
SPIKE_MODELS = ('spk2vid', 'spike_intervals')
"""What it stands for where spike planes come: the first of them that is installed."""


def _setting(
    default: Any,
    description: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    live: bool = False,
    group: str = PIPELINE,
) -> Any:
    metadata = {
        'description': description,
        'low': low,
        'high': high,
        'choices': choices,
        'live': live,
        'group': group,
    }
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a user can set. Seconds, hertz and bytes, as people write them.

    Raises:
        UserError: on construction, if a value is out of its range or not one of its choices.
    """

    sensor: str = _setting(
        AUTO,
        'Kind of camera that packets are taken from: event or spike, and those of the other kind '
        "are refused; auto goes by the packets' encoding.",
        choices=(AUTO, *(kind.value for kind in SensorKind)),
    )
    model: str = _setting(
        AUTO,
        'What reconstructs: a network of the model zoo, the path of a bundle, the filter fibar or '
        'leaky_integrator, or for a spike camera spike_intervals, compensated_tfi, tfi or tfp; '
        f'auto takes {EVENT_MODEL} for events and, for spike planes, the first that is installed '
        f'of {", ".join(SPIKE_MODELS)}.',
    )
    backend: str = _setting(
        AUTO,
        'Library that runs a network; auto takes the first of tensorrt (with a GPU), openvino, '
        'onnxruntime and torch that is installed and can load it.',
        choices=(AUTO, 'tensorrt', 'openvino', 'onnxruntime', 'torch'),
    )
    device: str = _setting(
        AUTO,
        'Where a network runs; auto takes a GPU that tensorrt, onnxruntime or torch can use, else '
        'the CPU.',
        choices=(AUTO, 'cpu', 'gpu'),
    )
    threads: int = _setting(
        0,
        'CPU threads of a network; 0 = one fewer than there are cores, at most 4.',
        low=0,
        high=256,
    )
    precision: str = _setting(
        'auto',
        'What a network is computed in; auto takes the fastest: with tensorrt that `spike-recon '
        'build` has built, with openvino that the CPU and the bundle have.',
        choices=('auto', 'int8', 'fp16', 'bf16', 'fp32'),
    )
    cuda_graphs: str = _setting(
        'auto',
        'tensorrt, torch on a GPU: record a step as CUDA graphs, where that is possible.',
        choices=('auto', 'off'),
    )
    voxel_grid_on: str = _setting(
        'auto',
        'tensorrt, torch on a GPU: where the voxel grid is made; auto takes the GPU where that is '
        'possible, so that only events are copied to it.',
        choices=('auto', 'cpu', 'gpu'),
    )
    sync_mode: str = _setting(
        'free_running',
        'When a frame is due: at `fps` in sensor time, every `window_events` '
        "events, at an edge on the trigger input, or at the stamp of another camera's image or of "
        'a TimeReference.',
        choices=('free_running', 'by_count', 'trigger_events', 'camera_image', 'time_reference'),
    )
    fps: float = _setting(
        25.0, 'Frames a second of sensor time (free_running).', low=0.1, high=10_000.0
    )
    window_events: int = _setting(20_000, 'Events in a frame (by_count).', low=1, high=100_000_000)
    trigger_edge: str = _setting(
        'up', 'Edge that asks for a frame (trigger_events).', choices=('up', 'down', 'both')
    )
    cutoff_num_events: float = _setting(
        40.0,
        'fibar: cut-off period of the temporal filter, in events a pixel.',
        low=4.5,
        high=10_000.0,
    )
    leak_time: float = _setting(
        0.1, 'leaky_integrator: time constant of the leak, s.', low=0.001, high=60.0
    )
    lookahead_planes: int = _setting(
        -1,
        'Spike cameras: planes after the one that an image is for whose spikes are used; so much '
        'later it comes. -1 = what the network was trained with, 40 for spike_intervals and tfi, '
        'and 30 for compensated_tfi.',
        low=-1,
        high=63,
    )
    tfp_planes: int = _setting(
        21,
        'tfp: planes to take the mean over, odd; the image is for the one in the middle.',
        low=1,
        high=63,
    )
    image_encoding: str = _setting(
        'mono8', 'Encoding of the image.', choices=('mono8', 'mono16', '32FC1')
    )
    percentile_low: float = _setting(
        1.0, 'Share of pixels shown black, percent.', low=0.0, high=49.0, live=True
    )
    percentile_high: float = _setting(
        99.0, 'Share of pixels below white, percent.', low=51.0, high=100.0, live=True
    )
    tone_time: float = _setting(
        0.2,
        'Time constant with which black and white follow the scene, s; 0 = at once.',
        low=0.0,
        high=60.0,
        live=True,
    )
    gamma: float = _setting(
        1.0,
        'Exponent 1/gamma is applied to the stretched image; above 1 brightens.',
        low=0.1,
        high=10.0,
        live=True,
    )
    clahe_clip: float = _setting(
        0.0,
        'Clip limit of the contrast-limited adaptive histogram equalisation; 0 = off.',
        low=0.0,
        high=40.0,
        live=True,
    )
    hot_pixel_time: float = _setting(
        0.0,
        'Learn the hot pixels in this much sensor time after a start, s; 0 = off.',
        low=0.0,
        high=600.0,
    )
    hot_pixel_file: str = _setting(
        '', "Image file (PNG) of the sensor's size: pixels that are not black are masked."
    )
    max_gap: float = _setting(
        1.0,
        'A silence is filled with frames for at most so long, s (free_running).',
        low=0.01,
        high=3600.0,
    )
    lost_packets_tolerated: int = _setting(
        0,
        'Packets that may be missing in a row without a reset of the state.',
        low=0,
        high=1_000_000,
    )
    frame_id: str = _setting(
        '', 'frame_id of the images; empty = that of the packets.', group=NODE
    )
    event_queue_memory_limit: int = _setting(
        10_000_000,
        'Bytes of packets of events that may wait; beyond it all are dropped and the state is '
        'reset.',
        low=100_000,
        high=4_000_000_000,
        group=NODE,
    )
    spike_queue_memory_limit: int = _setting(
        250_000_000,
        'The same for spike planes; a second of 400x250 pixels at 20,000 planes a second has 250 '
        'MB.',
        low=100_000,
        high=4_000_000_000,
        group=NODE,
    )
    overload_lag: float = _setting(
        0.1,
        'Age of the oldest waiting packet above which frames are not published, s; above '
        'twice that, windows are merged.',
        low=0.001,
        high=60.0,
        live=True,
        group=NODE,
    )
    statistics_period: float = _setting(
        5.0,
        'Seconds between two lines of statistics in the log; diagnostics come every second.',
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


def range_of(field: 'dataclasses.Field[Any]') -> str:
    """Return the range of a number for people to read, as `0.1 to 10,000`; '' if it has none."""
    low, high = field.metadata['low'], field.metadata['high']
    return '' if low is None else f'{low:,.10g} to {high:,.10g}'


def check(name: str, value: Any) -> None:
    """Raise UserError, naming what is valid, if `value` is not valid for the setting `name`.

    A whole number is accepted where a decimal one is expected: people type `fps:=50`.
    """
    field = Settings.__dataclass_fields__[name]
    choices, low, high = (field.metadata[key] for key in ('choices', 'low', 'high'))
    kind = type(field.default)
    accepted = (int, float) if kind is float else (kind,)
    if not isinstance(value, accepted) or isinstance(value, bool):
        words = {float: 'a number', int: 'a whole number', str: 'a text'}
        raise UserError(f'{name} is {value!r}; it must be {words[kind]}')
    if choices and value not in choices:
        raise UserError(f'{name} is {value!r}; it must be one of: {", ".join(choices)}')
    if low is not None and not low <= value <= high:
        raise UserError(f'{name} is {value}; its range is {range_of(field)}')
