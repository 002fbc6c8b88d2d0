# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Score events with frames beside events alone and frames alone, on simulated sequences.

    python benchmarks/frames.py PHOTOS... --videos VIDEOS... > benchmarks/results/frames.json

PHOTOS are folders of photographs, of which only those that training holds back are used; VIDEOS
are folders of videos that were not trained on. The sequences have 100 windows per second and a
camera of 10 frames per second, whose last frame is held where frames are scored alone. The same
scenes and events are reconstructed with frames in time (10 ms), late (200 ms), black but for
noise, and missing. As in the pipeline, frames that show nothing are refused before the network;
what it would make of them is listed as `black_unchecked`.
Every contender is scored on the same windows, those for which a frame in time has arrived. The
networks run in PyTorch and update their state with each window. Prints one JSON object.
"""

import argparse
import dataclasses
import json
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import torch

from spike_recon_ros.bundles.zoo import find_bundle
from spike_recon_ros.frames.camera_frame import camera_frame
from spike_recon_training.initial_weights import first_network
from spike_recon_training.losses import ssim
from spike_recon_training.recipe import Recipe, find_recipe, read_recipe
from spike_recon_training.simulation.camera_frames import FrameModel
from spike_recon_training.simulation.photographs import (
    find_photographs,
    load_photographs,
    split_photographs,
)
from spike_recon_training.simulation.sequences import Sequences
from spike_recon_training.simulation.videos import Clips, find_videos, load_clips

NAME, BASE = 'two_scale_gru_frames', 'two_scale_gru'
BINS, SIDE, WINDOWS = 5, 128, 60
WINDOW_MS, FRAMES_HZ, EXPOSURE_MS, SEED = 10.0, 10.0, 10.0, 77_000
COMMON = FrameModel(
    hz=(FRAMES_HZ, FRAMES_HZ), exposure_ms=(EXPOSURE_MS, EXPOSURE_MS), latency_ms=(10.0, 10.0),
    very_late_share=0.0, missing_share=0.0, outage_share=0.0, black_share=0.0,
)  # fmt: skip
CASES = {
    'in_time': COMMON,
    'late': dataclasses.replace(COMMON, latency_ms=(200.0, 200.0)),
    'black': dataclasses.replace(COMMON, black_share=1.0),
    'missing': dataclasses.replace(COMMON, missing_share=1.0),
}
UNCHECKED = 'black_unchecked'


def sequences(
    photographs: Any, recipe: Recipe, frames: FrameModel, seed: int, clips: Clips | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return inputs and truths of one sequence; only the frames differ from case to case."""
    model = dataclasses.replace(recipe.sequences, window_ms=(WINDOW_MS, WINDOW_MS), frames=frames)
    made = Sequences(
        photographs, model, 1, SIDE, SIDE, bins=BINS, seed=seed, clips=clips, with_frames=True
    )
    return made.next(WINDOWS)


def without_blank(inputs: torch.Tensor) -> torch.Tensor:
    """Return the inputs without the frames that the pipeline refuses."""
    checked = inputs.clone()
    for window in checked:
        grey = (255 * window[0, BINS]).round().to(torch.uint8).numpy()
        if camera_frame(0, grey).is_blank():
            window[:, BINS:] = 0
    return checked


@torch.no_grad()
def images(network: Any, inputs: torch.Tensor) -> tuple[torch.Tensor, float]:
    """Return the images of all windows and the milliseconds per window."""
    state, made = None, []
    begun = time.perf_counter()
    for window in inputs:
        image, state = network(window, state)
        made.append(image)
    return torch.stack(made), 1e3 * (time.perf_counter() - begun) / len(inputs)


def scores(video: torch.Tensor, truth: torch.Tensor) -> dict[str, float]:
    """Return mean square error and SSIM over all windows."""
    return {
        'mse': float((video - truth).square().mean()),
        'ssim': float(ssim(video.flatten(0, 1), truth.flatten(0, 1)).mean()),
    }


class Contest:
    """Events, frames, and both, on the same sequences.

    Args:
        bundle: of the network that reads frames.

    Attributes:
        recipe: of that network.
        rows: scores of each sequence, by contender.
        times_ms: per window of each sequence, by network.
        missing_equals_events: whether, without frames, all images were those of events alone.
    """

    def __init__(self, bundle: Path) -> None:
        base = find_bundle(BASE)
        assert base is not None
        self.recipe = recipe = read_recipe(find_recipe(NAME))
        alone = dataclasses.replace(
            recipe,
            network=dataclasses.replace(recipe.network, name=BASE),
            optimisation=dataclasses.replace(recipe.optimisation, only=()),
        )
        self._with_frames = first_network(recipe, bundle).eval()
        self._alone = first_network(alone, base).eval()
        self.rows: dict[str, list[dict[str, float]]] = defaultdict(list)
        self.times_ms: dict[str, list[float]] = defaultdict(list)
        self.missing_equals_events = True

    def add(self, photographs: Any, seed: int, clips: Clips | None) -> None:
        """Score one sequence."""
        made = {
            case: sequences(photographs, self.recipe, frames, seed, clips)
            for case, frames in CASES.items()
        }
        inputs, truth = made['in_time']
        shown = inputs[:, 0, -1, 0, 0] > 0
        events, took_ms = images(self._alone, inputs[:, :, :BINS])
        self.times_ms['events'].append(took_ms)
        self._score('events', events, truth, shown)
        self._score('frames_held', inputs[:, :, BINS : BINS + 1], truth, shown)
        for case, (inputs, truth) in made.items():
            if case == 'black':
                unchecked, _ = images(self._with_frames, inputs)
                self._score(f'events_and_frames_{UNCHECKED}', unchecked, truth, shown)
            video, took_ms = images(self._with_frames, without_blank(inputs))
            self.times_ms['events_and_frames'].append(took_ms)
            self._score(f'events_and_frames_{case}', video, truth, shown)
            if case == 'missing':
                self.missing_equals_events &= torch.equal(video, events)

    def _score(
        self, name: str, video: torch.Tensor, truth: torch.Tensor, shown: torch.Tensor
    ) -> None:
        self.rows[name].append(scores(video[shown], truth[shown]))


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('photos', nargs='+', type=Path)
    parser.add_argument('--videos', action='extend', nargs='+', type=Path, default=[])
    parser.add_argument('--bundle', type=Path, default=find_bundle(NAME))
    parser.add_argument('--sequences', type=int, default=4, help='of each kind (%(default)s)')
    options = parser.parse_args()
    torch.set_num_threads(1)
    contest = Contest(options.bundle)
    choice = contest.recipe.photographs
    _, held = split_photographs(find_photographs(options.photos), choice.held_share)
    photographs = load_photographs(held, choice.side, pattern_share=choice.pattern_share)
    clips = load_clips(find_videos(options.videos), 270, 240) if options.videos else None
    for number in range(options.sequences * (1 + (clips is not None))):
        contest.add(photographs, SEED + number, clips if number % 2 else None)
    rows = contest.rows
    result = {
        'means': {
            name: {key: round(sum(row[key] for row in found) / len(found), 5) for key in found[0]}
            for name, found in rows.items()
        },
        'missing_equals_events_bit_for_bit': contest.missing_equals_events,
        'ms_per_window_torch_one_thread': {
            name: round(sorted(found)[len(found) // 2], 2)
            for name, found in contest.times_ms.items()
        },
        'each': {
            name: [{key: round(value, 5) for key, value in row.items()} for row in found]
            for name, found in rows.items()
        },
        'sequences': len(rows['events']),
        'windows': WINDOWS,
        'side': SIDE,
        'window_ms': WINDOW_MS,
        'frames_hz': FRAMES_HZ,
        'exposure_ms': EXPOSURE_MS,
        'base': BASE,
    }
    print(json.dumps(result, indent=1))


if __name__ == '__main__':
    main()
