# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.registry import DECODERS, decoder_for


@pytest.mark.parametrize('encoding', DECODERS)
def test_every_encoding_has_a_decoder_of_the_sensor_size(encoding):
    decoder = decoder_for(encoding, 640, 480)
    assert (decoder.width, decoder.height) == (640, 480)


def test_unknown_encoding_names_the_known_ones():
    with pytest.raises(UserError, match=r"'evt9'.*evt2.*evt3.*libcaer_cmp.*mono"):
        decoder_for('evt9;width=3', 640, 480)


def test_unknown_byte_order_is_not_guessed():
    with pytest.raises(UserError, match='endianness=big'):
        decoder_for('evt21;endianness=big', 640, 480)
