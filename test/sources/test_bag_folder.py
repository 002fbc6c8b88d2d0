# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Folders of rosbag2 whose description is missing or does not fit their files."""

import numpy as np
import pytest

from spike_recon_ros.sources.open_source import open_source


@pytest.mark.parametrize('storage', ['sqlite3', 'mcap'])
def test_messages_compressed_one_by_one_are_read_without_the_description_of_the_bag(
    ros2, write_bag, events_topic, tmp_path, storage
):
    content = [(events_topic, ros2.packet(i, i)) for i in range(3)]
    path = write_bag(tmp_path / 'bag', ros2, content, storage=storage, compression='message')
    with open_source(path) as source:
        expected = list(source)
    (path / 'metadata.yaml').unlink()
    for name in (path, next(path.iterdir())):
        with open_source(name) as source:
            found = list(source)
        assert [packet.seq for packet in found] == [packet.seq for packet in expected]
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one.data, other.data)


def test_files_that_the_description_of_a_bag_does_not_list_are_named(
    ros2, write_bag, events_topic, tmp_path
):
    path = write_bag(tmp_path / 'bag', ros2, [(events_topic, ros2.packet(i, i)) for i in range(3)])
    (path / 'bag_1.mcap').write_bytes((path / 'bag.mcap').read_bytes())
    (path / '._bag.mcap').write_bytes(bytes(9))
    with open_source(path) as source:
        assert len(list(source)) == 3
        (warning,) = source.warnings
    assert 'does not list bag_1.mcap, so it is not read' in warning


def test_parts_of_a_bag_without_description_are_read_in_the_order_of_their_numbers(
    ros2, write_bag, events_topic, tmp_path
):
    joined = tmp_path / 'joined'
    joined.mkdir()
    for part in range(12):
        bag = write_bag(tmp_path / f'{part}', ros2, [(events_topic, ros2.packet(part, part))])
        next(bag.glob('*.mcap')).rename(joined / f'bag_{part}.mcap')
    with open_source(joined) as source:
        assert [packet.seq for packet in source] == list(range(12))
