# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Pairs and sequences of images for networks that turn images into images."""

import itertools
import json
import shutil

import cv2
import numpy as np
import pytest
import yaml

torch = pytest.importorskip('torch', reason='torch is not installed: nothing can be trained')
pytest.importorskip('lightning', reason='lightning is not installed: nothing can be trained')
pytest.importorskip('tensorboard', reason='tensorboard is not installed: nothing can be trained')
pytest.importorskip('safetensors', reason='safetensors is not installed: nothing can be trained')

from spike_recon_ros.errors import UserError  # noqa: E402
from spike_recon_training.losses import Loss, LossWeights, entropy_deficit  # noqa: E402
from spike_recon_training.recipe import find_recipe, read_recipe  # noqa: E402
from spike_recon_training.simulation.image_folders import folder_sequence  # noqa: E402
from spike_recon_training.simulation.image_samples import (  # noqa: E402
    ColourPhotographs,
    GreySequences,
    ImageModel,
    MovingPhotographs,
    PairedImages,
    sequence_sample,
)
from spike_recon_training.train import Request, train  # noqa: E402

RECIPES = 'grey_to_rgb', 'grey_to_rgb_mep', 'frame_interpolation', 'frame_interpolation_ssim'
CROP = 32


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture(scope='module')
def pairs(tmp_path_factory):
    """Return a folder with grey and RGB TIF images of the names 8 to 11."""
    folder = tmp_path_factory.mktemp('pairs')
    random = np.random.default_rng(2)
    for name in ('Greyscale', 'RGB'):
        (folder / name).mkdir()
    for number in range(8, 12):
        coarse = random.integers(0, 256, (6, 8, 3), np.uint8)
        rgb = cv2.resize(coarse, (64, 48), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / f'RGB/image ({number}).tif'), rgb)
        grey = np.full((48, 64), number, np.uint8)
        cv2.imwrite(str(folder / f'Greyscale/image ({number}).tif'), grey)
    return folder


def test_a_step_reads_a_frame_and_the_next_and_its_truth_lies_between():
    frames = [np.full((2, 2), value, np.float32) for value in range(6)]
    inputs, truths = sequence_sample(frames)
    assert inputs[:, :, 0, 0].tolist() == [[0, 2], [2, 4], [4, 4]]
    assert truths[:, 0, 0, 0].tolist() == [1, 3, 5]


def test_pairs_are_read_by_name_and_cropped_at_one_place(pairs, rng):
    source = PairedImages(pairs, CROP)
    grey, rgb = source.draw(rng, CROP)
    assert source.files == 4
    assert grey.shape == (1, 1, CROP, CROP)
    assert rgb.shape == (1, 3, CROP, CROP)
    number = round(255 * float(grey[0, 0, 0, 0]))
    picture = cv2.imread(str(pairs / f'RGB/image ({number}).tif'))[..., ::-1]
    corners = itertools.product(range(17), range(33))
    crops = [picture[top : top + CROP, left : left + CROP] for top, left in corners]
    found = np.rint(255 * rgb[0].transpose(1, 2, 0))
    assert any(np.array_equal(found, one[:, ::side]) for one in crops for side in (1, -1))


def test_images_without_a_partner_are_left_out_with_a_warning(pairs, tmp_path, caplog):
    shutil.copytree(pairs, tmp_path / 'pairs')
    (tmp_path / 'pairs' / 'RGB' / 'image (8).tif').unlink()
    assert PairedImages(tmp_path / 'pairs', CROP).files == 3
    assert '1 image left out' in caplog.text


def test_sequences_of_a_folder_follow_the_numbers_in_the_names(pairs, rng):
    images = folder_sequence(pairs)
    assert images[:, 0, 0].tolist() == [8, 9, 10, 11]
    source = GreySequences([images], ImageModel(frames=1, stride=3), CROP, 4)
    inputs, truths = source.draw(rng, CROP)
    ends = {round(255 * float(inputs[0, 0, 0, 0])), round(255 * float(truths[0, 0, 0, 0]))}
    assert ends == {8, 11}


def test_a_sequence_that_is_too_long_names_the_keys_of_the_recipe(pairs):
    with pytest.raises(UserError, match=r'5 images \(images.frames, images.stride\)'):
        GreySequences([folder_sequence(pairs)], ImageModel(frames=1, stride=4), CROP, 4)


def test_wrong_folders_are_one_clear_sentence(tmp_path):
    with pytest.raises(UserError, match='has no folder grey or'):
        PairedImages(tmp_path, CROP)
    for name, size in (('grey', (40, 40)), ('rgb', (40, 41))):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / 'a.png'), np.zeros((*size, 3), np.uint8))
    with pytest.raises(UserError, match='a is 40x40 and the RGB image 41x40 pixels'):
        PairedImages(tmp_path, CROP)
    (tmp_path / 'rgb' / 'a.png').rename(tmp_path / 'rgb' / 'b.png')
    with pytest.raises(UserError, match='same name'):
        PairedImages(tmp_path, CROP)


def test_a_photograph_moves_at_one_speed(tmp_path, rng):
    ramp = np.tile(np.arange(0, 240, 2, dtype=np.uint8), (120, 1))
    picture = np.dstack([ramp, ramp, 255 - ramp])
    cv2.imwrite(str(tmp_path / 'a.png'), picture)
    still = ColourPhotographs([tmp_path / 'a.png'], 120, CROP)
    model = ImageModel(frames=2, speed_px=(2.0, 2.0001), turn=0.0, zoom=0.0)
    inputs, truths = MovingPhotographs(still, model).draw(rng, CROP)
    means = [float(part[..., 8:-8, 8:-8].mean()) for part in
             (inputs[0, 0], truths[0], inputs[1, 0], truths[1])]  # fmt: skip
    assert np.ptp(np.diff(means)) < 0.002


def test_grey_photographs_teach_no_colour(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), np.full((64, 64), 90, np.uint8))
    with pytest.raises(UserError, match='colour image'):
        ColourPhotographs([tmp_path / 'a.png'], 64, CROP)


def test_the_most_even_image_has_the_largest_entropy():
    even, peak = torch.full((1, 3, 8, 8), 0.4), torch.zeros(1, 3, 8, 8)
    peak[..., 3, 4] = 1
    assert float(entropy_deficit(even)) == pytest.approx(0, abs=1e-5)
    assert float(entropy_deficit(peak)) > 0.9


def test_the_composite_losses_weigh_their_terms():
    image, truth = torch.rand(1, 2, 1, 16, 16), torch.rand(1, 2, 1, 16, 16)
    names = ('l1', 'ssim', 'gradient', 'temporal', 'mse', 'entropy')
    weights = dict.fromkeys(names, 0.0) | {'mse': 0.9, 'entropy': 0.1}
    total, terms = Loss(LossWeights(**weights))(image, truth)
    assert set(terms) == {'mse', 'entropy'}
    torch.testing.assert_close(total, 0.9 * terms['mse'] + 0.1 * terms['entropy'])


def test_the_recipes_are_the_four_configurations():
    losses = {name: read_recipe(find_recipe(name)).loss for name in RECIPES}
    weights = {name: (loss.mse, loss.entropy, loss.ssim) for name, loss in losses.items()}
    assert weights == {
        'grey_to_rgb': (1.0, 0.0, 0.0),
        'grey_to_rgb_mep': (0.9, 0.1, 0.0),
        'frame_interpolation': (1.0, 0.0, 0.0),
        'frame_interpolation_ssim': (0.9, 0.0, 0.1),
    }
    assert all(loss.l1 == loss.gradient == loss.temporal == 0 for loss in losses.values())


@pytest.mark.parametrize('name', ['grey_to_rgb', 'frame_interpolation'])
def test_a_folder_of_pairs_becomes_a_bundle(tmp_path, pairs, name):
    pytest.importorskip('onnxscript', reason='onnxscript is not installed: nothing is exported')
    from spike_recon_ros.bundles.image_bundle import read_image_bundle  # noqa: PLC0415
    from spike_recon_training.export import export_run  # noqa: PLC0415

    recipe = yaml.safe_load(find_recipe(name).read_text())
    recipe['optimisation'] |= {'crop': CROP, 'batch': 2}
    recipe['images'] = {'frames': 2}
    (tmp_path / 'small.yaml').write_text(yaml.safe_dump(recipe))
    run = tmp_path / 'run'
    figures = train(
        Request(
            recipe=str(tmp_path / 'small.yaml'), photos=[], recordings=[pairs],
            recordings_share=1.0, run=run, budget_minutes=0.01, threads=1, device='cpu',
        )
    )  # fmt: skip
    assert json.loads((run / 'run.json').read_text()) == figures
    assert figures['data']['paired_folders'] == [pairs.name]
    export_run(run, tmp_path / 'bundle')
    bundle = read_image_bundle(tmp_path / 'bundle')
    assert bundle.name == name
    assert 'sensor' not in bundle.description


@pytest.fixture
def video(tmp_path):
    """Return a folder with one video, of which nothing can be held back."""
    folder = tmp_path / 'videos'
    folder.mkdir()
    noise = np.random.default_rng(3).integers(0, 256, (12, 16), np.uint8)
    wide = cv2.resize(noise, (128, 96), interpolation=cv2.INTER_CUBIC)
    film = cv2.VideoWriter(str(folder / 'a.avi'), cv2.VideoWriter.fourcc(*'MJPG'), 25, (64, 48))
    for shift in range(20):
        film.write(cv2.cvtColor(wide[:48, shift : shift + 64], cv2.COLOR_GRAY2BGR))
    film.release()
    return folder


def test_one_video_is_enough_to_train_on(tmp_path, video):
    recipe = yaml.safe_load(find_recipe('frame_interpolation').read_text())
    recipe['optimisation'] |= {'crop': CROP, 'batch': 2}
    recipe['images'] = {'frames': 2}
    asked = {'photos': [], 'videos': [video], 'device': 'cpu'}
    asked |= {'recipe': str(tmp_path / 'small.yaml'), 'threads': 1}
    (tmp_path / 'small.yaml').write_text(yaml.safe_dump(recipe))
    figures = train(Request(**asked, run=tmp_path / 'run', budget_minutes=0.005))
    asked['run'] = tmp_path / 'wrong'
    assert (figures['data']['videos'], figures['data']['videos_held_back']) == (1, 0)
    with pytest.raises(UserError, match='epochs counts photographs, and there are none'):
        train(Request(**asked, epochs=2))
    (tmp_path / 'small.yaml').write_text(yaml.safe_dump(recipe | {'videos': {'share': 0.0}}))
    with pytest.raises(UserError, match=r'raise videos\.share above 0'):
        train(Request(**asked, budget_minutes=0.005))


def test_nothing_to_train_on_is_one_clear_sentence(tmp_path):
    with pytest.raises(UserError, match='give --photos'):
        train(Request(recipe='grey_to_rgb', photos=[], run=tmp_path / 'run', device='cpu'))
