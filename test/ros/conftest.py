# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Tests with rclpy and DDS, in the ROS domain of this process (see ../conftest.py)."""

import dataclasses
import gc
import time

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed; see `spike-recon doctor`')
pytest.importorskip('event_camera_msgs', reason='event_camera_msgs is not installed')

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from event_camera_msgs.msg import EventPacket
from paced import Paced
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter

from spike_recon_ros.benchmarking.ros_domain import claim_ros_domain
from spike_recon_ros.nodes.messages import packet_message
from spike_recon_ros.nodes.middleware import prepare_middleware
from spike_recon_ros.nodes.recon_node import ReconNode
from spike_recon_ros.nodes.worker import Worker
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.mono import encode_mono
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.topics import EVENTS

TIMEOUT = 20.0
NO_OVERLOAD = {'overload_lag': 60.0, 'queue_time_limit': 3600.0}


@pytest.fixture(scope='session')
def domain_of_children() -> str:
    """A second domain, for nodes in processes that a test starts."""
    return str(claim_ros_domain())


@pytest.fixture
def executor():
    """An executor in an initialised context."""
    prepare_middleware()
    rclpy.init()
    executor = SingleThreadedExecutor()
    yield executor
    for node in executor.get_nodes():
        getattr(node, 'close', node.destroy_node)()
    executor.shutdown()
    rclpy.shutdown()
    # The entities of a node exist, and are discovered by others, until they are collected.
    gc.collect()


@pytest.fixture
def other(executor):
    """A node beside the one under test."""
    node = rclpy.create_node('other')
    executor.add_node(node)
    return node


@pytest.fixture
def stranger():
    """A node in a context of its own: in one context, a topic has one type."""
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node('stranger', context=context)
    yield node
    node.destroy_node()
    rclpy.shutdown(context=context)


@pytest.fixture
def make_node(executor):
    """A function that makes a ReconNode with parameters, not yet configured.

    On a slow machine it is late, but neither merges windows nor drops packets.
    """

    def make(**parameters):
        parameters = {**NO_OVERLOAD, **parameters}
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        node = ReconNode(parameter_overrides=overrides)
        executor.add_node(node)
        return node

    return make


@pytest.fixture
def wait_until(executor):
    """A function that spins until a condition holds, and fails if it does not in time."""

    def wait(condition, what):
        give_up = time.monotonic() + TIMEOUT
        while not condition():
            assert time.monotonic() < give_up, f'timed out waiting for {what}'
            executor.spin_once(timeout_sec=0.05)

    return wait


WIDTH, HEIGHT = 64, 48
MS = 1_000_000
EPOCH_NS = 1_700_000_000 * 10**9
PACKET_EVENTS = 200


def packet_of_camera(seq):
    """Packet `seq` of a simulated camera: 200 events in 2 ms."""
    generator = np.random.default_rng(seq)
    t_ns = seq * 2 * MS + np.arange(PACKET_EVENTS, dtype=np.int64) * 10_000
    events = Events(
        generator.integers(0, WIDTH, PACKET_EVENTS).astype(np.uint16),
        generator.integers(0, HEIGHT, PACKET_EVENTS).astype(np.uint16),
        generator.integers(0, 2, PACKET_EVENTS).astype(np.uint8),
        t_ns,
        Triggers.empty(),
    )
    base = int(t_ns[0])
    return Packet('mono', WIDTH, HEIGHT, seq, base, EPOCH_NS + base, encode_mono(events, base))


@pytest.fixture
def packet_at():
    """A function that returns packet `seq` of the simulated camera."""
    return packet_of_camera


@pytest.fixture
def camera(other, wait_until):
    """A function that publishes packets of the simulated camera, once the node subscribes."""
    publisher = other.create_publisher(EventPacket, EVENTS, 1000)

    def publish(seqs, **changes):
        wait_until(publisher.get_subscription_count, 'the subscription to packets')
        for seq in seqs:
            message = packet_message(
                dataclasses.replace(packet_of_camera(seq), **changes), 'camera_optical'
            )
            publisher.publish(message)

    return publish


@pytest.fixture
def subscribe(other):
    """A function that subscribes to a topic and returns a list that its messages are added to."""

    def subscribe_to(kind, topic, qos=10):
        messages = []
        other.create_subscription(kind, topic, messages.append, qos)
        return messages

    return subscribe_to


@pytest.fixture
def warned(subscribe, wait_until):
    """A function that waits for a status with some words, and checks that it is a warning."""
    diagnostics = subscribe(DiagnosticArray, '/diagnostics')

    def wait(words):
        def found():
            return [
                message.status[0] for message in diagnostics if words in message.status[0].message
            ]

        wait_until(found, f'a status with: {words}')
        assert found()[0].level == DiagnosticStatus.WARN
        return found()[0].message

    return wait


@pytest.fixture
def values():
    """A function that returns the latest diagnostics as a dictionary."""
    return lambda diagnostics: {item.key: item.value for item in diagnostics[-1].status[0].values}


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
