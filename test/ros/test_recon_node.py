# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The node's topics and services: what comes in and what goes out."""

import time
from itertools import count

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from event_camera_msgs.msg import EventPacket
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image, TimeReference
from std_msgs.msg import Float64
from std_srvs.srv import Trigger

from spike_recon_ros.nodes.messages import image_array, time_message, time_ns
from spike_recon_ros.topics import EVENTS, IMAGE

WIDTH, HEIGHT = 64, 48
MS = 1_000_000
EPOCH_NS = 1_700_000_000 * 10**9


def test_packets_become_images_with_the_packets_frame_and_time(
    make_node, camera, subscribe, wait_until
):
    assert make_node(fps=100, image_encoding='mono16').start()
    images = subscribe(Image, IMAGE)
    camera(range(12))
    wait_until(lambda: len(images) == 2, 'two images')
    assert images[0].header.frame_id == 'camera_optical'
    assert time_ns(images[0].header.stamp) == EPOCH_NS + 10 * MS
    assert (images[0].encoding, images[0].width, images[0].height) == ('mono16', WIDTH, HEIGHT)
    assert image_array(images[0]).std() > 0


def test_the_node_subscribes_to_packets_only_while_it_has_a_viewer(make_node, other, wait_until):
    assert make_node().start()
    wait_until(lambda: other.count_publishers(IMAGE), 'the image topic')
    assert other.count_subscribers(EVENTS) == 0
    viewer = other.create_subscription(Image, IMAGE, lambda message: None, 10)
    wait_until(lambda: other.count_subscribers(EVENTS) == 1, 'the node to subscribe')
    other.destroy_subscription(viewer)
    wait_until(lambda: other.count_subscribers(EVENTS) == 0, 'the node to unsubscribe')


def test_packets_are_received_while_the_executor_is_busy(make_node, camera, subscribe, executor):
    node = make_node(fps=100.0)
    assert node.start()
    subscribe(Image, IMAGE)
    camera(range(12))
    give_up = time.monotonic() + 20.0
    while node._worker_statistics.decoded_packets < 12:  # nobody spins
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_a_big_endian_packet_is_rejected_and_counted(
    make_node, subscribe, other, wait_until, values
):
    assert make_node(fps=100.0).start()
    subscribe(Image, IMAGE)
    diagnostics = subscribe(DiagnosticArray, '/diagnostics')
    publisher = other.create_publisher(EventPacket, EVENTS, 10)
    wait_until(publisher.get_subscription_count, 'the subscription to packets')
    message = EventPacket(encoding='mono', width=WIDTH, height=HEIGHT, is_bigendian=True)
    publisher.publish(message)
    wait_until(lambda: diagnostics and values(diagnostics)['failed_packets'] == '1', 'the count')
    problems = [values([one]).get('problems: camera', '') for one in diagnostics]
    assert any('1 packet failed: a packet is big-endian' in one for one in problems)


def test_reset_zeroes_the_state_and_is_counted(
    make_node, camera, subscribe, other, wait_until, values
):
    assert make_node(fps=100.0).start()
    images, diagnostics = subscribe(Image, IMAGE), subscribe(DiagnosticArray, '/diagnostics')
    camera(range(12))
    wait_until(lambda: len(images) == 2, 'images')
    client = other.create_client(Trigger, '/event_camera/recon/reset')
    answer = client.call_async(Trigger.Request())
    wait_until(answer.done, 'the answer')
    assert answer.result().success
    camera(range(12))
    wait_until(lambda: len(images) == 4, 'images after the reset')
    assert bytes(images[0].data) == bytes(images[2].data)
    assert bytes(images[1].data) == bytes(images[3].data)
    wait_until(
        lambda: diagnostics and values(diagnostics).get('resets: requested') == '1', 'the count'
    )


def test_lost_packets_and_a_restart_are_counted_in_the_diagnostics(
    make_node, camera, subscribe, wait_until, values
):
    assert make_node(fps=100.0, lost_packets_tolerated=1).start()
    images, diagnostics = subscribe(Image, IMAGE), subscribe(DiagnosticArray, '/diagnostics')
    camera([0, 1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13])
    wait_until(lambda: images, 'images')
    wait_until(
        lambda: diagnostics and values(diagnostics)['decoded_packets'] == '12', 'the diagnostics'
    )
    assert values(diagnostics)['lost_packets'] == '2'
    assert values(diagnostics)['resets: lost packets'] == '1'
    assert diagnostics[-1].status[0].name == '/event_camera/recon: reconstruction'


def test_a_packet_that_cannot_be_decoded_causes_only_an_error_in_the_diagnostics(
    make_node, camera, subscribe, wait_until
):
    assert make_node(fps=100.0).start()
    images, diagnostics = subscribe(Image, IMAGE), subscribe(DiagnosticArray, '/diagnostics')
    camera([0], encoding='evt9')
    wait_until(
        lambda: any(message.status[0].level == b'\x02' for message in diagnostics), 'an error'
    )
    camera(range(12))
    wait_until(lambda: len(images) == 2, 'images')


def test_camera_info_is_relayed_with_the_header_of_the_frame(
    make_node, camera, subscribe, other, wait_until
):
    assert make_node(fps=100.0).start()
    images, infos = (
        subscribe(Image, IMAGE),
        subscribe(CameraInfo, '/event_camera/recon/camera_info'),
    )
    publisher = other.create_publisher(CameraInfo, '/event_camera/camera_info', 10)
    info, seqs = CameraInfo(width=WIDTH, height=HEIGHT, distortion_model='plumb_bob'), count()

    def is_relayed():
        # Best effort: what is published before the subscription has found the publisher is lost.
        publisher.publish(info)
        camera([next(seqs)])
        return infos

    wait_until(is_relayed, 'camera_info')
    wait_until(lambda: infos[0].header in [image.header for image in images], 'its image')
    assert (infos[-1].width, infos[-1].distortion_model) == (WIDTH, 'plumb_bob')


@pytest.mark.parametrize(
    ('mode', 'kind', 'topic'),
    [('camera_image', Image, 'frame_image'), ('time_reference', TimeReference, 'time_reference')],
)
def test_frames_follow_another_camera_and_carry_its_stamps(
    make_node, camera, subscribe, other, wait_until, mode, kind, topic
):
    assert make_node(sync_mode=mode).start()
    images = subscribe(Image, IMAGE)
    publisher = other.create_publisher(kind, f'/event_camera/{topic}', 10)
    wait_until(publisher.get_subscription_count, 'the subscription to references')
    wanted = [EPOCH_NS + 7 * MS + 1, EPOCH_NS + 15 * MS]
    for stamp_ns in wanted:
        message = kind()
        message.header.stamp = time_message(stamp_ns)
        publisher.publish(message)
    camera(range(12))
    wait_until(lambda: len(images) == 2, 'two images')
    assert [time_ns(image.header.stamp) for image in images] == wanted


def test_debug_topics_publish_processing_time_and_latency(
    make_node, camera, subscribe, wait_until
):
    assert make_node(fps=100.0).start()
    subscribe(Image, IMAGE)
    processing = subscribe(Float64, '/event_camera/recon/debug/processing_time_ms')
    latency = subscribe(Float64, '/event_camera/recon/debug/pipeline_latency_ms')
    seq = iter(range(0, 10_000, 6))

    def both():
        start = next(seq)
        camera(range(start, start + 6))
        return processing and latency

    wait_until(both, 'the debug topics')
    assert 0 < processing[0].data < 1000
    assert latency[0].data > 1e9  # the simulated camera's stamps are years old


def test_the_time_of_a_replay_comes_from_its_clock(
    make_node, camera, subscribe, other, wait_until
):
    assert make_node(fps=100.0, use_sim_time=True).start()
    images = subscribe(Image, IMAGE)
    latency = subscribe(Float64, '/event_camera/recon/debug/pipeline_latency_ms')
    clock = other.create_publisher(Clock, '/clock', 10)
    wait_until(clock.get_subscription_count, 'the node to follow the clock')
    clock.publish(Clock(clock=time_message(EPOCH_NS + 30 * MS)))
    seq = iter(range(0, 100_000, 6))

    def published():
        start = next(seq)
        camera(range(start, start + 6))
        return images and latency

    wait_until(published, 'the latency')
    assert -1000 < latency[0].data < 1000


def test_deactivating_does_not_wait_for_the_frames_of_a_long_pause(
    make_node, camera, subscribe, wait_until
):
    node = make_node(fps=10_000.0, max_gap=3600.0, model='fibar')
    assert node.start()
    subscribe(Image, IMAGE)
    pause_ns = 120 * 10**9  # filled with 1,200,000 frames
    camera([0])
    camera([1], time_base=pause_ns, stamp_ns=EPOCH_NS + pause_ns)
    counts = node._worker_statistics
    wait_until(lambda: counts.frames > 50, 'some frames')
    node.trigger_deactivate()
    assert counts.frames < 1_000_000
    assert counts.waiting_packets == 0
