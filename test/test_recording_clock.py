# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import numpy as np

from spike_recon_ros.recording_clock import RecordingClock
from spike_recon_ros.sinks.open_sink import open_sink
from spike_recon_ros.sources.open_images import open_images
from spike_recon_ros.topics import IMAGE

MS = 1_000_000


def test_stamps_that_never_go_back_are_the_times():
    clock = RecordingClock()
    assert [clock.time_of(t) for t in (0, 5, 5, 9 * MS)] == [0, 5, 5, 9 * MS]


def test_stamps_a_little_out_of_order_do_not_shift_the_later_ones():
    clock = RecordingClock()
    assert [clock.time_of(t * MS) for t in (100, 90, 110)] == [100 * MS, 100 * MS, 110 * MS]


def test_a_second_round_follows_the_first_at_its_own_pace():
    clock = RecordingClock()
    stamps = [1_000, 1_040, 1_080, 1_000, 1_040, 1_080]
    times = [clock.time_of(t * MS) for t in stamps]
    assert times == [t * MS for t in (1_000, 1_040, 1_080, 1_080, 1_120, 1_160)]


def test_images_of_a_loop_are_read_back_in_the_order_of_writing(tmp_path):
    with open_sink(tmp_path / 'a.mcap', 25) as sink:
        for index in range(8):
            stamp_ns = 10**9 + index % 4 * 40 * MS
            sink.write(np.full((4, 4), index, np.uint8), stamp_ns, stamp_ns)
    images = [image for _, image in open_images(tmp_path / 'a.mcap', IMAGE)]
    assert [int(image[0, 0]) for image in images] == list(range(8))
