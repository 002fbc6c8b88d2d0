# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Scores the frames of one model on one recording, one at a time.

Flicker needs no ground truth: it is the mean of |I(t) - (I(t-1) + I(t+1)) / 2| over the pixels
that have no event within two pixels from frame t-1 to frame t+1. There the sensor saw no change,
so brightness that goes up and down comes from the reconstruction; an even drift does not count.
The pixels are the same for all models. Changes below the sensor's threshold make no events: a
perfect video has a flicker of about 0.004, so a lower one is no better. White noise of 0.01 adds
0.01.

`still_change` is the mean of |I(t) - I(t-1)| over the pixels that have no event within two pixels
from frame t-1 to frame t. It counts an even drift as well, such as a slow fading.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from spike_recon_ros.evaluation.color_scores import COMPARE_COLOR
from spike_recon_ros.evaluation.full_reference import (
    contrast_matched,
    correlation,
    correlation_sums,
    finest_octave,
    gmsd,
    mean_matched,
    mse,
    psnr,
    ssim,
    ssim_v2v,
)
from spike_recon_ros.evaluation.metrics import FULL_REFERENCE, LEVELS, SPIKE_RATE
from spike_recon_ros.evaluation.no_reference import LOADERS, Judge
from spike_recon_ros.evaluation.tags import TagScore
from spike_recon_ros.packets.events import Events

Compare = Callable[[np.ndarray, np.ndarray], float]
_COMPARE: dict[str, Compare] = {
    'mse': mse,
    'psnr': psnr,
    'ssim': ssim,
    'ssim_v2v': ssim_v2v,
    'gmsd': gmsd,
    'mse_mean': lambda image, truth: mse(mean_matched(image, truth), truth),
    'ssim_mean': lambda image, truth: ssim(mean_matched(image, truth), truth),
    'mse_matched': lambda image, truth: mse(contrast_matched(image, truth), truth),
    'ssim_matched': lambda image, truth: ssim(contrast_matched(image, truth), truth),
    'level_error': lambda image, truth: abs(float(np.mean(image) - np.mean(truth))),
}
_NEIGHBOURHOOD = np.ones((5, 5), np.uint8)
_CHANGES = {'flicker', 'still_change'}
_TAG_METRICS = {'tags', 'tags_share', 'first_tag_ms'}


def _no_rate() -> None:
    """Return None: the model has no spiking neurons."""


@dataclass(frozen=True, slots=True, eq=False)
class EvaluatedFrame:
    """One frame, ready to be scored.

    Attributes:
        t_s: sensor time since the recording's first event, seconds.
        intensity: float32 [height, width] in 0..1, what is compared.
        stretched: uint8 [height, width], the intensity with 1 % of the pixels black and 1 % white;
            tags are read in it.
        events: of the frame's window.
        truth: uint8 [height, width], the scene at the same instant; None = unknown.
        color: uint8 [height, width, 3], BGR, the colour image; None = none was made.
        color_truth: uint8 [height, width, 3], BGR, the colours of the scene; None = unknown.
        spike_rate: returns the spike rate of the network, see NetworkModel; to be called before
            the next frame is made. A function, so that only those who need the rate wait for it.
    """

    t_s: float
    intensity: np.ndarray
    stretched: np.ndarray
    events: Events
    truth: np.ndarray | None = None
    color: np.ndarray | None = None
    color_truth: np.ndarray | None = None
    spike_rate: Callable[[], float | None] = _no_rate


class Score:
    """Scores one model on one recording.

    Only the last two images and the rows are kept in memory.

    Args:
        metrics: names of METRICS; those that need ground truth are left out if there is none.
        lpips: function that computes it, if it is among them.
        judges: functions for the metrics without truth that are among them.

    Attributes:
        rows: a dictionary for each frame: `t_s`, `events` and the metrics; None = unknown.
        pipeline_s: seconds that the pipeline took for each frame, from reading to intensity.
    """

    def __init__(
        self,
        metrics: Collection[str],
        lpips: Compare | None = None,
        judges: Mapping[str, Judge] | None = None,
    ) -> None:
        self.pipeline_s: list[float] = []
        self._judges = judges or {}
        self.rows: list[dict[str, Any]] = []
        self._metrics = set(metrics)
        self._compare = {name: one for name, one in _COMPARE.items() if name in self._metrics}
        if lpips is not None and 'lpips' in self._metrics:
            self._compare['lpips'] = lpips
        self._before: list[tuple[np.ndarray, np.ndarray]] = []
        self._fine: list[np.ndarray] = []

    def add(self, frame: EvaluatedFrame) -> dict[str, Any]:
        """Score a frame; return its row."""
        row: dict[str, Any] = {'t_s': frame.t_s, 'events': len(frame.events)}
        if frame.truth is not None:
            truth = frame.truth.astype(np.float32) / np.float32(255)
            row |= {name: one(frame.intensity, truth) for name, one in self._compare.items()}
            row |= self._beside_truth(frame.intensity, truth)
        if frame.color is not None and frame.color_truth is not None:
            row |= {
                name: compare(frame.color, frame.color_truth)
                for name, compare in COMPARE_COLOR.items()
                if name in self._metrics
            }
        row |= {name: judge(frame.intensity) for name, judge in self._judges.items()}
        if SPIKE_RATE in self._metrics:
            row[SPIKE_RATE] = frame.spike_rate()
        if self._metrics & _TAG_METRICS:
            row |= _tags(frame)
        if self._metrics & _CHANGES:
            self._add_changes(frame, row)
        self.rows.append(row)
        return row

    def _beside_truth(self, image: np.ndarray, truth: np.ndarray) -> dict[str, Any]:
        """Return what is measured beside `_COMPARE`; keep the sums of `fine`."""
        found: dict[str, Any] = {}
        if 'level_error' in self._metrics:
            levels = image.mean(), image.std(), truth.mean(), truth.std()
            found |= {name: float(value) for name, value in zip(LEVELS, levels, strict=True)}
        if 'fine' in self._metrics:
            self._fine.append(correlation_sums(finest_octave(image), finest_octave(truth)))
            found['fine'] = correlation(self._fine[-1])
        return found

    def summary(self, skip_s: float = 0.0) -> dict[str, float | None]:
        """Return each metric over the recording; None = it does not apply, or no tag was read.

        Metrics are means over the frames. `fine` is the correlation over the pixels of all frames.
        `tags_share` is the number of tags found divided by the number in view, over all frames.
        If the ground truth shows that no tag is ever in view, no metric of tags applies.

        Args:
            skip_s: full-reference metrics leave out frames before this time, seconds.
        """
        result: dict[str, float | None] = {}
        late = [row for row in self.rows if row['t_s'] >= skip_s]
        for name in (*FULL_REFERENCE, *LOADERS, 'flicker', 'still_change', SPIKE_RATE):
            if name in self._metrics:
                result[name] = _mean(late if name in FULL_REFERENCE else self.rows, name)
        if self._fine:
            compared = [row['t_s'] >= skip_s for row in self.rows if 'fine' in row]
            kept = [sums for sums, late in zip(self._fine, compared, strict=True) if late]
            result['fine'] = correlation(np.sum(kept, axis=0)) if kept else None
        if result.get('level_error') is not None:
            result |= {name: _mean(late, name) for name in LEVELS}
        if 'images_per_s' in self._metrics:
            # The first frame includes loading the model.
            steady_s = sum(self.pipeline_s[1:])
            result['images_per_s'] = (len(self.pipeline_s) - 1) / steady_s if steady_s else None
        return {**result, **self._tag_summary()}

    def _tag_summary(self) -> dict[str, float | None]:
        in_view = sum(row.get('tags_in_view') or 0 for row in self.rows)
        known = any(row.get('tags_in_view') is not None for row in self.rows)
        found = sum(row.get('tags_found') or 0 for row in self.rows)
        first_s = next((row['t_s'] for row in self.rows if row.get('tags')), None)
        values = {
            'tags': _mean(self.rows, 'tags'),
            'tags_share': found / in_view if in_view else None,
            'first_tag_ms': None if first_s is None else 1000.0 * first_s,
        }
        applies = in_view or not known
        return {
            name: values[name] if applies else None for name in values if name in self._metrics
        }

    def _add_changes(self, frame: EvaluatedFrame, row: dict[str, Any]) -> None:
        """Add `still_change` to a row, and `flicker` to the one before, which it belongs to."""
        has_events = np.zeros(frame.intensity.shape, np.uint8)
        has_events[frame.events.y, frame.events.x] = 1
        quiet = cv2.dilate(has_events, _NEIGHBOURHOOD) == 0
        before, self._before = self._before, [*self._before[-1:], (frame.intensity, quiet)]
        row |= dict.fromkeys(sorted(_CHANGES & self._metrics))
        if before and 'still_change' in self._metrics:
            row['still_change'] = _mean_size(frame.intensity - before[-1][0], quiet)
        if len(before) == 2 and 'flicker' in self._metrics:
            (first, _), (middle, quiet_before) = before
            change = middle - 0.5 * (first + frame.intensity)
            self.rows[-1]['flicker'] = _mean_size(change, quiet & quiet_before)


def _mean_size(change: np.ndarray, where: np.ndarray) -> float | None:
    """Return the mean of |change| over some pixels; None if there are none."""
    size = np.abs(change)[where]
    return float(size.mean()) if size.size else None


def _tags(frame: EvaluatedFrame) -> dict[str, Any]:
    score = TagScore()
    score.add(frame.stretched, frame.truth)
    if frame.truth is None:
        return {'tags': score.tags_read}
    return {
        'tags': score.tags_read,
        'tags_in_view': score.tags_in_view,
        'tags_found': score.tags_found,
    }


def _mean(rows: list[dict[str, Any]], name: str) -> float | None:
    values = [row[name] for row in rows if row.get(name) is not None]
    return float(np.mean(values)) if values else None
