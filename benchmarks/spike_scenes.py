# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What spike_motion.py and spike_super_resolution.py share: photographs, camera and models."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from spike_recon_ros.evaluation.cold_start import ColdStart
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.spike_planes_decoder import spike_encoding
from spike_recon_ros.settings import Settings
from spike_recon_training.recipe import PhotographChoice
from spike_recon_training.simulation.photographs import (
    find_photographs,
    split_photographs,
    textured_crops,
)
from spike_recon_training.simulation.spike_camera import SpikeCamera, SpikeSensorModel

PLANES, CHANGE = 200, 130
"""Planes of a scene, and the plane at which its motion changes."""
PACKET_PLANES = 20


def starts(models: Sequence[str]) -> dict[str, ColdStart]:
    """Return the models by name, on the CPU and with the dark rate of the simulated sensor."""
    known = {'dark_rate': SpikeSensorModel().dark_rate, 'device': 'cpu', 'threads': 1}
    return {name: ColdStart(Settings(model=name, **known)) for name in models}


def held_back(folders: Sequence[Path], width: int, height: int, seed: int) -> Iterator[np.ndarray]:
    """Yield crops of the photographs that training holds back, float32 [height, width]."""
    held = split_photographs(find_photographs(folders), PhotographChoice().held_share)[1]
    return textured_crops(held, width, height, seed)


def packets_of(
    light: Callable[[float], np.ndarray], model: SpikeSensorModel, seed: int
) -> list[Packet]:
    """Return the packets of a camera.

    Args:
        light: returns the luminance at the end of a plane, float32 [height, width] in 0..1.
        model: of the sensor.
        seed: of its noise.
    """
    first = light(-1)
    height, width = first.shape
    camera = SpikeCamera(width, height, model, seed)
    camera.step(first, 0)
    bits = np.concatenate([camera.step(light(plane), 1) for plane in range(PLANES)])
    encoding, packet_ns = spike_encoding(model.period_ns), PACKET_PLANES * model.period_ns
    return [
        Packet(encoding, width, height, seq, seq * packet_ns, 0, part.reshape(-1))
        for seq, part in enumerate(bits.reshape(-1, PACKET_PLANES, *bits.shape[1:]))
    ]
