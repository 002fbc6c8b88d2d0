# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Which decoder reads which encoding.

Comes in: the encoding that packets name. Goes out: a Decoder. Knows nothing about bytes.
"""

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


def _evt21(width: int, height: int, options: Options) -> Decoder[Events]:
    endianness = options.get('endianness', 'little')
    if endianness not in ('little', 'legacy'):
        raise UserError(
            f'evt21 with endianness={endianness} cannot be decoded; it must be little or legacy'
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
"""What makes a decoder of events, by the encoding's name: from width, height and its options."""


def decoder_for(encoding: str, width: int, height: int) -> Decoder[Any]:
    """Return a new decoder for packets of `encoding` (`name` or `name;key=value;...`).

    Raises:
        UserError: naming the known encodings, if this is not one of them.
    """
    name, options = split_encoding(encoding)
    if name == SPIKE_PLANES:
        return SpikePlanesDecoder(width, height, options.get('period_ns'))
    if name not in DECODERS:
        raise UserError(
            f'encoding {name!r} cannot be decoded; known encodings: '
            f'{", ".join((*DECODERS, SPIKE_PLANES))}'
        )
    return DECODERS[name](width, height, options)


def sensor_kind_of(encoding: str) -> SensorKind:
    """Return the kind of camera that sends packets of this encoding."""
    is_spike = split_encoding(encoding)[0] == SPIKE_PLANES
    return SensorKind.SPIKE if is_spike else SensorKind.EVENT
