# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The queue and the overload ladder, with a reconstructor whose speed the test decides."""

import threading
import time

import numpy as np
import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.frame import Frame
from spike_recon_ros.nodes.worker import MOST_MERGED_WINDOWS, Worker
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.reconstructor import ResetReason, Statistics
from spike_recon_ros.settings import Settings

LIMIT = 100_000


class Paced:
    """Stands in for a Reconstructor: gives a frame a packet, as slowly as it is told to."""

    def __init__(self):
        self.settings = Settings(event_queue_memory_limit=LIMIT, overload_lag=0.05)
        self.statistics = Statistics()
        self.merge_windows = 1
        self.rendering = True
        self.merged = []
        self.rendered = []
        self.resets = []
        self.seconds = 0.0
        self.loading = 0.0
        self.gate = threading.Event()
        self.gate.set()
        self.error = None

    def push(self, packet):
        render = self.rendering
        assert self.gate.wait(10.0)
        if self.loading:
            time.sleep(self.loading)
            self.loading = 0.0
            self.statistics.models_loaded += 1
        time.sleep(self.seconds)
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        self.merged.append(self.merge_windows)
        self.rendered.append(render)
        image = np.zeros((2, 2), np.uint8) if render else None
        return [Frame(packet.seq, 0, 0, Events.empty(), np.zeros((2, 2), np.float32), image)]

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
def worker(paced, published, errors):
    worker = Worker(paced, lambda frame, seconds: published.append(frame.t_ns), errors.append)
    yield worker
    paced.gate.set()
    worker.stop()


def _wait(condition):
    give_up = time.monotonic() + 10.0
    while not condition():
        assert time.monotonic() < give_up, 'waited in vain'
        time.sleep(0.005)


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


def test_under_overload_frames_are_made_but_few_are_published(worker, paced, published):
    worker.overload_lag = 0.4
    paced.gate.clear()
    for seq in range(20):
        worker.put(_packet(seq))
    time.sleep(0.5)  # between once and twice overload_lag, also on a busy machine
    paced.gate.set()
    _wait(lambda: len(paced.rendered) == 20)
    _wait(lambda: worker.statistics.unpublished_frames + len(published) == 20)
    assert worker.statistics.unpublished_frames > 10
    assert published  # the video does not stop altogether
    assert set(paced.merged) == {1}


def test_under_more_overload_windows_are_merged_up_to_a_bound(worker, paced):
    worker.overload_lag = 0.2
    paced.gate.clear()
    for seq in range(4):
        worker.put(_packet(seq))
    time.sleep(0.55)  # between twice and four times overload_lag
    paced.gate.set()
    _wait(lambda: len(paced.merged) == 4)
    assert 2 in paced.merged
    worker.overload_lag = 1e-6
    paced.gate.clear()
    worker.put(_packet(4))
    worker.put(_packet(5))
    time.sleep(0.05)
    paced.gate.set()
    _wait(lambda: len(paced.merged) == 6)
    assert paced.merged[-1] == MOST_MERGED_WINDOWS


def test_what_waits_while_the_model_is_loaded_is_not_overload(worker, paced, published):
    paced.loading = 0.5  # ten times overload_lag
    for seq in range(20):
        worker.put(_packet(seq))
    _wait(lambda: len(paced.merged) == 20)
    _wait(lambda: len(published) == 20)
    assert set(paced.merged) == {1}


def test_who_does_not_catch_up_after_loading_is_overloaded(worker, paced):
    paced.loading = 0.2
    paced.seconds = 0.1
    for seq in range(12):
        worker.put(_packet(seq))
    _wait(lambda: len(paced.merged) == 12)
    assert paced.merged[-1] > 1


def test_when_the_load_falls_nothing_is_merged_any_more(worker, paced):
    paced.gate.clear()
    worker.put(_packet(0))
    worker.put(_packet(1))
    time.sleep(0.15)
    paced.gate.set()
    _wait(lambda: len(paced.merged) == 2)
    worker.put(_packet(2))
    _wait(lambda: len(paced.merged) == 3)
    assert paced.merged[-1] == 1


def test_a_full_queue_is_dropped_as_a_whole_and_the_state_reset(worker, paced, published):
    paced.gate.clear()
    worker.put(_packet(0))
    time.sleep(0.05)  # the worker holds packet 0
    for seq in range(1, 5):
        worker.put(_packet(seq, LIMIT // 4))
    worker.put(_packet(5, LIMIT // 4))
    worker.overload_lag = 1000.0
    paced.gate.set()
    _wait(lambda: 5 in published)
    assert published == [0, 5]
    assert paced.resets == [ResetReason.OVERLOAD]
    assert worker.statistics.dropped_packets == 4
    assert worker.statistics.overflows == 1


def test_requests_survive_a_full_queue(worker, paced):
    paced.gate.clear()
    worker.put(_packet(0))
    time.sleep(0.05)
    done = []
    worker.call(done.append)
    worker.put(_packet(1, LIMIT))
    worker.put(_packet(2, LIMIT))
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


def test_stopping_forgets_what_waits(worker, paced, published):
    paced.gate.clear()
    for seq in range(10):
        worker.put(_packet(seq))
    time.sleep(0.05)
    threading.Timer(0.05, paced.gate.set).start()
    worker.stop()
    assert len(published) <= 1
