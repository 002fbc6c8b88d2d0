# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Event streams for the tests of filters: made by hand, and random ones for hypothesis."""

import numpy as np
import pytest
from hypothesis import strategies as st

from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.windows.window import Window


def _events_of(rows: list[tuple[int, int, int, int]]) -> Events:
    """Return events from rows of x, y, p, t_ns."""
    x, y, p, t_ns = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Events(
        np.array(x, np.uint16),
        np.array(y, np.uint16),
        np.array(p, np.uint8),
        np.array(t_ns, np.int64),
        Triggers.empty(),
    )


def _window_of(events: Events, t_end_ns: int = 0) -> Window:
    """Return a window that ends at a time."""
    return Window(0, t_end_ns, events)


@st.composite
def _streams(draw, largest=7, most_events=400):
    """Draw a sensor size and events of a random walk, which meets pixels and tiles again."""
    width, height = draw(st.integers(1, largest)), draw(st.integers(1, largest))
    count = draw(st.integers(0, most_events))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    spread = draw(st.sampled_from((0.3, 1.0, 4.0)))
    walk = np.cumsum(random.normal(0, spread, (count, 2)), axis=0).astype(np.int64)
    times = np.cumsum(random.integers(0, 3_000_000, count))
    rows = Events(
        (walk[:, 0] % width).astype(np.uint16),
        (walk[:, 1] % height).astype(np.uint16),
        random.integers(0, 2, count).astype(np.uint8),
        times.astype(np.int64),
        Triggers.empty(),
    )
    return width, height, rows


@pytest.fixture(scope='session')
def events_of():
    """Return the function that makes events from rows."""
    return _events_of


@pytest.fixture(scope='session')
def window_of():
    """Return the function that makes a window from events."""
    return _window_of


@pytest.fixture(scope='session')
def streams():
    """Return the strategy of random streams."""
    return _streams()
