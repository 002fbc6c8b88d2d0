# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""STIR's two forms give the same images, and its parts do what their names say."""

import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: no network can be made')

from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from spike_recon_models.networks.stir import HOP, Stir, StirStreaming  # noqa: E402
from spike_recon_models.networks.stir_attention import InteractiveAttention  # noqa: E402
from spike_recon_models.networks.stir_encoder import WINDOW  # noqa: E402

SMALL = (8, 8, 8, 8, 8)
HEIGHT, WIDTH = 32, 48


def spikes(planes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(1, planes, HEIGHT, WIDTH, generator=generator) < 0.4).float()


@pytest.fixture(scope='module')
def published():
    return Stir(SMALL).eval()


@pytest.fixture(scope='module')
def streaming(published):
    network = StirStreaming(SMALL, seed=1).eval()
    network.load_state_dict(published.state_dict())
    return network


@torch.no_grad()
def streamed(network, stream, hop=HOP):
    """Return an image a hop, from the first planes on; before them there was nothing."""
    before = torch.zeros(1, WINDOW, HEIGHT, WIDTH)
    state, images = None, []
    for end in range(hop, stream.shape[1] + 1, hop):
        seen = torch.cat([before, stream[:, :end]], 1)
        image, state = network(seen[:, -WINDOW:], state)
        images.append(image)
    return torch.cat(images)


@torch.no_grad()
def at_once(network, stream, hop=HOP):
    """Return the same images, each from all of its planes."""
    before = torch.zeros(1, network.bins, HEIGHT, WIDTH)
    ends = range(hop, stream.shape[1] + 1, hop)
    seen = [torch.cat([before, stream[:, :end]], 1)[:, -network.bins :] for end in ends]
    return torch.cat([network(planes)[0] for planes in seen])


def test_the_streaming_form_gives_the_images_of_the_published_one_from_the_first_on(
    published, streaming
):
    stream = spikes(6 * HOP)
    expected = at_once(published, stream)
    assert (expected.flatten(1).std(1) > 1e-3).all()
    torch.testing.assert_close(streamed(streaming, stream), expected, rtol=1e-4, atol=1e-5)


def test_with_another_hop_the_streaming_form_differs(published, streaming):
    stream = spikes(6 * (HOP - 1))
    apart = streamed(streaming, stream, HOP - 1) - at_once(published, stream, HOP - 1)
    assert apart[-1].abs().max() > 1e-3


def test_the_streaming_form_declares_its_hop(published, streaming):
    assert streaming.hop_planes == 20
    assert (published.bins, streaming.bins) == (61, 21)
    assert not published.state_specs


def test_a_window_without_spikes_has_features_of_zero_up_to_the_border(streaming):
    with torch.no_grad():
        features = streaming.features(torch.zeros(1, WINDOW, HEIGHT, WIDTH))
    assert all(not one.any() for one in features)


def test_features_are_proportional_to_the_input(streaming):
    planes = spikes(WINDOW)
    with torch.no_grad():
        once, twice = streaming.features(planes), streaming.features(2 * planes)
    torch.testing.assert_close(twice, [2 * one for one in once], rtol=1e-4, atol=1e-5)


def test_means_do_not_depend_on_the_direction_of_time_and_the_rest_does(published):
    planes = spikes(WINDOW)
    with torch.no_grad():
        forwards, backwards = published.embed(planes), published.embed(planes.flip(1))
    torch.testing.assert_close(forwards[:, :5], backwards[:, :5])
    torch.testing.assert_close(forwards[:, 0], planes.mean(1))
    torch.testing.assert_close(forwards[:, 4], planes[:, 8:13].mean(1))
    assert (forwards[:, 5:] - backwards[:, 5:]).abs().max() > 1e-2


def test_every_window_affects_the_image(published):
    stream = spikes(61)
    with torch.no_grad():
        image, _ = published(stream)
        for first in (0, HOP, 2 * HOP):
            changed = stream.clone()
            changed[:, first + 1 : first + HOP] = spikes(HOP - 1, seed=9)
            assert (published(changed)[0] - image).abs().max() > 1e-4


def test_estimates_include_the_coarser_images(published):
    estimates, _ = published.estimates(spikes(61))
    sizes = [tuple(one.image.shape[2:]) for one in estimates]
    assert sizes == [(HEIGHT >> scale, WIDTH >> scale) for scale in range(5)]
    assert [one.weight for one in estimates] == [1, 0.5 / 4, 0.25 / 4, 0.25 / 4, 0.25 / 4]
    assert {one.planes_later for one in estimates} == {0}


def test_attention_of_one_side_does_not_depend_on_the_other():
    attend = InteractiveAttention(8).eval()
    middle, before, after, other = torch.randn(
        4, 1, 8, 5, 7, generator=torch.Generator().manual_seed(2)
    )
    with torch.no_grad():
        one, two = attend(middle, before, after), attend(middle, before, other)
    torch.testing.assert_close(one[:, :16], two[:, :16], rtol=0, atol=0)
    torch.testing.assert_close(one[:, 8:16], middle, rtol=0, atol=0)
    assert (one[:, 16:] - two[:, 16:]).abs().max() > 1e-3


@pytest.mark.parametrize(('kind', 'giga'), [(Stir, 45.3), (StirStreaming, 40.6)])
def test_size_and_work_are_those_published(kind, giga):
    network = kind().eval()
    assert sum(value.numel() for value in network.parameters()) == 5_107_219
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, network.bins, 32, 32))
    at_256x400 = counter.get_total_flops() / 2 * (256 * 400) / 32**2
    assert at_256x400 / 1e9 == pytest.approx(giga, abs=0.1)


@pytest.mark.parametrize(
    ('parts', 'levels'),
    [
        ({'levels': 3}, 3),
        ({'groups': 1}, 5),
        ({'attention': False}, 5),
        ({'warping': False, 'levels': 2}, 2),
        ({'biases': True}, 5),
    ],
)
def test_parts_can_be_left_out_in_both_forms(parts, levels):
    network = Stir(SMALL, **parts).eval()
    estimates, _ = network.estimates(spikes(61))
    assert len(estimates) == levels
    assert sum(one.weight for one in estimates[1:]) == pytest.approx(
        sum((0.5, 0.25, 0.25, 0.25)[: levels - 1]) / (levels - 1)
    )
    streaming = StirStreaming(SMALL, **parts).eval()
    streaming.load_state_dict(network.state_dict())
    assert [spec.stride for spec in streaming.state_specs] == [2**one for one in range(levels)]
    stream = spikes(4 * HOP)
    torch.testing.assert_close(
        streamed(streaming, stream)[3:], at_once(network, stream)[3:], rtol=1e-4, atol=1e-5
    )


def test_without_warping_no_flow_is_estimated():
    network = Stir(SMALL, warping=False)
    assert not hasattr(network.finer[0], 'flow_up')
    assert network.finer[0].draw.out_channels == 1


@pytest.mark.parametrize('parts', [{'levels': 1}, {'levels': 6}, {'groups': 0}])
def test_impossible_parts_are_refused(parts):
    with pytest.raises(ValueError, match='must be'):
        Stir(SMALL, **parts)
