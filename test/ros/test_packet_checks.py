# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Why no packets come and why packets make no frame, with a graph and a time of our own."""

import re
from types import SimpleNamespace

import pytest

from spike_recon_ros.nodes import packet_checks
from spike_recon_ros.nodes.packet_checks import PacketChecks
from spike_recon_ros.nodes.topic_checks import news_since
from spike_recon_ros.packets.packet import EVENT_PACKET
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.settings import Settings

TOPIC = '/event_camera/events'
COUNTS = {
    'received_packets': 0, 'decoded_packets': 0, 'waiting_packets': 0, 'frames': 0, 'events': 0,
    'references': 0, 'dropped_packets': 0, 'merged_windows': 0, 'decoder: unknown_words': 0,
    'decoder: outside_pixels': 0, 'decoder: truncated_words': 0, 'lost_packets': 0,
    'decoder: reversed_planes': 0, 'lost_messages': 0,
}  # fmt: skip


def test_packets_so_small_that_there_are_too_many_are_named():
    checks = PacketChecks(graph({}), Settings())

    def second(**news):
        return [problem.sentence for problem in checks.too_many({**COUNTS, **news})]

    assert not second(received_packets=20_000)
    assert not second(received_packets=1_000, dropped_packets=10)
    (sentence,) = second(received_packets=20_000, lost_messages=10)
    assert sentence.startswith('20000 packets came in the last second, too many')


@pytest.fixture
def seconds(monkeypatch):
    """The time of the checks; a test sets it."""
    now = [100.0]
    monkeypatch.setattr(packet_checks, 'time', SimpleNamespace(monotonic=lambda: now[0]))
    return now


def graph(publishers, readers=()):
    """Return a node that sees topics, each with the types of its publishers."""

    def info(topic):
        return [
            SimpleNamespace(node_name='driver', topic_type=one)
            for one in publishers.get(topic, [])
        ]

    return SimpleNamespace(
        get_publishers_info_by_topic=info,
        get_name=lambda: 'recon',
        get_namespace=lambda: '/right',
        get_subscriptions_info_by_topic=lambda _: readers,
        get_topic_names_and_types=lambda: list(publishers.items()),
        count_publishers=lambda topic: len(publishers.get(topic, [])),
        resolve_topic_name=lambda name: f'/event_camera/{name}',
    )


def inputs():
    subscription = SimpleNamespace(topic_name=TOPIC)
    return SimpleNamespace(
        subscriptions=[subscription],
        packet_size=(480, 640),
    )


@pytest.mark.parametrize(
    ('events', 'outside', 'unknown', 'words'),
    [
        (1_000, 0, 0, []),
        (1_000, 9, 200, []),
        (10, 90, 200, ['200 words .* the encoding']),  # which is why events lie outside
        (750, 250, 0, [r'250 events \(25 %\) .* sensor of 480x640 pixels .* correct width']),
        (0, 9, 0, [r'9 events \(100 %\) .* correct width, height or encoding']),
        (100, 0, 90, ['90 words .* beside 100 events; the encoding that the driver states']),
    ],
)
def test_data_that_a_wrong_size_or_encoding_leaves_out_is_named(events, outside, unknown, words):
    checks = PacketChecks(graph({}), Settings())
    news = {
        'events': events,
        'decoder: outside_pixels': outside,
        'decoder: unknown_words': unknown,
    }
    found = checks.left_out(inputs(), {**COUNTS, **news})
    assert len(found) == len(words)
    for problem, pattern in zip(found, words, strict=True):
        assert re.search(pattern, problem.sentence)


def test_a_counter_that_begins_again_has_no_news():
    counts = {'decoder: unknown_words': 3, 'events': 70, 'resets: sensor changed': 1}
    news = news_since({'decoder: unknown_words': 900, 'events': 50}, counts)
    assert news == {'decoder: unknown_words': 0, 'events': 20, 'resets: sensor changed': 1}


def test_spikes_in_the_padding_of_rows_are_called_spikes():
    checks = PacketChecks(graph({}), Settings())
    planes = {**COUNTS, 'events': 20_000}  # the samples of a spike camera are planes
    assert not checks.left_out(inputs(), planes, SensorKind.SPIKE)
    news = {**planes, 'decoder: outside_pixels': 5}
    [problem] = checks.left_out(inputs(), news, SensorKind.SPIKE)
    assert problem.sentence.startswith('5 spikes of the last second right of the last column of')
    assert 'events' not in problem.sentence


@pytest.mark.parametrize(('packets', 'named'), [(150, True), (10, False)])
@pytest.mark.parametrize(
    ('kind', 'part'),
    [(SensorKind.SPIKE, 'a plane of 480x640 pixels'), (SensorKind.EVENT, 'an event')],
)
def test_packets_that_are_no_whole_number_of_samples_are_named(packets, named, kind, part):
    checks = PacketChecks(graph({}), Settings())
    news = {**COUNTS, 'decoded_packets': 200, 'decoder: truncated_words': packets}
    found = [one.sentence for one in checks.left_out(inputs(), news, kind)]
    sentence = f'150 packets of the last second end inside {part}, which is left out'
    assert [one.startswith(sentence) for one in found] == [True] * named


@pytest.mark.parametrize(
    ('publishers', 'words'),
    [
        ({}, 'nothing publishes on /event_camera/events; start the driver'),
        (
            {TOPIC: [], '/b/events': [EVENT_PACKET], '/a/events': [EVENT_PACKET], '/c': ['x']},
            'published on /a/events, /b/events; remap events: -r events:=/',
        ),
        (
            {TOPIC: ['dvs_msgs/msg/EventArray']},
            'driver publishes dvs_msgs/msg/EventArray on /event_camera/events, not event_camera',
        ),
        ({TOPIC: [EVENT_PACKET]}, 'driver publishes on /event_camera/events, but nothing comes'),
    ],
)
def test_the_graph_of_topics_tells_why_no_packets_come(seconds, publishers, words):
    checks = PacketChecks(graph(publishers), Settings())
    assert not checks.missing_packets(inputs(), COUNTS)
    seconds[0] += 3.0
    [problem] = checks.missing_packets(inputs(), COUNTS)
    assert words in problem.sentence
    assert not checks.missing_packets(inputs(), {**COUNTS, 'received_packets': 1})


def test_a_driver_that_has_just_been_started_is_not_blamed(seconds):
    publishers = {}
    checks = PacketChecks(graph(publishers), Settings())
    checks.missing_packets(inputs(), COUNTS)
    seconds[0] += 30.0
    assert 'nothing publishes' in checks.missing_packets(inputs(), COUNTS)[0].sentence
    publishers[TOPIC] = [EVENT_PACKET]
    assert not checks.missing_packets(inputs(), COUNTS)
    seconds[0] += 3.0
    [problem] = checks.missing_packets(inputs(), COUNTS)
    assert problem.sentence.startswith('no packets for 3 s: driver publishes')


@pytest.mark.parametrize(
    ('settings', 'news', 'words'),
    [
        ({}, {'events': 900}, 'the time of the sensor hardly advances'),
        ({'fps': 0.5}, {'events': 900}, 'the time of the sensor hardly advances'),
        ({'fps': 0.1}, {'events': 900}, None),
        ({}, {'events': 900, 'merged_windows': 1}, None),
        ({}, {'events': 900, 'dropped_packets': 1}, None),
        ({}, {}, 'no event came in 6 s of packets, so no frame was made: nothing moves'),
        (
            {},
            {'decoder: unknown_words': 700},
            r'nothing in the packets of 6 s could be used \(700 words of unknown type\); check',
        ),
        (
            {'sync_mode': 'by_count', 'window_events': 7_000},
            {'events': 900},
            'only 900 events came in 6 s; a frame needs window_events, which is 7000',
        ),
        ({'sync_mode': 'trigger_events'}, {'events': 900}, r'no trigger edge \(up\) came in 6 s'),
        ({'sync_mode': 'camera_image'}, {'events': 900}, 'no message came on .*/frame_image'),
        ({'sync_mode': 'camera_image'}, {'events': 900, 'references': 1}, None),
    ],
)
def test_the_counters_tell_why_packets_make_no_frame(seconds, settings, news, words):
    checks = PacketChecks(graph({}), Settings(**settings))
    assert not checks.missing_frames(COUNTS)
    seconds[0] += 6.0
    assert not checks.missing_frames({**COUNTS, **news})  # no packet was decoded
    found = checks.missing_frames({**COUNTS, 'decoded_packets': 5, **news})
    if words is None:
        assert not found
    else:
        [problem] = found
        assert re.search(words, problem.sentence)


@pytest.mark.parametrize(
    ('name', 'namespace', 'words'),
    [
        ('recon', '/left', 'start the driver of the camera'),  # the node of the other camera
        ('recorder', '/', 'events_topic:=/left/events'),
    ],
)
def test_the_packets_of_the_other_camera_are_not_offered(seconds, name, namespace, words):
    reader = SimpleNamespace(node_name=name, node_namespace=namespace)
    checks = PacketChecks(graph({'/left/events': [EVENT_PACKET]}, readers=[reader]), Settings())
    checks.missing_packets(inputs(), COUNTS)
    seconds[0] += 5
    (problem,) = checks.missing_packets(inputs(), COUNTS)
    assert words in problem.sentence


def test_planes_with_reversed_bits_are_named():
    inputs = SimpleNamespace(packet_size=(400, 250))
    checks = PacketChecks(graph({}), Settings())
    news = {**COUNTS, 'decoded_packets': 100, 'decoder: reversed_planes': 2_000}
    (problem,) = checks.left_out(inputs, news, SensorKind.SPIKE)
    assert problem.sentence.startswith('2,000 planes of the last second seem to have the bits')
    assert 'driver' in problem.sentence
