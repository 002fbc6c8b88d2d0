# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The published cuts of sequences, and how their scores are averaged."""

import json

import numpy as np
import pytest

from spike_recon_ros.cli.main import main
from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.protocols import (
    PROTOCOLS,
    CutSource,
    find_cut,
    protocol_scores,
)
from spike_recon_ros.evaluation.score import Score
from spike_recon_ros.packets.packet import Packet, Reference
from spike_recon_ros.sources.open_source import open_source

EVREAL, V2V = PROTOCOLS['evreal'], PROTOCOLS['v2v']
MS = 1_000_000
FRAME_S = 0.1


@pytest.fixture
def sequence(tmp_path):
    """Return a function that writes a sequence: a frame every 0.1 s, an event every 5 ms."""

    def write(name, duration_s, first_frame_s=0.04):
        folder = tmp_path / name
        folder.mkdir()
        t = 100 + np.arange(0.002, duration_s, 0.005)
        frames = int((duration_s - first_frame_s) / FRAME_S)
        chance = np.random.default_rng(0)
        np.save(folder / 'events_ts.npy', t)
        np.save(folder / 'events_xy.npy', chance.integers(0, 24, (len(t), 2)))
        np.save(folder / 'events_p.npy', chance.integers(0, 2, len(t)))
        np.save(folder / 'images.npy', chance.integers(0, 255, (frames, 24, 24, 1), np.uint8))
        times = 100 + first_frame_s + FRAME_S * np.arange(frames)
        np.save(folder / 'images_ts.npy', times[:, None])
        return folder

    return write


def cut_of(protocol, path):
    with open_source(path, reference_topic='images') as source:
        cut = find_cut(protocol, path.name, source)
        items = list(CutSource(source, cut))
    packets = [item.stamp_ns / 1e9 - 100 for item in items if isinstance(item, Packet)]
    stamps = [item.stamp_ns for item in items if isinstance(item, Reference)]
    scored = [stamp / 1e9 - 100 for stamp in stamps if cut.scores(stamp)]
    return cut, packets, [stamp / 1e9 - 100 for stamp in stamps], scored


def test_evreal_runs_ten_seconds_before_what_it_scores(sequence):
    path = sequence('indoor_flying4_data', 26.0)
    cut, packets, stamps, scored = cut_of(EVREAL, path)
    # Time begins with the first event, 2 ms after 100 s; the cut is 10.0 to 19.8 s.
    assert cut.dataset == 'MVSEC'
    assert packets[0] < 0.01
    assert stamps[0] == pytest.approx(0.04)
    assert (scored[0], scored[-1]) == pytest.approx((10.04, 19.74))
    assert max(packets) < 20.1


def test_evreal_leaves_out_what_lies_earlier_but_keeps_the_window_of_its_first_frame(sequence):
    protocol = PROTOCOLS['evreal']
    path = sequence('outdoor_day2_data', 162.0)
    _, packets, stamps, scored = cut_of(protocol, path)
    assert stamps[0] == pytest.approx(90.04)
    assert 89.94 <= packets[0] <= 89.95
    assert (scored[0], scored[-1]) == pytest.approx((100.04, 159.94))


def test_v2v_begins_cold_at_the_first_frame_of_the_cut(sequence):
    path = sequence('slider_depth', 3.5)
    cut, packets, stamps, scored = cut_of(V2V, path)
    # Time begins with the first frame, at 0.04 s; the cut is 1.0 to 2.5 s.
    assert cut.dataset == 'ECD'
    assert 1.04 <= packets[0] <= 1.05
    assert (stamps[0], scored[0], scored[-1]) == pytest.approx((1.14, 1.14, 2.44))


@pytest.mark.parametrize('protocol', [EVREAL, V2V])
@pytest.mark.parametrize(('name', 'duration_s'), [('desk', 3.0), ('slider_depth_cut', 1.6)])
def test_whole_and_already_cut_sequences_are_scored_entirely(sequence, protocol, name, duration_s):
    path = sequence(name, duration_s)
    _, packets, stamps, scored = cut_of(protocol, path)
    assert packets[0] < 0.01
    assert len(stamps) == len(scored) == int((duration_s - 0.04) / FRAME_S)


def test_another_name_is_refused_with_the_names_of_the_sequences(sequence):
    with pytest.raises(
        UserError, match=r'my_walk is no sequence of the protocol evreal.*ECD: box'
    ):
        cut_of(EVREAL, sequence('my_walk', 1.0))
    with pytest.raises(UserError, match='no sequence of the protocol evreal'):
        cut_of(EVREAL, sequence('toy', 1.0))  # V2V alone has it


def test_a_recording_that_ends_before_its_cut_is_refused(sequence):
    with pytest.raises(
        UserError, match=r'ends after 62\.8 s and .* scores 100 to 160 s of outdoor'
    ):
        cut_of(EVREAL, sequence('outdoor_day2_data', 63.0))


class Rows(Score):
    def __init__(self, values):
        super().__init__(['mse'])
        self.rows = [{'t_s': 0.0, 'mse': value} for value in values]


def test_evreal_weighs_frames_and_v2v_sequences():
    scores = {'desk': {'a': Rows([1.0, 1.0, 1.0])}, 'boxes': {'a': Rows([5.0])}}
    datasets = dict.fromkeys(scores, 'HQF')
    by_frames = protocol_scores(EVREAL, scores, datasets)
    assert by_frames == {'HQF': {'a': {'sequences': 2, 'frames': 4, 'mse': 2.0}}}
    by_sequences = protocol_scores(V2V, scores, datasets)
    assert by_sequences == {'HQF': {'a': {'sequences': 2, 'frames': 4, 'mse': 3.0}}}


def test_one_command_scores_a_sequence(sequence, tmp_path, capsys):
    path = sequence('slider_depth', 3.5)
    words = ['-m', 'leaky_integrator', '-d', str(path), '-o', str(tmp_path / 'out')]
    assert main(['evaluate', *words, '--protocol', 'v2v']) == 0
    out, err = capsys.readouterr()
    summary = json.loads(out.splitlines()[-1])
    figures = summary['protocol']['datasets']['ECD']['leaky_integrator']
    assert figures['frames'] == summary['datasets']['slider_depth']['frames'] == 14
    assert set(figures) == {'sequences', 'frames', 'mse', 'ssim_v2v'}
    assert 'v2v, ECD: 1 sequence, 14 frames' in err


def test_a_protocol_needs_truth_and_says_which_frames_count(sequence, tmp_path, capsys):
    path = sequence('slider_depth', 3.5)
    words = ['evaluate', '-m', 'leaky_integrator', '-d', str(path), '-o', str(tmp_path / 'out')]
    assert main([*words, '--protocol', 'evreal', '--skip-s', '1']) == 1
    assert 'leave out --skip-s' in capsys.readouterr().err
    (path / 'images.npy').unlink()
    assert main([*words, '--size', '24x24', '--protocol', 'evreal']) == 1
    assert 'compares with ground truth' in ' '.join(capsys.readouterr().err.split())
