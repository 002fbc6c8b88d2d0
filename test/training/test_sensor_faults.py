# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Event-rate limits, bursts of noise, coarse time stamps and cuts of the scene."""

import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: nothing can be simulated')

from spike_recon_training.simulation.scene_cuts import CutModel, SceneCuts  # noqa: E402
from spike_recon_training.simulation.sensor_faults import FaultModel, SensorFaults  # noqa: E402
from spike_recon_training.simulation.sequences import SequenceModel, Sequences  # noqa: E402

HEIGHT, WIDTH = 6, 8
PIXELS = HEIGHT * WIDTH
ALL = 1.0
STEP_S = 1e-3
"""Length of a step, s."""


def faults_of(batch=1, seed=0, **model):
    return SensorFaults(FaultModel(**model), batch, torch.Generator().manual_seed(seed))


def applied(faults, number, later=None, step_s=STEP_S, begin=0.0, length=0.25):
    """Return number and later of a step of the only sensor, and the pixels with burst noise."""
    number = torch.as_tensor(number, dtype=torch.float32).expand(1, HEIGHT, WIDTH)
    later = 0.1 * number if later is None else later
    step = torch.tensor([step_s])
    return faults.apply(number, later, step, begin=begin, length=length)


def limited(row_share, events_per_step):
    hz = events_per_step / STEP_S / PIXELS
    return faults_of(limit_share=ALL, limit_hz=(hz, hz), limit_row_share=row_share)


def test_a_rate_below_the_limit_loses_nothing():
    for row_share in (0.0, ALL):
        number = torch.randint(-3, 4, (HEIGHT, WIDTH)).float()
        kept, later, noisy = applied(limited(row_share, 3.5 * PIXELS), number)
        assert noisy is None
        assert torch.equal(kept[0], number)
        assert torch.equal(later[0], 0.1 * number)


@pytest.mark.parametrize('sign', [1, -1])
def test_a_controller_keeps_the_same_share_of_each_pixel(sign):
    kept, later, _ = applied(limited(0.0, 2 * PIXELS), 4.0 * sign)
    assert kept.unique().tolist() == [2.0 * sign]
    assert later.unique().tolist() == pytest.approx([0.2 * sign])


def test_a_controller_keeps_whole_events_and_the_limit_on_average():
    faults = limited(0.0, 0.3 * PIXELS)
    kept = torch.stack([applied(faults, 1.0)[0] for _ in range(200)])
    assert set(kept.unique().tolist()) == {0.0, 1.0}
    assert kept.mean() == pytest.approx(0.3, abs=0.02)


def test_a_saturated_read_out_loses_rows_in_turn():
    faults = limited(ALL, 2.5 * WIDTH)
    read = [applied(faults, 1.0)[0][0].any(1).nonzero().flatten().tolist() for _ in range(4)]
    assert read == [[0, 1], [2, 3], [4, 5], [0, 1]]


def test_a_row_that_exceeds_the_capacity_is_still_read():
    faults = limited(ALL, 0.5 * WIDTH)
    read = [applied(faults, 1.0)[0][0].any(1).nonzero().flatten().tolist() for _ in range(3)]
    assert read == [[0], [1], [2]]


def test_bursts_fill_all_pixels_with_noise_of_their_rate_for_their_length():
    # A burst of 3 steps begins in nearly every step without one, and is prolonged.
    hz = 400.0
    faults = faults_of(
        burst_share=ALL, bursts_hz=(1e5, 1e5), burst_ms=(3, 3), burst_noise_hz=(hz, hz)
    )
    found = [applied(faults, 0.0, begin=0.25) for _ in range(200)]
    number = torch.stack([number for number, _, _ in found])
    assert number.mean() == pytest.approx(0.0, abs=0.02)
    # The variance of the difference of two Poisson numbers is the sum of their means.
    assert number.var() == pytest.approx(hz * STEP_S, rel=0.05)
    for number, later, noisy in found:
        assert noisy[number != 0].all()
        assert not later[~noisy].any()
        assert ((later / number)[number != 0] >= 0.25).all()
        assert ((later / number)[number != 0] <= 0.5).all()


def test_a_burst_ends_after_its_length():
    faults = faults_of(burst_share=ALL, burst_ms=(3, 3), burst_noise_hz=(1e4, 1e4))
    faults._bursts_hz = torch.tensor([1e9])
    noisy = [bool(applied(faults, 0.0)[2].any())]
    faults._bursts_hz = torch.tensor([0.0])
    noisy += [bool(applied(faults, 0.0)[2].any()) for _ in range(4)]
    assert noisy == [True, True, True, False, False]


def test_coarse_stamps_are_the_ends_of_their_steps():
    faults = faults_of(stamp_share=ALL, stamp_ms=(3.2, 3.2))
    # Three samples per stamp; the events of samples 4 and 5 are not stamped yet.
    found = [applied(faults, float(n), begin=0.1 * n) for n in (1, 2, -4, 5, 6)]
    assert [number.unique().tolist() for number, _, _ in found] == [[0], [0], [-1], [0], [0]]
    later = [later.unique().tolist() for _, later, _ in found]
    assert later[:2] == later[3:] == [[0], [0]]
    assert later[2] == pytest.approx([-(-0.4 + 0.25)])
    number, later, _ = applied(faults, 0.0, begin=0.5)
    assert number.unique().tolist() == [11.0]
    assert later.unique().tolist() == pytest.approx([11 * 0.75])


def test_stamps_finer_than_the_samples_change_nothing():
    faults = faults_of(stamp_share=ALL, stamp_ms=(0.4, 0.4))
    number, later, _ = applied(faults, 2.0)
    assert number.unique().tolist() == [2.0]
    assert later.unique().tolist() == pytest.approx([0.2])


def test_cuts_show_the_other_scenes_mirrored_in_turn():
    cuts = SceneCuts(CutModel(share=ALL, interval_s=(1, 1)), 2, torch.Generator().manual_seed(0))
    scenes = torch.arange(2 * 4 * 3).float().view(2, 4, 1, 3)
    t_s = torch.tensor([[0.5, 0.99, 1.0, 2.5]]).expand(2, -1)
    shown = cuts.shown(scenes, t_s)
    assert torch.equal(shown[:, :2], scenes[:, :2])
    assert torch.equal(shown[:, 2], scenes.flip(0)[:, 2].flip(-1))
    assert torch.equal(shown[:, 3], scenes[:, 3])


def sequences(photographs, **changes):
    model = SequenceModel(steps=(4,), window_ms=(10, 10), **changes)
    return Sequences(photographs, model, 2, 24, 32, bins=5, seed=1).next(6)


def test_without_shares_the_samples_do_not_change(photographs):
    wanted = sequences(photographs)
    unused = sequences(
        photographs,
        faults=FaultModel(limit_hz=(1e-3, 1e-3), limit_row_share=0.9, stamp_ms=(9, 9)),
        cuts=CutModel(interval_s=(1e-3, 1e-3)),
    )
    assert all(torch.equal(a, b) for a, b in zip(wanted, unused, strict=True))


def test_faults_change_the_events_but_not_the_truth(photographs):
    grids, truths = sequences(photographs)
    none_passes = FaultModel(limit_share=ALL, limit_hz=(1e-6, 1e-6), limit_row_share=0.0)
    lost, same_truths = sequences(photographs, faults=none_passes)
    assert torch.equal(truths, same_truths)
    assert lost.abs().sum() < 0.01 * grids.abs().sum()
    late, same_truths = sequences(photographs, faults=FaultModel(stamp_share=ALL, stamp_ms=(5, 5)))
    assert torch.equal(truths, same_truths)
    # With steps of 2.5 ms and stamps of 5 ms all events lie on the middle or the last bin.
    assert not late[:, :, [0, 1, 3]].any()
    assert torch.allclose(late.sum(2), grids.sum(2), atol=1e-3)


def test_a_cut_changes_truth_and_events(photographs):
    plain, truths = sequences(photographs)
    grids, cut_truths = sequences(photographs, cuts=CutModel(share=ALL, interval_s=(0.02, 0.02)))
    assert torch.equal(truths[0], cut_truths[0])
    assert torch.equal(truths[2].flip(0, -1), cut_truths[2])
    assert torch.equal(plain[0], grids[0])
    assert grids[1].abs().sum() > 3 * plain[1].abs().sum()
