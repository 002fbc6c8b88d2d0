# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Sentences about what is missing or left out of a stream, for all commands that read one."""

from spike_recon_ros.errors import counted
from spike_recon_ros.offline.time_spans import SENDERS_SHARE
from spike_recon_ros.packets.decoder import MISREAD_SHARE, UNKNOWN_SHARE, DecoderStatistics
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.packets.spike_planes_decoder import (
    bits_reversed,
    parts_of_planes,
    spikes_in_padding,
)
from spike_recon_ros.stream_statistics import Statistics

TWO_SENDERS = 'two cameras or drivers send on one topic; then record each on a topic of its own'


def left_out_warnings(
    dropped: DecoderStatistics,
    used: int,
    size: str = '',
    *,
    kind: SensorKind = SensorKind.EVENT,
) -> list[str]:
    """Return sentences about what decoders left out, if a wrong size or encoding explains it.

    Args:
        dropped: counts of the decoders.
        used: how many events are used.
        size: the size of the sensor for people, such as ' of 640x480 pixels'.
        kind: of the camera.
    """
    found = []
    if kind is SensorKind.SPIKE:
        cure = 'if the planes have another size, give it with --plane-size'
        if dropped.outside_pixels:
            found.append(spikes_in_padding(dropped.outside_pixels, cure, size))
        if dropped.truncated_words > 1:  # one is the end of the recording
            found.append(parts_of_planes(dropped.truncated_words, cure, size))
        if dropped.reversed_planes:
            cure = (
                'read a file of planes with --plane-layout planes_msb, and let a driver put the '
                "leftmost pixel into bit 0 (np.packbits with bitorder='little')"
            )
            found.append(bits_reversed(dropped.reversed_planes, cure))
        return found
    outside, unknown = dropped.outside_pixels, dropped.unknown_words
    encoding = 'give the right one of a RAW file with --encoding, and correct that of packets in'
    if unknown > UNKNOWN_SHARE * (unknown + outside + used):  # then the pixels are wrong as well
        found.append(
            f'{unknown:,} words of the packets are of no known type, beside {used:,} events; the '
            f'encoding is probably wrong: {encoding} their driver'
        )
    elif outside:
        share = outside / (outside + used)
        cure = (
            'the size or the encoding is wrong: give the right ones of a file with --size and '
            '--encoding, and correct those of packets in their driver'
            if share > MISREAD_SHARE
            else 'if they are not damage, give the right size of a file with --size, and correct '
            'that of packets in their driver'
        )
        found.append(
            f'{outside:,} events ({100 * share:.3g} %) lie outside the sensor{size} and are left '
            f'out; {cure}'
        )
    elif dropped.before_first_time and not used:
        found.append(
            f'{dropped.before_first_time:,} events come without any time stamp; the encoding is '
            f'probably wrong: {encoding} their driver'
        )
    return found


def order_warnings(
    packets: int,
    lost: int,
    repeated: int,
    unordered: int,
    *,
    kind: SensorKind = SensorKind.EVENT,
) -> list[str]:
    """Return sentences about packets that are missing, came twice, or after a later one.

    Args:
        packets: how many there are.
        lost: missing ones, by their `seq`.
        repeated: see `Statistics`.
        unordered: see `Statistics`.
        kind: of the camera.
    """
    found = []
    if lost > 0:
        share = 100 * lost / (lost + packets)
        found.append(
            f'{counted(lost, "packets")} ({share:.2g} %) missing, as the numbers of the others '
            'show; the driver, the network or the recorder lost them'
        )
    if repeated:
        found.append(
            f'{counted(repeated, "packets")} recorded twice, each used once; the relay or bridge '
            'of their topic probably ran twice'
        )
    if unordered:
        use = 'their events are used' if kind is SensorKind.EVENT else 'their planes are left out'
        why = 'the driver or the recorder probably sends them from several threads'
        if unordered > SENDERS_SHARE * packets:
            why += f', or {TWO_SENDERS}'
        found.append(f'{counted(unordered, "packets")} came after a later one, {use}; {why}')
    return found


def order_warnings_of(counts: Statistics, kind: SensorKind) -> list[str]:
    """Return these sentences about a stream that a pipeline has read."""
    return order_warnings(
        counts.packets,
        counts.lost_packets,
        counts.repeated_packets,
        counts.unordered_packets,
        kind=kind,
    )


def numbered_alike(packets: int, same_seq: int) -> list[str]:
    """Return a sentence if packets of two senders that count alike come in turn.

    Args:
        packets: how many there are.
        same_seq: those of them with the `seq` of the one before, and other content; of a sender
            that does not count, nearly all.
    """
    if not SENDERS_SHARE * packets < same_seq < (1 - SENDERS_SHARE) * packets:
        return []
    return [
        f'{counted(same_seq, "packets")} have the seq of the one before and other content; the '
        f'driver probably gives several packets one number, or {TWO_SENDERS}'
    ]
