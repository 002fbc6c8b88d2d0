# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import itertools
import os
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.settings import Settings
from spike_recon_ros.windows.hot_pixels import HotPixelMask, hot_pixels
from spike_recon_ros.windows.window import Window

WIDTH, HEIGHT = 40, 30
HOT = (25, 12)  # x, y
SECOND = 1_000_000_000


def stream(seconds=2.0, seed=0):
    """Noise over the whole sensor, an edge that moves to the right, and one hot pixel."""
    random = np.random.default_rng(seed)
    parts = [(random.integers(0, WIDTH, 2000), random.integers(0, HEIGHT, 2000))]
    edge = np.repeat(np.arange(WIDTH), HEIGHT * 10)
    parts.append((edge, np.arange(len(edge)) % HEIGHT))
    parts.append((np.full(1000, HOT[0]), np.full(1000, HOT[1])))
    t_ns = np.concatenate([np.sort(random.random(len(x))) for x, _ in parts]) * seconds * SECOND
    order = np.argsort(t_ns, kind='stable')
    x, y = (np.concatenate(part)[order].astype(np.uint16) for part in zip(*parts, strict=True))
    p = random.integers(0, 2, len(x)).astype(np.uint8)
    triggers = Triggers(np.array([5]), np.array([1], np.uint8), np.array([0], np.uint8))
    return Events(x, y, p, t_ns[order].astype(np.int64), triggers)


def window_of(events):
    return Window(0, 10 * SECOND, events, stamp_ns=7)


def burst_at(x, y, count=500):
    """Events of a single pixel within half a millisecond."""
    places = np.full(count, x, np.uint16), np.full(count, y, np.uint16)
    return Events(*places, np.ones(count, np.uint8), np.arange(count) * 1000, Triggers.empty())


def is_hot(events):
    return (events.x == HOT[0]) & (events.y == HOT[1])


def test_a_hot_pixel_is_learned_and_a_moving_edge_is_not():
    mask = HotPixelMask(WIDTH, HEIGHT, Settings(hot_pixel_time=1.0))
    mask.apply(window_of(stream()))
    assert list(zip(*np.nonzero(mask.mask), strict=True)) == [(HOT[1], HOT[0])]


def test_only_events_after_the_learning_time_are_dropped():
    events = stream()
    mask = HotPixelMask(WIDTH, HEIGHT, Settings(hot_pixel_time=1.0))
    window = mask.apply(window_of(events))
    kept = ~(is_hot(events) & (events.t_ns >= events.t_ns[0] + SECOND))
    for name in ('x', 'y', 'p', 't_ns'):
        np.testing.assert_array_equal(getattr(window.samples, name), getattr(events, name)[kept])
    assert len(window.samples.triggers) == 1
    assert (window.t_end_ns, window.stamp_ns) == (10 * SECOND, 7)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 15_000), max_size=5))
def test_cutting_the_stream_anywhere_changes_nothing(cuts):
    events = stream()
    whole = HotPixelMask(WIDTH, HEIGHT, Settings(hot_pixel_time=0.7)).apply(window_of(events))
    mask = HotPixelMask(WIDTH, HEIGHT, Settings(hot_pixel_time=0.7))
    edges = [0, *sorted(cuts), len(events)]
    parts = [
        mask.apply(window_of(events[start:end])).samples
        for start, end in itertools.pairwise(edges)
    ]
    np.testing.assert_array_equal(Events.concatenate(parts).t_ns, whole.samples.t_ns)
    np.testing.assert_array_equal(Events.concatenate(parts).x, whole.samples.x)


def test_without_a_mask_windows_are_unchanged():
    window = window_of(stream())
    assert HotPixelMask(WIDTH, HEIGHT, Settings()).apply(window) is window
    quiet = Window(0, 1, Events.empty())
    assert HotPixelMask(WIDTH, HEIGHT, Settings(hot_pixel_time=1.0)).apply(quiet) is quiet


def test_a_window_without_hot_events_is_not_copied():
    mask = HotPixelMask(WIDTH, HEIGHT, Settings(hot_pixel_time=1.0))
    events = stream()
    mask.apply(window_of(events))
    hot = np.flatnonzero(is_hot(events))
    clean = window_of(events[hot[0] + 1 : hot[1]])
    assert len(clean.samples) > 0
    assert mask.apply(clean) is clean


def test_a_learned_mask_survives_a_reset():
    events = stream()
    mask = HotPixelMask(WIDTH, HEIGHT, Settings(hot_pixel_time=1.0))
    mask.apply(window_of(events))
    mask.reset()
    assert not is_hot(mask.apply(window_of(events)).samples).any()


def test_unfinished_learning_starts_again_after_a_reset():
    events = stream()
    mask = HotPixelMask(WIDTH, HEIGHT, Settings(hot_pixel_time=1.0))
    mask.apply(window_of(burst_at(3, 4)))
    mask.reset()
    fresh = HotPixelMask(WIDTH, HEIGHT, Settings(hot_pixel_time=1.0))
    np.testing.assert_array_equal(
        mask.apply(window_of(events)).samples.t_ns, fresh.apply(window_of(events)).samples.t_ns
    )


def test_a_saved_mask_is_read_back_and_applies_from_the_first_event(tmp_path):
    events = stream()
    learned = HotPixelMask(WIDTH, HEIGHT, Settings(hot_pixel_time=1.0))
    learned.apply(window_of(events))
    learned.save(tmp_path / 'hot.png')
    mask = HotPixelMask(WIDTH, HEIGHT, Settings(hot_pixel_file=str(tmp_path / 'hot.png')))
    np.testing.assert_array_equal(mask.mask, learned.mask)
    kept = mask.apply(window_of(events)).samples
    assert len(kept) == len(events) - np.count_nonzero(is_hot(events))


def test_learning_adds_to_the_mask_of_the_file(tmp_path):
    given_mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    given_mask[0, 0] = 1
    cv2.imwrite(str(tmp_path / 'hot.png'), given_mask)
    mask = HotPixelMask(
        WIDTH, HEIGHT, Settings(hot_pixel_file=str(tmp_path / 'hot.png'), hot_pixel_time=1.0)
    )
    kept = mask.apply(window_of(stream())).samples
    assert mask.mask.sum() == 2
    assert not ((kept.x == 0) & (kept.y == 0)).any()
    assert is_hot(kept).any()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r'nowhere\.png'):
        HotPixelMask(WIDTH, HEIGHT, Settings(hot_pixel_file=str(tmp_path / 'nowhere.png')))


def png_that_declares(width, height):
    header = b'IHDR' + struct.pack('>IIBBBBB', width, height, 8, 0, 0, 0, 0)
    checksum = struct.pack('>I', zlib.crc32(header))
    return b'\x89PNG\r\n\x1a\n' + struct.pack('>I', len(header) - 4) + header + checksum


def damaged_png():
    noise = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH)).astype(np.uint8)
    _, encoded = cv2.imencode('.png', noise)
    encoded[len(encoded) // 2] ^= 1
    return encoded.tobytes()


@pytest.mark.parametrize(
    ('write', 'sentence'),
    [
        (os.mkfifo, 'is no regular file'),
        (os.mkdir, 'is a folder'),
        (lambda path: path.write_bytes(damaged_png()), 'cannot be read as an image'),
        (lambda path: path.write_bytes(b''), 'cannot be read as an image'),
        (
            lambda path: path.write_bytes(png_that_declares(30_000, 20_000)),
            'declares 30000x20000 pixels',
        ),
    ],
    ids=['pipe', 'folder', 'damaged', 'empty', 'gigapixel'],
)
def test_a_mask_that_is_no_sound_image_is_one_sentence(tmp_path, write, sentence):
    path = tmp_path / 'hot.png'
    write(path)
    with pytest.raises(UserError, match=sentence) as caught:
        HotPixelMask(WIDTH, HEIGHT, Settings(hot_pixel_file=str(path)))
    message = str(caught.value)
    assert message.startswith('hot_pixel_file: ')
    assert 'hot.png' in message
    assert '\n' not in message


def test_a_file_of_another_size_is_refused(tmp_path):
    cv2.imwrite(str(tmp_path / 'hot.png'), np.zeros((10, 20), np.uint8))
    with pytest.raises(UserError, match='20x10, but the images are 40x30'):
        HotPixelMask(WIDTH, HEIGHT, Settings(hot_pixel_file=str(tmp_path / 'hot.png')))


def test_a_path_that_cannot_be_written_is_named(tmp_path):
    mask = HotPixelMask(WIDTH, HEIGHT, Settings())
    (tmp_path / 'nofolder').touch()
    with pytest.raises(UserError, match='nofolder'):
        mask.save(tmp_path / 'nofolder' / 'hot.png')


def test_an_edge_that_vibrates_in_place_is_not_hot():
    counts = np.ones((30, 40), np.int64)
    counts[:, 20] = 500
    counts[10, 5:35] = 500
    counts[25:28, 3:6] = 500
    assert not hot_pixels(counts).any()


def test_pairs_and_pixels_at_the_border_are_found():
    expected = np.zeros((30, 40), np.bool_)
    expected[10, 10:12] = expected[0, 0] = expected[1, 37] = expected[29, 20] = True
    np.testing.assert_array_equal(hot_pixels(np.where(expected, 400, 1)), expected)


def test_without_events_no_pixel_is_hot():
    assert not hot_pixels(np.zeros((5, 5), np.int64)).any()
