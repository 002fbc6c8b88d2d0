# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Training cuts from clips what it would have seen live, with the truth of that instant."""

import cv2
import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: nothing can be trained')

from spike_recon_ros.errors import UserError  # noqa: E402
from spike_recon_training.datasets.clips import ClipSequences  # noqa: E402
from spike_recon_training.initial_weights import first_network  # noqa: E402
from spike_recon_training.recipe import find_recipe, read_recipe  # noqa: E402
from spike_recon_training.source_choice import recordings_of  # noqa: E402

HEIGHT, WIDTH, PLANES = 20, 24, 60
STACK = '{kind: spike_stack, planes: 9, lookahead_planes: 4}'


@pytest.fixture
def dataset(tmp_path):
    """A clip of random planes and images that say in their grey where and when they are."""
    random = np.random.default_rng(1)
    spikes = random.integers(0, 2, (PLANES, HEIGHT, WIDTH), np.uint8)
    (tmp_path / 'train/input').mkdir(parents=True)
    (tmp_path / 'train/gt').mkdir()
    np.packbits(spikes, axis=-1, bitorder='little').tofile(tmp_path / 'train/input/a.dat')
    images = {}
    for plane in (3, 10, 20, 30, 40, 56):
        images[plane] = random.integers(0, 256, (HEIGHT, WIDTH), np.uint8)
        cv2.imwrite(str(tmp_path / f'train/gt/a_key_id{plane + 1}.png'), images[plane])
    return tmp_path, spikes, images


def sequences(path, tmp_path, representation=STACK, **optimisation):
    chosen = {'batch': 3, 'crop': 16, 'windows': 2, 'segments': [2, 2]} | optimisation
    file = tmp_path / 'recipe.yaml'
    file.write_text(
        'name: a\nnetwork: {name: base}\nsensor: spike\n'
        f'representation: {representation}\noptimisation: {chosen}\n'
    )
    return ClipSequences([path], read_recipe(file))


def place_of(truth, images):
    """Return plane, row and column that a truth was cut at."""
    wanted = torch.round(truth[0] / 0.6 * 255).numpy().astype(np.uint8)
    return next(
        (plane, top, left)
        for plane, image in images.items()
        for top in range(HEIGHT - 15)
        for left in range(WIDTH - 15)
        if np.array_equal(image[top : top + 16, left : left + 16], wanted)
    )


def test_tensor_and_truth_are_of_the_same_place_and_instant(dataset, tmp_path):
    path, spikes, images = dataset
    segments = list(
        sequences(path, tmp_path).sequence(np.random.default_rng(0), torch.device('cpu'))
    )
    assert [segment.cold for segment in segments] == [True, False]
    places = set()
    for sequence in range(3):
        found = []
        for segment in segments:
            assert segment.grids.shape == (2, 3, 9, 16, 16)
            for tensor, truth in zip(
                segment.grids[:, sequence], segment.truths[:, sequence], strict=True
            ):
                plane, top, left = place_of(truth, images)
                cut = spikes[plane - 4 : plane + 5, top : top + 16, left : left + 16]
                np.testing.assert_array_equal(tensor.numpy(), cut)
                found.append(plane)
                places.add((sequence, top, left))
        assert found == [10, 20, 30, 40]
    assert len(places) == 3


def test_truths_without_all_their_planes_are_skipped(dataset, tmp_path):
    path, _, images = dataset
    drawn = sequences(path, tmp_path, windows=1, segments=[1, 1])
    chance = np.random.default_rng(0)
    planes = {
        place_of(truth, images)[0]
        for _ in range(30)
        for segment in drawn.sequence(chance, torch.device('cpu'))
        for truth in segment.truths[0]
    }
    assert planes == {10, 20, 30, 40}


@pytest.mark.parametrize(
    'change', [{'windows': 5}, {'crop': 21}, {'representation': STACK.replace('9', '63')}]
)
def test_clips_that_are_too_short_or_small_are_an_error(dataset, tmp_path, change):
    with pytest.raises(UserError, match=r'no clip of .* has . images'):
        sequences(dataset[0], tmp_path, **change)


def test_a_network_that_enlarges_images_finds_no_truth_in_clips(dataset):
    recipe = read_recipe(find_recipe('spk2vid_x4'))
    network = first_network(recipe, None)
    with pytest.raises(UserError, match='4 times as large as the truth of recordings'):
        recordings_of(recipe, network, [dataset[0]], 0.5)
