# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The page of the live node: rclpy, DDS and a real HTTP client."""

import asyncio
import json
import socket
import threading

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, Image

pytest.importorskip('aiohttp', reason='aiohttp is not installed; run: pip install aiohttp')

import aiohttp

from spike_recon_ros.nodes.view_node import ViewNode
from spike_recon_ros.sources.images import read_images
from spike_recon_ros.topics import EVENTS, IMAGE
from spike_recon_ros.viewer import health
from spike_recon_ros.viewer.access import Access
from spike_recon_ros.viewer.server import PageServer

RECON = '/event_camera/recon'


class Browser:
    """A client on a thread of its own that keeps what it receives, while the test spins ROS."""

    def __init__(self, address):
        self.texts, self.pictures = [], {}
        self._address = address
        self._loop = asyncio.new_event_loop()
        self._to_send = asyncio.Queue()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))
        self._thread.start()

    def send(self, **message):
        self._loop.call_soon_threadsafe(self._to_send.put_nowait, message)

    def close(self):
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._to_send.put_nowait, None)
            self._thread.join()

    def found(self, key):
        """Return what came under a key, the latest last."""
        return [text[key] for text in self.texts if key in text]

    async def _run(self):
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f'{self._address}/socket', origin=self._address) as websocket,
        ):
            receiving = asyncio.ensure_future(self._receive(websocket))
            while (message := await self._to_send.get()) is not None:
                await websocket.send_json(message)
            receiving.cancel()

    async def _receive(self, websocket):
        async for received in websocket:
            if received.type is aiohttp.WSMsgType.TEXT:
                self.texts.append(json.loads(received.data))
                continue
            header, _, jpeg = received.data.partition(b'\n')
            header = json.loads(header)
            image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_UNCHANGED)
            self.pictures.setdefault(header['pane'], []).append(image)
            if 'round' in header:
                await websocket.send_json({'seen': header['round']})


@pytest.fixture
def image_topic(request):
    return getattr(request, 'param', '')


@pytest.fixture
def viewer(executor, tmp_path, image_topic, request):
    node = ViewNode(getattr(request, 'param', RECON), image_topic, executor, 1000.0, tmp_path)
    executor.add_node(node)
    return node


@pytest.fixture
def browse(viewer):
    """A function that opens the page."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    server = PageServer(viewer.show, Access('127.0.0.1', port, None))
    server.start()
    browsers = []

    def open_page():
        browsers.append(Browser(f'http://127.0.0.1:{port}'))
        return browsers[-1]

    yield open_page
    for browser in browsers:
        browser.close()
    server.stop()


def test_the_page_shows_input_image_and_health_and_nothing_runs_without_it(
    make_node, camera, viewer, browse, wait_until, other
):
    assert make_node(model='fibar', fps=100.0).start()
    wait_until(lambda: other.count_publishers(IMAGE), 'the node')
    assert not viewer.watched
    assert not other.count_subscribers(IMAGE)
    assert len([*viewer.timers]) == 0
    browser = browse()
    camera(range(18))
    wait_until(lambda: {'samples', 'image'} <= browser.pictures.keys(), 'pictures')
    assert browser.pictures['image'][0].shape == (48, 64)
    wait_until(lambda: browser.found('health'), 'the health')
    assert 'fibar' in browser.found('health')[-1]['runs']
    wait_until(lambda: browser.found('values'), 'the values of the parameters')
    browser.close()
    wait_until(lambda: not viewer.watched, 'the end of the subscriptions')
    wait_until(lambda: not other.count_subscribers(EVENTS), 'the node to rest')
    assert len([*viewer.timers]) == 0
    assert not [*viewer.subscriptions]
    pictures = viewer.pictures
    other.create_publisher(Image, IMAGE, 10).publish(Image(width=1, height=1))
    assert viewer.pictures == pictures


def test_only_the_panes_that_are_shown_are_subscribed_to(
    make_node, viewer, browse, wait_until, other
):
    assert make_node(model='fibar').start()
    browser = browse()
    wait_until(lambda: len(viewer.watched) == 4, 'all panes')
    browser.send(panes=['image'])
    wait_until(lambda: viewer.watched.keys() == {'image'}, 'one pane')
    wait_until(lambda: not other.count_subscribers(f'{RECON}/samples_image'), 'the other to end')


def test_a_parameter_is_changed_in_the_node_and_a_wrong_one_is_explained(
    make_node, browse, wait_until
):
    node = make_node(model='fibar')
    assert node.start()
    browser = browse()
    wait_until(lambda: browser.found('values'), 'the values')
    browser.send(set='gamma', value=2)
    wait_until(lambda: node.get_parameter('gamma').value == 2.0, 'the change')
    wait_until(lambda: browser.found('values')[-1]['gamma'] == 2.0, 'the page to know')
    browser.send(set='gamma', value=1000)
    wait_until(lambda: browser.found('error'), 'the error')
    assert 'its range is 0.1 to 10' in browser.found('error')[-1]


def test_reset_zeroes_the_state(make_node, camera, browse, wait_until):
    node = make_node(model='fibar', fps=100.0)
    assert node.start()
    browser = browse()
    camera(range(12))
    wait_until(lambda: 'image' in browser.pictures, 'an image')
    browser.send(do='reset')
    wait_until(lambda: browser.found('note'), 'the answer')
    assert 'zeroed' in browser.found('note')[-1]
    wait_until(
        lambda: any(h.get('resets', {}).get('requested') for h in browser.found('health')),
        'the count',
    )


def test_the_images_are_recorded_until_the_page_stops_it(
    make_node, camera, browse, wait_until, tmp_path, other
):
    assert make_node(model='fibar', fps=100.0).start()
    browser = browse()
    wait_until(lambda: other.count_subscribers(IMAGE) == 1, 'the page')
    browser.send(do='record', on=True)
    wait_until(lambda: other.count_subscribers(IMAGE) == 2, 'the recorder')
    camera(range(18))
    wait_until(lambda: any(one['images'] for one in browser.found('recording')), 'recorded images')
    browser.send(do='record', on=False)
    wait_until(lambda: browser.found('note'), 'the end')
    (path,) = tmp_path.glob('recon_*.mcap')
    assert browser.found('note')[-1].endswith(str(path))
    assert len([*read_images(path, IMAGE)]) == browser.found('recording')[-1]['images'] > 0


# Not the name of an earlier test: ROS forgets a node only after some time.
@pytest.mark.parametrize('viewer', ['/nowhere/recon'], indirect=True)
def test_a_missing_node_is_named(browse, viewer, wait_until, monkeypatch):
    monkeypatch.setattr(health, 'SILENT_S', 0.5)
    browser = browse()
    wait_until(lambda: browser.found('health'), 'the health')
    assert 'there is no node /nowhere/recon' in browser.found('health')[-1]['message']
    browser.send(do='reset')
    wait_until(lambda: browser.found('error'), 'the error')
    assert 'is it running?' in browser.found('error')[-1]


def test_a_node_that_is_not_active_is_named(make_node, browse, wait_until, monkeypatch):
    monkeypatch.setattr(health, 'SILENT_S', 0.5)
    make_node()
    browser = browse()

    def named():
        return [one for one in browser.found('health') if 'not active' in one['message']]

    wait_until(named, 'the health')


def test_what_is_wrong_with_the_camera_is_on_the_page(make_node, browse, wait_until, other):
    assert make_node(model='fibar').start()
    browser = browse()

    def named():
        return [one for one in browser.found('health') if 'camera' in one['problems']]

    wait_until(named, 'the problem')
    assert 'nothing publishes on /event_camera/events' in named()[0]['problems']['camera']


@pytest.mark.parametrize(
    ('encoding', 'pixel', 'expected'),
    [('rgb8', [255, 0, 0], [0, 0, 255]), ('bgra8', [9, 8, 255, 7], [9, 8, 255])],
)
def test_colour_images_are_shown_in_colour(
    browse, viewer, wait_until, other, encoding, pixel, expected
):
    browser = browse()
    publisher = other.create_publisher(Image, '/event_camera/frame_image', 10)
    wait_until(publisher.get_subscription_count, 'the page')
    message = Image(encoding=encoding, width=16, height=8, step=16 * len(pixel))
    message.data.extend(bytes(pixel) * 128)
    publisher.publish(message)
    wait_until(lambda: 'frames' in browser.pictures, 'the picture')
    shown = browser.pictures['frames'][0]
    assert np.abs(shown.astype(int) - expected).max() < 12


def test_images_of_another_type_are_named_on_the_page(browse, viewer, wait_until, stranger):
    publisher = stranger.create_publisher(CompressedImage, IMAGE, 10)
    wait_until(lambda: viewer.count_publishers(IMAGE), 'the publisher')
    browser = browse()
    wait_until(lambda: browser.found('error'), 'the error')
    assert (
        f'stranger publishes sensor_msgs/msg/CompressedImage on {publisher.topic_name}, not '
        'sensor_msgs/msg/Image' in browser.found('error')[-1]
    )


@pytest.mark.parametrize('image_topic', ['/nowhere/image'], indirect=True)
def test_a_named_topic_that_nobody_publishes_is_named_on_the_page(browse, wait_until, image_topic):
    browser = browse()
    wait_until(lambda: browser.found('error'), 'the error')
    assert f'nothing publishes on {image_topic}; ' in browser.found('error')[-1]


def test_a_malformed_image_is_named_on_the_page(browse, wait_until, other):
    browser = browse()
    publisher = other.create_publisher(Image, IMAGE, 10)
    wait_until(publisher.get_subscription_count, 'the page')
    publisher.publish(Image(encoding='rgb8', width=16, height=8, step=48))
    wait_until(lambda: browser.found('error'), 'the error')
    assert 'has a step of 48 and 0 bytes' in browser.found('error')[-1]
