# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The worker: order, errors, requests and its end."""

import threading

from paced import LIMIT, hold_first, packet, wait

from spike_recon_ros.errors import UserError
from spike_recon_ros.nodes.worker import Worker
from spike_recon_ros.reconstructor import ResetReason


def test_frames_come_in_the_order_of_the_packets(worker, published):
    for seq in range(50):
        worker.put(packet(seq))
    wait(lambda: len(published) == 50)
    assert published == list(range(50))


def test_putting_a_packet_never_waits_for_the_work(worker, paced):
    paced.gate.clear()
    for seq in range(100):
        worker.put(packet(seq))
    assert worker.statistics.waiting_packets == 100


def test_requests_survive_a_full_queue(worker, paced):
    hold_first(worker, paced)
    done = []
    worker.call(done.append)
    for seq in range(1, 10):
        worker.put(packet(seq, LIMIT))
    assert worker.statistics.dropped_packets > 0
    paced.gate.set()
    wait(lambda: done)
    assert done == [paced]


def test_a_bad_packet_is_reported_and_the_next_one_processed(worker, paced, published, errors):
    paced.error = UserError('encoding evt9 cannot be decoded')
    worker.put(packet(0))
    worker.put(packet(1))
    wait(lambda: published == [1])
    assert [str(error) for error in errors] == ['encoding evt9 cannot be decoded']
    assert worker.statistics.failed_packets == 1
    assert paced.resets == []


def test_a_bug_is_reported_and_the_state_reset(worker, paced, published, errors):
    paced.error = ZeroDivisionError('oh')
    worker.put(packet(0))
    worker.put(packet(1))
    wait(lambda: published == [1])
    assert isinstance(errors[0], ZeroDivisionError)
    assert paced.resets == [ResetReason.ERROR]


def test_an_image_that_cannot_be_published_does_not_end_the_work(paced, errors):
    def fail(frame, seconds):
        raise RuntimeError('no space')

    worker = Worker(paced, fail, errors.append)
    worker.put(packet(0))
    worker.put(packet(1))
    wait(lambda: len(errors) == 2)
    worker.stop()


def test_stopping_discards_what_waits_and_counts_it(worker, paced, published):
    hold_first(worker, paced)
    for seq in range(1, 10):
        worker.put(packet(seq))
    threading.Timer(0.05, paced.gate.set).start()
    worker.stop()
    assert len(published) <= 1
    assert worker.statistics.discarded_packets == 10 - worker.statistics.decoded_packets
    assert worker.statistics.waiting_packets == 0


def test_stopping_does_not_wait_for_the_frames_of_a_packet(worker, paced, published):
    paced.frames = 10_000_000
    worker.put(packet(0))
    wait(lambda: published)
    worker.stop()
    assert len(published) < 10_000_000


def test_counts_continue_when_a_worker_follows_another(worker, paced, published, errors):
    worker.put(packet(0))
    wait(lambda: published == [0])
    worker.stop()
    again = Worker(paced, lambda frame, seconds: None, errors.append, worker.statistics)
    again.put(packet(1))
    wait(lambda: worker.statistics.decoded_packets == 2)
    again.stop()
    assert worker.statistics.received_packets == 2
