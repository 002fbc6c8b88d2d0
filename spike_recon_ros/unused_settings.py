# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Settings that were changed and that nothing reads with this model, camera and mode.

The rule, for all programs: what a user asks of one run has an effect or is refused. So an option
of a command is refused, and so is a change of a live parameter. A parameter file, the arguments
of a launch file and a program's own arguments may be shared by several cameras and models, so
what is unused there is a warning. Settings at their defaults are never named.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from spike_recon_ros.filters.registry import ALL_FILTERS
from spike_recon_ros.model_choice import choose_model
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.settings import AUTO, Settings

EVENT, SPIKE = SensorKind.EVENT, SensorKind.SPIKE
_GPU_BACKENDS = (AUTO, 'tensorrt', 'torch')
_OPENVINO = (AUTO, 'openvino')


class Use(NamedTuple):
    """What runs for a kind of camera."""

    settings: Settings
    kind: SensorKind
    model: str

    @property
    def is_network(self) -> bool:
        """Whether the model is a network."""
        return self.model not in ALL_FILTERS

    @property
    def sync_mode(self) -> str:
        """When a frame is made."""
        return self.settings.sync_mode


class _Rule(NamedTuple):
    """Settings, a predicate that tells whether something reads them, and who does.

    Attributes:
        names: of the settings.
        users: who reads them, after 'it is for'.
        reads: whether they are read.
        depends_on: setting that decides it; `model` = the model that runs, `sensor` = the camera.
    """

    names: tuple[str, ...]
    users: str
    reads: Callable[[Use], bool]
    depends_on: str = 'model'


def _may_use_gpu(use: Use) -> bool:
    settings = use.settings
    return settings.voxel_grid_on != 'gpu' or settings.backend in _GPU_BACKENDS


_RULES = (
    _Rule(
        ('backend', 'device', 'precision', 'cuda_graphs', 'voxel_grid_on'),
        'networks',
        lambda use: use.is_network,
    ),
    _Rule(
        ('threads',),
        'networks, also that of color guess',
        lambda use: use.is_network or use.settings.color == 'guess',
    ),
    _Rule(
        ('noise_gate', 'active_part', 'lamp_averaging', 'state_step_time', 'tone_stretch'),
        'networks for events',
        lambda use: use.is_network and use.kind is EVENT,
    ),
    _Rule(('voxel_grid_on',), 'tensorrt, or torch on a GPU', _may_use_gpu, 'backend'),
    _Rule(('active_part',), 'openvino', lambda use: use.settings.backend in _OPENVINO, 'backend'),
    _Rule(('cutoff_num_events',), 'the filter fibar', lambda use: use.model == 'fibar'),
    _Rule(('leak_time',), 'leaky_integrator', lambda use: use.model == 'leaky_integrator'),
    _Rule(('tfp_planes',), 'the filter tfp', lambda use: use.model == 'tfp'),
    _Rule(
        ('lookahead_planes',),
        'models of spike planes other than tfp',
        lambda use: use.kind is SPIKE and use.model != 'tfp',
    ),
    _Rule(('fps',), 'free_running', lambda use: use.sync_mode == 'free_running', 'sync_mode'),
    _Rule(('window_events',), 'by_count', lambda use: use.sync_mode == 'by_count', 'sync_mode'),
    _Rule(
        ('trigger_edge', 'trigger_channel'),
        'trigger_events',
        lambda use: use.sync_mode == 'trigger_events',
        'sync_mode',
    ),
    _Rule(('bayer_pattern',), 'mosaic', lambda use: use.settings.color == 'mosaic', 'color'),
    _Rule(('color_encoding',), 'colour images', lambda use: use.settings.color != 'off', 'color'),
    _Rule(
        ('lost_packets_tolerated', 'event_queue_memory_limit', 'max_event_rate'),
        'event cameras',
        lambda use: use.kind is EVENT,
        'sensor',
    ),
    _Rule(('spike_queue_memory_limit',), 'spike cameras', lambda use: use.kind is SPIKE, 'sensor'),
)


def unused(settings: Settings, kinds: Iterable[SensorKind]) -> dict[str, str]:
    """Return a sentence for each changed setting that nothing reads, by its name.

    Args:
        settings: of the pipeline.
        kinds: kinds of camera that may send packets; a setting counts as used if it is with one.

    Raises:
        UserError: there is no such model, or the settings are for another kind of camera.
    """
    return _unused([Use(settings, kind, choose_model(settings, kind)) for kind in kinds])


def unused_by_all(runs: Iterable[Settings], kind: SensorKind) -> dict[str, str]:
    """Return a sentence for each changed setting that none of several runs reads, by its name.

    Args:
        runs: settings of each, which differ in the model and the mode.
        kind: of the camera.

    Raises:
        UserError: see `unused`.
    """
    return _unused([Use(one, kind, choose_model(one, kind)) for one in runs])


def _unused(uses: list[Use]) -> dict[str, str]:
    sentences: dict[str, str] = {}
    for rule in _RULES:
        if not any(map(rule.reads, uses)):
            for name in _changed(rule.names, uses[0].settings):
                sentences.setdefault(name, _sentence(name, rule, uses))
    return sentences


def _changed(names: Iterable[str], settings: Settings) -> Iterator[str]:
    return (name for name in names if getattr(settings, name) != getattr(Settings, name))


def _sentence(name: str, rule: _Rule, uses: list[Use]) -> str:
    here = {
        'model': f'the model is {" or ".join(dict.fromkeys(use.model for use in uses))}',
        'sensor': f'the packets hold {" or ".join(use.kind.samples for use in uses)}',
    }
    which = rule.depends_on
    why = here.get(which) or f'{which} is {getattr(uses[0].settings, which)}'
    return f'{name} has no effect: it is for {rule.users}, and {why}'
