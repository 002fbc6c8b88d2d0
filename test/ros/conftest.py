# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Real rclpy and real DDS, on a domain of this test run and this machine alone."""

import os
import random
import time

import pytest

os.environ.setdefault('ROS_DOMAIN_ID', str(random.randint(1, 101)))
os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
os.environ.setdefault('ROS_LOCALHOST_ONLY', '1')
os.environ['ROS_PYTHON_CHECK_FIELDS'] = '1'

pytest.importorskip('rclpy', reason='rclpy is not installed; see `spike-recon doctor`')
pytest.importorskip('event_camera_msgs', reason='event_camera_msgs is not installed')

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter

from spike_recon_ros.nodes.middleware import prepare_middleware
from spike_recon_ros.nodes.recon_node import ReconNode

TIMEOUT = 20.0


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


@pytest.fixture
def other(executor):
    """A node beside the one under test."""
    node = rclpy.create_node('other')
    executor.add_node(node)
    return node


@pytest.fixture
def make_node(executor):
    """A function that makes a ReconNode with parameters, not yet configured."""

    def make(**parameters):
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
            assert time.monotonic() < give_up, f'waited in vain for {what}'
            executor.spin_once(timeout_sec=0.05)

    return wait
