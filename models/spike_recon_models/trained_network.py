# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Makes the network of a bundle, with its weights."""

from safetensors import SafetensorError
from safetensors.torch import load_file

from spike_recon_models.networks.recurrent_network import RecurrentNetwork
from spike_recon_models.networks.registry import make_network
from spike_recon_ros.bundles.description import FETCH_AGAIN
from spike_recon_ros.bundles.network import Network
from spike_recon_ros.errors import UserError


def trained_network(bundle: Network) -> RecurrentNetwork:
    """Return the network, on the CPU and in evaluation mode.

    Raises:
        UserError: its arguments or weights do not fit its definition.
    """
    try:
        network = make_network(bundle.network, **bundle.network_arguments)
    except Exception as error:  # any arguments may have been read from the file
        reason = ' '.join(str(error).split())[:200] or type(error).__name__
        raise UserError(
            f'the network {bundle.network} of {bundle.name} cannot be made ({reason}); update '
            'spike_recon_ros'
        ) from None
    try:
        network.load_state_dict(load_file(bundle.weights))
    except (RuntimeError, ValueError, MemoryError, OSError, SafetensorError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[-1].strip()
        raise UserError(
            f'{bundle.weights} does not fit the network {bundle.network} ({reason}); {FETCH_AGAIN}'
        ) from None
    return network.eval()
