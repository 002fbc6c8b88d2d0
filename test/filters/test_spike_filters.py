# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import cv2
import numpy as np
import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.full_reference import psnr, ssim
from spike_recon_ros.filters.compensated_tfi import CompensatedTfi
from spike_recon_ros.filters.spike_intervals import SpikeIntervals
from spike_recon_ros.filters.tfi import Tfi
from spike_recon_ros.filters.tfp import Tfp
from spike_recon_ros.packets.registry import decoder_for
from spike_recon_ros.packets.spike_planes import SpikePlanes, pack_planes
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.windows.window import Window

TRUTH_PLANE, TRUTH_SCALE = 150, 0.6
# PSNR (dB) and SSIM by clip of spike-REDS, computed apart from this package with every spike of
# the clip before and after the instant.
EXPECTED = {
    'spike_intervals': {
        '200_part1': (30.98, 0.771),
        '203_part1': (27.83, 0.847),
        '203_part2': (28.63, 0.866),
    },
    'tfp': {
        '200_part1': (29.10, 0.649),
        '203_part1': (25.86, 0.723),
        '203_part2': (25.79, 0.704),
    },
    'tfi': {
        '200_part1': (21.85, 0.452),
        '203_part1': (24.40, 0.794),
        '203_part2': (24.73, 0.761),
    },
}
KINDS = {kind.name: kind for kind in (CompensatedTfi, SpikeIntervals, Tfp, Tfi)}


def window_of(bits):
    return Window(0, len(bits), SpikePlanes(bits, np.arange(len(bits))))


def spiking(numbers, planes, width=3, height=2):
    """A window in which every pixel fires in the planes with these numbers."""
    spikes = np.zeros((planes, height, width), np.uint8)
    spikes[list(numbers)] = 1
    return window_of(pack_planes(spikes))


@pytest.fixture(scope='module', params=EXPECTED['tfp'])
def clip(request, recordings):
    name = f'spike/{request.param}_key_id151'
    with open_source(recordings(f'{name}.dat')) as source:
        packets = list(source)
    decoder = decoder_for(packets[0].encoding, packets[0].width, packets[0].height)
    bits = SpikePlanes.concatenate([decoder.decode(packet) for packet in packets]).bits
    return request.param, bits, cv2.imread(str(recordings(f'{name}.png')), cv2.IMREAD_GRAYSCALE)


@pytest.mark.parametrize('name', EXPECTED)
def test_simulated_clip_gives_the_published_figures(clip, name):
    which, bits, truth = clip
    spike_filter = KINDS[name](400, 250)
    end = TRUTH_PLANE + 1 + spike_filter.lookahead_planes
    intensity = spike_filter.step(window_of(bits[:end])) / TRUTH_SCALE
    image = np.rint(np.clip(intensity, 0, 1) * 255) / 255
    expected_db, expected_ssim = EXPECTED[name][which]
    assert psnr(image, truth / 255) == pytest.approx(expected_db, abs=0.1)
    assert ssim(image, truth / 255) == pytest.approx(expected_ssim, abs=0.01)


def test_motion_compensated_tfi_is_better_than_plain_on_every_clip(clip):
    which, bits, truth = clip
    spike_filter = CompensatedTfi(400, 250)
    end = TRUTH_PLANE + 1 + spike_filter.lookahead_planes
    intensity = spike_filter.step(window_of(bits[:end])) / TRUTH_SCALE
    expected_db, expected_ssim = EXPECTED['spike_intervals'][which]
    assert psnr(np.clip(intensity, 0, 1), truth / 255) > expected_db + 2.5
    assert ssim(np.clip(intensity, 0, 1), truth / 255) > expected_ssim + 0.05


@pytest.mark.parametrize('kind', KINDS.values())
def test_windows_may_be_cut_anywhere(kind):
    bits = np.random.default_rng(0).integers(0, 256, (90, 2, 1), np.uint8)
    whole, parts = kind(8, 2), kind(8, 2)
    expected = whole.step(window_of(bits))
    for part in np.split(bits, [0, 1, 30, 31, 77]):
        found = parts.step(window_of(part))
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.float32
    assert 0 <= found.min() <= found.max() <= 1


@pytest.mark.parametrize('kind', KINDS.values())
def test_reset_gives_the_first_image_back(kind):
    bits = np.random.default_rng(1).integers(0, 256, (70, 2, 1), np.uint8)
    one = kind(8, 2)
    first = one.step(window_of(bits))
    again = one.step(window_of(bits[:20]))
    one.reset()
    assert (first != again).any()
    np.testing.assert_array_equal(one.step(window_of(bits)), first)


@pytest.mark.parametrize('kind', KINDS.values())
def test_no_spike_gives_black(kind):
    assert kind(3, 2).step(spiking([], 99)).max() < 1e-8


def test_tfp_counts_the_planes_around_the_instant():
    image = Tfp(3, 2, planes=5).step(spiking([10, 12, 14, 15], 16))
    assert image.tolist() == [[np.float32(3 / 5)] * 3] * 2


def test_tfi_is_the_reciprocal_of_the_interval_around_the_instant():
    assert Tfi(3, 2, 10).step(spiking([2, 7, 12, 14], 20))[0, 0] == np.float32(1 / 5)


def test_an_interval_that_has_not_ended_is_as_long_as_it_is_so_far():
    assert Tfi(3, 2, 10).step(spiking([2, 7], 20))[0, 0] == np.float32(1 / 13)
    assert SpikeIntervals(3, 2, 10).step(spiking([2, 7], 20))[0, 0] == np.float32(1 / 13)


def test_interval_that_has_not_ended_is_no_shorter_than_the_one_before():
    assert Tfi(3, 2, 0).step(spiking([2, 17], 20))[0, 0] == np.float32(1 / 15)


def test_second_order_takes_the_mean_of_both_sides():
    image = SpikeIntervals(3, 2, 10).step(spiking([2, 7, 12, 16], 20))
    assert image[0, 0] == pytest.approx((2 / (16 - 7) + 2 / (12 - 2)) / 2)


def test_side_whose_second_spike_is_missing_is_left_out():
    later = SpikeIntervals(3, 2, 10).step(spiking([2, 7, 12], 20))
    earlier = SpikeIntervals(3, 2, 10).step(spiking([7, 12, 16], 20))
    assert later[0, 0] == pytest.approx(2 / (12 - 2))
    assert earlier[0, 0] == pytest.approx(2 / (16 - 7))


@pytest.mark.parametrize('planes', [0, 20, 65])
def test_tfp_needs_a_middle_plane(planes):
    with pytest.raises(UserError, match='it must be odd and below 64'):
        Tfp(3, 2, planes)
