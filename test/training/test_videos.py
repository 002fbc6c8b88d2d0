# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Scenes of event cameras that are cut from videos."""

import cv2
import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: nothing can be simulated')

from spike_recon_ros.errors import UserError  # noqa: E402
from spike_recon_training.simulation.lighting import LampModel, Lamps, Lighting  # noqa: E402
from spike_recon_training.simulation.moving_layers import PlanarWorlds, WorldModel  # noqa: E402
from spike_recon_training.simulation.sequences import SequenceModel, Sequences  # noqa: E402
from spike_recon_training.simulation.video_worlds import VideoModel, VideoWorlds  # noqa: E402
from spike_recon_training.simulation.videos import Clips, find_videos, load_clips  # noqa: E402

HEIGHT, WIDTH, BINS = 48, 64, 5
SIDE = 80
PLAIN = VideoModel(
    frames_per_window=(1.0, 1.0),
    rest_share=0.0,
    back_share=0.0,
    clip_px_per_px=(1.0, 1.0),
    gamma=(1.0, 1.0),
    floor=(1e-6, 1e-6),
)


def texture(seed=0, side=3 * SIDE):
    coarse = np.random.default_rng(seed).random((side // 8, side // 8)).astype(np.float32)
    image = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    return cv2.normalize(image, None, 20, 235, cv2.NORM_MINMAX).astype(np.uint8)


def moving_shot(frames=24, px=3, seed=0):
    """Return uint8 [frames, SIDE, SIDE]; the texture moves by `px` a frame to the left."""
    wide = texture(seed)
    return np.stack([wide[:SIDE, px * k : px * k + SIDE] for k in range(frames)])


def write_video(file, frames):
    size = frames.shape[2], frames.shape[1]
    video = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*'MJPG'), 25, size)
    for frame in frames:
        video.write(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR))
    video.release()


def worlds(clips, model=PLAIN, batch=1, seed=0, window_s=0.02):
    generator = torch.Generator().manual_seed(seed)
    return VideoWorlds(
        clips,
        model,
        Lighting(WorldModel(lighting_share=0.0), batch, generator),
        HEIGHT,
        WIDTH,
        window_s=torch.full((batch,), window_s),
        generator=generator,
        seed=seed,
    )


def test_videos_are_found_in_folders_and_others_are_refused_with_the_file_types(tmp_path):
    with pytest.raises(UserError, match='does not exist; give a folder'):
        find_videos([tmp_path / 'missing'])
    with pytest.raises(UserError, match=r'\.mp4'):
        find_videos([tmp_path])
    (tmp_path / 'deep').mkdir()
    write_video(tmp_path / 'deep' / 'a.avi', moving_shot(10))
    assert [file.name for file in find_videos([tmp_path])] == ['a.avi']


def test_video_is_split_at_its_cuts_and_not_at_its_motion(tmp_path):
    other = 255 - moving_shot(14, px=1, seed=5)
    write_video(tmp_path / 'a.avi', np.concatenate([moving_shot(12, px=1), other]))
    clips = load_clips([tmp_path / 'a.avi'], SIDE, 100)
    assert [len(shot) for shot in clips.shots] == [12, 14]
    assert clips.files == 1


def test_larger_video_is_reduced_and_a_smaller_one_keeps_its_size(tmp_path):
    large = np.stack([np.roll(texture(), k, 1) for k in range(10)])
    write_video(tmp_path / 'large.avi', large)
    for side, expected in ((60, 60), (1000, 3 * SIDE)):
        (shot,) = load_clips([tmp_path / 'large.avi'], side, 100).shots
        assert shot.shape[1:] == (expected, expected)
    (shot,) = load_clips([tmp_path / 'large.avi'], 60, 8).shots
    assert len(shot) == 8


def test_file_that_is_no_video_is_skipped_and_alone_an_error(tmp_path):
    (tmp_path / 'broken.mp4').write_bytes(b'no video')
    write_video(tmp_path / 'good.avi', moving_shot(10))
    files = find_videos([tmp_path])
    assert load_clips(files, SIDE, 100).files == 1
    with pytest.raises(UserError, match='1 files'):
        load_clips([tmp_path / 'broken.mp4'], SIDE, 100)


def test_frames_between_two_frames_lie_on_the_motion():
    """A blend without flow would show both edges: a much larger error at half the time."""
    shot = moving_shot(px=4)
    view = worlds(Clips([shot], 1))._views[0]
    view._frames, view._times_s = np.array([0.0, 10.0]), np.array([0.0, 0.2])
    wide = texture()[:SIDE].astype(np.float32)
    for place in (3.0, 3.25, 3.5):
        matrix = np.float32([[1, 0, 4 * place], [0, 1, 0]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        moved = cv2.warpAffine(wide, matrix, (SIDE, SIDE), flags=flags)
        expected = cv2.warpAffine(moved, view._map, (WIDTH, HEIGHT), flags=flags)
        error = np.abs(view.at(0.02 * place) - expected)[4:-4, 8:-8].mean()
        assert error < 1.5
    blend = (shot[3].astype(np.float32) + shot[4]) / 2
    blend = cv2.warpAffine(blend, view._map, (WIDTH, HEIGHT), flags=flags)
    assert np.abs(blend - expected)[4:-4, 8:-8].mean() > 2 * error


def test_clip_continues_beyond_its_ends_as_its_reflection():
    view = worlds(Clips([moving_shot(10)], 1))._views[0]
    view._frames, view._times_s = np.array([0.0, 40.0]), np.array([0.0, 40.0])
    assert np.array_equal(view.at(8.0), view.at(10.0))
    assert np.array_equal(view.at(1.0), view.at(19.0))
    assert np.array_equal(view.at(1.0), view.at(37.0))


def test_resting_video_stands_still():
    still = VideoModel(rest_share=1.0, back_share=0.0)
    light = worlds(Clips([moving_shot()], 1), still).luminance(torch.tensor([[0.0, 0.1, 0.5]]))
    assert torch.equal(light[:, 0], light[:, 2])
    moving = worlds(Clips([moving_shot()], 1)).luminance(torch.tensor([[0.0, 0.1, 0.5]]))
    assert not torch.equal(moving[:, 0], moving[:, 2])


def test_views_stay_inside_small_clips_and_differ_with_the_seed():
    clips = Clips([moving_shot()[:, :40, :40]], 1)
    model = VideoModel(clip_px_per_px=(4.0, 4.0))
    for seed in range(12):
        matrix = worlds(clips, model, seed=seed)._views[0]._map
        ends = [(x, y, 1) for x in (0, WIDTH - 1) for y in (0, HEIGHT - 1)]
        corners = matrix @ np.transpose(ends)
        assert corners.min() > -1
        assert corners.max() < 40
    first, again, other = (
        worlds(clips, model, seed=seed).luminance(torch.zeros(1, 1)) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_sequences_of_videos_keep_the_exposure_of_the_video(photographs):
    dark = (moving_shot() // 4).astype(np.uint8)
    model = SequenceModel(
        steps=(4,), video=PLAIN, video_gain=(1.0, 1.0), world=WorldModel(lighting_share=0.0)
    )
    made = Sequences(
        photographs, model, 2, HEIGHT, WIDTH, bins=BINS, seed=0, clips=Clips([dark], 1)
    )
    grids, truths = made.next(3)
    assert grids.shape == (3, 2, BINS, HEIGHT, WIDTH)
    assert grids.any()
    assert float(truths.mean()) == pytest.approx(dark.mean() / 255, rel=0.25)


def test_lamp_changes_the_events_and_not_the_truth(photographs):
    def made(lamps):
        still = WorldModel(lighting_share=0.0)
        model = SequenceModel(
            steps=(8,), window_ms=(20.0, 20.0), world=still, lamps=lamps, motion_px=(1e-6, 1e-6)
        )
        return Sequences(photographs, model, 1, HEIGHT, WIDTH, bins=BINS, seed=3).next(4)

    dark, lit = made(LampModel(share=0.0)), made(LampModel(share=0.999, depth=(0.8, 0.8)))
    assert lit[0].abs().sum() > 5 * dark[0].abs().sum()
    assert torch.allclose(lit[1], dark[1])


def test_light_of_a_lamp_has_its_frequency_and_depth():
    lamps = Lamps(
        LampModel(share=0.999, hz=(100.0, 100.0), depth=(0.5, 0.5)),
        1,
        torch.Generator().manual_seed(0),
    )
    t_s = torch.arange(2000)[None] * 1e-5
    level = lamps.light(torch.ones(1, 2000, 1, 1), t_s).log().flatten()
    assert float(level.max() - level.min()) == pytest.approx(0.5, abs=0.01)
    assert torch.allclose(level[:1000], level[1000:], atol=1e-3)


def test_camera_of_a_still_world_does_not_move_and_its_objects_do(photographs):
    world = PlanarWorlds(
        photographs,
        WorldModel(still_share=0.999),
        HEIGHT,
        WIDTH,
        things=1,
        greatest_px_s=torch.tensor([500.0]),
        generator=torch.Generator().manual_seed(4),
    )
    poses = world.homography(torch.linspace(0, 2, 20)[None])
    assert torch.allclose(poses[:, :, 0], poses[:, :1, 0])
    assert not torch.allclose(poses[:, :, 1], poses[:, :1, 1])


def test_windows_of_keyed_views_end_at_frames_of_the_video():
    """So the ground truth is a frame, and the velocity changes only at the ground truth."""
    frame, phase_s, window_s = moving_shot(40), 0.004, 0.01
    model = VideoModel(keyed=True, span_windows=(1.0, 4.0))
    generator = torch.Generator().manual_seed(0)
    view = VideoWorlds(
        Clips([frame], 1),
        model,
        Lighting(WorldModel(lighting_share=0.0), 1, generator),
        HEIGHT,
        WIDTH,
        window_s=torch.full((1,), window_s),
        generator=generator,
        seed=3,
        first_end_s=phase_s,
    )._views[0]
    ends = phase_s + window_s * np.arange(30)
    places = np.interp(ends, view._times_s, view._frames)
    np.testing.assert_allclose(places, np.rint(places), atol=1e-6)
    assert set(np.rint(np.diff(places))) == {-1, 0, 1}


def test_spike_sequences_are_cut_from_videos():
    from spike_recon_ros.representations.spike_stack import SpikeStack  # noqa: PLC0415
    from spike_recon_training.simulation.photographs import Photographs  # noqa: PLC0415
    from spike_recon_training.simulation.spike_pixels import SpikeSensorRanges  # noqa: PLC0415
    from spike_recon_training.simulation.spike_sequences import (  # noqa: PLC0415
        SpikeSequenceModel,
        SpikeSequences,
    )

    video = VideoModel(keyed=True, rest_share=0.0, back_share=0.0, clip_px_per_px=(1.0, 1.0))
    sequences = SpikeSequences(
        Photographs(torch.zeros((1, 8, 8), dtype=torch.uint8), 1),
        SpikeSequenceModel(video=video, sensor=SpikeSensorRanges(aperture_px=(0.0, 0.0))),
        1,
        48,
        48,
        representation=lambda width, height: SpikeStack(width, height, 21, 10),
        seed=1,
        clips=Clips([moving_shot(40)], 1),
    )
    planes, truth, _ = sequences.next(3)
    assert truth.std() > 0.02
    rate = planes.mean(2)[:, 0]
    near = (rate - truth[:, 0, 0]).abs().mean()
    assert near < 0.6 * (rate - truth[:, 0, 0].flip(-1)).abs().mean()
