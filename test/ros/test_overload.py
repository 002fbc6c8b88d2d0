# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the worker does when it cannot keep up."""

import time

from paced import LIMIT, Paced, hold_first, is_idle, packet, wait

from spike_recon_ros.nodes.packet_queue import FEWEST_PACKETS


def test_under_overload_windows_are_merged_and_every_one_is_used(make_worker):
    paced = Paced(overload_lag=0.05, fps=100.0)
    worker = make_worker(paced)
    paced.seconds = 0.02
    for seq in range(300):  # two and a half times as fast as the steps
        worker.put(packet(seq))
        time.sleep(0.008)
    wait(lambda: is_idle(worker))
    assert worker.statistics.dropped_packets == 0
    assert max(paced.merged) > 1
    assert sum(paced.merged) + paced._held == 300
    assert worker.statistics.late_frames < worker.statistics.frames


def test_what_waits_while_the_model_is_loaded_is_not_overload(make_worker, published):
    paced = Paced(queue_time_limit=2.0, overload_lag=1.0)
    worker = make_worker(paced)
    paced.loading = 3.0
    for seq in range(20):
        worker.put(packet(seq))
    wait(lambda: len(published) == 20)
    assert set(paced.merged) == {1}
    assert worker.statistics.dropped_packets == 0


def test_a_worker_that_does_not_catch_up_after_loading_is_overloaded(make_worker):
    paced = Paced(overload_lag=0.1)
    worker = make_worker(paced)
    paced.loading = 0.2
    paced.seconds = 0.1
    for seq in range(12):
        worker.put(packet(seq))
    wait(lambda: is_idle(worker))
    assert max(paced.merged) > 1


def test_a_full_queue_drops_its_oldest_half_and_keeps_the_state(worker, paced, published):
    hold_first(worker, paced)
    worker.call(lambda reconstructor: None)
    for seq in range(1, 21):
        worker.put(packet(seq, LIMIT // 20))
    assert worker.statistics.overflows == 1
    paced.gate.set()
    wait(lambda: is_idle(worker))
    dropped = worker.statistics.dropped_packets
    assert 8 <= dropped <= 12
    wait(lambda: len(paced.skipped) == dropped)
    assert paced.skipped == list(range(1, 1 + dropped))
    assert paced.resets == []
    assert worker.statistics.received_packets == 21
    assert worker.statistics.decoded_packets == 21 - dropped


def test_packets_larger_than_the_limit_pass(worker, paced, published):
    hold_first(worker, paced)
    for seq in range(1, 1 + FEWEST_PACKETS):
        worker.put(packet(seq, 2 * LIMIT))
    paced.gate.set()
    wait(lambda: len(published) == 1 + FEWEST_PACKETS)
    assert worker.statistics.dropped_packets == 0


def test_packets_that_are_too_old_are_dropped_oldest_first(make_worker, published):
    paced = Paced(overload_lag=60.0, queue_time_limit=2.0)
    worker = make_worker(paced)
    hold_first(worker, paced)
    for seq in range(1, 11):
        worker.put(packet(seq))
    time.sleep(2.1)
    for seq in range(11, 21):
        worker.put(packet(seq))
    paced.gate.set()
    wait(lambda: is_idle(worker))
    assert paced.skipped == list(range(1, 11))
    assert published == [0, *range(12, 21)]  # 11 completes the window of the gap
    assert worker.statistics.dropped_packets == 10
    assert paced.resets == []


def test_under_steady_overload_that_merging_cannot_cure_frames_keep_coming(make_worker):
    paced = Paced(overload_lag=0.02, queue_time_limit=0.2, fps=10.0)
    worker = make_worker(paced)
    paced.frames = 40  # windows of each packet; at most 16 are merged
    paced.seconds = 0.01
    for seq in range(150):
        worker.put(packet(seq))
        time.sleep(0.01)
    wait(lambda: is_idle(worker))
    counts = worker.statistics
    assert paced.resets == []
    assert counts.dropped_packets > 0
    assert counts.decoded_packets > 10
    assert counts.received_packets == counts.decoded_packets + counts.dropped_packets == 150
