# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Decoding of the pixels of image messages."""

import contextlib
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spike_recon_ros.errors import UserError
from spike_recon_ros.frames.encodings import ENCODINGS, decode, frame_of_message

RGB = np.random.default_rng(1).integers(0, 256, (6, 8, 3), dtype=np.uint8)
BGR = RGB[:, :, ::-1]
ALPHA = np.full((6, 8, 1), 9, np.uint8)


def decoded(encoding: str, pixels: np.ndarray, pad: int = 0, big: bool = False) -> np.ndarray:
    rows = np.ascontiguousarray(pixels).reshape(pixels.shape[0], -1).view(np.uint8)
    rows = np.pad(rows, ((0, 0), (0, pad)))
    height, width = pixels.shape[:2]
    return decode(encoding, width, height, rows.shape[1], rows.tobytes(), big)


@pytest.mark.parametrize(
    ('encoding', 'pixels'),
    [
        ('rgb8', RGB),
        ('bgr8', BGR),
        ('rgba8', np.concatenate([RGB, ALPHA], 2)),
        ('bgra8', np.concatenate([BGR, ALPHA], 2)),
    ],
)
def test_colour_comes_in_the_order_blue_green_red(encoding: str, pixels: np.ndarray):
    assert (decoded(encoding, pixels, pad=5) == BGR).all()


@pytest.mark.parametrize('big', [False, True])
def test_grey_of_sixteen_bits_is_read_in_its_byte_order(big: bool):
    pixels = np.arange(48, dtype=np.uint16).reshape(6, 8) * 1000
    sent = pixels.astype('>u2' if big else '<u2')
    assert (decoded('mono16', sent, big=big) == pixels).all()


@pytest.mark.parametrize(
    ('pattern', 'red', 'blue'),
    [
        ('rggb', (0, 0), (1, 1)),
        ('bggr', (1, 1), (0, 0)),
        ('gbrg', (1, 0), (0, 1)),
        ('grbg', (0, 1), (1, 0)),
    ],
)
def test_each_bayer_pattern_gives_its_colours(
    pattern: str, red: tuple[int, int], blue: tuple[int, int]
):
    mosaic = np.full((10, 10), 100, np.uint8)
    mosaic[red[0] :: 2, red[1] :: 2] = 200
    mosaic[blue[0] :: 2, blue[1] :: 2] = 50
    inside = decoded(f'bayer_{pattern}8', mosaic)[3:7, 3:7]
    assert (inside == [50, 100, 200]).all()


def test_an_encoding_that_needs_cv_bridge_is_refused_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setitem(__import__('sys').modules, 'cv_bridge', None)
    message = message_of('yuv422', 8, 6, 16, bytes(96))
    with pytest.raises(UserError, match=r'yuv422.*needs cv_bridge'):
        frame_of_message(message)


def test_a_message_gives_its_stamp_and_pixels():
    frame = frame_of_message(message_of('rgb8', 8, 6, 24, RGB.tobytes()))
    assert frame.stamp_ns == 3_000_000_004
    assert (frame.image == BGR).all()


@given(
    encoding=st.sampled_from(sorted(ENCODINGS)),
    size=st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 80)),
    data=st.binary(max_size=400),
)
def test_any_bytes_give_an_image_or_a_sentence(
    encoding: str, size: tuple[int, int, int], data: bytes
):
    width, height, step = size
    with contextlib.suppress(UserError):
        image = frame_of_message(message_of(encoding, width, height, step, data)).image
        assert image.shape[:2] == (height, width)
        assert image.dtype == np.uint8


def message_of(encoding: str, width: int, height: int, step: int, data: bytes) -> Any:
    stamp = SimpleNamespace(sec=3, nanosec=4)
    return SimpleNamespace(
        header=SimpleNamespace(stamp=stamp), encoding=encoding, width=width, height=height,
        step=step, data=data, is_bigendian=0,
    )  # fmt: skip
