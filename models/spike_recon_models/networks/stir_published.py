# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Reads STIR's weights from a file in the layout of its authors.

Their layers have other names, and their decoder draws the flow before the image. The names are
those of their public code (Fan et al., NeurIPS 2024); the file itself was not available here.
"""

from pathlib import Path

import torch

from spike_recon_models.networks.checkpoint_file import (
    load_renamed,
    published_file,
    weights_by_name,
)
from spike_recon_models.networks.stir import WIDTHS, Stir

LEVELS = len(WIDTHS)
_DECODERS = 'decorder_5nd', 'decorder_4nd', 'decorder_3rd', 'decorder_2nd', 'decorder_1st'
"""From the coarsest to the finest scale."""
_EMBEDDING = {
    'embed.first': 'resnet.conv1',
    'embed.second': 'resnet.conv2',
    'embed.shortcut': 'resnet.conv3',
    'embed.norm_first': 'resnet.bn1',
    'embed.norm_second': 'resnet.bn2',
    'encode.head.0': 'encoder.conv0.net.0',
    'encode.head.1': 'encoder.conv0.net.1',
}
_ATTENTION = {
    'norm_middle.norm': 'norm1.body',
    'norm_outer.0.norm': 'norm_kv1.body',
    'norm_outer.1.norm': 'norm_kv2.body',
    'query': 'attn.q',
    'query_near': 'attn.q_dwconv',
    'key_value.0.0': 'attn.kv1',
    'key_value.0.1': 'attn.kv1_dwconv',
    'key_value.1.0': 'attn.kv2',
    'key_value.1.1': 'attn.kv2_dwconv',
    'norm.norm': 'norm2.body',
    'feed_forward.project_in': 'ffn.project_in',
    'feed_forward.near': 'ffn.dwconv',
    'feed_forward.project_out': 'ffn.project_out',
    'temperature': 'attn.temperature',
}
_FINER = {
    'flow_up': 'deconv_flow',
    'features_up': 'deconv_hidden',
    'find_more': 'predict_flow_group',
    'more_up': 'deconv_flow_group',
    'join.0': 'convrelu.conv1.0',
    'join.1': 'convrelu.conv1.1',
    'join.2': 'convrelu.conv2.0',
    'join.3': 'convrelu.conv2.1',
    **{f'refine.{one}': f'resblocks.net.0.conv_block.{n}.net.0' for n, one in enumerate(
        ('first', 'second')
    )},
    'draw': 'predict_img_flow',
}  # fmt: skip


def load_published(path: Path) -> Stir:
    """Return STIR with weights from a file in the layout of the authors.

    Nothing in the file is executed.

    Raises:
        ValueError: the file does not hold such weights.
    """
    network = Stir(biases=True)
    with published_file(path, 'STIR') as content:
        theirs = weights_by_name(content)
        pair = [theirs.pop(f'transformer.attn.temperature{side}') for side in (1, 2)]
        theirs['transformer.attn.temperature'] = torch.stack(pair)
        for decoder in _DECODERS[:-1]:
            for kind in ('weight', 'bias'):
                name = f'{decoder}.predict_img_flow.{kind}'
                flow, image = theirs[name][:4], theirs[name][4:]
                theirs[name] = torch.cat([image, flow])
        load_renamed(network, theirs, published_names())
    return network


def published_names() -> dict[str, str]:
    """Return our name of each layer -> that in the published file."""
    names = dict(_EMBEDDING)
    for step in range(LEVELS - 1):
        for part in (0, 1):
            names[f'encode.steps.{step}.{part}'] = f'encoder.conv{step + 1}.net.{part}'
        for number, layer in enumerate(('first', 'second')):
            path = f'encoder.resblocks{step + 1}.net.0.conv_block.{number}.net.0'
            names[f'encode.steps.{step}.2.{layer}'] = path
    names |= {f'attend.{ours}': f'transformer.{theirs}' for ours, theirs in _ATTENTION.items()}
    for place, decoder in enumerate(_DECODERS):
        ours = f'finer.{place - 1}' if place else 'coarsest'
        names |= {f'{ours}.{layer}': f'{decoder}.{path}' for layer, path in _FINER.items()}
    names |= {f'coarsest.join.{part}': f'{_DECODERS[0]}.convrelu.{part}' for part in (0, 1)}
    names[f'finer.{LEVELS - 2}.draw'] = f'{_DECODERS[-1]}.predict_img'
    return names
