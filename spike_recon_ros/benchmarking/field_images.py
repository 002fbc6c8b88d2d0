# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What images of a network are like outside its own simulator, in parts that run by themselves.

Each part takes a model and returns figures. `PARTS` names them; field_criteria compares them with
what is wanted.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from spike_recon_ros.benchmarking import field_recordings
from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.contenders import Contender
from spike_recon_ros.evaluation.recordings import Recording, evaluated_frames, survey
from spike_recon_ros.evaluation.score import Score
from spike_recon_ros.frame import Frame
from spike_recon_ros.offline.frames import ResetPrinter, frames_of
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings
from spike_recon_ros.sources.open_source import open_source

Figures = dict[str, Any]
REST_BANDS_S = ((0, 1), (1, 2), (2, 5), (5, 10), (10, 20))
BOARD_S = 60.0
BOARD_BANDS_S = ((0, 6), (6, 10), (10, 20), (20, 30), (30, 60))
RATES_HZ = (50.0, 200.0, 500.0, 1000.0)
NOISE_RATES_HZ = (0.2, 2.0, 10.0)
NOISE_RECORDINGS = ('dvxplorer_libcaer_rollover', 'hd_evt3_trigger')
SETTLED_S = 0.3
"""Noise is measured from then on."""
WALL = ((slice(180, 320), slice(160, 300)), (slice(180, 360), slice(420, 600)))
"""Rows and columns of `vga_evt3`, left and right of where the person walks. In two seconds, fewer
than .05 events a pixel and second fall there, so what is drawn there comes from the network."""
DARK = (slice(340, 480), slice(0, 80))
"""A dark part that does not move either, in which two events a pixel and second are noise."""
PERSON = (slice(0, 400), slice(300, 420))
COMPARED = (
    *('mse', 'ssim', 'mse_mean', 'ssim_mean', 'mse_matched', 'ssim_matched', 'fine'),
    'level_error',
)


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where recordings are.

    Attributes:
        data: folder with event/ (recordings) and photos/.
        held: folder of recordings by another simulator; None = there are none.
        work: folder for recordings that are made here.
        settings: of the pipeline.
        console: for progress.
    """

    data: Path
    held: Path | None
    work: Path
    settings: Settings
    console: Console

    def recording(self, name: str) -> Path:
        """Return the path of a real recording.

        Raises:
            UserError: it does not exist.
        """
        path = self.data / 'event' / name
        if not path.exists():
            raise UserError(f'there is no {path}; give --data, the folder of the recordings')
        return path

    def at(self, fps: float) -> Settings:
        """Return the settings with another frame rate."""
        return dataclasses.replace(self.settings, fps=fps)


def scored(
    model: Contender, path: Path, metrics: tuple[str, ...], place: Place, fps: float = 50.0
) -> tuple[Score, float]:
    """Run a model over a recording; return its score, and the length of the recording, seconds."""
    recording = _surveyed(path)
    score = Score(metrics)
    for frame in evaluated_frames(recording, model, place.at(fps), place.console):
        score.add(frame)
    return score, recording.duration_s


@functools.cache
def _surveyed(path: Path) -> Recording:
    """Return what is known of a recording; it is read once for all models."""
    return survey(path, Console(quiet=True))


def cross(model: Contender, place: Place) -> Figures:
    """Compare with the truth on recordings by another simulator, in their second halves."""
    if place.held is None:
        raise UserError('--part cross needs --held, the folder of another simulator; see --help')
    paths = sorted(path for path in place.held.iterdir() if path.is_dir())
    if not paths:
        raise UserError(f'{place.held} holds no recordings; see benchmarks/simulate_with_v2e.py')
    return _compared(model, paths, place, skip_share=0.5)


def own(model: Contender, place: Place) -> Figures:
    """Compare with the truth on recordings by the simulator that also makes the training data."""
    paths = field_recordings.held(place.work / 'held', place.data / 'photos')
    return _compared(model, paths, place, skip_share=0.0)


def _compared(model: Contender, paths: list[Path], place: Place, skip_share: float) -> Figures:
    by_recording = {}
    for path in paths:
        score, duration_s = scored(model, path, COMPARED, place)
        by_recording[path.name] = score.summary(skip_share * duration_s)
    means: Figures = {}
    for name in next(iter(by_recording.values())):
        known = [row[name] for row in by_recording.values() if row[name] is not None]
        means[name] = float(np.mean(known)) if known else None
    return {**means, 'recordings': by_recording}


def rest(model: Contender, place: Place) -> Figures:
    """Count tags while nothing but noise follows one second of a real recording of tags."""
    tags = place.recording('davis346_apriltags')
    path = field_recordings.rest(place.work / 'rest', tags)
    score, _ = scored(model, path, ('tags', 'flicker', 'still_change'), place)
    bands = _by_time(score, 'tags', REST_BANDS_S)
    return {**bands, 'still_change': score.summary()['still_change']}


def board(model: Contender, place: Place) -> Figures:
    """Count the tags in view on a board that stops after a second."""
    path = field_recordings.board_that_stops(place.work / f'board_{BOARD_S:g}', BOARD_S)
    score, _ = scored(model, path, ('tags', 'tags_share', 'still_change'), place)
    found = _by_time(score, 'tags_found', BOARD_BANDS_S)
    in_view = _by_time(score, 'tags_in_view', BOARD_BANDS_S)
    shares = {
        name.replace('tags_found', 'share'): found[name] / in_view[other]
        for name, other in zip(found, in_view, strict=True)
    }
    whole = score.summary()
    return {**shares, 'share': whole['tags_share'], 'still_change': whole['still_change']}


def rates(model: Contender, place: Place) -> Figures:
    """Count tags in a real recording at several frame rates, and measure flicker."""
    path = place.recording('davis346_apriltags')
    found: Figures = {}
    for fps in RATES_HZ:
        metrics = ('tags', 'first_tag_ms', 'flicker', 'still_change')
        score, _ = scored(model, path, metrics, place, fps)
        found |= {f'{name}_{fps:g}_fps': value for name, value in score.summary().items()}
    return found


def fast(model: Contender, place: Place) -> Figures:
    """Count tags on a board that moves at 600 px/s, with noise."""
    path = field_recordings.fast_board(place.work / 'fast_board_in_noise')
    score, _ = scored(model, path, ('tags', 'tags_share', 'ssim', 'fine'), place)
    summary = score.summary()
    in_view = float(np.mean([row['tags_in_view'] for row in score.rows]))
    return {**summary, 'tags_in_view': in_view}


def noise(model: Contender, place: Place) -> Figures:
    """Measure how far frames of noise alone are from flat, before and after the tone mapping."""
    paths = {name: place.recording(name) for name in NOISE_RECORDINGS}
    for rate_hz in NOISE_RATES_HZ:
        name = f'noise_{rate_hz:g}_hz'
        paths[name] = field_recordings.noise(place.work / name, rate_hz)
    found: Figures = {}
    for name, path in paths.items():
        rows = []
        for t_s, frame in frames(model, path, place):
            assert frame.image is not None
            if t_s >= SETTLED_S:
                low, high = np.percentile(frame.image, (1, 99))
                rows.append((frame.intensity.std(), frame.image.std(), high - low))
        if not rows:
            raise UserError(f'{path} is shorter than {SETTLED_S:g} s; give a longer one')
        raw, grey, span = (float(value) for value in np.mean(rows, axis=0))
        found |= {f'raw_std_{name}': raw} if model.in_range else {}
        found |= {f'mono8_std_{name}': grey, f'mono8_span_{name}': span}
    return found


def wall(model: Contender, place: Place) -> Figures:
    """Measure how even the still parts of `vga_evt3` are, and whether one sees the person."""
    rows = []
    for t_s, frame in frames(model, place.recording('vga_evt3'), place):
        if t_s >= SETTLED_S:
            image = frame.intensity
            still = np.concatenate([image[part].ravel() for part in WALL])
            off = np.percentile(np.abs(still - np.median(still)), 95)
            rows.append((off, still.std(), image[DARK].std(), image[PERSON].std()))
    if not rows:
        raise UserError(f'vga_evt3 is shorter than {SETTLED_S:g} s; give the whole recording')
    names = 'wall_p95', 'wall_std', 'dark_std', 'person_std'
    means = {name: float(value) for name, value in zip(names, np.mean(rows, axis=0), strict=True)}
    return {**means, 'wall_p95_worst': float(np.max(rows, axis=0)[0])}


def lamp(model: Contender, place: Place) -> Figures:
    """Compare simulated scenes under a lamp of 100 Hz with the same scenes in steady light.

    Under a lamp every pixel fires, so flicker is measured in all pixels, on the error: the mean
    of |e(t) - (e(t-1) + e(t+1)) / 2| with e the image minus the truth, whose light is steady.
    """
    rows = []
    for pair in field_recordings.lamps(place.work / 'lamps', place.data / 'photos'):
        for path in pair:
            recording = _surveyed(path)
            score, errors = Score(('ssim',)), []
            for frame in evaluated_frames(recording, model, place.settings, place.console):
                assert frame.truth is not None
                score.add(frame)
                errors.append(frame.intensity - frame.truth / np.float32(255))
            settled = np.stack(errors[len(errors) // 4 :])
            change = np.abs(settled[1:-1] - 0.5 * (settled[:-2] + settled[2:]))
            rows.append((float(change.mean()), score.summary()['ssim']))
    steady, under = np.mean(rows[::2], axis=0), np.mean(rows[1::2], axis=0)
    return {
        'flicker_steady': float(steady[0]),
        'flicker_lamp': float(under[0]),
        'flicker_ratio': float(under[0] / steady[0]),
        'ssim_steady': float(steady[1]),
        'ssim_lamp': float(under[1]),
    }


Part = Callable[[Contender, Place], Figures]
PARTS: dict[str, Part] = {
    'cross': cross,
    'rest': rest,
    'board': board,
    'rates': rates,
    'fast': fast,
    'noise': noise,
    'wall': wall,
    'lamp': lamp,
    'own': own,
}


def frames(model: Contender, path: Path, place: Place) -> Iterator[tuple[float, Frame]]:
    """Run a model as the node does; yield the time since the start, seconds, and each frame."""
    settings = dataclasses.replace(place.settings, model=model.model)
    reconstructor = Reconstructor(settings, ResetPrinter(place.console))
    start_ns = None
    try:
        with open_source(path) as source:
            label = f'{path.name}: {model.name}'
            for frame in frames_of(source, reconstructor, place.console, label):
                start_ns = frame.t_start_ns if start_ns is None else start_ns
                yield (frame.t_ns - start_ns) / 1e9, frame
    finally:
        reconstructor.close()


def _by_time(score: Score, name: str, bands_s: tuple[tuple[int, int], ...]) -> Figures:
    """Return the mean of a column of the rows in each band of time."""
    found = {}
    for low_s, high_s in bands_s:
        values = [row[name] for row in score.rows if low_s < row['t_s'] <= high_s]
        found[f'{name}_{low_s}_{high_s}_s'] = float(np.mean(values)) if values else None
    return found
