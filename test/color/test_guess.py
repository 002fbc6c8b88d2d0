# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Colours that a network makes up."""

import cv2
import numpy as np
import pytest

from spike_recon_ros.color.guess import GuessColor
from spike_recon_ros.errors import UserError


class Network:
    """Returns red, green and blue from the grey image."""

    def step(self, grey):
        assert grey.dtype == np.float32
        return np.stack([0.9 * grey, 0.6 * grey, 0.3 * grey])

    def reset(self):
        """Do nothing."""

    close = reset


@pytest.fixture
def loaded(monkeypatch):
    calls = []

    def load(name, width, height, *, threads):
        calls.append((name, width, height, threads))
        return Network()

    monkeypatch.setattr('spike_recon_ros.color.guess.load_image_network', load)
    return calls


def test_the_network_gives_the_colours_and_the_image_its_brightness(loaded):
    guess = GuessColor(32, 24, 2)
    assert loaded == [('grey_to_rgb', 32, 24, 2)]
    luma = np.random.default_rng(0).integers(60, 160, (24, 32), np.uint8)
    image = guess.render(luma, 0, (0.0, 1.0))
    assert np.abs(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(int) - luma).max() <= 1
    blue, green, red = np.moveaxis(image.astype(int), -1, 0)
    assert (red > green).all()
    assert (green > blue).all()
    guess.close()


@pytest.mark.usefixtures('loaded')
def test_an_enlarged_image_is_one_sentence():
    with pytest.raises(UserError, match='a model that enlarges the image'):
        GuessColor(32, 24, 1).render(np.zeros((48, 64), np.uint8), 0, (0.0, 1.0))
