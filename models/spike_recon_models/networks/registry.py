# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The networks by name, with their initial weights."""

import difflib
from typing import Any

from spike_recon_models.networks.bsf import Bsf
from spike_recon_models.networks.firenet import FireNet
from spike_recon_models.networks.frame_interpolation import FrameInterpolation
from spike_recon_models.networks.grey_to_rgb import GreyToRgb
from spike_recon_models.networks.hybrid import Hybrid
from spike_recon_models.networks.mirrored import Mirrored
from spike_recon_models.networks.recurrent_network import RecurrentNetwork
from spike_recon_models.networks.spike_base import SpikeBase
from spike_recon_models.networks.spk2img import Spk2Img
from spike_recon_models.networks.spk2vid import Spk2Vid
from spike_recon_models.networks.spk2vidnet import Spk2VidNet
from spike_recon_models.networks.ssir import Ssir
from spike_recon_models.networks.stir import Stir, StirStreaming
from spike_recon_models.networks.swinsf import SwinSf
from spike_recon_models.networks.two_scale_gru import TwoScaleGru
from spike_recon_models.networks.two_scale_gru_frames import TwoScaleGruFrames
from spike_recon_models.networks.wgse import Wgse

NETWORKS: dict[str, type[RecurrentNetwork]] = {
    'base': SpikeBase,
    'bsf': Bsf,
    'firenet': FireNet,
    'frame_interpolation': FrameInterpolation,
    'grey_to_rgb': GreyToRgb,
    'hybrid': Hybrid,
    'spk2img': Spk2Img,
    'spk2vid': Spk2Vid,
    'spk2vidnet': Spk2VidNet,
    'ssir': Ssir,
    'stir': Stir,
    'stir_streaming': StirStreaming,
    'swinsf': SwinSf,
    'two_scale_gru': TwoScaleGru,
    'wgse': Wgse,
    'two_scale_gru_frames': TwoScaleGruFrames,
}


def make_network(name: str, *, mirrored: bool = False, **arguments: Any) -> RecurrentNetwork:
    """Return a new network.

    Args:
        name: of the network.
        mirrored: whether its image is the mean over reflections of the input (mirrored.py).
        **arguments: of the network.

    Raises:
        ValueError: there is no network of that name, or it takes no such argument.
    """
    if name not in NETWORKS:
        close = difflib.get_close_matches(name, NETWORKS, n=1)
        hint = f'did you mean {close[0]}? ' if close else ''
        raise ValueError(f'there is no network {name!r}; {hint}available: {", ".join(NETWORKS)}')
    try:
        network = NETWORKS[name](**arguments)
    except TypeError as error:
        raise ValueError(f'network {name} cannot be made with {arguments}: {error}') from None
    return Mirrored(network) if mirrored else network
