# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Weights in the layouts of other authors, generated here with their names and shapes."""

import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: no network can be made')

from published_files import (  # noqa: E402
    base_file,
    bsf_file,
    spk2img_file,
    stir_file,
    swinsf_file,
    wgse_file,
)
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from spike_recon_models.networks import (  # noqa: E402
    bsf,
    spike_base,
    spk2img_published,
    stir_published,
    swinsf_published,
    wavelet,
    wgse,
)
from spike_recon_models.networks.deformable import TAPS, Deformable  # noqa: E402
from spike_recon_models.networks.swin_block import SwinBlock, permuted  # noqa: E402


def generator():
    return torch.Generator().manual_seed(5)


CASES = {
    'base': (spike_base.load_published, base_file, 180_705),
    'bsf': (bsf.load_published, bsf_file, 2_476_870),
    'bsf_41': (bsf.load_published, lambda: bsf_file(13), 2_472_262),
    'stir': (stir_published.load_published, stir_file, 5_107_960),
    'swinsf': (swinsf_published.load_published, lambda: swinsf_file(96, 1), 1_799_186),
    'swinsf_large': (swinsf_published.load_published, lambda: swinsf_file(64, 4), 1_213_426),
    'spk2imgnet': (spk2img_published.load_published, spk2img_file, 3_904_185),
    'wgse': (wgse.load_published, wgse_file, 3_805_575),
}


@pytest.mark.parametrize('name', CASES)
def test_a_file_in_the_published_layout_is_loaded(name, tmp_path):
    load, make, parameters = CASES[name]
    torch.save(make(), tmp_path / 'weights.pth')
    network = load(tmp_path / 'weights.pth')
    assert sum(one.numel() for one in network.parameters()) == parameters


@pytest.mark.parametrize('name', CASES)
@pytest.mark.parametrize('damage', ['missing', 'shape', 'more', 'other'])
def test_a_file_that_differs_is_refused_with_the_name_of_the_weight(name, damage, tmp_path):
    load, make, _ = CASES[name]
    content = make()
    weights = content.get('net', content)
    broken = next(key for key in weights if key.endswith(('proj.bias', '2.bias', 'seq.4.bias')))
    if damage == 'missing':
        del weights[broken]
    elif damage == 'shape':
        weights[broken] = torch.zeros(3)
    elif damage == 'more':
        weights['unheard_of.weight'] = torch.zeros(1)
        broken = 'unheard_of.weight'
    else:
        content, broken = {'epoch': 3}, 'weights'
    torch.save(content, tmp_path / 'weights.pth')
    with pytest.raises(ValueError, match='does not hold the published') as caught:
        load(tmp_path / 'weights.pth')
    assert broken.removeprefix('module.') in str(caught.value)


@pytest.mark.parametrize(
    ('name', 'ours', 'theirs'),
    [
        ('bsf', 'align.attend.key.weight', 'align.kpa.to_k.weight'),
        ('bsf', 'embed.several.1.2.weight', 'rep.conv_for_others.1.2.weight'),
        ('stir', 'embed.norm_second.running_mean', 'resnet.bn2.running_mean'),
        ('stir', 'attend.key_value.1.1.weight', 'transformer.attn.kv2_dwconv.weight'),
        ('swinsf', 'groups.1.blocks.4.norm.bias', 'layers.1.residual_group.blocks.4.norm1.bias'),
        ('spk2imgnet', 'weigh.2.4.weight', 'mask3.conv2.weight'),
        (
            'spk2imgnet',
            'align.warps.1.guide.bias',
            'pcd_align.pcd_align.L2_dcnpack_1.conv_offset_mask.bias',
        ),
        ('wgse', 'refine.1.second.weight', 'resblocks.1.conv2.weight'),
    ],
)
def test_layers_of_one_shape_are_not_mixed_up(name, ours, theirs, tmp_path):
    load, make, _ = CASES[name]
    content = make()
    torch.save(content, tmp_path / 'weights.pth')
    weights = content.get('net', content)
    found = load(tmp_path / 'weights.pth').state_dict()
    expected = weights[theirs if theirs in weights else f'module.{theirs}']
    assert torch.equal(found[ours], expected)
    alike = [one for one in found.values() if one.shape == expected.shape]
    assert sum(torch.equal(one, expected) for one in alike) == 1


def test_the_flow_of_stir_is_read_from_its_own_channels(tmp_path):
    content = stir_file()
    torch.save(content, tmp_path / 'weights.pth')
    network = stir_published.load_published(tmp_path / 'weights.pth')
    theirs = content['decorder_5nd.predict_img_flow.bias']
    assert torch.equal(network.coarsest.draw.bias, torch.cat([theirs[4:], theirs[:4]]))
    assert network.attend.temperature[:, 0, 0, 0].tolist() == [1, 2]


def test_images_of_swinsf_are_in_spikes_per_plane(tmp_path):
    content = swinsf_file(96, 1)
    torch.save(content, tmp_path / 'weights.pth')
    network = swinsf_published.load_published(tmp_path / 'weights.pth')
    grey_levels = content['net']['module.conv_last.0.weight']
    torch.testing.assert_close(network.draw.weight.detach(), grey_levels * 0.6 / 255)


def test_swinsf_as_coded_attends_with_one_layer_and_adds_permuted_tokens():
    block = SwinBlock(8, 2, shifted=False, as_coded=True).eval()
    assert block.temporal.key is None
    left, middle, right = torch.randn(3, 1, 5, 5, 8, generator=generator())
    with torch.no_grad():
        found = block((left, middle, right))[0]
        tokens = block.norm(left).reshape(1, 1, 25, 8)
        outer = left + permuted(tokens).reshape(left.shape)
        torch.testing.assert_close(found, outer + block.mlp(outer))
    assert torch.equal(permuted(tokens)[0, 0, 0], tokens[0, 0, :8, 0])


def test_the_wavelet_transform_reconstructs_the_planes():
    analyses, syntheses = wavelet.wavelet_matrices(41, 5)
    assert [len(matrix) for matrix in analyses] == [28, 21, 18, 16, 15, 15]
    back = sum(up @ down for down, up in zip(analyses, syntheses, strict=True))
    np.testing.assert_allclose(back[:41], np.eye(41), atol=1e-10)
    np.testing.assert_allclose(back[41], 0, atol=1e-10)


def test_the_filters_of_the_wavelet_are_orthonormal():
    low = np.array(wavelet.LOW_PASS)
    products = [low[2 * shift :] @ low[: len(low) - 2 * shift] for shift in range(8)]
    np.testing.assert_allclose(products, [1, *[0] * 7], atol=1e-10)


def test_a_deformable_convolution_without_offsets_is_a_convolution():
    kernel = Deformable(8, 2)
    kernel.initialise(generator())
    x = torch.randn(1, 8, 6, 7, generator=generator())
    with torch.no_grad():
        same = kernel(x, torch.zeros(1, 2 * TAPS * 2, 6, 7), torch.ones(1, 2 * TAPS, 6, 7))
        expected = functional.conv2d(x, kernel.weight, kernel.bias, padding=1)
    torch.testing.assert_close(same, expected, rtol=1e-4, atol=1e-5)


def test_offsets_of_a_deformable_convolution_point_down_first():
    kernel = Deformable(4, 1)
    kernel.initialise(generator())
    x = torch.randn(1, 4, 8, 9, generator=generator())
    offsets = torch.zeros(1, TAPS, 2, 8, 9)
    offsets[:, :, 0] = 1  # one pixel down
    with torch.no_grad():
        moved = kernel(x, offsets.flatten(1, 2), torch.ones(1, TAPS, 8, 9))
        expected = functional.conv2d(
            functional.pad(x[:, :, 1:], (0, 0, 0, 1)), kernel.weight, kernel.bias, padding=1
        )
    torch.testing.assert_close(moved[:, :, 1:-2], expected[:, :, 1:-2], rtol=1e-4, atol=1e-5)


def test_batch_normalisation_of_stir_is_followed(tmp_path):
    torch.save(stir_file(), tmp_path / 'weights.pth')
    embed = stir_published.load_published(tmp_path / 'weights.pth').eval().embed
    planes = (torch.rand(1, 21, 8, 8, generator=generator()) < 0.4).float()
    assert isinstance(embed.norm_first, nn.BatchNorm2d)
    with torch.no_grad():
        hidden = torch.relu(embed.norm_first(embed.first(planes)))
        learned = embed.norm_second(embed.second(hidden)) + embed.shortcut(planes)
        torch.testing.assert_close(embed(planes)[:, 5:], torch.relu(learned))
