# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the training's tests."""

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def one_thread():
    """More than one thread makes such small tensors slower."""
    torch = pytest.importorskip('torch', reason='torch is not installed: nothing can be trained')
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope='session')
def photo_folder(tmp_path_factory):
    """Return a folder with twelve small photographs: smooth noise with edges."""
    import cv2  # noqa: PLC0415

    folder = tmp_path_factory.mktemp('photos')
    rng = np.random.default_rng(0)
    for number in range(12):
        coarse = rng.standard_normal((12, 16)).astype(np.float32)
        image = cv2.resize(coarse, (160, 120), interpolation=cv2.INTER_CUBIC)
        image = np.where(image > 0.3, image + 1, image)
        image = cv2.normalize(image, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
        cv2.imwrite(str(folder / f'photo{number}.png'), image)
    return folder


@pytest.fixture(scope='session')
def photographs(photo_folder):
    from spike_recon_training.simulation.photographs import (  # noqa: PLC0415
        find_photographs,
        load_photographs,
    )

    return load_photographs(find_photographs([photo_folder]), 128, pattern_share=0.2)
