# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Make a held-out set from real video with v2e, a simulator that this package did not write.

v2e (Hu, Liu, Delbruck, CVPRW 2021) is not part of this package: clone it, and name the folder.

  git clone https://github.com/SensorsINI/v2e
  pip install torch engineering-notation
  OMP_NUM_THREADS=1 python benchmarks/simulate_with_v2e.py --v2e v2e --videos videos/ -o held_v2e

Each recording is a folder in EVREAL's layout, which `spike-recon evaluate` reads. Its ground truth
are the frames of the video. Between two of them, frames are interpolated along the optical flow
(DIS, both directions), at most 3 ms and about one pixel of motion apart; only v2e sees those.
"""

import argparse
import dataclasses
import importlib
import itertools
import json
import math
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from spike_recon_ros.errors import UserError

LONGEST_STEP_S = 0.003
MOST_STEPS = 30
MOTION_PERCENTILE = 99.0
FIRST_EVENT_S = 0.001
"""Time of the first frame; v2e takes 0 for the time before the first frame."""
GUI_MODULES = ('screeninfo', 'easygui', 'tkinter', 'dv_processing')
"""Modules that v2e imports for windows and AEDAT4 files, neither of which is needed here."""


@dataclasses.dataclass(frozen=True, slots=True)
class Clip:
    """One recording.

    Attributes:
        name: folder to write.
        video: file name.
        first: frame of the video to begin with.
        frames: how many frames of the video.
        speed: how many times as fast as the video the scene moves.
        threshold: of ON and OFF events, natural logarithm.
        sigma: standard deviation of the threshold over the pixels.
        cutoff_hz: bandwidth of the photoreceptor at white; 0 = unlimited.
        leak_hz: leak events per pixel.
        shot_hz: noise events per pixel in the dark.
        refractory_s: dead time of a pixel after an event.
        gain: factor on the grey values, before clipping: the exposure.
        gamma: exponent of the grey values.
        size: width and height of the sensor.
        pan_px: a camera that moves: the crop moves by so many pixels of the sensor, to and fro.
    """

    name: str
    video: str
    first: int = 0
    frames: int = 60
    speed: float = 1.0
    threshold: tuple[float, float] = (0.2, 0.2)
    sigma: float = 0.03
    cutoff_hz: float = 60.0
    leak_hz: float = 0.1
    shot_hz: float = 1.0
    refractory_s: float = 0.0005
    gain: float = 1.0
    gamma: float = 1.0
    size: tuple[int, int] = (346, 260)
    pan_px: float = 0.0


CLEAN: dict[str, Any] = {
    **{'sigma': 0.02, 'cutoff_hz': 0.0, 'leak_hz': 0.0, 'shot_hz': 0.0, 'refractory_s': 0.0}
}
NOISY: dict[str, Any] = {
    **{'sigma': 0.05, 'cutoff_hz': 30.0, 'leak_hz': 0.1, 'shot_hz': 5.0, 'refractory_s': 0.0}
}
"""The presets `clean` and `noisy` of v2e."""
CLIPS = (
    Clip('bear_clean', 'davis_bear.mp4', frames=75, threshold=(0.2, 0.2), **CLEAN),
    Clip('seattle', 'drive_seattle_a.mp4', first=20, speed=1.5, frames=90, threshold=(0.15, 0.18)),
    Clip('lab_dark', 'handheld_lab.mp4', frames=60, gain=0.5, threshold=(0.25, 0.2), shot_hz=2.0),
    Clip('blocks_pan', 'hands_blocks.mp4', frames=60, pan_px=60, threshold=(0.3, 0.35)),
    Clip('hippo_low', 'hippo.mp4', first=60, threshold=(0.1, 0.12), sigma=0.015, shot_hz=0.2),
    Clip('hippo_noisy', 'hippo.mp4', first=120, speed=2.0, frames=90, **NOISY),
    Clip('night_noisy', 'night_drive_city.mp4', frames=110, speed=2.0, **NOISY),
    Clip(
        'juggle_pan', 'sport_juggle_ball.mp4', frames=96, speed=2.0, pan_px=90, gamma=0.7,
        threshold=(0.15, 0.15), **CLEAN,
    ),
    Clip('street_high', 'street_newyork_side.mp4', frames=60, threshold=(0.4, 0.4), gain=1.3),
    Clip('office_still', 'surv_office_people.mp4', first=40, frames=70, threshold=(0.2, 0.25)),
    Clip(
        'traffic_small', 'surv_traffic_dhaka.mp4', frames=96, speed=2.0, size=(240, 180),
        threshold=(0.12, 0.15), sigma=0.02, pan_px=30,
    ),
    Clip('bicycle', 'vot_bicycle.mp4', frames=60, threshold=(0.25, 0.3), size=(320, 240)),
)  # fmt: skip


def main() -> None:
    """Write the recordings; the last line on stdout is JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--v2e', type=Path, required=True, help='folder of the clone')
    parser.add_argument('--videos', type=Path, required=True, help='folder of the videos')
    parser.add_argument('--only', nargs='+', default=[one.name for one in CLIPS], metavar='NAME')
    parser.add_argument('-o', '--output', type=Path, required=True)
    options = parser.parse_args()
    emulator = load_v2e(options.v2e)
    written = {}
    for clip in CLIPS:
        if clip.name in options.only:
            written[clip.name] = write_recording(clip, emulator, options.videos, options.output)
            print(clip.name, written[clip.name], file=sys.stderr, flush=True)
    print(json.dumps(written))


def load_v2e(folder: Path) -> Any:
    """Import v2e from a clone; return its class EventEmulator.

    Raises:
        UserError: the folder is no clone of v2e, or a library is missing.
    """
    if not (folder / 'v2ecore' / 'emulator.py').is_file():
        raise UserError(f'{folder} is no clone of v2e; see --help')
    for name in GUI_MODULES:
        try:
            importlib.import_module(name)
        except ImportError:
            absent = types.ModuleType(name)
            absent.get_monitors = lambda: []  # type: ignore[attr-defined]
            absent.filedialog = None  # type: ignore[attr-defined]
            sys.modules[name] = absent
    sys.path.insert(0, str(folder.resolve()))
    try:
        return importlib.import_module('v2ecore.emulator').EventEmulator
    except ImportError as error:
        raise UserError(f'v2e needs {error.name}; run: pip install {error.name}') from error


def write_recording(clip: Clip, emulator: Any, videos: Path, out: Path) -> dict[str, Any]:
    """Simulate one recording; return its number of events and its mean grey."""
    frames, step_s = read_frames(clip, videos)
    camera = emulator(
        pos_thres=clip.threshold[0],
        neg_thres=clip.threshold[1],
        sigma_thres=clip.sigma,
        cutoff_hz=clip.cutoff_hz,
        leak_rate_hz=clip.leak_hz,
        shot_noise_rate_hz=clip.shot_hz,
        refractory_period_s=clip.refractory_s,
        seed=1,
        output_width=clip.size[0],
        output_height=clip.size[1],
        device='cpu',
    )
    found = []
    for t_s, frame in steps(frames, step_s):
        events = camera.generate_events(frame, t_s)
        if events is not None and len(events):
            found.append(np.asarray(events, np.float64))
    camera.cleanup()
    events = np.concatenate(found)
    events = events[np.argsort(events[:, 0], kind='stable')]
    folder = out / clip.name
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / 'events_ts.npy', events[:, 0])
    np.save(folder / 'events_xy.npy', events[:, 1:3].astype(np.uint16))
    np.save(folder / 'events_p.npy', (events[:, 3] > 0).astype(np.uint8))
    np.save(folder / 'images.npy', np.rint(np.stack(frames)).astype(np.uint8)[..., None])
    times = FIRST_EVENT_S + step_s * np.arange(len(frames))
    np.save(folder / 'images_ts.npy', times)
    facts = {'sensor_resolution': list(clip.size[::-1]), 'simulated': dataclasses.asdict(clip)}
    (folder / 'metadata.json').write_text(json.dumps(facts, indent=1) + '\n', encoding='utf-8')
    return {
        'events': len(events),
        'duration_s': round(step_s * (len(frames) - 1), 3),
        'mean_grey': round(float(np.mean(frames)) / 255, 3),
    }


def read_frames(clip: Clip, videos: Path) -> tuple[list[np.ndarray], float]:
    """Return the frames as the sensor sees them, and the time between two, seconds.

    The frames are float32 [height, width] in 0..255.

    Raises:
        UserError: the video is missing or too short.
    """
    video = cv2.VideoCapture(str(videos / clip.video))
    frames: list[np.ndarray] = []
    for number in range(clip.first + clip.frames):
        known, picture = video.read()
        if not known:
            raise UserError(f'{videos / clip.video} has {number} frames; {clip.name} needs more')
        if number >= clip.first:
            phase = (number - clip.first) / clip.frames
            frames.append(_seen(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), clip, phase))
    return frames, 1.0 / (video.get(cv2.CAP_PROP_FPS) * clip.speed)


def _seen(picture: np.ndarray, clip: Clip, phase: float) -> np.ndarray:
    """Return the crop of a picture that fills the sensor, at its exposure."""
    width, height = clip.size
    scale = max((width + clip.pan_px) / picture.shape[1], height / picture.shape[0])
    shrunk = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    free_x, free_y = shrunk.shape[1] - width, shrunk.shape[0] - height
    left = free_x / 2 + clip.pan_px / 2 * math.sin(4 * math.pi * phase)
    shift = np.array([[1, 0, left], [0, 1, free_y / 2]])
    crop = cv2.warpAffine(
        shrunk.astype(np.float32), shift, clip.size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return np.clip(255 * clip.gain * (crop / 255) ** clip.gamma, 0, 255)


def steps(frames: list[np.ndarray], step_s: float) -> Iterator[tuple[float, np.ndarray]]:
    """Yield time (seconds) and image, with interpolated images between the frames."""
    yield FIRST_EVENT_S, frames[0]
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    for number, (before, after) in enumerate(itertools.pairwise(frames)):
        there, back = (
            flow.calc(np.rint(one).astype(np.uint8), np.rint(other).astype(np.uint8), None)
            for one, other in ((before, after), (after, before))
        )
        motion_px = float(np.percentile(np.hypot(*np.moveaxis(there, -1, 0)), MOTION_PERCENTILE))
        count = max(math.ceil(step_s / LONGEST_STEP_S), min(MOST_STEPS, math.ceil(motion_px)))
        for k in range(1, count):
            image = between(before, after, there, back, k / count)
            yield FIRST_EVENT_S + (number + k / count) * step_s, image
        yield FIRST_EVENT_S + (number + 1) * step_s, after


def between(
    before: np.ndarray, after: np.ndarray, there: np.ndarray, back: np.ndarray, share: float
) -> np.ndarray:
    """Return the image at a share of the time from one image to the next.

    Both images are warped with the flow seen from that time (the quadratic mean of both flows,
    as in Jiang et al., "Super SloMo", CVPR 2018) and blended in proportion to time.

    Args:
        before: float32 [height, width].
        after: float32 [height, width].
        there: float32 [height, width, 2], flow (x, y) in pixels from before to after.
        back: float32 [height, width, 2], flow from after to before.
        share: 0..1.
    """
    to_before = share * (share * back - (1 - share) * there)
    to_after = (1 - share) * ((1 - share) * there - share * back)
    y, x = np.mgrid[: before.shape[0], : before.shape[1]].astype(np.float32)
    one, other = (
        cv2.remap(image, x + move[..., 0], y + move[..., 1], cv2.INTER_LINEAR, None,
                  cv2.BORDER_REPLICATE)
        for image, move in ((before, to_before), (after, to_after))
    )  # fmt: skip
    return (1 - share) * one + share * other


if __name__ == '__main__':
    main()
