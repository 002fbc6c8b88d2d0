# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Compilation of everything that is compiled on first use, before the first packet arrives."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from spike_recon_ros.backends.network_input import NetworkInput
from spike_recon_ros.backends.resting_scene import RestingScene
from spike_recon_ros.filters.registry import FILTERS
from spike_recon_ros.model import Model
from spike_recon_ros.model_choice import choose_model, kinds_expected, load_model, network_of
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.mono import encode_mono
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.registry import DECODERS, decoder_for
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.packets.spike_planes_decoder import spike_encoding
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings
from spike_recon_ros.windows.window import Window

_WIDTH, _HEIGHT = 64, 48
_EVENTS = 2000
_PLANES = 100


def warm_up(
    settings: Settings, kinds: Sequence[SensorKind] = (), *, networks: bool = True
) -> None:
    """Run every decoder, and the models and renderer of the settings, on small synthetic packets.

    The first time on a machine this takes about ten seconds; afterwards the compiled code is
    loaded from the cache.

    Args:
        settings: of the pipeline.
        kinds: cameras to warm up for; if empty, all that the settings allow.
        networks: whether to load networks, too; without, only their input is computed. For callers
            that load the network for the real sensor next.
    """
    for encoding in DECODERS:
        decoder = decoder_for(encoding, _WIDTH, _HEIGHT)
        decoder.decode(Packet(encoding, _WIDTH, _HEIGHT, 0, 0, 0, np.zeros(64, np.uint8)))
    # A region and a mask of hot pixels are for the real sensor.
    quick = dataclasses.replace(
        settings, sync_mode='free_running', fps=2000.0, roi='', hot_pixel_file=''
    )
    for kind in kinds or kinds_expected(settings):
        reconstructor = Reconstructor(quick, load=load_model if networks else _without_network)
        reconstructor.push(_planes() if kind is SensorKind.SPIKE else _events())
        reconstructor.close()


class _NetworkInputOnly:
    """A Model that does what NetworkModel does beside its network, which gives black images."""

    longest_window_ns = 0

    def __init__(self, name: str, width: int, height: int) -> None:
        self.name = name
        self._size = height, width
        self._resting = RestingScene(width, height)
        self._input = NetworkInput(network_of(name), width, height)

    def step(self, window: Window) -> np.ndarray:
        """Compute the input; return what is shown of a black image."""
        self._input.read(self._resting.apply(window))
        return self._resting.shown(np.zeros(self._size, np.float32))

    def reset(self) -> None:
        """Do nothing: no result is kept."""

    def close(self) -> None:
        """Do nothing: there is only memory."""


def _without_network(settings: Settings, width: int, height: int, *, kind: SensorKind) -> Model:
    """Return the model of the settings, or for networks for events one that only reads events."""
    name = choose_model(settings, kind)
    if kind is SensorKind.SPIKE or name in FILTERS:
        return load_model(settings, width, height, kind=kind)
    return _NetworkInputOnly(name, width, height)


def _events() -> Packet:
    index = np.arange(_EVENTS)
    events = Events(
        (index % _WIDTH).astype(np.uint16),
        (index // _WIDTH % _HEIGHT).astype(np.uint16),
        (index % 2).astype(np.uint8),
        index.astype(np.int64) * 1000,
        Triggers.empty(),
    )
    return Packet('mono', _WIDTH, _HEIGHT, 0, 0, 0, encode_mono(events, 0))


def _planes() -> Packet:
    planes = np.zeros(_PLANES * _WIDTH * _HEIGHT // 8, np.uint8)
    return Packet(spike_encoding(50_000), _WIDTH, _HEIGHT, 0, 0, 0, planes)
