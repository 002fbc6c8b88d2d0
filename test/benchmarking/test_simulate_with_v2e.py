# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The frames that v2e is shown: crops of a video, and images between two frames."""

import importlib.util
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from spike_recon_ros.errors import UserError

PROGRAM = Path(__file__).resolve().parents[2] / 'benchmarks' / 'simulate_with_v2e.py'


@pytest.fixture(scope='module')
def program():
    spec = importlib.util.spec_from_file_location('simulate_with_v2e', PROGRAM)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def texture(shift_px):
    rng = np.random.default_rng(0)
    noise = cv2.GaussianBlur(rng.uniform(0, 255, (80, 120)), (0, 0), 3)
    wide = (noise - noise.min()) / np.ptp(noise) * 255
    move = np.float32([[1, 0, shift_px], [0, 1, 0]])
    return cv2.warpAffine(wide.astype(np.float32), move, (120, 80), borderMode=cv2.BORDER_REFLECT)


def test_an_image_between_two_frames_has_moved_its_share_of_the_way(program):
    steps = list(program.steps([texture(0), texture(4)], 0.03))
    times = [t_s for t_s, _ in steps]
    assert times[0] == program.FIRST_EVENT_S
    assert times[-1] == pytest.approx(program.FIRST_EVENT_S + 0.03)
    assert max(np.diff(times)) <= program.LONGEST_STEP_S + 1e-9
    middle = steps[len(steps) // 2]
    share = (middle[0] - times[0]) / 0.03
    inside = np.s_[10:70, 15:105]
    moved = np.abs(middle[1] - texture(4 * share))[inside].mean()
    blended = np.abs((1 - share) * texture(0) + share * texture(4) - texture(4 * share))
    assert moved < 1.5
    assert moved < 0.5 * blended[inside].mean()


def test_the_truth_is_the_crop_of_the_video_at_the_exposure_of_the_clip(program, tmp_path):
    writer = cv2.VideoWriter(
        str(tmp_path / 'a.avi'), cv2.VideoWriter.fourcc(*'MJPG'), 25.0, (320, 240)
    )
    for _ in range(4):
        writer.write(np.full((240, 320, 3), 100, np.uint8))
    writer.release()
    clip = program.Clip('a', 'a.avi', frames=3, speed=2.0, gain=0.5, size=(64, 48))
    frames, step_s = program.read_frames(clip, tmp_path)
    assert step_s == pytest.approx(0.02)
    assert [frame.shape for frame in frames] == [(48, 64)] * 3
    assert frames[0] == pytest.approx(50.0, abs=1.0)
    with pytest.raises(UserError, match='has 4 frames'):
        program.read_frames(program.Clip('a', 'a.avi', frames=5), tmp_path)


def test_a_folder_without_v2e_is_refused(program, tmp_path):
    with pytest.raises(UserError, match='no clone of v2e'):
        program.load_v2e(tmp_path)
