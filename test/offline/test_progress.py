# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The progress bar of commands that read a recording."""

import io

import pytest
from rich.console import Console

from spike_recon_ros.offline.frames import ResetPrinter
from spike_recon_ros.offline.progress import with_progress
from spike_recon_ros.stream_statistics import ResetReason


class FakeSource:
    warnings = ()

    def __init__(self, n_packets, estimates_packets):
        self.n_packets, self.estimates_packets = n_packets, estimates_packets

    def __iter__(self):
        return iter(())


@pytest.mark.parametrize(
    ('n_packets', 'estimated', 'shown'),
    [(7, False, '0/7'), (7, True, '0/~7'), (None, False, '0/?')],
)
def test_an_estimated_total_is_marked(n_packets, estimated, shown):
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    assert list(with_progress(FakeSource(n_packets, estimated), console)) == []
    assert shown in console.file.getvalue()


@pytest.mark.parametrize(('resets', 'lines'), [(1, 1), (10, 10), (11, 11), (5_000, 11)])
def test_many_resets_are_printed_in_part(resets, lines):
    out = io.StringIO()
    printer = ResetPrinter(Console(file=out, width=200))
    for number in range(resets):
        printer(ResetReason.SENSOR_CHANGED, f'the {number}th')
    printed = out.getvalue().splitlines()
    assert len(printed) == lines
    assert printed[0] == 'state reset: sensor changed (the 0th)'
    assert ('not printed' in printed[-1]) == (resets > 10)
