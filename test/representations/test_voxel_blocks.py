# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Blocks hold exactly the numbers of the voxel grid and its padding."""

import numpy as np
import pytest
from stream import random_events

from spike_recon_ros.packets.events import Events
from spike_recon_ros.representations.padding import crop, mirror_beyond
from spike_recon_ros.representations.voxel_blocks import (
    blocks_shape,
    tensor_to_blocks,
    write_blocks,
)
from spike_recon_ros.representations.voxel_grid import voxel_grid

BINS, T_START_NS, T_END_NS = 5, 1000, 9000


def events_on(height, width):
    span_ns = T_START_NS - 500, T_END_NS + 500
    return random_events(width, height, 3000, span_ns, seed=(height, width))


def padded_grid(events, height, width, rows, columns):
    tensor = np.zeros((BINS, rows, columns), np.float32)
    voxel_grid(
        events, T_START_NS, T_END_NS, bins=BINS, height=height, width=width,
        out=crop(tensor, height, width),
    )  # fmt: skip
    mirror_beyond(tensor, height, width)
    return tensor


def in_blocks(tensor):
    """Return what the pixel-unshuffle of a network makes of a tensor, with the channels last."""
    bins, rows, columns = tensor.shape
    split = tensor.reshape(bins, rows // 2, 2, columns // 2, 2)
    return split.transpose(1, 3, 0, 2, 4).reshape(rows // 2, columns // 2, 4 * bins)


@pytest.mark.parametrize(
    ('height', 'width', 'rows', 'columns'),
    [(16, 24, 16, 24), (13, 18, 16, 24), (15, 23, 16, 24), (1, 1, 8, 8), (3, 40, 8, 40)],
)
def test_blocks_hold_the_voxel_grid_and_its_mirror_image(height, width, rows, columns):
    events = events_on(height, width)
    blocks = np.full(blocks_shape(BINS, rows, columns), np.nan, np.float32)
    write_blocks(events, T_START_NS, T_END_NS, (height, width), blocks)
    expected = in_blocks(padded_grid(events, height, width, rows, columns))
    assert np.count_nonzero(expected) > 0
    np.testing.assert_array_equal(blocks, expected)


def test_a_tensor_is_rearranged():
    tensor = np.random.default_rng(0).random((BINS, 8, 16), dtype=np.float32)
    blocks = np.empty(blocks_shape(BINS, 8, 16), np.float32)
    tensor_to_blocks(tensor, blocks)
    np.testing.assert_array_equal(blocks, in_blocks(tensor))


@pytest.mark.parametrize('t_end_ns', [T_START_NS, T_START_NS - 1])
def test_a_window_without_duration_fills_the_first_bin(t_end_ns):
    blocks = np.empty(blocks_shape(BINS, 8, 8), np.float32)
    write_blocks(events_on(8, 8), T_START_NS, t_end_ns, (8, 8), blocks)
    assert np.any(blocks[..., :4])
    assert not np.any(blocks[..., 4:])


def test_a_window_without_events_gives_zeros():
    blocks = np.full(blocks_shape(BINS, 8, 8), np.nan, np.float32)
    write_blocks(Events.empty(), T_START_NS, T_END_NS, (7, 5), blocks)
    assert not np.any(blocks)
