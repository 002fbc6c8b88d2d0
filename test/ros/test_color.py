# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The colour images of the node: lazily made, from the frames of a camera."""

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import Image

from spike_recon_ros.nodes.messages import colour_array, image_message, time_ns
from spike_recon_ros.topics import COLOR_IMAGE, FRAMES, IMAGE

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
    assert make_node(fps=100.0, model='leaky_integrator', color='frame', overload_lag=60.0).start()
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
    assert make_node(fps=100.0, model='leaky_integrator', color='frame', overload_lag=60.0).start()
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


def test_a_camera_without_colour_is_reported(
    make_node, camera, subscribe, other, wait_until, warned, values
):
    assert make_node(fps=100.0, model='leaky_integrator', color='frame', overload_lag=60.0).start()
    subscribe(Image, COLOR_IMAGE)
    publisher = other.create_publisher(Image, FRAMES, 10)
    wait_until(publisher.get_subscription_count, 'the subscription to frames')
    grey = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH), np.uint8)
    diagnostics = subscribe(DiagnosticArray, '/diagnostics')
    camera(range(2))
    publisher.publish(image_message(grey, EPOCH_NS + 5 * MS, 'camera'))
    wait_until(
        lambda: diagnostics and values(diagnostics).get('camera_frames') == '1', 'the frame'
    )
    camera(range(2, 12))
    warned('have no colour')
