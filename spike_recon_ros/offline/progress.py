# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Progress bars of commands that read a recording."""

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from spike_recon_ros.packets.packet import Packet, Reference
from spike_recon_ros.sources.source import Source


def with_progress(
    source: Source, console: Console, label: str = 'packets'
) -> Iterator[Packet | Reference]:
    """Yield what the source yields, with a progress bar that vanishes at the end.

    The warnings of the source are printed: those of opening first, those of reading at the end,
    even if the end is damage.
    """
    printed = source.warnings
    print_warnings(printed, console)
    count = TextColumn('{task.completed}/{task.fields[of]}')
    columns = ('{task.description}', BarColumn(), count, TimeRemainingColumn())
    try:
        with Progress(
            *columns, console=console, transient=True, disable=not console.is_terminal
        ) as progress:
            task = progress.add_task(label, total=source.n_packets, of=_total(source))
            for item in source:
                yield item
                if isinstance(item, Packet):
                    progress.advance(task)
    finally:
        print_warnings(source.warnings[len(printed) :], console)


def _total(source: Source) -> str:
    """Return the number of packets as a text, with `~` before an estimate."""
    if source.n_packets is None:
        return '?'
    return f'~{source.n_packets}' if source.estimates_packets else str(source.n_packets)


def print_warnings(sentences: Iterable[str], console: Console) -> None:
    """Print sentences about data that is guessed, cut or left out."""
    for sentence in sentences:
        print_warning(console, sentence)


def print_warning(console: Console, sentence: str) -> None:
    """Print one such sentence."""
    console.print(f'[yellow]{escape(sentence)}', soft_wrap=True)
