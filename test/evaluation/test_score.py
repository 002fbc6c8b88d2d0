# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Scores of videos whose every frame is known."""

import cv2
import numpy as np
import pytest

from spike_recon_ros.evaluation.metrics import (
    BY_DEFAULT,
    FULL_REFERENCE,
    LEVELS,
    METRICS,
    ON_REQUEST,
)
from spike_recon_ros.evaluation.score import EvaluatedFrame, Score
from spike_recon_ros.packets.events import Events, Triggers

HEIGHT, WIDTH = 160, 240
SIDE = 48


def events(*places):
    x, y = np.array(places, np.uint16).reshape(-1, 2).T
    count = len(places)
    return Events(
        x, y, np.zeros(count, np.uint8), np.arange(count, dtype=np.int64), Triggers.empty()
    )


def sheet(*tag_ids):
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
    image = np.full((HEIGHT, WIDTH), 230, np.uint8)
    for place, tag_id in enumerate(tag_ids):
        x = 20 + 70 * place
        image[30 : 30 + SIDE, x : x + SIDE] = cv2.aruco.generateImageMarker(
            dictionary, tag_id, SIDE
        )
    return image


def frame(t_s=0.0, value=0.5, events_at=(), image=None, truth=None):
    intensity = np.full((HEIGHT, WIDTH), value, np.float32)
    stretched = sheet() if image is None else image
    return EvaluatedFrame(t_s, intensity, stretched, events(*events_at), truth)


def textured(t_s, truth, gain=1.0, offset=0.0):
    intensity = (gain * (truth / 255) + offset).astype(np.float32)
    return EvaluatedFrame(t_s, intensity, truth, events(), truth)


def scored(metrics, frames):
    score = Score(metrics)
    for one in frames:
        score.add(one)
    return score


def test_every_metric_that_can_be_asked_for_has_a_figure():
    truth = sheet(1)
    frames = [textured(t, truth=truth) for t in (0.1, 0.2, 0.3)]
    score = scored(BY_DEFAULT, frames)
    score.pipeline_s = [9.0, 0.1, 0.1]
    summary = score.summary()
    assert set(summary) == {*METRICS, *LEVELS} - set(ON_REQUEST)
    assert summary['images_per_s'] == pytest.approx(10)
    assert all(value is not None for value in summary.values())


def test_only_what_was_asked_for_is_measured():
    score = scored(['mse'], [frame(0.1, truth=sheet())])
    assert set(score.rows[0]) == {'t_s', 'events', 'mse'}
    assert set(score.summary()) == {'mse'}


def test_the_intensity_is_compared_with_the_truth_over_255():
    truth = np.full((HEIGHT, WIDTH), 51, np.uint8)
    summary = scored(['mse'], [frame(value=0.7, truth=truth)]).summary()
    assert summary['mse'] == pytest.approx(0.25, abs=1e-6)


def test_without_truth_nothing_is_compared():
    summary = scored(BY_DEFAULT, [frame(t) for t in (0.1, 0.2, 0.3)]).summary()
    assert all(summary[name] is None for name in FULL_REFERENCE if name in summary)
    assert summary['tags'] == 0.0
    assert summary['flicker'] == 0.0
    assert summary['tags_share'] is None


def test_skipped_seconds_do_not_count_for_the_comparison_alone():
    black = np.zeros((HEIGHT, WIDTH), np.uint8)
    frames = [frame(0.1, 1.0, truth=black), frame(0.2, 0.5, truth=black)]
    score = scored(['mse', 'tags'], frames)
    assert score.summary()['mse'] == pytest.approx((1 + 0.25) / 2)
    assert score.summary(skip_s=0.2)['mse'] == pytest.approx(0.25)
    assert len(score.rows) == 2


def test_the_perceptual_distance_is_that_of_the_function_given():
    score = Score(['lpips'], lambda image, truth: float(truth.mean() - image.mean()))
    score.add(frame(value=0.25, truth=np.full((HEIGHT, WIDTH), 255, np.uint8)))
    assert score.summary() == {'lpips': pytest.approx(0.75)}


def test_a_brightness_that_goes_up_and_down_is_flicker():
    score = scored(['flicker'], [frame(0.1 * k, v) for k, v in enumerate((0.5, 0.6, 0.5))])
    assert [row['flicker'] for row in score.rows] == [None, pytest.approx(0.1), None]


def test_an_even_drift_is_no_flicker():
    score = scored(['flicker'], [frame(0.1 * k, 0.1 * k) for k in range(5)])
    assert score.summary()['flicker'] == pytest.approx(0.0, abs=1e-7)


@pytest.mark.parametrize('late', [0, 1])
def test_what_happens_around_an_event_is_no_flicker(late):
    """The pixels within two of an event, in the window before or after the middle frame."""
    events_at = [(), ()]
    events_at[late] = [(100, 80)]
    frames = [frame(0.0), frame(0.1, events_at=events_at[0]), frame(0.2, events_at=events_at[1])]
    frames[1].intensity[78:83, 98:103] = 1.0
    assert scored(['flicker'], frames).summary()['flicker'] == 0.0
    frames[1].intensity[83, 100] = 1.0
    outside = HEIGHT * WIDTH - 25
    assert scored(['flicker'], frames).summary()['flicker'] == pytest.approx(0.5 / outside)


def test_an_event_before_the_first_of_three_frames_hides_nothing():
    frames = [frame(0.0, events_at=[(100, 80)]), frame(0.1), frame(0.2)]
    frames[1].intensity[80, 100] = 1.0
    assert scored(['flicker'], frames).summary()['flicker'] > 0


def test_where_events_are_everywhere_flicker_is_not_known():
    every = [(x, y) for x in range(0, WIDTH, 3) for y in range(0, HEIGHT, 3)]
    frames = [frame(0.1 * k, events_at=every) for k in range(3)]
    assert scored(['flicker'], frames).summary() == {'flicker': None}


def test_tags_are_counted_and_the_first_is_timed():
    frames = [frame(0.1), frame(0.2, image=sheet(1)), frame(0.3, image=sheet(1, 2))]
    summary = scored(['tags', 'first_tag_ms'], frames).summary()
    assert summary == {'tags': pytest.approx(1.0), 'first_tag_ms': pytest.approx(200.0)}


def test_the_share_is_of_all_tags_in_view():
    truth = sheet(1, 2)
    frames = [frame(0.1, truth=truth), frame(0.2, image=sheet(1), truth=truth)]
    frames.append(frame(0.3, image=sheet(1), truth=sheet(1)))
    summary = scored(['tags', 'tags_share', 'first_tag_ms'], frames).summary()
    assert summary['tags_share'] == pytest.approx(2 / 5)


def test_a_tag_that_is_never_read_has_no_time():
    summary = scored(['tags', 'first_tag_ms'], [frame(0.1)]).summary()
    assert summary == {'tags': 0.0, 'first_tag_ms': None}


def test_where_the_truth_shows_no_tag_no_figure_of_tags_applies():
    frames = [frame(0.1, image=sheet(1), truth=sheet()), frame(0.2, truth=sheet())]
    summary = scored(['tags', 'tags_share', 'first_tag_ms'], frames).summary()
    assert summary == {'tags': None, 'tags_share': None, 'first_tag_ms': None}


def test_matching_removes_errors_of_level_and_of_contrast():
    truth = sheet(1, 2)
    metrics = ['mse', 'mse_mean', 'ssim_mean', 'mse_matched', 'ssim_matched']
    darker = scored(metrics, [textured(0.1, truth, offset=-0.1)]).summary()
    assert darker['mse'] == pytest.approx(0.01, rel=1e-4)
    assert darker['mse_mean'] == pytest.approx(0.0, abs=1e-12)
    assert darker['ssim_mean'] == pytest.approx(1.0, abs=1e-6)
    flatter = scored(metrics, [textured(0.1, truth, gain=0.5, offset=0.2)]).summary()
    assert flatter['mse_mean'] == pytest.approx((0.5 * truth.std() / 255) ** 2, rel=1e-4)
    assert flatter['mse_matched'] == pytest.approx(0.0, abs=1e-12)
    assert flatter['ssim_matched'] == pytest.approx(1.0, abs=1e-6)


def test_levels_are_the_mean_and_the_spread_of_image_and_truth():
    truth = np.zeros((HEIGHT, WIDTH), np.uint8)
    truth[::2] = 255
    summary = scored(['level_error'], [textured(0.1, truth, gain=0.5, offset=0.1)]).summary()
    assert summary == {
        'level_error': pytest.approx(0.15),
        'level': pytest.approx(0.35),
        'spread': pytest.approx(0.25),
        'truth_level': pytest.approx(0.5),
        'truth_spread': pytest.approx(0.5),
    }


def test_fine_detail_is_correlated_over_the_pixels_of_all_frames():
    stripes = np.zeros((HEIGHT, WIDTH), np.uint8)
    stripes[:, ::2] = 255
    flat = np.full((HEIGHT, WIDTH), 128, np.uint8)
    frames = [
        textured(0.1, stripes, gain=0.1),
        EvaluatedFrame(0.2, np.zeros((HEIGHT, WIDTH), np.float32), flat, events(), stripes),
    ]
    score = scored(['fine'], frames)
    assert score.rows[0]['fine'] == pytest.approx(1.0)
    assert score.rows[1]['fine'] is None
    # Half of the values of x are 0: the covariance halves, and so does the variance of x.
    assert score.summary()['fine'] == pytest.approx(np.sqrt(0.5))
    assert score.summary(skip_s=0.2)['fine'] is None


def test_a_drift_where_nothing_fired_is_a_change():
    frames = [frame(0.0), frame(0.1, 0.52), frame(0.2, 0.55, events_at=[(100, 80)])]
    frames[2].intensity[78:83, 98:103] = 1.0
    score = scored(['still_change'], frames)
    changes = [row['still_change'] for row in score.rows]
    assert changes == [None, pytest.approx(0.02, abs=1e-6), pytest.approx(0.03, abs=1e-6)]
    assert score.summary()['still_change'] == pytest.approx(0.025, abs=1e-6)
