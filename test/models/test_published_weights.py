# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Weights in the layouts of other authors, generated here with their names and shapes.

The files themselves may not be redistributed. Names and shapes are facts of their public code.
"""

import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: no network can be made')

from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from spike_recon_models.networks import (  # noqa: E402
    spike_base,
    spk2img,
    stir_published,
    swinsf_published,
    wgse,
)
from spike_recon_models.networks.deformable import TAPS, Deformable  # noqa: E402
from spike_recon_models.networks.swin_block import SwinBlock, permuted  # noqa: E402


def generator():
    return torch.Generator().manual_seed(5)


def random(*shape):
    return 0.05 * torch.randn(*shape, generator=generator())


def layer(name, *shape):
    return {f'{name}.weight': random(*shape), f'{name}.bias': random(shape[0])}


def norm(name, channels, batch=False):
    found = {f'{name}.weight': torch.ones(channels), f'{name}.bias': random(channels)}
    if batch:
        found |= {
            f'{name}.running_mean': random(channels),
            f'{name}.running_var': 1 + random(channels).abs(),
            f'{name}.num_batches_tracked': torch.tensor(7),
        }
    return found


def base_file():
    sizes = 41, 64, 128, 64, 16
    found = layer('seq.4', 1, 16, 3, 3)
    for number in range(4):
        found |= layer(f'seq.{number}.0', sizes[number + 1], sizes[number], 3, 3)
    return found


def stir_file():
    widths = 16, 24, 32, 64, 96
    found = layer('resnet.conv1', 11, 21, 3, 3) | layer('resnet.conv2', 11, 11, 3, 3)
    found |= layer('resnet.conv3', 11, 21, 1, 1)
    found |= norm('resnet.bn1', 11, batch=True) | norm('resnet.bn2', 11, batch=True)
    found |= layer('encoder.conv0.net.0', 16, 16, 7, 7)
    found['encoder.conv0.net.1.weight'] = random(1)
    for step, width in enumerate(widths[1:], 1):
        found |= layer(f'encoder.conv{step}.net.0', width, widths[step - 1], 3, 3)
        found[f'encoder.conv{step}.net.1.weight'] = random(1)
        for half in (0, 1):
            found |= layer(
                f'encoder.resblocks{step}.net.0.conv_block.{half}.net.0', width, width, 3, 3
            )
    return found | stir_attention(96) | stir_decoders(widths)


def stir_attention(width):
    hidden = int(2.66 * width)
    found = {}
    for name in ('norm1', 'norm_kv1', 'norm_kv2', 'norm2'):
        found |= norm(f'transformer.{name}.body', width)
    for side in (1, 2):
        found[f'transformer.attn.temperature{side}'] = torch.full((4, 1, 1), float(side))
        found[f'transformer.attn.kv{side}.weight'] = random(2 * width, width, 1, 1)
        found[f'transformer.attn.kv{side}_dwconv.weight'] = random(2 * width, 1, 3, 3)
    found['transformer.attn.q.weight'] = random(2 * width, width, 1, 1)
    found['transformer.attn.q_dwconv.weight'] = random(2 * width, 2, 3, 3)
    found['transformer.ffn.project_in.weight'] = random(2 * hidden, width, 1, 1)
    found['transformer.ffn.dwconv.weight'] = random(2 * hidden, 1, 3, 3)
    found['transformer.ffn.project_out.weight'] = random(width, hidden, 1, 1)
    return found


def stir_decoders(widths):
    found = {}
    names = 'decorder_1st', 'decorder_2nd', 'decorder_3rd', 'decorder_4nd', 'decorder_5nd'
    for scale, name in enumerate(names):
        wide = 3 * widths[scale]
        for half in (0, 1):
            found |= layer(f'{name}.resblocks.net.0.conv_block.{half}.net.0', wide, wide, 3, 3)
        if scale == 4:
            found |= layer(f'{name}.convrelu.0', wide, wide, 3, 3)
            found[f'{name}.convrelu.1.weight'] = random(wide)
        else:
            below, groups = widths[scale + 1], 1 if scale else 3
            read = widths[scale] * (2 * groups + 1) + 4 * groups + 1 + 8
            found |= layer(f'{name}.convrelu.conv1.0', read, read, 3, 3)
            found |= layer(f'{name}.convrelu.conv2.0', wide, read, 3, 3)
            found[f'{name}.convrelu.conv1.1.weight'] = random(read)
            found[f'{name}.convrelu.conv2.1.weight'] = random(wide)
            found |= {f'{name}.deconv_flow.weight': random(4, 4, 4, 4)}
            found |= {f'{name}.deconv_flow.bias': random(4)}
            found |= {f'{name}.deconv_hidden.weight': random(3 * below, 8, 4, 4)}
            found |= {f'{name}.deconv_hidden.bias': random(8)}
        if scale:
            found |= layer(f'{name}.predict_img_flow', 5, wide, 3, 3)
        else:
            found |= layer(f'{name}.predict_img', 1, wide, 3, 3)
            found |= layer(f'{name}.predict_flow_group', 8, 3 * widths[1], 3, 3)
            found |= layer(f'{name}.deconv_flow_group', 8, 8, 4, 4)
    return found


def swinsf_file(width, patch):
    found = layer('conv_first_ref', width, 28, 3, 3) | layer('conv_first', width, 41, 3, 3)
    found |= norm('patch_embed.norm', width) | norm('norm', width)
    found |= layer('conv_after_body', width, width, 3, 3)
    found |= layer('conv_lm.0', 1, width, 3, 3) | layer('conv_last.0', 1, 3 * width, 3, 3)
    places = ['', *(f'layers.{group}.' for group in range(2))]
    for place in places if patch > 1 else ():
        found |= layer(f'{place}patch_embed.proj', width, width, patch, patch)
        found |= layer(f'{place}patch_unembed.unproj', width, width, patch, patch)
    for group in range(2):
        found |= layer(f'layers.{group}.conv', width, width, 3, 3)
        for number in range(6):
            block = f'layers.{group}.residual_group.blocks.{number}'
            found |= norm(f'{block}.norm1', width) | norm(f'{block}.norm2', width)
            found |= layer(f'{block}.attn.qkv', 3 * width, width)
            found |= layer(f'{block}.attn.proj', width, width)
            found |= layer(f'{block}.attn_mul.proj', width, width)
            for letter in 'qkv':
                found |= layer(f'{block}.attn_mul.to_{letter}', width, width)
            for attention in ('attn', 'attn_mul'):
                found[f'{block}.{attention}.relative_position_bias_table'] = random(81, 2)
                found[f'{block}.{attention}.relative_position_index'] = torch.zeros(25, 25)
            if number % 2:
                found[f'{block}.attn_mask'] = torch.zeros(8, 25, 25)
            found |= layer(f'{block}.mlp.fc1', 4 * width, width)
            found |= layer(f'{block}.mlp.fc2', width, 4 * width)
    return {'net': {f'module.{name}': value for name, value in found.items()}, 'epoch': 3}


def spk2img_file(width=64):
    found = layer('extractor.conv', width, 4, 3, 3)
    found |= layer('extractor.ca.ca_block.0', 8, 4, 3, 3)
    found |= layer('extractor.ca.ca_block.2', 4, 8, 3, 3)
    for number in range(4):
        found |= layer(f'extractor.conv0_{number}', 16, 13 - 2 * number, 3, 3)
        found |= layer(f'extractor.conv1_{number}', 1, 16, 3, 3)
    for number in range(10):
        for place in (1, 2, 3):
            found |= layer(f'extractor.net.{number}.conv{place}', width, width, 3, 3)
    for block in (0, 1, 3, 4):
        for place, inputs in enumerate((2 * width, width, width)):
            found |= layer(f'mask{block}.conv{place}', width, inputs, 3, 3)
        found |= {f'mask{block}.prelu{place}.weight': random(1) for place in (0, 1)}
    found |= layer('rec_conv0', 3 * width, 5 * width, 3, 3)
    found |= layer('rec_conv1', width, 3 * width, 3, 3) | layer('rec_conv2', 1, width, 3, 3)
    for scale in (2, 3):
        for place in (1, 2):
            found |= layer(f'pcd_align.fea_L{scale}_conv{place}', width, width, 3, 3)
    pair = [f'L{scale}_offset_conv1_1' for scale in (1, 2, 3)]
    pair += ['L1_offset_conv2_1', 'L2_offset_conv2_1', 'L1_fea_conv_1', 'L2_fea_conv_1']
    single = ['L1_offset_conv3_1', 'L2_offset_conv3_1', 'L3_offset_conv2_1', 'cas_offset_conv2']
    for names, inputs in (([*pair, 'cas_offset_conv1'], 2 * width), (single, width)):
        for name in names:
            found |= layer(f'pcd_align.pcd_align.{name}', width, inputs, 3, 3)
    for name in ('L1_dcnpack_1', 'L2_dcnpack_1', 'L3_dcnpack_1', 'cas_dcnpack'):
        found |= layer(f'pcd_align.pcd_align.{name}', width, width, 3, 3)
        found |= layer(f'pcd_align.pcd_align.{name}.conv_offset_mask', 3 * 8 * 9, width, 3, 3)
    return found


def wgse_file():
    found = layer('conv.0', 256, 42, 3, 3)
    found |= layer('tail.0', 64, 256, 3, 3) | layer('tail.2', 1, 64, 3, 3)
    for number in range(3):
        for place in (1, 2):
            found |= layer(f'resblocks.{number}.conv{place}', 256, 256, 3, 3)
    for band in (*(f'wvl.yh_blocks.{number}' for number in range(5)), 'wvl.yl_block'):
        found |= layer(f'{band}.0.tcn0.0', 32, 1, 3) | layer(f'{band}.0.tcn1.0', 32, 32, 3)
        found |= layer(f'{band}.1', 1, 32, 3)
    return found | {f'wvl.dwt.h{number}': random(1, 1, 16) for number in (0, 1)}


CASES = {
    'base': (spike_base.load_published, base_file, 180_705),
    'stir': (stir_published.load_published, stir_file, 5_107_960),
    'swinsf': (swinsf_published.load_published, lambda: swinsf_file(96, 1), 1_799_186),
    'swinsf_large': (swinsf_published.load_published, lambda: swinsf_file(64, 4), 1_213_426),
    'spk2imgnet': (spk2img.load_published, spk2img_file, 3_904_185),
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
    analyses, syntheses = wgse.wavelet_matrices()
    assert [len(matrix) for matrix in analyses] == [28, 21, 18, 16, 15, 15]
    back = sum(up @ down for down, up in zip(analyses, syntheses, strict=True))
    np.testing.assert_allclose(back[:41], np.eye(41), atol=1e-10)
    np.testing.assert_allclose(back[41], 0, atol=1e-10)


def test_the_filters_of_the_wavelet_are_orthonormal():
    low = np.array(wgse.LOW_PASS)
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
