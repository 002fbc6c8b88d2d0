# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The status names what is wrong with camera, network and node, and which of them it is."""

from types import SimpleNamespace

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from event_camera_msgs.msg import EventPacket
from sensor_msgs.msg import Image

from spike_recon_ros.frames.store import FrameCounts
from spike_recon_ros.nodes import packet_checks
from spike_recon_ros.nodes.diagnostics import Diagnostics, TopicStatistics
from spike_recon_ros.nodes.stream_breaks import BREAKS, OF_TWO_CAMERAS, breaks
from spike_recon_ros.nodes.worker import WorkerStatistics
from spike_recon_ros.packets.decoder import DecoderStatistics
from spike_recon_ros.status import RESETS
from spike_recon_ros.stream_statistics import ResetReason, Statistics
from spike_recon_ros.topics import EVENTS, IMAGE

MS = 1_000_000


@pytest.fixture
def soon(monkeypatch):
    monkeypatch.setattr(packet_checks, 'LONGEST_WITHOUT_PACKETS', 0.5)


def test_a_camera_that_nobody_publishes_for_is_named_in_the_status_and_its_values(
    make_node, subscribe, warned, values, soon, wait_until
):
    assert make_node(model='fibar').start()
    subscribe(Image, IMAGE)
    diagnostics = subscribe(DiagnosticArray, '/diagnostics')
    warned('no packets: nothing publishes on /event_camera/events; start the driver')
    wait_until(lambda: diagnostics and _has(values(diagnostics), 'camera'), 'the value')
    assert 'nothing publishes' in values(diagnostics)['problems: camera']


def test_a_publisher_that_sends_no_packets_is_named(make_node, other, subscribe, warned, soon):
    assert make_node(model='fibar').start()
    subscribe(Image, IMAGE)
    publisher = other.create_publisher(EventPacket, EVENTS, 10)
    message = warned('other publishes on /event_camera/events, but nothing comes')
    assert 'check the camera' in message
    assert publisher is not None


def test_a_node_that_nobody_subscribes_to_misses_no_packets(
    make_node, subscribe, wait_until, soon
):
    assert make_node(model='fibar').start()
    diagnostics = subscribe(DiagnosticArray, '/diagnostics')
    wait_until(lambda: len(diagnostics) > 2, 'diagnostics')
    assert {one.status[0].message for one in diagnostics} == {f'nobody subscribes to {IMAGE}'}


def test_a_second_node_that_publishes_the_images_is_named(make_node, subscribe, warned, soon):
    assert make_node(model='fibar').start()
    assert make_node(model='fibar').start()  # forgotten in another terminal
    subscribe(Image, IMAGE)
    message = warned('2 nodes publish on /event_camera/recon/image_raw')
    assert '(/event_camera/recon, /event_camera/recon)' in message


def test_a_jump_of_the_camera_clock_is_named(
    make_node, camera, subscribe, warned, values, wait_until
):
    assert make_node(model='fibar', fps=100.0).start()
    diagnostics = subscribe(DiagnosticArray, '/diagnostics')
    subscribe(Image, IMAGE)
    camera(range(100, 106))
    for seq in range(106, 120):
        camera([seq], time_base=(seq - 106) * 2 * MS)
    message = warned('the clock of the camera jumped')
    assert 'the state was reset' in message

    def has_value():
        found = [values([one]).get('problems: camera', '') for one in diagnostics]
        return any('the clock of the camera jumped' in text for text in found)

    wait_until(has_value, 'the value')


def test_losses_name_the_part_that_lost_them(make_node, camera, subscribe, wait_until, values):
    assert make_node(model='fibar', fps=100.0).start()
    subscribe(Image, IMAGE)
    diagnostics = subscribe(DiagnosticArray, '/diagnostics')
    camera([0, 1, 2, 5, 6])
    found = []

    def named():
        found[:] = [one for one in map(values, [[d] for d in diagnostics]) if _has(one, 'network')]
        return found

    wait_until(named, 'the losses')
    assert found[0]['problems: network'].startswith('2 packets lost before the node; check the')
    assert not _has(found[0], 'node')


def _has(values, part):
    return f'problems: {part}' in values


def test_the_samples_are_published_for_whoever_subscribes_to_them_alone(
    make_node, camera, subscribe, wait_until
):
    assert make_node(model='fibar', fps=100.0).start()
    drawn = subscribe(Image, '/event_camera/recon/samples_image')
    camera(range(12))
    wait_until(lambda: len(drawn) == 2, 'drawn samples')
    image = np.frombuffer(drawn[0].data, np.uint8)
    assert (drawn[0].encoding, drawn[0].width, drawn[0].height) == ('mono8', 64, 48)
    assert set(np.unique(image)) == {0, 128, 255}


class Stub:
    """Stands for a reconstructor and a worker whose counters a test sets."""

    def __init__(self):
        self.statistics = Statistics()
        self.decoder_statistics = DecoderStatistics()
        self.late_references, self.model_name, self.runs = 0, '', ''
        self.frames, self.dropped_camera_frames = SimpleNamespace(counts=FrameCounts()), 0


@pytest.mark.parametrize('reason', BREAKS)
def test_a_stream_that_breaks_off_is_a_problem_of_the_camera(reason):
    recon, worker = Stub(), Stub()
    worker.statistics = WorkerStatistics()
    diagnostics = Diagnostics('recon', recon, worker, TopicStatistics())
    recon.statistics.resets[reason] += 2
    status = diagnostics.status()
    values = {item.key: item.value for item in status.values}
    assert f'{BREAKS[reason]}, so the state was reset (2 in' in values['problems: camera']
    assert status.level == DiagnosticStatus.WARN


@pytest.mark.parametrize('reason', BREAKS)
def test_packets_of_two_cameras_in_turn_are_named(reason):
    (problem,) = breaks({f'{RESETS}{reason.value}': 100}, explained=False)
    are_two = '100 times in the last second' in problem.sentence
    assert are_two == ('two cameras or drivers send on one topic' in problem.sentence)
    assert are_two == (reason in OF_TWO_CAMERAS)


def test_a_jump_ahead_is_the_camera_s_fault_only_if_no_packets_are_missing():
    recon, worker = Stub(), Stub()
    worker.statistics = WorkerStatistics()
    diagnostics = Diagnostics('recon', recon, worker, TopicStatistics())

    def named():
        return 'the clock of the camera jumped ahead' in diagnostics.status().message

    recon.statistics.resets[ResetReason.TIME_JUMP] += 1
    assert named()
    worker.statistics.dropped_packets += 5
    assert not named()
    recon.statistics.resets[ResetReason.TIME_JUMP] += 1
    assert not named()
    recon.statistics.resets[ResetReason.TIME_JUMP] += 1
    assert named()


def test_a_packet_that_failed_is_not_lost_before_the_node_too():
    recon, worker = Stub(), Stub()
    worker.statistics = WorkerStatistics()
    diagnostics = Diagnostics('recon', recon, worker, TopicStatistics())

    def lost():
        values = {item.key: item.value for item in diagnostics.status().values}
        return values.get('problems: network', '').partition(' lost')[0]

    worker.statistics.failed_packets += 1
    assert not lost()
    recon.statistics.lost_packets += 1  # the gap is seen at the packet after
    assert not lost()
    worker.statistics.failed_packets += 2
    recon.statistics.lost_packets += 5
    assert lost() == '3 packets'
    recon.statistics.lost_packets += 1
    assert lost() == '1 packet'


def test_packets_on_another_topic_are_named(make_node, other, subscribe, warned, soon):
    assert make_node(model='fibar').start()
    subscribe(Image, IMAGE)
    publisher = other.create_publisher(EventPacket, '/davis/events', 10)
    assert 'events_topic:=/davis/events' in warned('packets are published on /davis/events')
    assert publisher is not None


def test_the_status_names_why_packets_fail_and_that_they_have_no_stamp(
    make_node, camera, subscribe, wait_until, values
):
    assert make_node(model='fibar').start()
    subscribe(Image, IMAGE)
    diagnostics = subscribe(DiagnosticArray, '/diagnostics')
    camera(range(1), width=0, stamp_ns=0)
    problems = ''

    def has_failed():
        nonlocal problems
        problems = diagnostics and values(diagnostics).get('problems: camera', '')
        return '1 packet failed: a packet states no sensor size (0x48)' in problems

    wait_until(has_failed, 'the failure')
    assert 'have no stamp (0)' in problems
