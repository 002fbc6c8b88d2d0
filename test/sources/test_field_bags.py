# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Right values of bags as users bring them: other recorders, unfinished and repaired files."""

from collections import Counter

import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.offline.stream_summary import EventSummary
from spike_recon_ros.packets.packet import Packet, Reference
from spike_recon_ros.sources.open_source import open_source

VGA = {'width': 640, 'height': 480, 'sum_x': 1853150, 'sum_y': 1445368}
WHOLE = {'events': 6000, 'on': 2920}
FIRST = {'t_first_us': 1000019, 't_last_ns': 1199958000}


def summary_of(path):
    summary = EventSummary()
    with open_source(path) as source:
        for packet in source:
            summary.add(packet)
    return summary.summary(), source.warnings


BAGS = (
    'b10_qos_in_metadata',
    'b12_profile_empty.mcap',
    'b14a_unchunked_two_topics_in_order.mcap',
    'b14b_unchunked_two_topics_out_of_order.mcap',
    'b21#hash',
    'b21%20percent',
    'b40_no_message_index.mcap',
    'b44_no_repeated_channels.mcap',
    'b45_no_repeated_schemas.mcap',
    'b53_short_qos.mcap',
    't02_channel0_and_loopback6',
)


@pytest.mark.parametrize('name', BAGS)
def test_every_packet_of_a_bag_from_the_field_is_read(recordings, name):
    found, warnings = summary_of(recordings(f'field/{name}'))
    expected = WHOLE | VGA | FIRST | {'packets': 100, 'lost_packets': 0}
    assert {key: found[key] for key in expected} == expected
    assert warnings == ()


def test_what_a_killed_recorder_left_beside_its_database_is_read(recordings):
    found, warnings = summary_of(recordings('field/b11_killed_wal'))
    assert (found['packets'], found['events'], found['lost_packets']) == (50, 600, 0)
    assert any('was not closed' in warning for warning in warnings)


def test_messages_of_ros_1_in_an_mcap_are_named(recordings):
    with pytest.raises(UserError, match='ROS 1 messages') as raised:
        list(open_source(recordings('field/b13_profile_ros1.mcap')))
    assert 'damaged' not in str(raised.value)


@pytest.mark.parametrize('name', ['b14a_unchunked_two_topics_in_order.mcap', BAGS[3]])
def test_references_of_a_bag_without_chunks_come_in_time_order(recordings, name):
    path = recordings(f'field/{name}')
    with open_source(path, reference_topic='/trigger/time_reference') as source:
        items = list(source)
    assert Counter(map(type, items)) == {Packet: 100, Reference: 9}
    stamps = [item.stamp_ns for item in items if isinstance(item, Reference)]
    assert stamps == sorted(stamps)


@pytest.mark.parametrize('tail', [bytes(8192), bytes(8192) + b'x'])
def test_zeros_after_an_unfinished_mcap_are_its_end_but_other_bytes_are_damage(
    ros2, write_bag, events_topic, tmp_path, tail
):
    content = [(events_topic, ros2.packet(i, i)) for i in range(20)]
    file = write_bag(tmp_path / 'bag', ros2, content) / 'bag.mcap'
    whole = file.read_bytes()
    end_of_data = whole.index(b'\x0f\x04' + bytes(7))  # the DataEnd record
    file.write_bytes(whole[:end_of_data] + tail)
    packets = []
    with open_source(file) as source:
        if any(tail):
            with pytest.raises(UserError, match='20 messages could be read'):
                packets.extend(source)
        else:
            packets.extend(source)
            assert any('was not closed or is cut' in warning for warning in source.warnings)
    assert len(packets) == 20


def test_compressed_files_of_a_folder_without_metadata_are_read(
    ros2, write_bag, events_topic, tmp_path
):
    zstandard = pytest.importorskip('zstandard')
    content = [(events_topic, ros2.packet(i, i)) for i in range(20)]
    file = write_bag(tmp_path / 'bag', ros2, content) / 'bag.mcap'
    packed = zstandard.ZstdCompressor().compress(file.read_bytes())
    (file.parent / 'bag.mcap.zstd').write_bytes(packed)
    file.unlink()
    (file.parent / 'metadata.yaml').unlink()
    with open_source(file.parent) as source:
        assert len(list(source)) == 20
