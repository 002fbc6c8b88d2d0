# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Makes the network of a bundle, with its weights."""

from safetensors import SafetensorError
from safetensors.torch import load_file

from spike_recon_models.networks.recurrent_network import RecurrentNetwork
from spike_recon_models.networks.registry import make_network
from spike_recon_ros.bundles.bundle import Bundle
from spike_recon_ros.errors import UserError


def trained_network(bundle: Bundle) -> RecurrentNetwork:
    """Return the network, on the CPU.

    Raises:
        UserError: its arguments or weights do not fit its definition.
    """
    try:
        network = make_network(bundle.network, **bundle.network_arguments)
        network.load_state_dict(load_file(bundle.weights))
    except (OSError, RuntimeError, ValueError, SafetensorError) as error:
        raise UserError(f'{bundle.weights} does not fit {bundle.network}: {error}') from None
    return network
