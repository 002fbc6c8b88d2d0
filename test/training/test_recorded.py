# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Segments from recordings, and training on them."""

import argparse
import json
from itertools import islice

import numpy as np
import pytest
import yaml
from small_recipes import SMALL

torch = pytest.importorskip('torch', reason='torch is not installed: nothing can be trained')

from spike_recon_ros.cli import train as command  # noqa: E402
from spike_recon_ros.errors import UserError  # noqa: E402
from spike_recon_ros.packets.events import Events, Triggers  # noqa: E402
from spike_recon_ros.representations.voxel_grid import voxel_grid  # noqa: E402
from spike_recon_training.datasets.mixed import MixedSegments  # noqa: E402
from spike_recon_training.datasets.recorded import RecordedSequences  # noqa: E402
from spike_recon_training.datasets.simulated import SimulatedSegments  # noqa: E402
from spike_recon_training.recipe import read_recipe  # noqa: E402

RECORDED = {
    **SMALL,
    'photographs': {'side': 64, 'held_share': 0},
    'optimisation': {'batch': 3, 'crop': 16, 'windows': 2, 'segments': [2, 3]},
}
CPU = torch.device('cpu')
BINS = 5


@pytest.fixture
def recipe_file(tmp_path):
    file = tmp_path / 'small.yaml'
    file.write_text(yaml.safe_dump(RECORDED), encoding='utf-8')
    return file


@pytest.fixture
def recipe(recipe_file):
    return read_recipe(recipe_file)


def drawn(paths, recipe, seed=0):
    sequences = RecordedSequences(paths, recipe, BINS)
    return list(sequences.sequence(np.random.default_rng(seed), CPU))


def grid_between(recorded, first_ns, last_ns, corner):
    """Return the voxel grid of a crop, from all events, chosen one by one."""
    (top, left), t_ns = corner, np.array(recorded.t_ns)
    x, y = recorded.x - left, recorded.y - top
    inside = (t_ns >= first_ns) & (t_ns < last_ns) & (x >= 0) & (x < 16) & (y >= 0) & (y < 16)
    columns = (x.astype(np.uint16), y.astype(np.uint16), recorded.p.astype(np.uint8), t_ns)
    events = Events(*(column[inside] for column in columns), Triggers.empty())
    return voxel_grid(events, first_ns, last_ns, bins=BINS, height=16, width=16)


def place_of(recorded, truth):
    """Return number and corner of the frame that a crop was taken from."""
    return next(
        (number, (top, left))
        for number, image in enumerate(recorded.images)
        for top in range(2)
        for left in range(8)
        if np.array_equal(np.rint(255 * truth), image[top : top + 16, left : left + 16])
    )


def test_grids_hold_the_events_between_the_frames(layout, make_recorded, tmp_path, recipe):
    recorded = make_recorded()
    segments = drawn([recorded.write(layout, tmp_path)], recipe)
    assert [segment.cold for segment in segments] == [True, *(False for _ in segments[1:])]
    grids = torch.cat([segment.grids for segment in segments]).numpy()
    truths = torch.cat([segment.truths for segment in segments]).numpy()
    assert grids.shape == (2 * len(segments), 3, BINS, 16, 16)
    assert truths.shape == (2 * len(segments), 3, 1, 16, 16)
    places = []
    for sequence in range(3):
        first, corner = place_of(recorded, truths[0, sequence, 0])
        places.append((first, corner))
        for window in range(len(grids)):
            number, same = place_of(recorded, truths[window, sequence, 0])
            assert (number, same) == (first + window, corner)
            times = recorded.images_ns[number - 1 : number + 1]
            wanted = grid_between(recorded, *times, corner)
            np.testing.assert_array_equal(grids[window, sequence], wanted)
    assert len(set(places)) > 1


def test_every_place_of_every_recording_is_drawn(make_recorded, tmp_path, recipe):
    paths = []
    for number, n_frames in enumerate((5, 7)):
        recorded = make_recorded(n_frames=n_frames)
        recorded.images[:] = 100 * number + np.arange(n_frames)[:, None, None]
        (tmp_path / str(number)).mkdir()
        paths.append(recorded.write('npy', tmp_path / str(number)))
    sequences = RecordedSequences(paths, recipe, BINS)
    chance = np.random.default_rng(0)
    first = set()
    for _ in range(40):
        truths = next(sequences.sequence(chance, CPU)).truths
        first |= set((255 * truths[0, :, 0, 0, 0]).round().int().tolist())
    # Two segments of two windows each, or three where the recording is long enough.
    assert first == {1, 101, 102, 103}


def test_frames_without_events_around_them_are_no_truth(
    layout, make_recorded, tmp_path, recipe, caplog
):
    recorded = make_recorded(n_frames=9)
    recorded.images[:] = np.arange(9)[:, None, None]
    recorded.images_seconds[:2] -= 3  # before the first event
    recorded.images_seconds[4] = recorded.images_seconds[3]
    recorded.images_seconds[8] += 3
    sequences = RecordedSequences([recorded.write(layout, tmp_path)], recipe, BINS)
    chance = np.random.default_rng(0)
    seen = set()
    for _ in range(20):
        for segment in sequences.sequence(chance, CPU):
            seen |= set((255 * segment.truths).round().int().flatten().tolist())
    assert seen == {3, 5, 6, 7}  # frame 2 begins the first window
    assert '4 of 9 frames' in caplog.text


def test_what_was_guessed_of_a_recording_is_a_warning(make_recorded, tmp_path, recipe, caplog):
    recorded = make_recorded(start_s=1.0)
    for name in ('seconds', 'images_seconds'):
        setattr(recorded, name, np.rint(1e6 * getattr(recorded, name)))
    RecordedSequences([recorded.write('npy', tmp_path)], recipe, BINS)
    assert 'are microseconds, not seconds' in caplog.text


def test_draws_repeat_with_the_seed(make_recorded, tmp_path, recipe):
    path = make_recorded().write('npy', tmp_path)
    one, same, other = (drawn([path], recipe, seed)[0].grids for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_recordings_have_their_share_and_do_not_change_the_simulation(
    make_recorded, tmp_path, recipe, photographs
):
    recorded = RecordedSequences([make_recorded().write('npy', tmp_path)], recipe, BINS)
    mixed = MixedSegments(SimulatedSegments(photographs, recipe, BINS), recorded, 0.75, seed=0)
    kinds, simulated = [], []
    for segment in islice(mixed, 150):
        grey_levels = 255 * segment.truths
        is_recorded = torch.allclose(grey_levels, grey_levels.round(), atol=1e-4)
        if segment.cold:
            kinds.append(is_recorded)
        assert is_recorded == kinds[-1]
        if not is_recorded:
            simulated.append(segment)
    assert 0.6 < np.mean(kinds) < 0.9
    again = SimulatedSegments(photographs, recipe, BINS)
    for plain, segment in zip(again, simulated, strict=False):
        assert torch.equal(plain.grids, segment.grids)
        assert plain.cold == segment.cold


def test_a_run_uses_recordings_and_lists_them(
    make_recorded, tmp_path, recipe_file, photo_folder, layout
):
    pytest.importorskip('lightning', reason='lightning is not installed: nothing is trained')
    pytest.importorskip('tensorboard', reason='tensorboard is not installed: nothing is trained')
    path = make_recorded().write(layout, tmp_path)
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    words = [str(recipe_file), '--photos', str(photo_folder), '--recordings', str(path)]
    words += ['-o', str(tmp_path / 'run'), '--budget-minutes', '0.01', '--threads', '1']
    figures = command.run(parser.parse_args([*words, '--device', 'cpu']))
    assert figures['steps'] > 0
    assert figures['data']['recordings'] == [path.name]
    assert figures['data']['recordings_share'] == 0.5
    assert 'recordings' in json.loads((tmp_path / 'run' / 'run.json').read_text())['data']['kind']
    resumed = command.run(
        parser.parse_args([*words, '--device', 'cpu', '--resume', '--budget-minutes', '0.02'])
    )
    assert resumed['steps'] > figures['steps']


@pytest.mark.parametrize('share', ['0', '1.1', 'nan'])
def test_a_share_out_of_range_is_refused_in_one_sentence(tmp_path, share):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    words = ['toy', '--photos', str(tmp_path), '-o', str(tmp_path / 'run')]
    with pytest.raises(UserError, match='above 0 and at most 1'):
        command.run(parser.parse_args([*words, '--recordings-share', share]))


def few_frames(recorded):
    recorded.images, recorded.images_seconds = recorded.images[:2], recorded.images_seconds[:2]


def early_frames(recorded):
    recorded.images_seconds[:-2] -= 100


def small_frames(recorded):
    recorded.images = recorded.images[:, :15]


@pytest.mark.parametrize(
    ('change', 'cure'),
    [
        (few_frames, 'holds 2 frames among its events; .* needs 3'),
        (early_frames, 'holds 2 frames among its events; .* needs 3'),
        (small_frames, '23x15 pixels; lower'),
    ],
)
def test_recording_that_is_too_small_is_refused(make_recorded, tmp_path, recipe, change, cure):
    recorded = make_recorded()
    change(recorded)
    with pytest.raises(UserError, match=cure):
        RecordedSequences([recorded.write('npy', tmp_path)], recipe, BINS)


def test_frames_of_another_size_than_the_sensor_are_refused(make_recorded, tmp_path, recipe):
    path = make_recorded().write('npy', tmp_path)
    (path / 'metadata.json').write_text('{"sensor_resolution": [260, 346]}')
    with pytest.raises(UserError, match='differ in size from its sensor'):
        RecordedSequences([path], recipe, BINS)


def test_recording_without_random_access_names_the_cure(tmp_path, recipe):
    (tmp_path / 'a.raw').write_bytes(b'% evt 3.0\n% end\n' + bytes(8))
    with pytest.raises(UserError, match='convert it to HDF5'):
        RecordedSequences([tmp_path / 'a.raw'], recipe, BINS)


def test_colour_and_deep_frames_are_luminance(make_recorded, tmp_path, recipe):
    recorded = make_recorded()
    path = recorded.write('npy', tmp_path)
    grey = drawn([path], recipe)[0].truths
    np.save(path / 'images.npy', np.repeat(recorded.images[..., None], 3, -1))
    assert torch.equal(drawn([path], recipe)[0].truths, grey)
    np.save(path / 'images.npy', recorded.images.astype(np.uint16) * 257)
    assert torch.allclose(drawn([path], recipe)[0].truths, grey)
    np.save(path / 'images.npy', recorded.images.astype(np.float32) / 255)
    assert torch.allclose(drawn([path], recipe)[0].truths, grey)
