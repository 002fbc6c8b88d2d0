# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Reads the weights of Spk2ImgNet from a file in the layout of its authors.

Their layers have other names, which are those of their public code (Zhao et al., CVPR 2021); the
file itself was not available here.
"""

from pathlib import Path

from spike_recon_models.networks.checkpoint_file import (
    load_renamed,
    published_file,
    weights_by_name,
)
from spike_recon_models.networks.spk2img import CUTS, OUTER, Spk2Img


def load_published(path: Path) -> Spk2Img:
    """Return Spk2ImgNet with weights from a file in the layout of the authors.

    Nothing in the file is executed.

    Raises:
        ValueError: the file does not hold such weights.
    """
    network = Spk2Img()
    with published_file(path, 'Spk2ImgNet') as content:
        load_renamed(network, weights_by_name(content), published_names())
    return network


def published_names() -> dict[str, str]:
    """Return our name of each layer -> that in the published file."""
    names = {
        'extract.choose': 'extractor.ca.ca_block',
        'extract.embed': 'extractor.conv',
        **{f'draw.{2 * number}': f'rec_conv{number}' for number in range(3)},
    }
    for number in range(len(CUTS)):
        names[f'extract.exposures.{number}.0'] = f'extractor.conv0_{number}'
        names[f'extract.exposures.{number}.2'] = f'extractor.conv1_{number}'
    for number in range(10):
        for place, layer in enumerate(('first', 'second', 'third')):
            names[f'extract.refine.{number}.{layer}'] = f'extractor.net.{number}.conv{place + 1}'
    for number, block in enumerate(OUTER):
        for place in range(3):
            names[f'weigh.{number}.{2 * place}'] = f'mask{block}.conv{place}'
        for place in range(2):
            names[f'weigh.{number}.{2 * place + 1}'] = f'mask{block}.prelu{place}'
    return names | {f'align.{ours}': f'pcd_align.{theirs}' for ours, theirs in _alignment()}


def _alignment() -> list[tuple[str, str]]:
    """Return pairs of names of the alignment's layers, ours first."""
    pairs = [
        (f'halve.{place}.{2 * number}', f'fea_L{place + 2}_conv{number + 1}')
        for place in range(2)
        for number in range(2)
    ]
    warps = [(f'warps.{scale}', f'L{scale + 1}_dcnpack_1') for scale in range(3)]
    inner = [('compare_last', 'cas_offset_conv1'), ('refine_last', 'cas_offset_conv2')]
    for scale, level in enumerate(('L1', 'L2', 'L3')):
        inner.append((f'compare.{scale}', f'{level}_offset_conv1_1'))
        last = 2 if scale == 2 else 3
        inner.append((f'refine.{scale}', f'{level}_offset_conv{last}_1'))
        if scale < 2:
            inner.append((f'combine.{scale}', f'{level}_offset_conv2_1'))
            inner.append((f'join.{scale}', f'{level}_fea_conv_1'))
    for ours, theirs in [*warps, ('warp_last', 'cas_dcnpack')]:
        inner += [(f'{ours}.kernel', theirs), (f'{ours}.guide', f'{theirs}.conv_offset_mask')]
    return [*pairs, *((ours, f'pcd_align.{theirs}') for ours, theirs in inner)]
