# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Networks that warp a whole image find their pixels again at the sides of a wide one."""

import pytest

from spike_recon_ros.backends.backend import Placement
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.zoo import zoo_folder

WHERE = Placement(64, 640)


def made_by(node, number):
    """Return what makes an input of a node of the compiled network."""
    return node.input_value(number).get_node()


def runtime_info(node, key):
    return node.get_rt_info()[key].astype(str)


def test_the_coordinates_of_a_whole_image_are_float32_where_all_else_is_bfloat16():
    module = pytest.importorskip(
        'spike_recon_ros.backends.openvino_backend', reason='openvino is not installed'
    )
    backend = module.OpenVinoBackend(read_bundle(zoo_folder() / 'spk2vid'), WHERE)
    if backend.precision != 'bf16':
        pytest.skip('this CPU has no bfloat16')
    nodes = backend._request.get_compiled_model().get_runtime_model().get_ops()
    warps = [node for node in nodes if runtime_info(node, 'layerType') == 'GridSample']
    whole = [node for node in warps if node.output(0).shape[2:] == (64, 640)]
    assert len(whole) == 1
    assert len(warps) > 1
    coordinates = made_by(whole[0], 1)
    assert (
        runtime_info(coordinates, 'layerType') == 'Concatenation'
    )  # and no way back from bfloat16
    assert runtime_info(coordinates, 'outputPrecisions') == 'f32'
    backend.close()
