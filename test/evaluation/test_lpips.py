# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""LPIPS from files of weights; the weights here are random, so only its structure is tested."""

import numpy as np
import pytest

from spike_recon_ros.errors import UserError

torch = pytest.importorskip('torch', reason='torch is not installed: there is no LPIPS')

from spike_recon_training import perceptual  # noqa: E402

pytestmark = pytest.mark.training

SHAPES = {0: (64, 3, 11, 11), 3: (192, 64, 5, 5), 6: (384, 192, 3, 3), 8: (256, 384, 3, 3)}
SHAPES |= {10: (256, 256, 3, 3)}


@pytest.fixture
def files(tmp_path):
    """Random weights, under the names of torchvision and of lpips."""
    chance = torch.Generator().manual_seed(2)
    backbone, linear = {}, {}
    for place, (number, shape) in enumerate(SHAPES.items()):
        spread = 1 / np.sqrt(np.prod(shape[1:]))
        backbone[f'features.{number}.weight'] = spread * torch.randn(shape, generator=chance)
        backbone[f'features.{number}.bias'] = torch.zeros(shape[0])
        linear[f'lin{place}.model.1.weight'] = torch.ones(1, shape[0], 1, 1)
    torch.save(backbone | {'classifier.1.bias': torch.zeros(3)}, tmp_path / 'alexnet.pth')
    torch.save(linear, tmp_path / 'linear.pth')
    return tmp_path / 'alexnet.pth', tmp_path / 'linear.pth'


def images():
    chance = np.random.default_rng(1)
    truth = chance.random((64, 48), np.float32)
    return truth, np.clip(truth + 0.05 * chance.standard_normal(truth.shape), 0, 1)


def test_the_distance_is_zero_for_equal_images_symmetric_and_grows(files):
    distance = perceptual.load_lpips(*files)
    truth, near = images()
    assert distance(truth, truth) == 0.0
    assert distance(near, truth) == pytest.approx(distance(truth, near), rel=1e-5)
    assert 0 < distance(near, truth) < distance(1 - truth, truth) <= 20


def test_with_unit_heads_it_is_the_distance_of_unit_vectors_at_each_layer(files):
    truth, near = images()
    weights = torch.load(files[0], weights_only=True)
    total = 0.0
    vectors = []
    for image in (near, truth):
        values = (2 * torch.tensor(image, dtype=torch.float32) - 1).expand(1, 3, -1, -1)
        shift = torch.tensor([-0.030, -0.088, -0.188]).reshape(1, 3, 1, 1)
        values = (values - shift) / torch.tensor([0.458, 0.448, 0.450]).reshape(1, 3, 1, 1)
        found = []
        for number, stride, padding in ((0, 4, 2), (3, 1, 2), (6, 1, 1), (8, 1, 1), (10, 1, 1)):
            if number in (3, 6):
                values = torch.max_pool2d(values, 3, 2)
            weight = weights[f'features.{number}.weight']
            values = torch.relu(torch.conv2d(values, weight, None, stride, padding))
            found.append(torch.nn.functional.normalize(values, dim=1))
        vectors.append(found)
    for one, other in zip(*vectors, strict=True):
        total += float(((one - other) ** 2).sum(1).mean())
    assert perceptual.load_lpips(*files)(near, truth) == pytest.approx(total, rel=1e-4)


def test_missing_or_other_weights_are_one_sentence(files, tmp_path, monkeypatch):
    backbone, linear = files
    with pytest.raises(UserError, match=r'no\.pth cannot be read: No such file'):
        perceptual.load_lpips(tmp_path / 'no.pth', linear)
    with pytest.raises(
        UserError, match=r'linear\.pth does not hold AlexNet \(features\.0\.weight'
    ):
        perceptual.load_lpips(linear, linear)
    with pytest.raises(UserError, match=r"does not hold lpips' linear layers \(lin0"):
        perceptual.load_lpips(backbone, backbone)
    with pytest.raises(UserError, match='takes one or two files'):
        perceptual.load_lpips(backbone, linear, linear)
    (tmp_path / 'text.pth').write_text('hello')
    with pytest.raises(UserError, match=r'text\.pth is damaged, .* --lpips-weights'):
        perceptual.load_lpips(tmp_path / 'text.pth', linear)
    torch.save([1, 2], tmp_path / 'list.pth')
    with pytest.raises(UserError, match='holds no weights by name'):
        perceptual.load_lpips(tmp_path / 'list.pth', linear)
    monkeypatch.setattr(perceptual.importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(UserError, match='pip install --no-deps lpips'):
        perceptual.load_lpips(backbone)
