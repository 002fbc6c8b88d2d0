# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The page that compares models."""

import numpy as np
import pytest

from spike_recon_ros.evaluation.score import EvaluatedFrame
from spike_recon_ros.evaluation.sheet import CELL_WIDTH, Sheet, sheet_instants_s
from spike_recon_ros.packets.events import Events


def frame(t_s, grey, truth=None, size=(90, 120)):
    image = np.full(size, grey, np.uint8)
    seen = None if truth is None else np.full(size, truth, np.uint8)
    return EvaluatedFrame(t_s, image.astype(np.float32) / 255, 255 - image, Events.empty(), seen)


def shown(page, grey):
    return int((page == grey).all(axis=2).sum())


def test_the_cold_start_is_shown_however_long_the_recording_is():
    assert sheet_instants_s(100.0) == [0.05, 0.1, 0.25, 50.0, 95.0]


def test_instants_increase_in_a_short_recording():
    assert sheet_instants_s(0.16) == pytest.approx([0.05, 0.08, 0.152])


def test_the_first_frame_at_or_after_an_instant_is_kept_for_each_model():
    sheet = Sheet([0.1, 0.5])
    for t_s, grey in ((0.05, 10), (0.1, 20), (0.2, 30), (0.6, 40), (0.7, 50)):
        sheet.add('a', frame(t_s, grey, truth=200))
        sheet.add('b', frame(t_s, grey + 5, truth=200))
    page = sheet.draw()
    cell = (3 * 90) * (3 * 120)
    assert [shown(page, grey) >= cell for grey in (10, 20, 30, 40, 50)] == [0, 1, 0, 1, 0]
    assert [shown(page, grey + 5) >= cell for grey in (10, 20, 30, 40, 50)] == [0, 1, 0, 1, 0]
    assert shown(page, 200) >= 2 * cell


def test_two_instants_between_two_frames_give_one_column():
    sheet = Sheet([0.1, 0.2, 0.9])
    for t_s in (0.05, 0.3, 1.0):
        sheet.add('a', frame(t_s, 20))
    assert sheet.draw().shape[1] < 3 * CELL_WIDTH


def test_without_truth_the_stretched_image_is_shown():
    sheet = Sheet([0.0])
    sheet.add('a', frame(0.0, 20))
    page = sheet.draw()
    assert shown(page, 235) >= 90 * 120
    assert shown(page, 20) == 0


def test_large_sensors_are_made_smaller():
    sheet = Sheet([0.0])
    sheet.add('a', frame(0.0, 20, size=(720, 1280)))
    assert sheet.draw().shape[1] < CELL_WIDTH + 100


def test_without_a_frame_there_is_no_page():
    assert Sheet([0.1]).draw() is None
