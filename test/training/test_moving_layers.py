# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Worlds of photographs and how they move."""

import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: nothing can be simulated')

from spike_recon_training.simulation.moving_layers import PlanarWorlds, WorldModel  # noqa: E402
from spike_recon_training.simulation.paths import inverse_homography, random_paths  # noqa: E402
from spike_recon_training.simulation.photo_scene import PhotoScene, photo_scene  # noqa: E402
from spike_recon_training.simulation.photographs import Photographs  # noqa: E402
from spike_recon_training.simulation.sudden_motion import SuddenMotion  # noqa: E402

HEIGHT, WIDTH = 48, 64


def worlds(photographs, things=2, batch=4, speed=200.0, seed=0, **changes):
    return PlanarWorlds(
        photographs,
        WorldModel(**changes),
        HEIGHT,
        WIDTH,
        things=things,
        greatest_px_s=torch.full((batch,), speed),
        generator=torch.Generator().manual_seed(seed),
    )


def at(batch, *times_s):
    return torch.tensor(times_s).expand(batch, -1)


def test_luminance_is_positive_and_at_most_one(photographs):
    seen = worlds(photographs, lighting_share=1.0).luminance(at(4, 0.0, 0.1, 5.0))
    assert seen.shape == (4, 3, HEIGHT, WIDTH)
    assert seen.min() > 0
    assert seen.max() <= 1 + 1e-5


def test_seed_decides_the_world(photographs):
    first, same, other = (
        worlds(photographs, seed=seed).luminance(at(4, 0.3)) for seed in (1, 1, 2)
    )
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_batched_times_give_the_same_images_as_single_ones(photographs):
    world = worlds(photographs)
    together = world.luminance(at(4, 0.1, 0.7))
    assert torch.allclose(together[:, 1:], world.luminance(at(4, 0.7)), atol=1e-5)


def test_world_without_speed_stands_still(photographs):
    seen = worlds(photographs, speed=0.0, lighting_share=0.0).luminance(at(4, 0.0, 1.0))
    assert torch.equal(seen[:, 0], seen[:, 1])


def test_lighting_changes_only_in_its_share_of_worlds(photographs):
    seen = worlds(photographs, speed=0.0, lighting_share=1.0).luminance(at(4, 0.0, 0.31))
    ratio = (seen[:, 1] / seen[:, 0]).log()
    assert (ratio.abs().amax((1, 2)) > 1e-3).all()
    assert torch.allclose(ratio, ratio.mean((1, 2), keepdim=True), atol=0.8)


def test_points_move_at_about_the_requested_speed(photographs):
    world, dt = worlds(photographs, batch=16, speed=300.0), 1e-3
    corner = torch.tensor([WIDTH / 2, HEIGHT / 2, 1.0]).double()
    speeds = []
    for t in np.arange(0.0, 3.0, 0.05):
        before, after = world.homography(at(16, t, t + dt)).double().unbind(1)
        moved = torch.linalg.inv(after) @ before @ corner
        shift = moved[..., :2] / moved[..., 2:] - corner[:2]
        speeds.append(shift.norm(dim=-1) / dt)
    assert 150 < torch.stack(speeds).max() < 2.2 * 300
    assert 30 < torch.stack(speeds).mean() < 200


def test_paths_rest_start_and_return():
    generator = torch.Generator().manual_seed(0)
    paths = random_paths(generator, torch.full((32, 1), 100.0), 50.0)
    times = torch.linspace(0, 4, 800).expand(32, -1)
    speed = paths.travelled(times)[..., 0].diff(dim=1) / (4 / 799)
    assert speed.max() <= 100 * 1.01
    assert 0.05 < (speed.abs() < 1e-3).float().mean() < 0.4
    assert (speed < -1).float().mean() > 0.05
    jumps = speed.diff(dim=1).abs() > 10
    assert jumps.any(1).float().mean() > 0.9


def test_sudden_worlds_have_corners_within_milliseconds(photographs):
    world, step_s = worlds(photographs, batch=32, speed=20_000.0, sudden_share=0.5), 1e-4
    times = at(32, *np.arange(0, 0.1, step_s).tolist())
    to_plane = world.homography(times).double()
    corner = torch.tensor([WIDTH / 2, HEIGHT / 2, 1.0], dtype=torch.float64)
    moved = torch.linalg.inv(to_plane[:, 1:]) @ to_plane[:, :-1] @ corner
    velocity = (moved[..., :2] / moved[..., 2:] - corner[:2]) / step_s
    assert velocity.norm(dim=-1).max() < 2.2 * 20_000
    bends = velocity.diff(dim=1).norm(dim=-1) > 2000
    corners = bends.flatten(2).any(2).sum(1)
    assert (corners > 8).float().mean() > 0.25
    assert (corners < 8).float().mean() > 0.25


def test_sudden_motion_spins_zooms_stops_and_reverses():
    generator, step_s = torch.Generator().manual_seed(0), 1e-4
    fastest = torch.full((64, 1), 20_000.0)
    motion = SuddenMotion(generator, fastest, 50.0, 1.0, (1.5, 15.0))
    pose = motion.pose(torch.arange(0, 0.1, step_s).expand(64, -1))[:, :, 0]
    shift, spin, zoom = pose[..., :2], pose[..., 2], pose[..., 3]
    speed = shift.diff(dim=1).norm(dim=-1) / step_s
    assert speed.max() <= 20_000 * 1.01
    shifts = speed.amax(1) > 0
    assert 0.4 < shifts.float().mean() < 0.8
    assert 0.1 < (speed[shifts] < 1).float().mean() < 0.4
    spins = spin.abs().amax(1) > 0
    assert 0.1 < spins.float().mean() < 0.4
    assert spin.abs().max() > 2  # radians: it does not swing back
    assert 0 < zoom.abs().max() <= 0.5 + 1e-6
    steps = shift[shifts].diff(dim=1)
    against = (steps[:, 1:] * steps[:, :-1]).sum(-1) < -0.5 * steps[:, 1:].norm(dim=-1) ** 2
    assert against.any(1).float().mean() > 0.5


def test_half_of_the_corners_lie_on_a_grid_if_there_is_one():
    generator, grid = torch.Generator().manual_seed(0), (1e-3, 2.5e-4)
    fastest = torch.full((64, 1), 20_000.0)
    motion = SuddenMotion(generator, fastest, 50.0, 1.0, (1.5, 15.0), grid=grid)
    place = (motion._start_s[:, 0, :20].double() - grid[1]) / grid[0]
    on_grid = ((place - place.round()).abs() < 1e-3).all(1).float().mean()
    assert 0.3 < on_grid < 0.7


def test_a_share_of_zero_of_sudden_worlds_changes_nothing(photographs):
    plain = worlds(photographs).luminance(at(4, 0.01))
    assert torch.equal(worlds(photographs, sudden_ms=(1.0, 2.0)).luminance(at(4, 0.01)), plain)


def test_straight_worlds_stay_straight_beside_sudden_ones(photographs):
    world = worlds(photographs, batch=8, straight_share=0.999, sudden_share=0.9)
    turned = world.homography(at(8, 0.0, 0.02))[..., :2, :2]
    assert torch.equal(turned, torch.eye(2).expand_as(turned))


def test_all_motion_of_a_straight_world_is_along_one_line(photographs):
    world, times = worlds(photographs, batch=16, straight_share=0.5), at(16, *np.arange(0, 2, 0.1))
    middles = torch.linalg.inv(world.homography(times).double())[..., :2, 2]
    steps = middles.diff(dim=1).flatten(1, 2)
    along, across = torch.linalg.svdvals(steps).unbind(-1)
    straight = across < 1e-3 * along
    assert 4 <= straight.sum() <= 12
    assert along.min() > 1
    only_shifts = world.homography(times)[straight][..., :2, :2]
    assert torch.equal(only_shifts, torch.eye(2).expand_as(only_shifts))


def test_level_textures_are_aligned_with_the_motion(photographs):
    boards = torch.zeros(1, 128, 128, dtype=torch.uint8)
    boards[:, ::8], boards[:, 1::8] = 255, 255
    striped, count = Photographs(boards, 1), 64

    def unmoved(**changes):
        world = worlds(striped, things=0, batch=count, straight_share=1.0, **changes)
        seen = world.luminance(at(count, *np.arange(0, 0.6, 0.1)).float())
        changing = seen.std(1).mean((1, 2)) / seen[:, 0].std((1, 2))
        return int((changing < 0.5).sum())

    # Half of the stripes lie along the motion, the other half across it.
    assert 0.4 * count < unmoved(level_share=1.0) < 0.6 * count
    assert unmoved() < 0.25 * count


def test_identity_pose_is_the_identity():
    assert torch.equal(inverse_homography(torch.zeros(6)), torch.eye(3))


def test_things_lie_before_the_background(photographs):
    alone, crowded = (worlds(photographs, things=n, speed=0.0, seed=5) for n in (0, 2))
    assert alone.luminance(at(4, 0.0)).shape == crowded.luminance(at(4, 0.0)).shape
    assert not torch.allclose(alone.luminance(at(4, 0.0)), crowded.luminance(at(4, 0.0)))


def test_photo_scene_is_a_scene(photo_folder):
    scene = photo_scene(photo_folder, WIDTH, HEIGHT, seed=1)
    view = scene.luminance(0.2)
    assert view.shape == (HEIGHT, WIDTH)
    assert view.dtype == np.float32
    assert scene.camera_matrix.shape == (3, 3)


def test_speed_of_a_photo_scene_bounds_its_motion(photographs):
    scene = PhotoScene(photographs, WIDTH, HEIGHT, seed=2)
    speeds = [scene.speed_px(t) for t in np.arange(0, 2, 0.1)]
    assert 0 < max(speeds) < 2 * WIDTH
