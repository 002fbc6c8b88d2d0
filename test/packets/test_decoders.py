# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.registry import DECODERS, decoder_for


@pytest.mark.parametrize('encoding', DECODERS)
def test_every_encoding_has_a_decoder_of_the_sensor_size(encoding):
    decoder = decoder_for(encoding, 640, 480)
    assert (decoder.width, decoder.height) == (640, 480)


@pytest.mark.parametrize('encoding', [*DECODERS, 'spike_planes;period_ns=1000'])
@pytest.mark.parametrize('size', [(16384, 16384), (65535, 65535), (2**31, 1)])
def test_impossible_sensor_sizes_are_refused(encoding, size):
    with pytest.raises(UserError, match=f'a sensor of {size[0]}x{size[1]} pixels.*check'):
        decoder_for(encoding, *size)


@pytest.mark.parametrize('size', [(0, 0), (0, 5), (5, 0)])
def test_a_missing_sensor_size_is_named(size):
    with pytest.raises(UserError, match=rf'no sensor size \({size[0]}x{size[1]}\); set width'):
        decoder_for('evt3', *size)


@pytest.mark.parametrize('encoding', ['evt2', 'evt21', 'evt3', 'libcaer_cmp'])
def test_sides_are_limited_by_the_bits_of_an_address(encoding):
    assert decoder_for(encoding, 2048, 2048).width == 2048
    with pytest.raises(UserError, match='at most 2048 a side'):
        decoder_for(encoding, 2049, 10)


def test_a_long_unknown_encoding_is_shortened():
    with pytest.raises(UserError) as error:
        decoder_for('x' * 30_000, 640, 480)
    assert len(str(error.value)) < 200


def test_unknown_encoding_names_the_known_ones():
    with pytest.raises(UserError, match=r"'evt9'.*evt2.*evt3.*libcaer_cmp.*mono"):
        decoder_for('evt9;width=3', 640, 480)


def test_unknown_byte_order_is_not_guessed():
    with pytest.raises(UserError, match="endianness='big'"):
        decoder_for('evt21;endianness=big', 640, 480)


@pytest.mark.parametrize('encoding', ['mono', 'libcaer', 'spike_planes;period_ns=50000'])
def test_the_largest_image_sensors_are_accepted(encoding):
    assert decoder_for(encoding, 4096, 2304).width == 4096
