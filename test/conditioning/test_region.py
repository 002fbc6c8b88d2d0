# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from stream import HEIGHT, WIDTH, make_events, packets_of, run_packets

from spike_recon_ros.conditioning.conditioner import Conditioner
from spike_recon_ros.conditioning.region import region_of
from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.settings import Settings
from spike_recon_ros.stream_statistics import Statistics


def conditioned(events, **settings):
    chosen, statistics = Settings(**settings), Statistics()
    conditioner = Conditioner(chosen, region_of(chosen, WIDTH, HEIGHT), statistics)
    arrays = (events.x.copy(), events.y.copy(), events.p.copy(), events.t_ns.copy())
    return conditioner.apply(Events(*arrays, events.triggers)), statistics


def test_a_roi_keeps_the_events_inside_and_counts_the_others():
    events = make_events(2000)
    inside = (events.x >= 5) & (events.x < 5 + 16) & (events.y >= 2) & (events.y < 2 + 12)
    left, statistics = conditioned(events, roi='5,2,16,12')
    np.testing.assert_array_equal(left.x, events.x[inside] - 5)
    np.testing.assert_array_equal(left.y, events.y[inside] - 2)
    np.testing.assert_array_equal(left.p, events.p[inside])
    np.testing.assert_array_equal(left.t_ns, events.t_ns[inside])
    assert statistics.cropped_events == np.count_nonzero(~inside) > 0


@pytest.mark.parametrize('scale', [2, 4])
def test_binning_keeps_every_event_of_a_sensor_that_divides_evenly(scale):
    events = make_events(1000)
    settings = Settings(scale=scale)
    region = region_of(settings, 64, 32)
    copy = Events(
        events.x.copy(), events.y.copy(), events.p.copy(), events.t_ns.copy(), events.triggers
    )
    left = Conditioner(settings, region, Statistics()).apply(copy)
    np.testing.assert_array_equal(left.x, events.x // scale)
    np.testing.assert_array_equal(left.y, events.y // scale)


def test_roi_and_scale_together_crop_first():
    events = make_events(2000)
    left, _ = conditioned(events, roi='3,1,16,16', scale=2)
    inside = (events.x >= 3) & (events.x < 19) & (events.y >= 1) & (events.y < 17)
    np.testing.assert_array_equal(left.x, (events.x[inside] - 3) // 2)
    np.testing.assert_array_equal(left.y, (events.y[inside] - 1) // 2)


def test_columns_that_do_not_fill_a_binned_pixel_are_left_out():
    region = region_of(Settings(scale=4), 346, 263)
    assert (region.width, region.height, region.image_size) == (344, 260, (86, 65))
    assert not region.is_whole


def test_the_defaults_return_the_same_object():
    events = make_events(10)
    settings = Settings()
    conditioner = Conditioner(settings, region_of(settings, WIDTH, HEIGHT), Statistics())
    assert conditioner.apply(events) is events


@pytest.mark.parametrize(
    ('settings', 'sentence'),
    [
        ({'roi': '0,0,33,24'}, 'beyond the sensor of 32x24 pixels; keep x \\+ width <= 32'),
        ({'roi': '8,8,16,17'}, 'beyond the sensor'),
        ({'roi': '0,0,17,16', 'scale': 2}, 'multiples of scale 2; the nearest is 0,0,16,16'),
        ({'roi': '4,4,4,4'}, 'image of 4x4 pixels; keep at least 8x8'),
        ({'scale': 4}, 'image of 8x6 pixels'),
        ({'roi': '1,2,3'}, 'must be x,y,width,height'),
        ({'roi': '0,0,0,10'}, 'must be x,y,width,height'),
        ({'roi': '-1,0,8,8'}, 'must be x,y,width,height'),
    ],
)
def test_a_region_that_does_not_suit_gives_one_sentence(settings, sentence):
    with pytest.raises(UserError, match=sentence):
        region_of(Settings(**settings), WIDTH, HEIGHT)


@pytest.mark.parametrize('scale', [0, 3, 8, -2, 2.0 + 0.5, True])
def test_an_odd_scale_is_refused(scale):
    with pytest.raises(UserError, match='scale is'):
        Settings(scale=scale)


def test_a_malformed_roi_is_refused_before_the_first_packet():
    with pytest.raises(UserError, match='must be x,y,width,height'):
        run_packets([], roi='left half')


@pytest.mark.parametrize('borders', [[], range(0, 3000, 7)])
def test_frames_of_a_binned_roi_do_not_depend_on_the_packets(borders):
    events = make_events(3000)
    frames, _, reconstructor = run_packets(packets_of(events, borders), roi='8,4,16,16', scale=2)
    once, _, _ = run_packets(packets_of(events, [1500]), roi='8,4,16,16', scale=2)
    assert len(frames) == len(once) > 2
    assert all((a.image == b.image).all() for a, b in zip(frames, once, strict=True))
    assert frames[0].image.shape == (8, 8)
    assert reconstructor.region.sensor_width == WIDTH


def test_a_frame_of_the_roi_is_the_frame_of_a_sensor_of_that_size():
    events = make_events(3000)
    frames, _, _ = run_packets(packets_of(events, [1000]), roi='8,4,16,16', tone_time=0.0)
    inside = (events.x >= 8) & (events.x < 24) & (events.y >= 4) & (events.y < 20)
    small = Events(
        events.x[inside] - np.uint16(8),
        events.y[inside] - np.uint16(4),
        events.p[inside],
        events.t_ns[inside],
        events.triggers,
    )
    packets = [
        Packet(p.encoding, 16, 16, p.seq, p.time_base, p.stamp_ns, p.data)
        for p in packets_of(small, [100])
    ]
    expected, _, _ = run_packets(packets, tone_time=0.0)
    assert [f.t_ns for f in frames] == [f.t_ns for f in expected]
    assert all((a.image == b.image).all() for a, b in zip(frames, expected, strict=True))


def test_a_spike_camera_refuses_scale_and_roi():
    planes = Packet('spike_planes;period_ns=50000', 16, 16, 0, 0, 0, np.zeros(320, np.uint8))
    for settings in ({'scale': 2}, {'roi': '0,0,8,8'}):
        with pytest.raises(UserError, match='is for events; leave it out for a spike camera'):
            run_packets([planes], model='auto', **settings)
