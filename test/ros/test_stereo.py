# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Two nodes on one grid: their images meet in an exact synchroniser, through DDS."""

import dataclasses
import signal
import subprocess
import sys

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from event_camera_msgs.msg import EventPacket
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image

from spike_recon_ros.nodes.messages import packet_message, time_ns
from spike_recon_ros.nodes.recon_node import ReconNode
from spike_recon_ros.nodes.recon_process import main

SIDES = ('left', 'right')
MS, EPOCH_NS = 1_000_000, 1_700_000_000 * 10**9  # of the fixture `camera`
# The right sensor started later, its clock differs, and its packets arrive late by turns.
RIGHT_STARTS, RIGHT_OFFSET_NS, RIGHT_LATE_NS = 7, 123_456_789, (0, 400_000, 900_000)


@pytest.fixture
def send(other, wait_until, packet_at):
    """A function that publishes packets `seqs` of both cameras, in turn."""
    publishers = {
        side: other.create_publisher(EventPacket, f'/{side}/events', 1000) for side in SIDES
    }

    def publish(seqs):
        for side in SIDES:
            wait_until(publishers[side].get_subscription_count, f'the {side} node')
        for seq in seqs:
            packet = packet_at(seq)
            publishers['left'].publish(packet_message(packet, 'left'))
            if seq >= RIGHT_STARTS:
                late_ns = RIGHT_LATE_NS[seq % 3]
                moved = dataclasses.replace(
                    packet,
                    time_base=packet.time_base + RIGHT_OFFSET_NS,
                    stamp_ns=packet.stamp_ns + late_ns,
                )
                publishers['right'].publish(packet_message(moved, 'right'))

    return publish


@pytest.fixture
def images(subscribe):
    """The images of both nodes, in lists that grow."""
    return {side: subscribe(Image, f'/{side}/recon/image_raw') for side in SIDES}


def make_nodes(executor, **parameters):
    overrides = [Parameter(name, value=value) for name, value in parameters.items()]
    for side in SIDES:
        node = ReconNode(namespace=side, parameter_overrides=overrides)
        executor.add_node(node)
        assert node.start()


def stamps_of(messages):
    return [time_ns(message.header.stamp) for message in messages]


def test_images_on_the_grid_of_host_time_have_equal_stamps(executor, send, images, wait_until):
    make_nodes(executor, fps=100.0, model='fibar', grid_origin='host_time', overload_lag=60.0)
    send(range(40))
    wait_until(lambda: [len(images[side]) for side in SIDES] == [7, 6], 'the images')
    left, right = (stamps_of(images[side]) for side in SIDES)
    assert left == [EPOCH_NS + ms * MS for ms in range(10, 80, 10)]
    # It starts at 14 ms, so its first complete window ends at 30 ms; it is late, so it ends later.
    assert right == [EPOCH_NS + ms * MS for ms in range(30, 90, 10)]


def test_images_on_the_grid_of_the_first_sample_have_no_equal_stamps(
    executor, send, images, wait_until
):
    make_nodes(executor, fps=100.0, model='fibar', overload_lag=60.0)
    send(range(40))
    wait_until(lambda: min(map(len, images.values())) >= 5, 'the images')
    assert not {*stamps_of(images['left'])} & {*stamps_of(images['right'])}


def test_message_filters_pairs_every_image_of_one_process_with_two_nodes(other, send, wait_until):
    message_filters = pytest.importorskip('message_filters')
    command = [sys.executable, '-m', 'spike_recon_ros.cli.main', 'node', *SIDES, '--ros-args']
    for value in ('fps:=100.0', 'model:=fibar', 'grid_origin:=host_time', 'overload_lag:=60.0'):
        command += ['-p', value]
    pairs = []
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        topics = [
            message_filters.Subscriber(other, Image, f'/{side}/recon/image_raw') for side in SIDES
        ]
        message_filters.TimeSynchronizer(topics, 10).registerCallback(
            lambda *pair: pairs.append(stamps_of(pair))
        )
        send(range(40))
        wait_until(lambda: len(pairs) == 5, 'the pairs')
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
    assert [left for left, _ in pairs] == [EPOCH_NS + ms * MS for ms in range(30, 80, 10)]
    assert all(left == right for left, right in pairs)


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (['left', '/left/'], 'the namespaces left, /left/ must differ'),
        (['--left'], 'there is no option --left; give namespaces'),
    ],
)
def test_wrong_namespaces_are_named(arguments, words, capsys):
    assert main([*arguments, '--ros-args', '-p', 'model:=fibar']) == 1
    assert words in capsys.readouterr().err


def test_sensors_without_a_common_clock_are_named_through_diagnostics(
    executor, send, images, wait_until, subscribe, monkeypatch
):
    monkeypatch.setattr('spike_recon_ros.nodes.recon_node.DIAGNOSTICS_PERIOD', 0.1)
    monkeypatch.setattr('spike_recon_ros.nodes.sync_check.LARGEST_DIFFERENCE', 0.0)
    make_nodes(executor, fps=100.0, model='fibar', grid_origin='sensor_time', overload_lag=60.0)
    diagnostics = subscribe(DiagnosticArray, '/diagnostics')
    sent = iter(range(0, 10_000, 10))

    def is_named():
        seq = next(sent)
        send(range(seq, seq + 10))
        return any('the clock of this sensor is' in one.status[0].message for one in diagnostics)

    wait_until(is_named, 'the warning')
