# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spike_recon_ros.errors import UserError
from spike_recon_ros.sources.event_array import parse_event_array
from spike_recon_ros.sources.open_source import is_bag_of_packets, open_source

PACKAGES = ['dvs_msgs', 'prophesee_event_msgs', 'dv_ros_msgs', 'dv_ros2_msgs']
S = 1_000_000_000
EVENTS = [
    (345, 259, 1, 1_600_000_000 * S + 1),
    (0, 1, 0, 1_600_000_000 * S + 2_000),
    (2, 3, 1, 1_600_000_001 * S),
    (65_535, 32_767, 0, 1_600_000_001 * S + 999_999_999),
]


def columns(events):
    return list(
        zip(
            events.x.tolist(),
            events.y.tolist(),
            events.p.tolist(),
            events.t_ns.tolist(),
            strict=True,
        )
    )


@pytest.mark.parametrize('n', [0, 1, 2, 3, 4])
@pytest.mark.parametrize('package', PACKAGES)
def test_every_event_is_read_with_all_its_fields(either_ros, package, n):
    raw = either_ros.serialize(either_ros.event_array(package, 5, EVENTS[:n]))
    array = parse_event_array(raw, either_ros.is_ros1)
    assert (array.width, array.height) == (346, 260)
    assert columns(array.events) == EVENTS[:n]
    assert array.events.x.dtype == np.uint16
    assert array.events.t_ns.dtype == np.int64


@pytest.mark.parametrize('frame_id', ['', 'a', 'ab', 'abc', 'abcd', 'abcde'])
def test_length_of_the_frame_id_does_not_shift_the_events(either_ros, frame_id):
    raw = either_ros.serialize(either_ros.event_array('dvs_msgs', 5, EVENTS, frame_id))
    assert columns(parse_event_array(raw, either_ros.is_ros1).events) == EVENTS


def test_big_endian_message_is_read_alike(ros2):
    raw = ros2.serialize(ros2.event_array('dvs_msgs', 5, EVENTS), little_endian=False)
    assert raw[1] == 0
    assert columns(parse_event_array(raw, is_ros1=False).events) == EVENTS


def test_message_cut_anywhere_is_a_value_error(either_ros):
    raw = either_ros.serialize(either_ros.event_array('dvs_msgs', 5, EVENTS))
    for length in range(len(raw)):
        with pytest.raises(ValueError, match='cut short'):
            parse_event_array(raw[:length], either_ros.is_ros1)


@given(st.binary(max_size=100), st.booleans())
@settings(max_examples=200, deadline=None)
def test_any_bytes_give_events_or_a_value_error(raw, is_ros1):
    try:
        array = parse_event_array(raw, is_ros1)
    except ValueError:
        return
    assert len(array.events.x) == len(array.events.t_ns)


@pytest.mark.parametrize('package', PACKAGES)
def test_event_arrays_in_a_bag_become_mono_packets(
    either_ros, write_bag, events_topic, tmp_path, package
):
    content = [
        (events_topic, either_ros.event_array(package, 50 + i, EVENTS[:3])) for i in range(2)
    ]
    with open_source(write_bag(tmp_path / 'bag', either_ros, content)) as source:
        packets = list(source)
    assert [packet.encoding for packet in packets] == ['mono', 'mono']
    assert [packet.seq for packet in packets] == [0, 1]
    assert [packet.stamp_ns for packet in packets] == [50, 51]
    assert (packets[0].width, packets[0].height) == (346, 260)
    words = packets[0].data.view('<u8')
    assert (packets[0].time_base + (words & 0xFFFFFFFF)).tolist() == [e[3] for e in EVENTS[:3]]


def test_damaged_event_array_in_a_bag_is_a_user_error(
    ros2, write_bag, events_topic, tmp_path, monkeypatch
):
    whole = ros2.serialize
    monkeypatch.setattr(ros2, 'serialize', lambda message: whole(message)[:-5])
    content = [(events_topic, ros2.event_array('dvs_msgs', 5, EVENTS))]
    path = write_bag(tmp_path / 'bag', ros2, content)
    with open_source(path) as source, pytest.raises(UserError, match=r'0 packets of .* cut short'):
        list(source)


def test_bags_that_rosbag2_can_play_for_the_node_are_known(
    either_ros, ros2, write_bag, events_topic, tmp_path
):
    packets = write_bag(tmp_path / 'a', either_ros, [(events_topic, either_ros.packet(1, 0))])
    assert is_bag_of_packets(packets) is not either_ros.is_ros1
    arrays = [('/dvs/events', ros2.event_array('dvs_msgs', 1, [(1, 2, 1, 3)]))]
    assert not is_bag_of_packets(write_bag(tmp_path / 'b', ros2, arrays))
    (tmp_path / 'a.csv').write_text('t,x,y,p\n')
    assert not is_bag_of_packets(tmp_path / 'a.csv')
