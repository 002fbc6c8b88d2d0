# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The decoder for each encoding, and the sensor sizes that an encoding allows."""

from collections.abc import Callable
from typing import Any

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.decoder import Decoder
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.evt2 import Evt2Decoder
from spike_recon_ros.packets.evt3 import Evt3Decoder
from spike_recon_ros.packets.evt21 import Evt21Decoder
from spike_recon_ros.packets.libcaer import LibcaerDecoder
from spike_recon_ros.packets.libcaer_cmp import LibcaerCmpDecoder
from spike_recon_ros.packets.mono import MonoDecoder
from spike_recon_ros.packets.packet import split_encoding
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.packets.spike_planes_decoder import NAME as SPIKE_PLANES
from spike_recon_ros.packets.spike_planes_decoder import SpikePlanesDecoder

Options = dict[str, str]

MOST_PIXELS = 2**24
"""Pixels of a sensor. Event cameras have up to 2 million, and image sensors of 4096x2304 pixels
exist; much more is damage, and would only fill the memory."""
LARGEST_SIDE = {
    'evt2': 2048, 'evt21': 2048, 'evt3': 2048, 'libcaer_cmp': 2048,
    'libcaer': 32_768, 'mono': 32_768,
}  # fmt: skip
"""Largest width and height by encoding, as far as addresses have fewer bits."""


def _evt21(width: int, height: int, options: Options) -> Decoder[Events]:
    endianness = options.get('endianness', 'little')
    if endianness not in ('little', 'legacy'):
        raise UserError(
            f'evt21 with endianness={endianness[:40]!r} cannot be decoded; '
            'set it to little or legacy'
        )
    return Evt21Decoder(width, height, legacy=endianness == 'legacy')


DECODERS: dict[str, Callable[[int, int, Options], Decoder[Events]]] = {
    'evt2': lambda width, height, _: Evt2Decoder(width, height),
    'evt21': _evt21,
    'evt3': lambda width, height, _: Evt3Decoder(width, height),
    'libcaer': lambda width, height, _: LibcaerDecoder(width, height),
    'libcaer_cmp': lambda width, height, _: LibcaerCmpDecoder(width, height),
    'mono': lambda width, height, _: MonoDecoder(width, height),
}
"""Makes a decoder of events from width, height and options, by the name of the encoding."""


def decoder_for(encoding: str, width: int, height: int) -> Decoder[Any]:
    """Return a new decoder for packets of an encoding (`name` or `name;key=value;...`).

    Raises:
        UserError: the encoding is unknown, or the sensor size is impossible for it.
    """
    name, options = split_encoding(encoding)
    if name not in DECODERS and name != SPIKE_PLANES:
        raise UserError(
            f'encoding {name[:40]!r} cannot be decoded; known encodings: '
            f'{", ".join((*DECODERS, SPIKE_PLANES))}'
        )
    check_sensor_size(name, width, height)
    if name == SPIKE_PLANES:
        return SpikePlanesDecoder(width, height, options.get('period_ns'))
    return DECODERS[name](width, height, options)


def check_sensor_size(name: str, width: int, height: int) -> None:
    """Check a declared sensor size before anything of that size is allocated.

    Raises:
        UserError: no camera with this encoding has the size.
    """
    side = LARGEST_SIDE.get(name, MOST_PIXELS)
    if 0 < width <= side and 0 < height <= side and width * height <= MOST_PIXELS:
        return
    if not (width and height):
        raise UserError(
            f'a packet states no sensor size ({width}x{height}); set width and height in the '
            'driver that sends it'
        )
    limit = f'at most {side} a side and ' if name in LARGEST_SIDE else 'at most '
    raise UserError(
        f'a packet declares a sensor of {width}x{height} pixels, but {name} allows {limit}'
        f'{MOST_PIXELS:,} in all; check the driver or the file that sends it'
    )


def check_expected_size(width: int, height: int) -> None:
    """Check the size of a sensor that has sent nothing yet, before memory for it is allocated.

    Raises:
        UserError: there is no such camera.
    """
    if min(width, height) < 1 or width * height > MOST_PIXELS:
        raise UserError(
            f'a sensor of {width}x{height} pixels is impossible, it has from 1 to '
            f'{MOST_PIXELS:,} pixels; check sensor_size, or width and height in camera_info'
        )


def sensor_kind_of(encoding: str) -> SensorKind:
    """Return the kind of camera that sends packets of this encoding."""
    is_spike = split_encoding(encoding)[0] == SPIKE_PLANES
    return SensorKind.SPIKE if is_spike else SensorKind.EVENT
