# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The colour images of the node: lazily made, from the frames of a camera."""

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from event_camera_msgs.msg import EventPacket
from sensor_msgs.msg import Image

from spike_recon_ros.launch_arguments import parameters_given
from spike_recon_ros.nodes import recon_node
from spike_recon_ros.nodes.messages import colour_array, image_message, packet_message, time_ns
from spike_recon_ros.offline.simulated_sensors import EventSensor
from spike_recon_ros.offline.simulation import Simulation, simulate
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.sources.images import read_images
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.topics import COLOR_IMAGE, EVENTS, FRAMES, IMAGE

WIDTH, HEIGHT = 64, 48
MS = 1_000_000
EPOCH_NS = 1_700_000_000 * 10**9


def red_frame(stamp_ns):
    """A frame with a texture, more red than anything else."""
    image = np.random.default_rng(0).integers(0, 120, (HEIGHT, WIDTH, 3), np.uint8)
    image[:, :, 0] += 130
    return image_message(image, stamp_ns, 'camera', 'rgb8')


def test_colours_of_a_camera_are_published_with_the_stamps_of_the_images(
    make_node, camera, subscribe, other, wait_until, values
):
    assert make_node(fps=100.0, model='leaky_integrator', color='frame').start()
    images, colors = subscribe(Image, IMAGE), subscribe(Image, COLOR_IMAGE)
    diagnostics = subscribe(DiagnosticArray, '/diagnostics')
    publisher = other.create_publisher(Image, FRAMES, 10)
    wait_until(publisher.get_subscription_count, 'the subscription to frames')
    camera(range(7))
    wait_until(lambda: colors, 'a colour image before the first frame')
    assert np.ptp(colour_array(colors[0]), axis=-1).max() == 0, 'grey'
    publisher.publish(red_frame(EPOCH_NS + 11 * MS))
    wait_until(
        lambda: diagnostics and values(diagnostics).get('camera_frames') == '1', 'the frame'
    )
    camera(range(7, 23))
    wait_until(lambda: len(colors) >= 4 and len(images) >= 4, 'colour images')
    assert [time_ns(one.header.stamp) for one in colors[:4]] == [
        time_ns(one.header.stamp) for one in images[:4]
    ]
    assert (colors[3].encoding, colors[3].width, colors[3].height) == ('rgb8', WIDTH, HEIGHT)
    blue, _, red = np.moveaxis(colour_array(colors[3]).astype(int), -1, 0)
    assert (red - blue).mean() > 40
    wait_until(lambda: int(values(diagnostics)['color_frames']) >= 4, 'the count')
    assert int(values(diagnostics)['colorless_frames']) >= 1


def test_no_subscriber_to_colour_means_no_work_for_it(
    make_node, camera, subscribe, wait_until, values
):
    assert make_node(fps=100.0, model='leaky_integrator', color='frame').start()
    images, diagnostics = subscribe(Image, IMAGE), subscribe(DiagnosticArray, '/diagnostics')
    camera(range(12))
    wait_until(lambda: len(images) == 2, 'images')
    wait_until(
        lambda: diagnostics and values(diagnostics)['published_frames'] == '2', 'the diagnostics'
    )
    assert values(diagnostics)['color_frames'] == '0'


def test_a_node_without_the_setting_has_no_colour_topic(make_node, other, wait_until):
    assert make_node().start()
    wait_until(lambda: other.count_publishers(IMAGE), 'the image topic')
    assert other.count_publishers(COLOR_IMAGE) == 0


RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize(
    ('shape', 'later_s', 'words'),
    [
        ((HEIGHT, WIDTH), 0, 'have no colour'),
        ((HEIGHT + 4, WIDTH, 3), 0, 'the frames have 64x52 pixels and the event sensor 64x48'),
        ((HEIGHT, WIDTH, 3), 3600, 's ahead of the events'),
    ],
)
def test_frames_that_cannot_be_used_are_reported_though_they_came_before_the_first_status(
    make_node, camera, subscribe, other, wait_until, warned, monkeypatch, shape, later_s, words
):
    monkeypatch.setattr(recon_node, 'DIAGNOSTICS_PERIOD', 2.0)
    node = make_node(fps=100.0, model='leaky_integrator', color='frame')
    assert node.start()
    subscribe(Image, COLOR_IMAGE)
    publisher = other.create_publisher(Image, FRAMES, 10)
    wait_until(publisher.get_subscription_count, 'the subscription to frames')
    camera(range(7))
    wait_until(lambda: node._health.counters()['published_frames'] > 0, 'an image')
    picture = RANDOM.integers(0, 255, shape, np.uint8)
    encoding = 'rgb8' if len(shape) == 3 else 'mono8'
    stamp_ns = EPOCH_NS + 12 * MS + later_s * 1000 * MS
    publisher.publish(image_message(picture, stamp_ns, 'camera', encoding))
    wait_until(lambda: node._topic_statistics.camera_frames == 1, 'the frame')
    camera(range(7, 14))
    warned(words)


def test_a_mosaic_on_a_sensor_of_an_odd_size_is_reported(
    make_node, camera, subscribe, wait_until, capfd
):
    node = make_node(model='leaky_integrator', color='mosaic', bayer_pattern='rggb')
    assert node.start()
    subscribe(Image, IMAGE)
    camera(range(2), width=WIDTH + 1)
    wait_until(lambda: node._health.counters()['failed_packets'] == 2, 'the failures')
    log = capfd.readouterr().err
    assert 'a sensor of 65x48 pixels has not; set roi to 0,0,64,48' in log


@pytest.fixture(scope='module')
def rig(tmp_path_factory):
    """Packets of an event camera, and messages of a colour camera beside it."""
    bag = tmp_path_factory.mktemp('rig') / 'rig'
    size = {'size': (WIDTH, HEIGHT), 'duration_s': 0.1, 'seed': 3}
    simulate(bag, Simulation(EventSensor(), frames_hz=40.0, **size))
    with open_source(bag) as source:
        packets = [item for item in source if isinstance(item, Packet)]
    frames = [
        image_message(np.ascontiguousarray(image[:, :, ::-1]), stamp_ns, 'camera', 'rgb8')
        for stamp_ns, image in read_images(bag, FRAMES)
    ]
    return [packet_message(packet, 'camera') for packet in packets], frames


def test_a_simulated_rig_gives_both_images_at_the_event_rate(
    make_node, subscribe, other, wait_until, rig
):
    """With the parameters of `recon.launch.py frames:=anchor color:=frame fps:=100`."""
    pytest.importorskip('onnxruntime', reason='onnxruntime is not installed')
    parameters, _ = parameters_given({'frames': 'anchor', 'color': 'frame', 'fps': '100'})
    node = make_node(**parameters)
    assert node.start()
    packets, frames = rig
    events = other.create_publisher(EventPacket, EVENTS, 1000)
    camera = other.create_publisher(Image, FRAMES, 10)
    images = subscribe(Image, IMAGE)
    colors: list[Image] = []
    subscription = other.create_subscription(Image, COLOR_IMAGE, colors.append, 10)
    for publisher in (events, camera):
        wait_until(publisher.get_subscription_count, 'the subscriptions of the node')

    def play(selected):
        for message in selected:
            events.publish(message)

    for message in frames:  # those of the future are kept until their time
        camera.publish(message)
    wait_until(lambda: node._topic_statistics.camera_frames == len(frames), 'the frames')
    play(packets[:30])
    wait_until(lambda: len(images) >= 4 and len(colors) >= 4, 'images')
    stamps = [time_ns(one.header.stamp) for one in images]
    assert [time_ns(one.header.stamp) for one in colors] == stamps[: len(colors)]
    assert np.abs(np.diff(stamps) - 10 * MS).max() < MS
    assert np.ptp(colour_array(colors[-1]).astype(int), axis=-1).max() > 30
    counts = node._health.counters()
    assert counts['color_frames'] >= 4
    assert counts['camera_frames'] == len(frames)
    other.destroy_subscription(subscription)
    wait_until(lambda: not node.count_subscribers(COLOR_IMAGE), 'the end of the subscription')
    made = node._health.counters()['color_frames']
    play(packets[30:])
    wait_until(lambda: len(images) >= 8, 'images without colour')
    assert node._health.counters()['color_frames'] <= made + 1
