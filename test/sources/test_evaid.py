# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Sequences of EVAID: events in a text for each interval, pictures beside them."""

from itertools import pairwise

import cv2
import numpy as np
import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.packet import Packet, Reference
from spike_recon_ros.sources.open_images import open_images
from spike_recon_ros.sources.open_source import open_source

T_US = 5_000_000 + np.arange(0, 40_000, 50)
STAMPS_US = 5_000_000 + np.arange(0, 40_001, 10_000)


@pytest.fixture
def sequence(tmp_path):
    folder = tmp_path / 'ball'
    (folder / 'event').mkdir(parents=True)
    (folder / 'gt').mkdir()
    for number, (start, end) in enumerate(pairwise(STAMPS_US), 1):
        inside = T_US[(start <= T_US) & (end > T_US)]
        lines = [f'{t} {t % 90} {t % 70} {t // 50 % 2}\n' for t in inside]
        (folder / 'event' / f'{number:06d}.txt').write_text(''.join(lines))
    for number in range(len(STAMPS_US)):
        picture = np.full((80, 100, 3), 10 * number, np.uint8)
        cv2.imwrite(str(folder / 'gt' / f'{number + 1:06d}_img.png'), picture)
    (folder / 'timestamps.txt').write_text(''.join(f'{t}\n' for t in STAMPS_US))
    (folder / 'shape.txt').write_text('100 80')
    return folder


def test_events_and_frames_arrive_with_their_times(sequence):
    with open_source(sequence, reference_topic='images') as source:
        items = list(source)
        events = Events.concatenate(list(source.dataset.chunks()))
    assert events.t_ns.tolist() == (1_000 * T_US).tolist()
    assert events.x.tolist() == (T_US % 90).tolist()
    assert events.y.tolist() == (T_US % 70).tolist()
    assert events.p.tolist() == (T_US // 50 % 2).tolist()
    packets = [item for item in items if isinstance(item, Packet)]
    assert {(one.width, one.height) for one in packets} == {(100, 80)}
    stamps = [one.stamp_ns for one in items if isinstance(one, Reference)]
    assert stamps == (1_000 * STAMPS_US).tolist()
    images = list(open_images(sequence, 'images'))
    assert [t_ns for t_ns, _ in images] == stamps
    assert [int(image[0, 0, 0]) for _, image in images] == [0, 10, 20, 30, 40]


def test_files_without_leading_zeros_are_in_the_order_of_their_numbers(sequence):
    for folder, names in (('event', '{}.txt'), ('gt', '{}_img.png')):
        for number, file in enumerate(sorted((sequence / folder).iterdir()), 8):
            file.rename(file.with_name(names.format(number)))  # from 8 to 11, and to 12
    with open_source(sequence) as source:
        events = Events.concatenate(list(source.dataset.chunks()))
    assert events.t_ns.tolist() == (1_000 * T_US).tolist()
    images = [int(image[0, 0, 0]) for _, image in open_images(sequence, 'images')]
    assert images == [0, 10, 20, 30, 40]


@pytest.mark.parametrize(
    ('name', 'text', 'sentence'),
    [
        ('timestamps.txt', '1\n2\n', r'gt 5, timestamps\.txt 2'),
        ('timestamps.txt', 'a', 'the numbers cannot be read'),
        ('shape.txt', '', r'no \[height, width\]'),
        ('shape.txt', '0 -1', r'no \[height, width\]'),
        ('event/000002.txt', '1 2 3\n', r'000002\.txt is damaged: the events'),
        ('event/000002.txt', '-5 2 3 1\n', 'times must be microseconds'),
    ],
)
def test_damage_is_one_sentence(sequence, name, text, sentence):
    (sequence / name).write_text(text)
    with pytest.raises(UserError, match=sentence) as raised, open_source(sequence) as source:
        list(source)
    assert '\n' not in str(raised.value)


def test_without_events_or_size_the_missing_file_is_named(sequence):
    (sequence / 'shape.txt').unlink()
    with open_source(sequence) as source:
        assert (source.dataset.width, source.dataset.height) == (100, 80)
    for text in (sequence / 'event').iterdir():
        text.unlink()
    with pytest.raises(UserError, match='holds no texts of events'):
        open_source(sequence)
