# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""PSNR and SSIM of the images of all clips of a data set of spike cameras."""

import functools
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress

from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.clip_extras import CLIP_METRICS, ClipExtras
from spike_recon_ros.evaluation.cold_start import ColdStart
from spike_recon_ros.evaluation.spike_scores import (
    BICUBIC,
    NO_EXTRAS,
    Comparison,
    check_size,
    check_white_rate,
    quantised,
)
from spike_recon_ros.offline.progress import print_warning
from spike_recon_ros.offline.several_inputs import Used, check_any_left, use_each
from spike_recon_ros.settings import Settings
from spike_recon_ros.sources.spike_clip import SpikeClip, plane_count, read_truth
from spike_recon_ros.sources.spike_datasets import find_clips


def evaluate_clips(
    path: Path,
    settings: Settings,
    *,
    white_rate: float | None = None,
    enlarge: str = BICUBIC,
    console: Console | None = None,
    extras: ClipExtras = NO_EXTRAS,
) -> dict[str, Any]:
    """Score one model on the test part of a data set.

    The scores of a clip are means over its ground truth images, those of the data set means over
    its clips. Planes for which a clip ends too early are counted as `skipped`.

    Args:
        path: folder of the data set.
        settings: model and its parameters.
        white_rate: spikes per plane of a white pixel; None = that of each clip.
        enlarge: see `evaluate_plane`.
        console: for the progress bar; None = stderr.
        extras: further metrics, and where to write the images. With metrics that need no truth,
            or a folder, the middle plane of each clip without truth counts as well.

    Returns: `mean`, the scores of each of the `clips`, `skipped`, the number of clips
        `without_truth`, and `Used.left_out`.

    Raises:
        UserError: the data set or an argument is not usable, or no image can be scored.
    """
    check_white_rate(white_rate)
    found = find_clips(path)
    clips = [clip for clip in found if clip.truths or extras.without_truth]
    if not clips:
        raise UserError(
            f'{path} holds planes but no images to compare with; look at them with spike-recon '
            'run, or measure them without with -q niqe brisque'
        )
    console = console or Console(stderr=True)
    scores = _Scores(settings, white_rate, enlarge, extras, console)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task('clips', total=len(clips))

        def measure(clip: SpikeClip) -> None:
            progress.advance(task)
            scores.add(clip)

        used = use_each({clip.name: clip for clip in clips}, measure, console)
    name = scores.close()
    check_any_left(used)
    if not (scored := scores.by_clip):
        raise UserError(f'no clip of {path} is long enough for {name}; choose another model')
    return {
        'source': str(path),
        'model': name,
        'clips': scored,
        'skipped': _planes_skipped(clips, used, scored),
        'without_truth': sum(not clip.truths for clip in found),
        'mean': _mean(list(scored.values())),
        **used.left_out(),
    }


def _planes_skipped(clips: list[SpikeClip], used: Used, scored: dict[str, Any]) -> int:
    """Return how many planes of the clips that could be read have no score."""
    n_wanted = sum(len(clip.truths) or 1 for clip in clips if clip.name in used.outputs)
    return n_wanted - sum(len(clip['instants']) for clip in scored.values())


class _Scores:
    """The scores of each clip that is long enough for the model.

    Args:
        settings, white_rate, enlarge, extras: see `evaluate_clips`.
        console: for what is left out of a clip.
    """

    def __init__(
        self,
        settings: Settings,
        white_rate: float | None,
        enlarge: str,
        extras: ClipExtras,
        console: Console,
    ) -> None:
        self.by_clip: dict[str, Any] = {}
        self._settings, self._white_rate, self._enlarge = settings, white_rate, enlarge
        self._extras, self._console = extras, console
        self._starts: dict[tuple[int, int], ColdStart] = {}

    def add(self, clip: SpikeClip) -> None:
        """Score a clip.

        Raises:
            UserError: it cannot be read, or its truth does not belong to it.
        """
        size = clip.layout.width, clip.layout.height
        start = self._starts.setdefault(size, ColdStart(self._settings))
        rate = clip.white_rate if self._white_rate is None else self._white_rate
        if rows := self._rows(clip, start, rate):
            self.by_clip[clip.name] = {'white_rate': rate, **_mean(rows), 'instants': rows}

    def close(self) -> str:
        """Release the models; return their name."""
        for start in self._starts.values():
            start.close()
        return next(iter(self._starts.values())).model_name

    def _rows(self, clip: SpikeClip, start: ColdStart, white_rate: float) -> list[dict[str, Any]]:
        """Return the scores of each plane that has a truth and planes enough after it."""
        packets = clip.packets(functools.partial(print_warning, self._console))
        rows = []
        if not clip.truths:
            plane = sum(plane_count(file, clip.layout) for file in clip.files) // 2
            intensity = start.intensity(packets, plane)
            if intensity is None:
                return []
            shown = quantised(intensity, white_rate)
            return [{'plane': plane, **self._extras.measured(clip.name, plane, shown, None)}]
        comparison = Comparison(white_rate, self._enlarge, self._extras)
        for truth in clip.truths:
            intensity = start.intensity(packets, truth.plane)
            if intensity is None:
                continue
            image = read_truth(truth.image)
            check_size(truth.image, image, clip.files[0], clip.layout.width, clip.layout.height)
            found = comparison.scores(start.model_name, intensity, image, truth.plane, clip.name)
            rows.append({'plane': truth.plane, **found})
        return rows


def _mean(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Return the mean of each metric over the rows that have it."""
    found = {name: [row[name] for row in rows if name in row] for name in CLIP_METRICS}
    return {name: float(np.mean(values)) for name, values in found.items() if values}
