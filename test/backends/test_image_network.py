# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Networks that turn images into images run on every backend, and nowhere as a model."""

import shutil

import numpy as np
import pytest
import yaml

from spike_recon_ros.backends.choice import CANDIDATES, choose_backend
from spike_recon_ros.backends.image_network import load_image_network
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.image_bundle import read_image_bundle, read_network
from spike_recon_ros.bundles.zoo import image_network_names, image_zoo_folder, zoo_names
from spike_recon_ros.errors import UserError
from spike_recon_ros.model_choice import check_model_name, model_names

BACKENDS = [one.name for one in CANDIDATES if one.name != 'tensorrt']
SIZE = 21, 34


@pytest.fixture(params=BACKENDS)
def choice(request):
    candidate = next(one for one in CANDIDATES if one.name == request.param)
    if missing := candidate.missing():
        pytest.skip(f'{" and ".join(missing)} not installed')
    return choose_backend(request.param, 'cpu')


@pytest.fixture(params=image_network_names())
def name(request):
    return request.param


def images(count, seed=3):
    return list(np.random.default_rng(seed).random((count, *SIZE), np.float32))


def loaded(name, choice=None):
    return load_image_network(str(name), SIZE[1], SIZE[0], choice=choice)


def test_an_image_network_gives_its_channels_at_the_size_of_the_image(name, choice):
    network = loaded(name, choice)
    given = images(len(network.inputs))
    output = network.step(*given)
    assert output.shape == (len(network.outputs), *SIZE)
    assert output.dtype == np.float32
    assert output.min() >= 0
    assert output.max() <= 1
    assert np.ptp(output) > 0
    assert all(
        np.array_equal(one, same) for one, same in zip(given, images(len(given)), strict=True)
    )
    network.close()


def test_reset_brings_the_first_output_back(name, choice):
    network = loaded(name, choice)
    given = images(len(network.inputs))
    first = network.step(*given)
    network.step(*images(len(network.inputs), seed=4))
    network.reset()
    assert np.array_equal(network.step(*given), first)
    network.close()


def test_backends_agree(name):
    here = [one.name for one in CANDIDATES if one.name in BACKENDS and not one.missing()]
    outputs = []
    for backend in here:
        network = loaded(name, choose_backend(backend, 'cpu'))
        given = images(len(network.inputs))
        outputs.append(network.step(*given))
        network.close()
    for output in outputs[1:]:
        assert np.abs(output - outputs[0]).max() < 0.03  # of bfloat16


def test_an_image_of_another_size_is_refused_in_one_sentence(name):
    network = loaded(name)
    with pytest.raises(UserError, match=r'was loaded for .* 34x21 pixels'):
        network.step(*(image[1:] for image in images(len(network.inputs))))
    with pytest.raises(UserError, match='shape none'):
        network.step()
    network.close()


def test_an_image_network_is_no_model(name):
    assert name not in model_names()
    with pytest.raises(UserError, match='turns images into images'):
        check_model_name(name)
    with pytest.raises(UserError, match='turns images into images'):
        read_bundle(image_zoo_folder() / name)


def test_a_model_is_no_image_network(shipped):
    with pytest.raises(UserError, match='for events or spikes'):
        read_image_bundle(shipped)
    assert read_network(shipped).name == shipped.name
    with pytest.raises(UserError, match='available: '):
        loaded('no_such_network')
    assert not {*zoo_names()} & {*image_network_names()}


@pytest.mark.parametrize('outputs', [[], ['red', 5], 'red', [''], ['red', 'green']])
def test_wrong_channels_are_one_clear_sentence(tmp_path, outputs):
    folder = shutil.copytree(image_zoo_folder() / 'grey_to_rgb', tmp_path / 'bundle')
    description = yaml.safe_load((folder / 'model.yaml').read_text())
    description['images']['outputs'] = outputs
    (folder / 'model.yaml').write_text(yaml.safe_dump(description))
    with pytest.raises(UserError, match='fetch or export the bundle again'):
        loaded(folder)
