# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The settings that select the camera, the model and what runs it.

A module of their own because all settings together are too long for one file.
"""

from dataclasses import dataclass

from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.setting import setting

AUTO = 'auto'
EVENT_MODEL = 'two_scale_gru'
"""The model that `auto` selects for events."""
FRAME_MODEL = 'two_scale_gru_frames'
"""The model that `auto` selects for events with frames of an aligned camera."""
SPIKE_MODELS = ('spk2vid', 'spike_intervals')
"""The models that `auto` tries for spike planes, in this order."""


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """The first settings of `Settings`."""

    sensor: str = setting(
        AUTO,
        'Kind of camera: event or spike; packets of the other kind are rejected. auto decides by '
        'the encoding of the packets.',
        choices=(AUTO, *(kind.value for kind in SensorKind)),
    )
    model: str = setting(
        AUTO,
        'Reconstruction model: the name of a network in the model zoo, the path of a bundle, or a '
        'filter (events: fibar, leaky_integrator; spike planes: spike_intervals, '
        f'compensated_tfi, tfi, tfp). auto selects {EVENT_MODEL} for events; for spike planes it '
        f'selects the first of {", ".join(SPIKE_MODELS)} that is installed.',
    )
    frames: str = setting(
        'off',
        'Whether the frames of an ordinary camera are read, too. anchor: the network '
        f'{FRAME_MODEL} reads events and the frames on `frame_image`, of a camera that sees the '
        'same pixels; the frames give the brightness, which events alone do not. While there are '
        f'none, the images are those of {EVENT_MODEL}. Event cameras only.',
        choices=('off', 'anchor'),
    )
    backend: str = setting(
        AUTO,
        'Library that runs the network. auto selects the first of tensorrt (with a GPU), '
        'openvino, onnxruntime and torch that is installed and can load the network.',
        choices=(AUTO, 'tensorrt', 'openvino', 'onnxruntime', 'torch'),
    )
    device: str = setting(
        AUTO,
        'Device that runs the network. auto selects a GPU that tensorrt, onnxruntime or torch can '
        'use, otherwise the CPU.',
        choices=(AUTO, 'cpu', 'gpu'),
    )
    threads: int = setting(
        0,
        'CPU threads for the network; 0 = number of cores minus one, at most 4.',
        low=0,
        high=256,
    )
    precision: str = setting(
        'auto',
        'Numeric precision of the network. auto selects the fastest one available: with tensorrt, '
        'among those built by `spike-recon build`; with openvino, among those that the CPU and '
        'the bundle support.',
        choices=('auto', 'int8', 'fp16', 'bf16', 'fp32'),
    )
    cuda_graphs: str = setting(
        'auto',
        'With tensorrt, or torch on a GPU: run each step as a recorded CUDA graph where possible.',
        choices=('auto', 'off'),
    )
    voxel_grid_on: str = setting(
        'auto',
        'With tensorrt, or torch on a GPU: device that computes the voxel grid. auto selects the '
        'GPU where possible; then only the events are copied to it.',
        choices=('auto', 'cpu', 'gpu'),
    )
    state_step_time: float = setting(
        0.015,
        'Networks for events: shortest time between two updates of the recurrent state, in '
        'seconds; 0 = with every window. A frame in between is computed from the last state and '
        'all events since then, so that the scene does not fade above about 65 frames per second.',
        low=0.0,
        high=0.1,
    )
    noise_gate: str = setting(
        'on',
        'Networks for events. on: parts of the image that receive only noise keep their state, so '
        'that a scene at rest does not fade and dark areas stay smooth; parts where nothing has '
        'moved since the last reset are plain grey; pixels far from events follow the network '
        'slowly, so that they do not flicker. off: every event reaches the network, and its image '
        'is shown as it is.',
        choices=('on', 'off'),
    )
    active_part: str = setting(
        'off',
        'Networks for events, with openvino, for images of at least 640x480 pixels. on: while all '
        'activity lies within a part of the image, the network computes only this part, which '
        'takes less time; the rest stays as it is. off: it always computes the whole image. Parts '
        'are compiled at the start and need more memory.',
        choices=('on', 'off'),
    )
    lamp_averaging: str = setting(
        'on',
        'Networks for events. on: while a lamp flickers at 80 to 900 Hz and causes most events, '
        'events are averaged over its period, so that the images do not flicker; this delays them '
        'by half a period, blurs motion over a period, 10 ms at 100 Hz, and leaves out slow '
        'changes of low contrast. off: never.',
        choices=('on', 'off'),
    )
    dark_rate: float = setting(
        0.0,
        'Spike cameras: mean number of spikes per plane of a pixel without light, which is '
        'subtracted from the images. `spike-recon inspect` shows it for a recording with the lens '
        'covered. 0 = the images show the rates as measured.',
        low=0.0,
        high=0.5,
    )
