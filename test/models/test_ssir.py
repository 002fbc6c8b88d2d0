# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""SSIR with the weights that its authors publish."""

import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: no network can be made')

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from torch import nn  # noqa: E402

from spike_recon_models.networks.lif import fired  # noqa: E402
from spike_recon_models.networks.ssir import Ssir, _folded, load_published  # noqa: E402
from spike_recon_ros.evaluation import contenders as evaluate_models  # noqa: E402
from spike_recon_ros.evaluation.full_reference import psnr, ssim  # noqa: E402
from spike_recon_ros.packets.registry import decoder_for  # noqa: E402
from spike_recon_ros.packets.spike_planes import unpack_planes  # noqa: E402
from spike_recon_ros.sources.open_source import open_source  # noqa: E402

PUBLISHED_PARAMETERS = 381_542
NORMALISED = 128 + 128 + 32 + 32 + 128 + 64 + 3 * 32
"""Channels with a normalisation: two numbers each, of which a bias is left here."""
NEURONS = 6
"""One number each, which is folded in here."""


def test_it_has_the_published_size_without_the_folded_parameters():
    ours = sum(value.numel() for value in Ssir().parameters())
    assert ours == PUBLISHED_PARAMETERS - NORMALISED - NEURONS


@pytest.mark.parametrize('transposed', [False, True])
def test_a_folded_neuron_fires_as_the_published_one(transposed):
    torch.manual_seed(0)
    kind = nn.ConvTranspose2d if transposed else nn.Conv2d
    convolution = kind(6, 4, 4, stride=2, padding=1, bias=False)
    normalisation = nn.BatchNorm2d(4).eval()
    for value in (normalisation.weight, normalisation.bias, normalisation.running_mean):
        nn.init.normal_(value, 0.5)
    normalisation.running_var.uniform_(0.5, 2)
    share = torch.tensor(0.3)
    theirs = {f'n.{key}': value for key, value in normalisation.state_dict().items()}
    theirs |= {'c.weight': convolution.weight, 's.w': share}
    ours = kind(6, 4, 4, stride=2, padding=1)
    folded = _folded(theirs, 'up' if transposed else 'down', 'c', 'n', 's')
    ours.load_state_dict({key.rpartition('.')[2]: value for key, value in folded.items()})
    x = 3 * torch.randn(2, 6, 8, 8)
    with torch.no_grad():
        expected = torch.sigmoid(share) * normalisation(convolution(x))
        torch.testing.assert_close(ours(x), expected, rtol=1e-4, atol=1e-5)
        assert 0 < fired(expected).mean() < 1


def test_a_file_without_ssir_weights_is_refused(tmp_path):
    torch.save({'static_conv': torch.zeros(1)}, tmp_path / 'weights.pth')
    for file in ('weights.pth', 'missing.pth'):
        with pytest.raises(ValueError, match='published SSIR weights'):
            load_published(tmp_path / file)


def test_published_weights_reconstruct_a_public_clip(recordings):
    network = load_published(recordings('spike/ssir_peer_weights.pth')).eval()
    clip = recordings('spike/200_part1_key_id151.dat')
    with open_source(clip) as source:
        packets = list(source)
    decoder = decoder_for(packets[0].encoding, packets[0].width, packets[0].height)
    bits = np.concatenate([decoder.decode(one).bits for one in packets])
    planes = unpack_planes(bits[130:171], packets[0].width)
    with torch.no_grad():
        image = network(torch.from_numpy(planes).float()[None])[0][0, 0].numpy()
    truth = cv2.imread(str(clip.with_suffix('.png')), cv2.IMREAD_GRAYSCALE) / 255
    assert psnr(image / 0.6, truth) == pytest.approx(30.5, abs=1)
    assert ssim(image / 0.6, truth) > 0.87


def test_every_published_network_can_be_named_on_the_command_line():
    published = pytest.importorskip(
        'spike_recon_training.published_weights',
        reason='onnx is not installed: nothing is exported',
    )
    assert tuple(published.PUBLISHED) == evaluate_models.PUBLISHED
