# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Windows that are joined under overload contain what the single ones contain."""

import numpy as np
import pytest

from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.windows.merging import WindowMerger
from spike_recon_ros.windows.window import Window, joined

LENGTH_NS = 1000


def _window(number, due=True):
    t_ns = np.arange(number * LENGTH_NS, (number + 1) * LENGTH_NS, 100, dtype=np.int64)
    x = np.full(len(t_ns), number, np.uint16)
    edges = Triggers(t_ns[:1], np.ones(1, np.uint8), np.zeros(1, np.uint8))
    events = Events(x, x + 1, (x % 2).astype(np.uint8), t_ns, edges)
    return Window(int(t_ns[0]), int(t_ns[0]) + LENGTH_NS, events, stamp_ns=number, due=due)


def test_a_joined_window_has_the_samples_of_all_and_the_stamp_of_the_last():
    windows = [_window(0), _window(1, due=False), _window(2)]
    whole = joined(windows)
    assert (whole.t_start_ns, whole.t_end_ns) == (0, 3 * LENGTH_NS)
    assert (whole.stamp_ns, whole.due) == (2, True)
    for name in ('x', 'y', 'p', 't_ns'):
        parts = [getattr(window.samples, name) for window in windows]
        np.testing.assert_array_equal(getattr(whole.samples, name), np.concatenate(parts))
    assert len(whole.samples.triggers) == 3


def test_a_window_that_is_not_joined_is_not_copied():
    window = _window(0)
    assert joined([window]) is window


def test_groups_are_as_long_as_is_asked_and_samples_are_copied_once(monkeypatch):
    copied = []
    concatenate = Events.concatenate

    def watched(parts):
        copied.append(sum(map(len, parts)))
        return concatenate(parts)

    monkeypatch.setattr(Events, 'concatenate', staticmethod(watched))
    merger = WindowMerger()
    seen = []
    found = list(
        merger.join(map(_window, range(12)), lambda count: seen.append(count) or count < 4)
    )
    assert [window.t_end_ns // LENGTH_NS for window in found] == [4, 8, 12]
    assert seen == [1, 2, 3, 4] * 3
    assert (merger.merged, merger.joined) == (9, 4)
    assert copied == [40, 40, 40]


@pytest.mark.parametrize('due', [True, False])
def test_a_window_that_is_not_due_ends_a_group(due):
    merger = WindowMerger()
    windows = [_window(0), _window(1, due=due), _window(2, due=False)]
    found = list(merger.join(windows, lambda count: True))
    assert [window.t_end_ns // LENGTH_NS for window in found] == ([3] if due else [2, 3])


def test_what_is_held_back_is_dropped_when_the_stream_starts_again():
    merger = WindowMerger()
    assert not list(merger.join([_window(0)], lambda count: True))
    merger.clear()
    (found,) = merger.join([_window(1)], lambda count: False)
    assert found.t_start_ns == LENGTH_NS
