# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The thread that receives packets ends in order when ROS does."""

import threading

import rclpy
from std_msgs.msg import Empty

from spike_recon_ros.nodes import receiver
from spike_recon_ros.nodes.receiver import OwnThread, Receiver


def test_a_shutdown_while_the_thread_works_ends_it_without_an_error(monkeypatch, executor):
    monkeypatch.setattr(receiver, '_EVENTS_PERIOD', -1.0)  # it looks for events each time
    errors, came = [], threading.Event()
    monkeypatch.setattr(threading, 'excepthook', errors.append)
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node('receives', context=context)

    def end(message, info):
        rclpy.shutdown(context=context)
        came.set()

    subscription = node.create_subscription(
        Empty, '/ends', end, 10, callback_group=OwnThread(), raw=True
    )
    thread = Receiver(subscription, context)
    publisher = node.create_publisher(Empty, '/ends', 10)
    while not came.wait(0.05):
        if context.ok():
            publisher.publish(Empty())
    thread.stop()
    node.destroy_node()
    assert errors == []
