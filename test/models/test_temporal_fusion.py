# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What was seen before is averaged with what is seen now, where it still is there."""

import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: no network can be made')

from spike_recon_models.networks.temporal_fusion import (  # noqa: E402
    CARRIED_CHANNELS,
    MOST_IMAGES,
    TemporalFusion,
)

HEIGHT, WIDTH = 16, 24


def fusion_that(trusts, flow=(0.0, 0.0)):
    """Return one that keeps the same share everywhere and sees the same motion."""
    fusion = TemporalFusion(6, 6)
    fusion.start_still()
    with torch.no_grad():
        fusion.trust.bias.fill_(100.0 if trusts else -100.0)
        fusion.flow.bias.copy_(torch.tensor(flow))
    return fusion


def fused(fusion, images):
    """Return the last image and what is carried on."""
    carried = torch.zeros(1, CARRIED_CHANNELS, HEIGHT, WIDTH)
    features = torch.zeros(1, 6, HEIGHT // 2, WIDTH // 2)
    motion = torch.zeros(1, 6, HEIGHT // 4, WIDTH // 4)
    with torch.no_grad():
        for new in images:
            image, carried = fusion(new, carried, features, motion)
    return image, carried


def noisy(count):
    generator = torch.Generator().manual_seed(3)
    return torch.rand(count, 1, 1, HEIGHT, WIDTH, generator=generator)


@pytest.mark.parametrize('trusts', [True, False])
def test_the_first_image_is_not_changed(trusts):
    images = noisy(1)
    torch.testing.assert_close(fused(fusion_that(trusts), images)[0], images[0])


def test_a_still_scene_becomes_the_mean_of_its_images():
    images = noisy(7)
    image, carried = fused(fusion_that(True), images)
    torch.testing.assert_close(image, images.mean(0))
    torch.testing.assert_close(carried[:, 1] * MOST_IMAGES, torch.full((1, HEIGHT, WIDTH), 7.0))


def test_with_a_share_of_zero_nothing_is_kept():
    images = noisy(7)
    torch.testing.assert_close(fused(fusion_that(False), images)[0], images[-1])


def test_a_moving_scene_is_averaged_along_its_motion():
    scene = noisy(1)[0]
    images = [scene.roll(2 * step, -1) for step in range(4)]
    image, _ = fused(fusion_that(True, flow=(-2.0, 0.0)), images)
    inside = slice(6, None)  # what came in from the left replaces the border
    torch.testing.assert_close(image[..., inside], images[-1][..., inside])


def test_a_given_flow_is_used_unchanged():
    fusion = TemporalFusion(6, 0)
    fusion.start_still()
    torch.nn.init.constant_(fusion.trust.bias, 100.0)
    (scene,) = noisy(1)
    features = torch.zeros(1, 6, HEIGHT // 2, WIDTH // 2)
    known = torch.tensor([-2.0, 0.0]).view(1, 2, 1, 1).expand(1, 2, HEIGHT, WIDTH)
    carried = torch.zeros(1, CARRIED_CHANNELS, HEIGHT, WIDTH)
    with torch.no_grad():
        for step in range(4):
            image, carried = fusion(scene.roll(2 * step, -1), carried, features, known)
    torch.testing.assert_close(image[..., 6:], scene.roll(6, -1)[..., 6:])


def test_the_weight_of_a_mean_is_limited():
    _, carried = fused(fusion_that(True), noisy(1).expand(50, -1, -1, -1, -1))
    assert float(carried[:, 1].max()) == 1
