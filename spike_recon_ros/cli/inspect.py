# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon inspect`: what a recording holds, and whether all of it is there."""

import argparse
import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from spike_recon_ros.cli.partial_result import PartialResultError, check_complete
from spike_recon_ros.cli.plane_options import (
    SOURCES,
    add_plane_options,
    add_size_options,
    given_facts,
)
from spike_recon_ros.errors import UserError, counted, shown
from spike_recon_ros.offline.progress import with_progress
from spike_recon_ros.offline.several_inputs import check_any_left, use_each
from spike_recon_ros.offline.stream_summary import EventSummary, summary_for
from spike_recon_ros.packets.decoder import UNUSABLE
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.sources.clip_source import ClipSource, clips_of
from spike_recon_ros.sources.images import bayer_topic
from spike_recon_ros.sources.open_source import is_bag, open_source
from spike_recon_ros.sources.source import Source
from spike_recon_ros.sources.spike_clip import SpikeClip
from spike_recon_ros.sources.spike_datasets import holds_clips

DESCRIPTION = f"""\
Read a whole recording, decode every packet and show what it holds: the sensor, the number of
events by polarity and their rate, lost packets, words that the decoder dropped, trigger edges by
channel, the frequency of a flickering lamp, the noise, hot pixels and the topics of a bag.

  spike-recon inspect recording/

The last line on stdout is a JSON object with the same numbers, the warnings, and exact sums over
all events, by which two readers can be compared. If a recording is damaged, everything before the
damage is shown, the damage is the last warning, and the exit status is 1.

{SOURCES}"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the subcommand takes."""
    parser.add_argument('source', metavar='SOURCE', help='recording to read')
    parser.add_argument(
        '--topic',
        metavar='TOPIC',
        help='events topic of a bag, needed only if there are several; camera of an HDF5 file',
    )
    add_size_options(parser)
    add_plane_options(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Inspect one recording.

    Returns: what the main program prints as JSON; sums are exact integers, times are sensor time.

    Raises:
        PartialResultError: if the recording is damaged behind its first packet.
        UserError: if nothing can be read.
    """
    path, facts = Path(args.source), given_facts(args)
    if holds_clips(path):
        return _inspect_clips(path, clips_of(path, {'topic': args.topic, **facts}))
    return _inspected(open_source(args.source, topic=args.topic, **facts))


def _inspect_clips(path: Path, clips: Sequence[SpikeClip]) -> dict[str, Any]:
    """Inspect every clip of a data set."""
    damaged = {}

    def inspected(clip: SpikeClip) -> dict[str, Any]:
        try:
            return _inspected(ClipSource(clip))
        except PartialResultError as error:
            damaged[clip.name] = str(error)
            return error.result

    by_name = {clip.name: clip for clip in clips}
    used = use_each(by_name, inspected, Console(stderr=True))
    check_any_left(used)
    left_out = dataclasses.replace(used, failed=damaged | used.failed).left_out()
    result = {'source': str(path), 'clips': used.outputs, **left_out}
    check_complete(result, len(used.outputs.keys() - damaged))
    return result


def _inspected(opened: Source) -> dict[str, Any]:
    """Read a recording, show its table and return its figures."""
    console = Console(stderr=True)
    with opened as source:
        tally, damage = _count(source, console)
        result: dict[str, Any] = {'source': str(source.path)}
        result |= tally.summary()
        result |= _bayer_pattern(source, result['width'], result['height'])
        result['warnings'] = [*source.warnings, *tally.warnings()]
        result['topics'] = [dataclasses.asdict(topic) for topic in source.topics]
    console.print(_table(result))
    for sentence in tally.warnings():
        console.print(f'[yellow]{escape(sentence)}', soft_wrap=True)
    if damage is not None:
        result['warnings'].append(str(damage))
        raise PartialResultError(damage, result) from damage
    return result


def _bayer_pattern(source: Source, width: int, height: int) -> dict[str, str | None]:
    """Return the Bayer pattern of the sensor and the topic that names it; None = unknown.

    A sensor with colour filters that also sends frames, such as a Color-DAVIS346, sends them in a
    Bayer encoding. Events, and spike planes, never name their pattern.
    """
    found = None
    if is_bag(source.path):
        with contextlib.suppress(UserError):  # damage is reported by reading the packets
            found = bayer_topic(source.path)
    if found is None or found[2] != (width, height):
        return {'bayer_pattern': None}
    return {'bayer_pattern': found[0], 'bayer_topic': found[1]}


def _count(source: Source, console: Console) -> tuple[EventSummary, UserError | None]:
    """Count all packets, or those in front of the damage, which is returned as well."""
    tally: EventSummary | None = None
    try:
        for packet in with_progress(source, console):
            if isinstance(packet, Packet):
                tally = tally or summary_for(packet.encoding)
                tally.add(packet)
    except UserError as damage:
        if tally is None:
            raise
        return tally, damage
    return tally or EventSummary(), None


def _table(result: dict[str, Any]) -> Table:
    table = Table(title=escape(shown(result['source'])), show_header=False, title_justify='left')
    table.add_column(style='bold')
    table.add_column()
    table.add_row('encoding', escape(shown(result['encoding'])))
    table.add_row('sensor', f'{result["width"]} x {result["height"]} pixels')
    table.add_row('Bayer pattern', escape(_pattern(result)))
    table.add_row('packets', f'{result["packets"]:,} ({result["packet_rate_hz"]:,.1f} /s)')
    table.add_row('lost packets', f'{result["lost_packets"]:,}')
    if result['repeated_packets']:
        table.add_row('repeated packets', f'{result["repeated_packets"]:,}', style='yellow')
    table.add_row('duration', f'{result["duration_s"]:.6f} s')
    for row in _planes(result) if 'planes' in result else _events(result):
        table.add_row(*row)
    unusable = {UNUSABLE[name]: count for name, count in result['dropped'].items() if count}
    for name, count in unusable.items():
        table.add_row(name, f'{count:,}', style='yellow')
    if not unusable:
        table.add_row('unusable data', 'none', style='dim')
    for topic in result['topics']:
        names = escape(f'{shown(topic["name"])}  {shown(topic["type"])}')
        table.add_row('topic', f'{names}  {counted(topic["n_messages"], "messages")}')
    return table


def _pattern(result: dict[str, Any]) -> str:
    if result['bayer_pattern'] is None:
        return 'none in the recording; set `bayer_pattern` if the sensor has colour filters'
    return f'{result["bayer_pattern"]}, as the images on {shown(result["bayer_topic"])} have it'


def _events(result: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield 'events', f'{result["events"]:,} (ON {result["on"]:,}, OFF {result["off"]:,})'
    yield (
        'event rate',
        f'{result["rate_mean_ev_s"] / 1e6:,.3f} Mev/s mean, '
        f'{result["rate_peak_ev_s"] / 1e6:,.3f} Mev/s peak (10 ms)',
    )
    channels = ', '.join(
        f'channel {channel}: {edges["up"]:,} up, {edges["down"]:,} down'
        for channel, edges in result['trigger_channels'].items()
    )
    if 'lamp_hz' in result:
        yield from _scene(result)
    yield 'trigger edges', f'{result["triggers"]:,}' + (f' ({channels})' if channels else '')


def _scene(result: dict[str, Any]) -> Iterator[tuple[str, str]]:
    lamp_hz = result['lamp_hz']
    lamp = 'none seen'
    if lamp_hz is not None:
        share = 100 * result['lamp_share_of_time']
        lamp = f'{lamp_hz:.0f} Hz, {share:.0f} % of the time (flicker_frequency removes it)'
    yield 'flickering lamp', lamp
    yield 'noise', f'at least {result["noise_hz_pixel"]:.3g} events/s per pixel'
    places = ', '.join(f'({at["x"]}, {at["y"]})' for at in result['hottest_pixels'][:3])
    hot = f'{result["hot_pixels"]:,}'
    yield 'hot pixels', f'{hot}, the hottest at {places}' if places else hot


def _planes(result: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield 'spike planes', f'{result["planes"]:,} ({result["plane_rate_hz"]:,.1f} /s)'
    yield (
        'spikes',
        f'{result["spikes"]:,} ({result["rate_mean_spikes_plane"]:.4f} a pixel and plane)',
    )
