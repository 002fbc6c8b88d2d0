# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Reads SwinSF's weights, of either size, from a file in the layout of its authors.

Names, and the scale of the images (grey levels, 255 = white), are those of their public code
(Jiang et al., ICVRV 2024); the files themselves were not available here. Left out are layers that
their code has but never uses: the keys and values of the temporal attention and a convolution
after the last group.
"""

import re
from pathlib import Path

import torch

from spike_recon_models.networks.checkpoint_file import (
    load_renamed,
    published_file,
    weights_by_name,
)
from spike_recon_models.networks.swinsf import GROUPS, SwinSf

WHITE_RATE = 0.6
"""Spikes per plane of a white pixel in the authors' training data."""
DEPTH = 6
_UNUSED = re.compile(
    r'conv_after_body\..*|.*\.attn_mul\.to_[kv]\..*|.*\.relative_position_index|.*\.attn_mask'
)
_BLOCK = {
    'norm': 'norm1',
    'spatial.query': 'attn.q',
    'spatial.key': 'attn.k',
    'spatial.value': 'attn.v',
    'spatial.project': 'attn.proj',
    'spatial.preference': 'attn.relative_position_bias_table',
    'temporal.query': 'attn_mul.to_q',
    'temporal.project': 'attn_mul.proj',
    'temporal.preference': 'attn_mul.relative_position_bias_table',
    'mlp.0': 'norm2',
    'mlp.1': 'mlp.fc1',
    'mlp.3': 'mlp.fc2',
}


def load_published(path: Path) -> SwinSf:
    """Return SwinSF with weights from a file in the layout of the authors.

    Nothing in the file is executed.

    Raises:
        ValueError: the file does not hold such weights.
    """
    with published_file(path, 'SwinSF') as content:
        theirs = _ours(weights_by_name(content))
        channels = theirs['conv_first.weight'].shape[0]
        join = theirs.get('patch_embed.proj.weight')
        patch = 1 if join is None else join.shape[-1]
        network = SwinSf(channels, patch, depth=DEPTH, as_coded=True)
        load_renamed(network, theirs, published_names())
    return network


def published_names() -> dict[str, str]:
    """Return our name of each layer -> that in the published file."""
    names = {
        'embed_side': 'conv_first_ref',
        'embed': 'conv_first',
        'tokens.join': 'patch_embed.proj',
        'norm_first': 'patch_embed.norm',
        'norm_last': 'norm',
        'pixels.split': 'patch_unembed.unproj',
        'draw': 'conv_last.0',
        'draw_side': 'conv_lm.0',
    }
    for group in range(GROUPS):
        layer = f'layers.{group}'
        names |= {
            f'groups.{group}.near': f'{layer}.conv',
            f'groups.{group}.tokens.join': f'{layer}.patch_embed.proj',
            f'groups.{group}.pixels.split': f'{layer}.patch_unembed.unproj',
        }
        for block in range(DEPTH):
            ours, published = (
                f'groups.{group}.blocks.{block}',
                f'{layer}.residual_group.blocks.{block}',
            )
            names |= {f'{ours}.{one}': f'{published}.{other}' for one, other in _BLOCK.items()}
    return names


def _ours(theirs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the weights in our layout, still with their names.

    Queries, keys and values are three layers, tables are transposed, and images are in spikes per
    plane.
    """
    found: dict[str, torch.Tensor] = {}
    for name, value in theirs.items():
        if _UNUSED.fullmatch(name):
            continue
        if '.qkv.' in name:
            for letter, part in zip('qkv', value.chunk(3), strict=True):
                found[name.replace('.qkv.', f'.{letter}.')] = part
        elif name.endswith('relative_position_bias_table'):
            found[name] = value.T
        elif name.startswith(('conv_last.0.', 'conv_lm.0.')):
            found[name] = value * (WHITE_RATE / 255)
        else:
            found[name] = value
    return found
