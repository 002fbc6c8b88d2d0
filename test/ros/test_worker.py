# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The worker and its queue under load, with a reconstructor whose speed the test decides."""

import threading
import time

import numpy as np
import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.frame import Frame
from spike_recon_ros.nodes.packet_queue import FEWEST_PACKETS
from spike_recon_ros.nodes.worker import Worker
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.reconstructor import ResetReason, Statistics
from spike_recon_ros.settings import Settings

LIMIT = 100_000


class Paced:
    """Stands in for a Reconstructor: each packet is a window, each step takes `seconds`."""

    def __init__(self, **settings):
        self.settings = Settings(
            **{'event_queue_memory_limit': LIMIT, 'queue_time_limit': 60.0, **settings}
        )
        self.statistics = Statistics()
        self.merge_windows = 1
        self.merged = []
        self.skipped = []
        self.resets = []
        self.seconds = 0.0
        self.loading = 0.0
        self.frames = 1
        self.gate = threading.Event()
        self.gate.set()
        self.error = None
        self._held = 0

    def push(self, packet):
        assert self.gate.wait(10.0)
        if self.loading:
            time.sleep(self.loading)
            self.loading = 0.0
            self.statistics.models_loaded += 1
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        return self._frames(packet)

    def _frames(self, packet):
        for _ in range(self.frames):
            self._held += 1
            if self._held < self.merge_windows:
                self.statistics.merged_windows += 1
                continue
            time.sleep(self.seconds)
            self.statistics.windows += 1
            self.merged.append(self._held)
            self._held = 0
            image = np.zeros((2, 2), np.uint8)
            yield Frame(packet.seq, 0, 0, Events.empty(), np.zeros((2, 2), np.float32), image)

    def skip(self, packet):
        self.skipped.append(packet.seq)

    def adopt(self, settings):
        self.settings = settings

    def reset(self, reason=ResetReason.REQUESTED, detail=''):
        self.resets.append(reason)


def _packet(seq, size=100):
    return Packet('mono', 2, 2, seq, 0, 0, np.zeros(size, np.uint8))


@pytest.fixture
def paced():
    return Paced()


@pytest.fixture
def published():
    return []


@pytest.fixture
def errors():
    return []


@pytest.fixture
def make_worker(published, errors):
    """A function that makes a worker, which is stopped at the end of the test."""
    workers = []

    def make(paced):
        worker = Worker(paced, lambda frame, seconds: published.append(frame.t_ns), errors.append)
        workers.append((paced, worker))
        return worker

    yield make
    for paced, worker in workers:
        paced.gate.set()
        worker.stop()


@pytest.fixture
def worker(make_worker, paced):
    return make_worker(paced)


def _wait(condition):
    give_up = time.monotonic() + 20.0
    while not condition():
        assert time.monotonic() < give_up, 'waited in vain'
        time.sleep(0.005)


def _is_idle(worker):
    return worker.statistics.waiting_packets == 0


def _hold_first(worker, paced):
    """Let the worker wait in packet 0."""
    paced.gate.clear()
    worker.put(_packet(0))
    _wait(lambda: not worker._queue._items)


def test_frames_come_in_the_order_of_the_packets(worker, published):
    for seq in range(50):
        worker.put(_packet(seq))
    _wait(lambda: len(published) == 50)
    assert published == list(range(50))


def test_putting_a_packet_never_waits_for_the_work(worker, paced):
    paced.gate.clear()
    begun = time.monotonic()
    for seq in range(100):
        worker.put(_packet(seq))
    assert time.monotonic() - begun < 5.0  # the gate would hold it for ten


def test_under_overload_windows_are_merged_and_every_one_is_used(make_worker):
    paced = Paced(overload_lag=0.05, fps=100.0)
    worker = make_worker(paced)
    paced.seconds = 0.02
    for seq in range(300):  # two and a half times as fast as the steps
        worker.put(_packet(seq))
        time.sleep(0.008)
    _wait(lambda: _is_idle(worker))
    assert worker.statistics.dropped_packets == 0
    assert max(paced.merged) > 1
    assert sum(paced.merged) + paced._held == 300
    assert worker.statistics.late_frames < worker.statistics.frames


def test_the_merged_windows_are_bounded(make_worker):
    paced = Paced(overload_lag=0.001, fps=100.0)
    worker = make_worker(paced)
    _hold_first(worker, paced)
    for seq in range(1, 300):
        worker.put(_packet(seq))
    time.sleep(0.2)  # a lag of 200 times overload_lag
    paced.gate.set()
    _wait(lambda: _is_idle(worker))
    assert max(paced.merged) == 50  # half a second


def test_when_the_load_falls_nothing_is_merged_any_more(worker, paced):
    _hold_first(worker, paced)
    for seq in range(1, 20):
        worker.put(_packet(seq))
    time.sleep(0.35)  # more than three times overload_lag
    paced.gate.set()
    _wait(lambda: _is_idle(worker))
    assert max(paced.merged) > 1
    give_up = time.monotonic() + 20.0
    while paced.merged[-3:] != [1, 1, 1]:
        assert time.monotonic() < give_up
        worker.put(_packet(20))
        time.sleep(0.05)


def test_what_waits_while_the_model_is_loaded_is_not_overload(make_worker, published):
    paced = Paced(queue_time_limit=0.2)
    worker = make_worker(paced)
    paced.loading = 0.5
    for seq in range(20):
        worker.put(_packet(seq))
    _wait(lambda: len(published) == 20)
    assert set(paced.merged) == {1}
    assert worker.statistics.dropped_packets == 0


def test_a_worker_that_does_not_catch_up_after_loading_is_overloaded(worker, paced):
    paced.loading = 0.2
    paced.seconds = 0.1
    for seq in range(30):
        worker.put(_packet(seq))
    _wait(lambda: _is_idle(worker))
    assert max(paced.merged) > 1


def test_a_full_queue_drops_its_oldest_half_and_keeps_the_state(worker, paced, published):
    _hold_first(worker, paced)
    worker.call(lambda reconstructor: None)
    for seq in range(1, 21):
        worker.put(_packet(seq, LIMIT // 20))
    assert worker.statistics.overflows == 1
    paced.gate.set()
    _wait(lambda: _is_idle(worker))
    dropped = worker.statistics.dropped_packets
    assert 8 <= dropped <= 12
    _wait(lambda: len(paced.skipped) == dropped)
    assert paced.skipped == list(range(1, 1 + dropped))
    assert paced.resets == []
    assert worker.statistics.received_packets == 21
    assert worker.statistics.decoded_packets == 21 - dropped


def test_packets_larger_than_the_limit_pass(worker, paced, published):
    _hold_first(worker, paced)
    for seq in range(1, 1 + FEWEST_PACKETS):
        worker.put(_packet(seq, 2 * LIMIT))
    paced.gate.set()
    _wait(lambda: len(published) == 1 + FEWEST_PACKETS)
    assert worker.statistics.dropped_packets == 0


def test_packets_that_are_too_old_are_dropped_oldest_first(make_worker, published):
    paced = Paced(overload_lag=60.0, queue_time_limit=0.4)
    worker = make_worker(paced)
    _hold_first(worker, paced)
    for seq in range(1, 11):
        worker.put(_packet(seq))
    time.sleep(0.45)
    for seq in range(11, 21):
        worker.put(_packet(seq))
    paced.gate.set()
    _wait(lambda: _is_idle(worker))
    assert paced.skipped == list(range(1, 11))
    assert published == [0, *range(11, 21)]
    assert worker.statistics.dropped_packets == 10
    assert paced.resets == []


def test_under_steady_overload_that_merging_cannot_cure_frames_keep_coming(make_worker):
    paced = Paced(overload_lag=0.02, queue_time_limit=0.2, fps=10.0)
    worker = make_worker(paced)
    paced.frames = 40  # windows of each packet; at most 16 are merged
    paced.seconds = 0.01
    for seq in range(150):
        worker.put(_packet(seq))
        time.sleep(0.01)
    _wait(lambda: _is_idle(worker))
    counts = worker.statistics
    assert paced.resets == []
    assert counts.dropped_packets > 0
    assert counts.decoded_packets > 10
    assert counts.received_packets == counts.decoded_packets + counts.dropped_packets == 150


def test_requests_survive_a_full_queue(worker, paced):
    _hold_first(worker, paced)
    done = []
    worker.call(done.append)
    for seq in range(1, 10):
        worker.put(_packet(seq, LIMIT))
    assert worker.statistics.dropped_packets > 0
    paced.gate.set()
    _wait(lambda: done)
    assert done == [paced]


def test_a_bad_packet_is_reported_and_the_next_one_worked_on(worker, paced, published, errors):
    paced.error = UserError('encoding evt9 cannot be decoded')
    worker.put(_packet(0))
    worker.put(_packet(1))
    _wait(lambda: published == [1])
    assert [str(error) for error in errors] == ['encoding evt9 cannot be decoded']
    assert worker.statistics.failed_packets == 1
    assert paced.resets == []


def test_a_bug_is_reported_and_the_state_reset(worker, paced, published, errors):
    paced.error = ZeroDivisionError('oh')
    worker.put(_packet(0))
    worker.put(_packet(1))
    _wait(lambda: published == [1])
    assert isinstance(errors[0], ZeroDivisionError)
    assert paced.resets == [ResetReason.ERROR]


def test_an_image_that_cannot_be_published_does_not_end_the_work(paced, errors):
    def refuse(frame, seconds):
        raise RuntimeError('no space')

    worker = Worker(paced, refuse, errors.append)
    worker.put(_packet(0))
    worker.put(_packet(1))
    _wait(lambda: len(errors) == 2)
    worker.stop()


def test_stopping_discards_what_waits_and_counts_it(worker, paced, published):
    _hold_first(worker, paced)
    for seq in range(1, 10):
        worker.put(_packet(seq))
    threading.Timer(0.05, paced.gate.set).start()
    worker.stop()
    assert len(published) <= 1
    assert worker.statistics.discarded_packets == 10 - worker.statistics.decoded_packets
    assert worker.statistics.waiting_packets == 0


def test_stopping_does_not_wait_for_the_frames_of_a_packet(worker, paced, published):
    paced.frames = 10_000_000
    worker.put(_packet(0))
    _wait(lambda: published)
    worker.stop()
    assert len(published) < 10_000_000


def test_counts_go_on_when_a_worker_follows_another(worker, paced, published, errors):
    worker.put(_packet(0))
    _wait(lambda: published == [0])
    worker.stop()
    again = Worker(paced, lambda frame, seconds: None, errors.append, worker.statistics)
    again.put(_packet(1))
    _wait(lambda: worker.statistics.decoded_packets == 2)
    again.stop()
    assert worker.statistics.received_packets == 2
