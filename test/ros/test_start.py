# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The model is loaded before the first packet, and a transition that fails says why."""

import json
import threading

import pytest
from rclpy.lifecycle import TransitionCallbackReturn
from sensor_msgs.msg import CameraInfo, Image

from spike_recon_ros.backends import network_model
from spike_recon_ros.backends.user_cache import cache_folder
from spike_recon_ros.errors import UserError
from spike_recon_ros.nodes import preloading, recon_node
from spike_recon_ros.nodes.expected_sensor import (
    FILE,
    Sensor,
    last_sensor,
    remember_sensor,
    sensor_of_settings,
)
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings
from spike_recon_ros.topics import EVENTS, IMAGE

WIDTH, HEIGHT = 64, 48


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """A user cache of the test's own."""
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    return tmp_path / 'cache'


def _loaded(node):
    return node._reconstructor.statistics.models_loaded


def test_the_size_of_the_settings_loads_the_model_at_configure(
    make_node, camera, subscribe, wait_until
):
    node = make_node(sensor_size=f'{WIDTH}x{HEIGHT}', fps=100.0)
    assert node.start()
    assert _loaded(node) == 1
    images = subscribe(Image, IMAGE)
    camera(range(12))
    wait_until(lambda: len(images) == 2, 'images')
    assert _loaded(node) == 1


def test_another_size_of_the_first_packet_loads_the_right_model(
    make_node, camera, subscribe, wait_until
):
    node = make_node(sensor_size='128x96', fps=100.0)
    assert node.start()
    images = subscribe(Image, IMAGE)
    camera(range(12))
    wait_until(lambda: len(images) == 2, 'images')
    assert (images[0].width, images[0].height) == (WIDTH, HEIGHT)
    assert _loaded(node) == 2


def test_the_size_last_seen_on_the_topic_loads_the_model_at_the_next_start(
    make_node, camera, subscribe, wait_until
):
    node = make_node(fps=100.0)
    assert node.start()
    assert _loaded(node) == 0
    images = subscribe(Image, IMAGE)
    camera(range(12))
    wait_until(lambda: len(images) == 2, 'images')
    assert last_sensor(EVENTS) == Sensor(WIDTH, HEIGHT, SensorKind.EVENT)
    node.trigger_deactivate()
    node.trigger_cleanup()
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    assert _loaded(node) == 1


def test_without_either_the_size_comes_from_camera_info(make_node, other, wait_until):
    node = make_node()
    assert node.start()
    publisher = other.create_publisher(CameraInfo, '/event_camera/camera_info', 10)
    wait_until(publisher.get_subscription_count, 'the node to look for camera_info')
    publisher.publish(CameraInfo(width=0, height=0))
    publisher.publish(CameraInfo(width=WIDTH, height=HEIGHT))
    wait_until(lambda: _loaded(node) == 1, 'the model')
    wait_until(lambda: not publisher.get_subscription_count(), 'the end of the subscription')


def test_for_a_known_sensor_no_other_network_is_loaded(make_node, monkeypatch):
    sizes, load = [], network_model.load_backend

    def noted(choice, bundle, where):
        sizes.append((where.width, where.height))
        return load(choice, bundle, where)

    monkeypatch.setattr(network_model, 'load_backend', noted)
    assert make_node(sensor_size='128x96').start()
    assert sizes == [(128, 96)]


def test_while_the_node_is_active_only_the_worker_loads_models(
    make_node, other, wait_until, monkeypatch
):
    threads, prepare = [], Reconstructor.prepare

    def noted(reconstructor, *sensor):
        threads.append(threading.current_thread().name)
        prepare(reconstructor, *sensor)

    node = make_node()
    assert node.start()
    monkeypatch.setattr(Reconstructor, 'prepare', noted)
    publisher = other.create_publisher(CameraInfo, '/event_camera/camera_info', 10)
    wait_until(publisher.get_subscription_count, 'the node to look for camera_info')
    publisher.publish(CameraInfo(width=WIDTH, height=HEIGHT))
    wait_until(lambda: _loaded(node) == 1, 'the model')
    assert threads == ['reconstruct']


@pytest.mark.parametrize('size', ['346', '346x', '0x260', '346x260x3', 'large'])
def test_a_malformed_size_leaves_the_node_unconfigured(make_node, capfd, size):
    node = make_node(sensor_size=size)
    assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    with pytest.raises(UserError, match='columns x rows, as 346x260'):
        sensor_of_settings(Settings(sensor_size=size), EVENTS)


def test_an_impossible_size_is_one_sentence(make_node, capfd):
    assert not make_node(sensor_size='99999x99999', model='fibar').start()
    log = capfd.readouterr().err
    assert 'a sensor of 99999x99999 pixels is impossible' in log
    assert 'Traceback' not in log


@pytest.mark.parametrize('sides', [(2**32 - 1, 2**32 - 1), (99_999, 99_999)])
def test_an_impossible_size_in_camera_info_is_logged_and_ignored(
    make_node, other, camera, wait_until, capfd, sides
):
    node = make_node(model='fibar')
    assert node.start()
    publisher = other.create_publisher(CameraInfo, '/event_camera/camera_info', 10)
    wait_until(publisher.get_subscription_count, 'the node to look for camera_info')
    publisher.publish(CameraInfo(width=sides[0], height=sides[1]))
    log = []
    wait_until(lambda: log.append(capfd.readouterr().err) or 'impossible' in ''.join(log), 'a log')
    assert 'no model loaded' in ''.join(log)
    assert node._reconstructor.region is None


@pytest.mark.parametrize(
    'content',
    ['', '[', '[]', '{"/event_camera/events": 3}', '[' * 100_000,
     '{"/event_camera/events": {"width": "x", "height": 1, "kind": "event"}}',
     '{"/event_camera/events": {"width": 1, "height": 1, "kind": "radar"}}'],
)  # fmt: skip
def test_a_damaged_cache_is_ignored_and_replaced(cache, content):
    path = cache_folder() / FILE
    path.parent.mkdir(parents=True, mode=0o700)
    path.write_text(content, encoding='utf-8')
    assert last_sensor(EVENTS) is None
    remember_sensor(EVENTS, Sensor(346, 260, SensorKind.EVENT))
    assert last_sensor(EVENTS) == Sensor(346, 260, SensorKind.EVENT)


def test_an_unwritable_cache_is_survived(cache):
    cache.write_text('a file where the folder should be', encoding='utf-8')
    remember_sensor(EVENTS, Sensor(346, 260, SensorKind.EVENT))
    assert last_sensor(EVENTS) is None


def test_a_kind_that_the_settings_exclude_is_not_loaded(make_node):
    remember_sensor(EVENTS, Sensor(64, 48, SensorKind.SPIKE))
    node = make_node(model='fibar')
    assert node.start()
    assert _loaded(node) == 0


def test_only_the_kind_of_camera_seen_before_is_warmed_up(make_node, monkeypatch):
    warmed = []
    monkeypatch.setattr(
        preloading, 'warm_up', lambda settings, kinds, *, networks: warmed.append([*kinds])
    )
    assert make_node(model='auto').trigger_configure() == TransitionCallbackReturn.SUCCESS
    remember_sensor(EVENTS, Sensor(64, 48, SensorKind.EVENT))
    assert make_node(model='auto').trigger_configure() == TransitionCallbackReturn.SUCCESS
    assert warmed == [[], [SensorKind.EVENT]]


def test_the_cache_keeps_a_bounded_number_of_topics():
    for number in range(120):
        remember_sensor(f'/camera{number}/events', Sensor(346, 260, SensorKind.EVENT))
    assert len(json.loads((cache_folder() / FILE).read_bytes())) == 100
    assert last_sensor('/camera119/events') is not None
    assert last_sensor('/camera0/events') is None


@pytest.mark.parametrize(
    ('module', 'step'),
    [(preloading, 'warm_up'), (recon_node, 'Outputs')],
    ids=['warm_up', 'Outputs'],
)
def test_an_unexpected_error_fails_the_transition_and_is_logged_with_its_traceback(
    make_node, monkeypatch, capfd, module, step
):
    def fail(*arguments, **options):
        raise EOFError('the file ends too early')

    monkeypatch.setattr(module, step, fail)
    node = make_node()
    assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    log = capfd.readouterr().err
    assert 'please report this bug' in log
    assert 'EOFError: the file ends too early' in log
    monkeypatch.undo()
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS


def test_an_unexpected_error_at_activation_leaves_the_node_inactive(make_node, monkeypatch, capfd):
    def fail(*arguments):
        raise RuntimeError('no thread can be started')

    node = make_node()
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    monkeypatch.setattr(recon_node, 'Inputs', fail)
    assert node.trigger_activate() == TransitionCallbackReturn.FAILURE
    assert 'no thread can be started' in capfd.readouterr().err
    monkeypatch.undo()
    assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS
