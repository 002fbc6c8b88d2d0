# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import struct
import zlib

import cv2
import numpy as np
import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.image_file import declared_sides, read_image_file


def with_sides(encoded, width, height):
    """A PNG of which only the declared size is changed, with a valid checksum."""
    header = b'IHDR' + struct.pack('>II', width, height) + encoded[24:29]
    return encoded[:12] + header + struct.pack('>I', zlib.crc32(header)) + encoded[33:]


def test_an_image_that_declares_more_pixels_than_its_bytes_can_hold_is_refused(tmp_path):
    _, small = cv2.imencode('.png', np.zeros((48, 64), np.uint8))
    png = with_sides(small.tobytes(), 16_000, 12_000)
    (tmp_path / 'a.png').write_bytes(png)
    with pytest.raises(UserError, match=f'16000x12000 pixels, more than its {len(png)} bytes'):
        read_image_file(tmp_path / 'a.png', cv2.IMREAD_UNCHANGED)


@pytest.mark.parametrize(
    'black',
    [
        np.zeros((2_000, 3_000), np.uint8),
        np.zeros((2_000, 3_000, 4), np.uint8),
        np.zeros((2_000, 3_000), np.uint16),
    ],
)
@pytest.mark.parametrize('suffix', ['.png', '.jpg'])
def test_an_image_that_compresses_extremely_well_is_read(tmp_path, black, suffix):
    if suffix == '.jpg' and (black.ndim == 3 or black.dtype != np.uint8):
        black = black[..., :3].astype(np.uint8)
    assert cv2.imwrite(str(tmp_path / f'a{suffix}'), black, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    image = read_image_file(tmp_path / f'a{suffix}', cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(image, black)


def test_a_png_whose_chunk_is_longer_than_the_file_is_refused(tmp_path):
    _, encoded = cv2.imencode('.png', np.zeros((48, 64), np.uint8))
    png = bytearray(encoded.tobytes())
    at = png.index(b'IDAT') - 4
    png[at : at + 4] = struct.pack('>I', 1_500_000_000)
    (tmp_path / 'a.png').write_bytes(png)
    with pytest.raises(UserError, match='it is cut'):
        read_image_file(tmp_path / 'a.png', cv2.IMREAD_UNCHANGED)


def test_bytes_behind_the_end_of_a_png_are_ignored(tmp_path):
    _, encoded = cv2.imencode('.png', np.ones((4, 6), np.uint8))
    (tmp_path / 'a.png').write_bytes(encoded.tobytes() + b'rest of another file')
    image = read_image_file(tmp_path / 'a.png', cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(image, np.ones((4, 6), np.uint8))


def test_the_size_of_a_jpeg_is_found_behind_its_other_segments():
    _, encoded = cv2.imencode('.jpg', np.zeros((48, 64), np.uint8))
    assert declared_sides(encoded.tobytes()) == (64, 48)
    assert declared_sides(b'\xff\xd8\xff') == (0, 0)


def test_the_size_of_a_png_is_found():
    _, encoded = cv2.imencode('.png', np.zeros((5, 7), np.uint8))
    assert declared_sides(encoded.tobytes()) == (7, 5)
