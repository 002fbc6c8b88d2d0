# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Arrays of any kind, as a program may hand them over."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from spike_recon_ros.errors import UserError
from spike_recon_ros.offline.array_packets import packets_of
from spike_recon_ros.offline.arrays import Size, checked
from spike_recon_ros.packets.registry import decoder_for

SIZE = 64, 48
ANY_ARRAY = st_numpy.arrays(
    st_numpy.scalar_dtypes(),
    st_numpy.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=4),
)
LIKELY_ARRAY = st.lists(st.integers(-1, 70), max_size=4).map(np.array)


@settings(deadline=None, max_examples=300)
@given(
    st.tuples(*4 * (LIKELY_ARRAY | ANY_ARRAY,)),
    st.sampled_from(['s', 'ms', 'us', 'ns']),
)
def test_any_arrays_are_refused_or_become_events_on_the_sensor_in_order(samples, unit):
    size = Size.of(SIZE)
    try:
        events = checked(samples, size, unit)
    except UserError:
        return
    assert len(events) == len(samples[0])
    assert (events.x < SIZE[0]).all()
    assert (events.y < SIZE[1]).all()
    assert (events.p <= 1).all()
    assert (np.diff(events.t_ns) >= 0).all()
    packets = list(packets_of(events, size, 0, None))
    decoded = [decoder_for('mono', *SIZE).decode(packet) for packet in packets]
    assert sum(map(len, decoded)) == len(events)
