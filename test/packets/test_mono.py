# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.mono import MonoDecoder, encode_mono
from spike_recon_ros.packets.packet import Packet


def events_of(rows):
    x, y, p, t_ns = np.array(rows, np.int64).reshape(-1, 4).T
    return Events(
        x.astype(np.uint16), y.astype(np.uint16), p.astype(np.uint8), t_ns, Triggers.empty()
    )


rows = st.lists(
    st.tuples(
        st.integers(0, 65535), st.integers(0, 32767), st.integers(0, 1), st.integers(0, 2**32 - 1)
    ),
    max_size=50,
)


@settings(max_examples=50, deadline=None)
@given(rows, st.sampled_from([0, 1744227144732712000]))
def test_events_survive_encoding_and_decoding(rows, time_base):
    events = events_of([(x, y, p, time_base + dt) for x, y, p, dt in rows])
    data = encode_mono(events, time_base)
    assert data.dtype == np.uint8
    assert len(data) == 8 * len(events)
    back = MonoDecoder(65536, 32768).decode(Packet('mono', 65536, 32768, 0, time_base, 0, data))
    for name in ('x', 'y', 'p', 't_ns'):
        np.testing.assert_array_equal(getattr(events, name), getattr(back, name))


def test_input_events_are_not_changed():
    events = events_of([(1, 2, 1, 100), (3, 4, 0, 200)])
    encode_mono(events, 50)
    assert events.t_ns.tolist() == [100, 200]


@pytest.mark.parametrize('t_ns', [99, 100 + 2**32])
def test_time_that_does_not_fit_is_refused(t_ns):
    with pytest.raises(ValueError, match='do not fit'):
        encode_mono(events_of([(0, 0, 0, 100), (0, 0, 0, t_ns)]), 100)


def test_row_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match='15 bits'):
        encode_mono(events_of([(0, 32768, 0, 0)]), 0)
