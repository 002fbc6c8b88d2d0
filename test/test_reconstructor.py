# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Packets to frames, and every reset with its reason."""

import dataclasses

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from stream import EPOCH_NS, HEIGHT, WIDTH, make_events, packets_of, run_packets

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.mono import encode_mono
from spike_recon_ros.packets.packet import Reference
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.reconstructor import Reconstructor, ResetReason
from spike_recon_ros.settings import Settings
from spike_recon_ros.warm_up import warm_up

MS = 1_000_000


@given(st.lists(st.integers(1, 3999), max_size=12), st.sampled_from(['free_running', 'by_count']))
@hypothesis_settings(max_examples=15, deadline=None)
def test_frames_do_not_depend_on_how_the_stream_was_cut_into_packets(borders, sync_mode):
    events = make_events(4000)
    settings = {'sync_mode': sync_mode, 'window_events': 700, 'model': 'fibar'}
    whole, _, _ = run_packets(packets_of(events, []), **settings)
    cut, _, _ = run_packets(packets_of(events, borders), **settings)
    assert [frame.t_ns for frame in cut] == [frame.t_ns for frame in whole]
    for one, other in zip(cut, whole, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
        np.testing.assert_array_equal(one.intensity, other.intensity)


def test_the_state_changes_from_window_to_window():
    events = make_events(1000)
    twice = dataclasses.replace(events, t_ns=events.t_ns + 1000 * 10_000)
    frames, _, reconstructor = run_packets(packets_of(Events.concatenate([events, twice]), []))
    frames += reconstructor.flush()
    assert not np.array_equal(frames[0].intensity, frames[1].intensity)


def test_a_reset_gives_the_first_frames_again():
    packets = packets_of(make_events(4000), [1000, 2000])
    reconstructor = Reconstructor(Settings(model='fibar', fps=100.0))
    first = [frame for packet in packets for frame in reconstructor.push(packet)]
    reconstructor.reset()
    second = [frame for packet in packets for frame in reconstructor.push(packet)]
    assert [frame.t_ns for frame in first] == [frame.t_ns for frame in second]
    assert all(np.array_equal(a.image, b.image) for a, b in zip(first, second, strict=True))


def test_stamps_are_the_host_time_of_the_frames():
    frames, _, _ = run_packets(packets_of(make_events(4000), range(100, 4000, 100)))
    assert [frame.stamp_ns - EPOCH_NS for frame in frames] == [frame.t_ns for frame in frames]


def test_without_host_time_frames_are_stamped_with_sensor_time():
    packets = [
        dataclasses.replace(one, stamp_ns=0) for one in packets_of(make_events(4000), [2000])
    ]
    frames, _, _ = run_packets(packets)
    assert frames
    assert all(frame.stamp_ns == frame.t_ns for frame in frames)


def test_lost_packets_reset_the_state_and_are_counted():
    packets = packets_of(make_events(4000), [1000, 2000, 3000])
    lossy = [packets[0], packets[2], packets[3]]
    _, resets, reconstructor = run_packets(lossy, lost_packets_tolerated=0)
    assert resets == [ResetReason.LOST_PACKETS]
    assert reconstructor.statistics.lost_packets == 1


def test_a_packet_that_comes_twice_is_used_once_and_counted():
    first, *later = packets_of(make_events(4000), [1000, 2000, 3000])
    expected, _, _ = run_packets([first, *later])
    doubled = [one for packet in later for one in (packet, dataclasses.replace(packet))]
    frames, resets, reconstructor = run_packets([first, *doubled])
    assert (resets, reconstructor.statistics.repeated_packets) == ([], 3)
    assert reconstructor.statistics.packets == 4
    for one, other in zip(frames, expected, strict=True):
        np.testing.assert_array_equal(one.intensity, other.intensity)


def test_a_few_lost_packets_may_be_tolerated():
    packets = packets_of(make_events(4000), [1000, 2000, 3000])
    _, resets, reconstructor = run_packets([packets[0], packets[3]], lost_packets_tolerated=2)
    assert resets == []
    assert reconstructor.statistics.lost_packets == 2


def test_a_bag_that_loops_resets_once_and_begins_as_the_first_time():
    packets = packets_of(make_events(4000, step_ns=100_000), [1000, 2000, 3000])
    frames, resets, _ = run_packets([*packets, *packets])
    assert resets == [ResetReason.TIME_BACKWARDS]
    half = len(frames) // 2
    for one, other in zip(frames[:half], frames[half:-1], strict=True):
        assert one.t_ns == other.t_ns
        np.testing.assert_array_equal(one.image, other.image)


def test_a_sender_that_restarts_its_count_resets_the_state():
    packets = packets_of(make_events(4000), [1000, 2000])
    again = dataclasses.replace(packets[2], seq=0)
    _, resets, _ = run_packets([packets[0], packets[1], again])
    assert resets == [ResetReason.SENDER_RESTARTED]


def test_sensor_time_that_goes_back_within_a_packet_resets_the_state():
    later, earlier = make_events(1000, t_start_ns=10**9), make_events(2000)
    packet = packets_of(earlier, [])[0]
    data = np.concatenate([encode_mono(later, 0), encode_mono(earlier, 0)])
    _, resets, _ = run_packets([dataclasses.replace(packet, data=data)])
    assert resets == [ResetReason.TIME_BACKWARDS]


def test_after_a_long_pause_that_stamps_confirm_the_state_is_kept():
    events = Events.concatenate([make_events(1000), make_events(2000, t_start_ns=3 * 10**9)])
    frames, resets, _ = run_packets(packets_of(events, [1000]), max_gap=0.05)
    assert resets == []
    assert [frame.t_ns // MS for frame in frames] == [10, 20, 30, 40, 50, 60, 3010, 3020]
    assert np.abs(frames[5].intensity).sum() > 0


@pytest.mark.parametrize('borders', [[], [1000], [999], [1001]])
def test_a_long_pause_that_no_stamp_confirms_resets_without_frames_for_it(borders):
    events = Events.concatenate([make_events(1000), make_events(2000, t_start_ns=3 * 10**9)])
    packets = [dataclasses.replace(one, stamp_ns=0) for one in packets_of(events, borders)]
    frames, resets, _ = run_packets(packets, max_gap=0.05)
    assert resets == [ResetReason.TIME_JUMP]
    assert [frame.t_ns // MS for frame in frames] == [3010, 3020]


def test_frames_of_one_packet_are_made_one_by_one():
    events = Events.concatenate([make_events(1000), make_events(100, t_start_ns=4 * 10**9)])
    reconstructor = Reconstructor(Settings(model='leaky_integrator', fps=1000.0, max_gap=10.0))
    assert reconstructor.push(packets_of(events, [])[0])[-1].t_ns == 9 * MS
    frames = reconstructor.stream_end()
    assert next(frames).t_ns == 10 * MS
    assert reconstructor.statistics.frames == 10
    assert sum(1 for _ in frames) > 3900


def test_frames_that_nobody_iterates_still_update_the_state():
    packets = packets_of(make_events(4000), range(100, 4000, 100))
    careful, careless = (Reconstructor(Settings(model='fibar', fps=100.0)) for _ in range(2))
    for packet in packets[:-1]:
        careful.push(packet)
        careless.stream(packet)
    expected, found = careful.push(packets[-1]), careless.push(packets[-1])
    expected += careful.flush()
    found += careless.flush()
    assert careless.statistics == careful.statistics
    assert len(expected) > 0
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(one.intensity, other.intensity)


def test_a_sender_that_does_not_count_is_not_reset():
    packets = [
        dataclasses.replace(one, seq=0) for one in packets_of(make_events(4000), [1000, 2000])
    ]
    _, resets, reconstructor = run_packets(packets)
    assert resets == []
    assert reconstructor.statistics.lost_packets == 0


def test_a_new_resolution_resets_the_state():
    small = packets_of(make_events(2000), [])
    large = dataclasses.replace(small[0], width=64, height=48, seq=1)
    frames, resets, _ = run_packets([small[0], large])
    assert resets == [ResetReason.SENSOR_CHANGED]
    assert {frame.image.shape for frame in frames[:1]} == {(HEIGHT, WIDTH)}
    assert {frame.image.shape for frame in frames[1:]} == {(48, 64)}


def test_under_overload_windows_are_merged_and_no_event_is_lost():
    events = make_events(4000)
    reconstructor = Reconstructor(Settings(model='leaky_integrator', fps=1000.0))
    reconstructor.pace.holds = lambda joined, can_join: joined < 4
    frames = [
        frame for packet in packets_of(events, [500]) for frame in reconstructor.push(packet)
    ]
    assert [len(frame.samples) for frame in frames] == [400] * 9
    assert reconstructor.statistics.merged_windows == 39 - 9 - 1
    reconstructor.pace.holds = lambda joined, can_join: False
    frames += reconstructor.flush()
    assert sum(len(frame.samples) for frame in frames) == 4000


def test_without_rendering_only_the_image_is_missing():
    packets = packets_of(make_events(4000), [1000, 2000])
    rendered, blind = (Reconstructor(Settings(fps=100.0)) for _ in range(2))
    blind.images.rendering = False
    pairs = []
    for packet in packets:
        pairs += zip(rendered.push(packet), blind.push(packet), strict=True)
    assert pairs
    for one, other in pairs:
        assert other.image is None
        np.testing.assert_array_equal(one.intensity, other.intensity)


def test_a_reference_asks_for_a_frame_with_its_own_stamp():
    reconstructor = Reconstructor(Settings(sync_mode='camera_image', model='leaky_integrator'))
    frames = []
    for packet in packets_of(make_events(4000), range(100, 4000, 100)):
        frames += reconstructor.push(packet)
        if packet.seq == 5:
            frames += reconstructor.push_reference(Reference(EPOCH_NS + 7 * MS + 5))
    assert [(frame.stamp_ns, frame.t_ns) for frame in frames] == [
        (EPOCH_NS + 7 * MS + 5, 7 * MS + 5)
    ]


def test_references_before_the_first_packet_are_kept():
    settings = Settings(sync_mode='camera_image', model='leaky_integrator')
    packets = packets_of(make_events(4000), range(100, 4000, 100))
    stamps = [EPOCH_NS + 7 * MS + 5, EPOCH_NS + 15 * MS]
    for prepared in (False, True):
        reconstructor = Reconstructor(settings)
        frames = [reconstructor.push_reference(Reference(stamps[0]))]
        if prepared:  # as a node does that knows its camera
            reconstructor.prepare(packets[0].width, packets[0].height, SensorKind.EVENT)
        frames += [reconstructor.push_reference(Reference(stamps[1]))]
        frames += [reconstructor.push(packet) for packet in packets]
        assert [frame.stamp_ns for made in frames for frame in made] == stamps


def test_an_unknown_model_is_refused_at_once_with_the_names_that_exist():
    with pytest.raises(UserError, match=r'did you mean fibar.*leaky_integrator'):
        Reconstructor(Settings(model='fiber'))


def test_an_unknown_encoding_is_refused_and_the_next_packet_is_processed():
    good = packets_of(make_events(3000), [1500])
    reconstructor = Reconstructor(Settings(model='leaky_integrator', fps=100.0))
    with pytest.raises(UserError, match='evt9'):
        reconstructor.push(dataclasses.replace(good[0], encoding='evt9'))
    assert [frame for packet in good for frame in reconstructor.push(packet)]


@pytest.mark.parametrize(
    ('width', 'height', 'reason'),
    [
        (0, 10, 'no sensor size'),
        (10, 0, 'no sensor size'),
        (2**31, 10, 'sensor of .* pixels, but mono allows'),
        (16384, 16384, 'sensor of .* pixels, but mono allows'),
    ],
)
def test_an_impossible_resolution_is_refused(width, height, reason):
    packet = dataclasses.replace(packets_of(make_events(10), [])[0], width=width, height=height)
    with pytest.raises(UserError, match=reason):
        Reconstructor(Settings()).push(packet)


def test_a_closed_reconstructor_can_be_used_again_also_for_a_smaller_sensor():
    large = [
        dataclasses.replace(one, width=64, height=48, data=one.data)
        for one in packets_of(_shifted(make_events(4000), 32, 24), [2000])
    ]
    small = packets_of(make_events(4000), [2000])
    reconstructor = Reconstructor(Settings(fps=100.0))
    fresh = [frame for packet in small for frame in reconstructor.push(packet)]
    reconstructor.close()
    list(reconstructor.push(large[0]))
    reconstructor.close()
    again = [frame for packet in small for frame in reconstructor.push(packet)]
    assert [len(frame.samples) for frame in again] == [len(frame.samples) for frame in fresh]
    for one, other in zip(again, fresh, strict=True):
        np.testing.assert_array_equal(one.image, other.image)


def _shifted(events, x, y):
    return dataclasses.replace(
        events, x=(events.x + x).astype(np.uint16), y=(events.y + y).astype(np.uint16)
    )


def test_warm_up_ignores_the_mask_of_the_real_sensor(tmp_path):
    mask = tmp_path / 'mask.png'
    cv2.imwrite(str(mask), np.zeros((480, 640), np.uint8))
    warm_up(Settings(hot_pixel_file=str(mask)))
