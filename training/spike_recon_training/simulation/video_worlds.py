# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Batched simulated worlds that are cut from real videos.

A video has 24 to 60 frames a second; an event camera needs samples between them. Two frames are
warped towards the wanted time along the optical flow between them (DIS: Kroeger et al., "Fast
Optical Flow using Dense Inverse Search", ECCV 2016) and blended. Where the flow fails, the blend
shows two faint edges instead of one moving edge, so each view is reduced in size and its speed is
limited (`frames_per_window`).

Videos supply what planar layers lack: occlusion, reflections, people, foliage, depth, and cameras
that stand still. V2V (NeurIPS 2025) reports that many real videos with a simple, widely randomised
sensor train better networks than few perfect scenes.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from spike_recon_training.simulation.lighting import Lighting
from spike_recon_training.simulation.paths import log_uniform
from spike_recon_training.simulation.videos import Clips

SPANS = 64
"""Number of spans of constant speed; the last one has no end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoModel:
    """Distribution of the views; each pair is the range of a random value.

    Attributes:
        frames_per_window: frames of the video that pass in a window at full speed.
        span_windows: length of a span of constant speed, windows.
        rest_share: share of spans in which the video stands still.
        back_share: share of spans in which the video runs backwards.
        clip_px_per_px: pixels of the clip per sensor pixel, along each axis; limited by the size
            of the clip.
        gamma: exponent applied to the grey values.
        floor: luminance of black, 0 to 1.
        keyed: every window ends at a frame of the video or at rest. Then no ground truth lies
            between two frames, where the interpolation is softer than the frames, and the velocity
            changes at the ground truth, as in data sets of spike cameras that are made from
            videos. `frames_per_window` is not used.
    """

    frames_per_window: tuple[float, float] = (0.1, 1.2)
    span_windows: tuple[float, float] = (2.0, 30.0)
    rest_share: float = 0.12
    back_share: float = 0.25
    clip_px_per_px: tuple[float, float] = (0.7, 2.0)
    gamma: tuple[float, float] = (0.8, 1.4)
    floor: tuple[float, float] = (0.005, 0.06)
    keyed: bool = False


class VideoWorlds:
    """A batch of views of videos.

    Args:
        clips: the videos.
        model: distribution to draw the views from.
        lighting: changes of the lighting.
        height: image rows, pixels.
        width: image columns, pixels.
        window_s: float32 [batch], length of a window, s.
        generator: random generator, on the device of the result.
        seed: seed of the choice of clips and views, which happens on the CPU.
        first_end_s: time of the end of a window, s; used if the model is `keyed`.
    """

    def __init__(
        self,
        clips: Clips,
        model: VideoModel,
        lighting: Lighting,
        height: int,
        width: int,
        *,
        window_s: torch.Tensor,
        generator: torch.Generator,
        seed: int,
        first_end_s: float = 0.0,
    ) -> None:
        rng = np.random.default_rng(seed)
        self._device = generator.device
        each = (len(window_s), 1, 1, 1)
        self._gamma = log_uniform(generator, each, *model.gamma)
        self._floor = log_uniform(generator, each, *model.floor)
        self._lighting = lighting
        self.height, self.width = height, width
        self._views = [
            _View(clips, model, height, width, float(seconds), rng, first_end_s)
            for seconds in window_s.cpu()
        ]

    def luminance(self, t_s: torch.Tensor) -> torch.Tensor:
        """Return float32 [batch, times, height, width] in (0, 1] at float32 [batch, times], s."""
        rows = zip(self._views, t_s.cpu().double().numpy(), strict=True)
        grey = np.stack([np.stack([view.at(t) for t in times]) for view, times in rows])
        grey_t = torch.from_numpy(grey).to(self._device).div_(255)
        view = self._floor + (1 - self._floor) * grey_t**self._gamma
        shade = self._lighting.log_gain(t_s, self.height, self.width)
        return view if shade is None else view * shade.exp_()


class _View:
    """A window into a clip that plays forwards, backwards or not at all.

    Args:
        clips: the videos.
        model: distribution.
        height: rows, pixels.
        width: columns, pixels.
        window_s: length of a window, s.
        rng: random generator.
        first_end_s: time of the end of a window, s.
    """

    def __init__(
        self,
        clips: Clips,
        model: VideoModel,
        height: int,
        width: int,
        window_s: float,
        rng: np.random.Generator,
        first_end_s: float,
    ) -> None:
        frames = np.array([len(shot) for shot in clips.shots])
        # A long shot offers more different views than a short one.
        self._shot = clips.shots[int(rng.choice(len(frames), p=frames / frames.sum()))]
        self._size = width, height
        self._map = _placement(self._shot.shape[1:], height, width, model, rng)
        lengths = _log_uniform(rng, model.span_windows, SPANS) * window_s
        speeds = _log_uniform(rng, model.frames_per_window, 1) * rng.uniform(0.3, 1, SPANS)
        if model.keyed:
            lengths = np.ceil(lengths / window_s) * window_s
            speeds = np.ones(SPANS)
        draws = rng.random(SPANS)
        speeds[draws < model.rest_share] = 0
        speeds[draws > 1 - model.back_share] *= -1
        self._times_s = np.concatenate([[0.0], np.cumsum(lengths)])
        travelled = np.cumsum(lengths / window_s * speeds)
        start = rng.uniform(0, len(self._shot) - 1)
        if model.keyed:
            self._times_s += first_end_s
            start = round(start)
        self._frames = np.concatenate([[0.0], travelled]) + start
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height))
        self._grid = np.stack([x, y.astype(np.float32)], -1)
        self._pair: tuple[int, np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None = None

    def at(self, t_s: float) -> np.ndarray:
        """Return float32 [height, width], 0 to 255."""
        place = float(np.interp(t_s, self._times_s, self._frames))
        # Beyond its ends a clip continues as its reflection.
        last = len(self._shot) - 1
        place = last - abs(place % (2 * last) - last)
        first = min(int(place), last - 1)
        share = place - first
        if self._pair is None or self._pair[0] != first:
            self._pair = self._read_pair(first)
        _, before, after, forward, backward = self._pair
        before = self._warp(before, -share * forward)
        after = self._warp(after, -(1 - share) * backward)
        return before + np.float32(share) * (after - before)

    def _read_pair(self, first: int) -> tuple[int, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        before, after = (self._read(first), self._read(first + 1))
        forward = self._flow.calc(before, after, None)
        backward = self._flow.calc(after, before, None)
        return first, before.astype(np.float32), after.astype(np.float32), forward, backward

    def _read(self, number: int) -> np.ndarray:
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(
            self._shot[number], self._map, self._size, flags=flags, borderMode=cv2.BORDER_REFLECT
        )

    def _warp(self, image: np.ndarray, displacement: np.ndarray) -> np.ndarray:
        where = self._grid + displacement.astype(np.float32)
        return cv2.remap(image, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _placement(
    shape: tuple[int, ...], height: int, width: int, model: VideoModel, rng: np.random.Generator
) -> np.ndarray:
    """Return [2, 3], sensor pixels -> clip pixels: zoom, position, mirror and quarter turns."""
    quarter = int(rng.integers(4)) if rng.random() < 0.3 else 0
    sides = (height, width) if quarter % 2 == 0 else (width, height)
    limit = min(shape[0] / sides[0], shape[1] / sides[1])
    zoom = min(float(_log_uniform(rng, model.clip_px_per_px, 1)[0]), limit)
    free = np.array([shape[1] - zoom * sides[1], shape[0] - zoom * sides[0]])
    centre = (np.array([shape[1], shape[0]]) - 1) / 2 + free * rng.uniform(-0.5, 0.5, 2)
    cos, sin = (1, 0, -1, 0)[quarter], (0, 1, 0, -1)[quarter]
    mirror = -1 if rng.random() < 0.5 else 1
    turn = zoom * np.array([[cos * mirror, -sin], [sin * mirror, cos]], np.float64)
    middle = turn @ [(width - 1) / 2, (height - 1) / 2]
    return np.column_stack([turn, centre - middle])


def _log_uniform(rng: np.random.Generator, span: tuple[float, float], count: int) -> np.ndarray:
    return np.exp(rng.uniform(np.log(span[0]), np.log(span[1]), count))
