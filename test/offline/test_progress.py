# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The progress bar of commands that read a recording."""

import io

import pytest
from rich.console import Console

from spike_recon_ros.offline.progress import with_progress


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
