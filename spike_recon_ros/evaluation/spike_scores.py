# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""PSNR and SSIM of images of a spike camera: of one plane, or of all clips of a data set.

Each image is made from a zero state by the pipeline (see cold_start), divided by the white rate,
and rounded to 8 bits, as the ground truth is.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track

from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.clip_extras import CLIP_METRICS, ClipExtras
from spike_recon_ros.evaluation.cold_start import ColdStart
from spike_recon_ros.evaluation.full_reference import SSIM_SIDE, psnr, ssim
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.registry import sensor_kind_of
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.packets.spike_planes import bytes_per_row
from spike_recon_ros.settings import Settings
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.sources.spike_clip import (
    WHITE_RATE,
    SpikeClip,
    plane_count,
    read_truth,
)
from spike_recon_ros.sources.spike_datasets import find_clips
from spike_recon_ros.sources.spike_layout import layout_of, sidecar_of

BICUBIC = 'bicubic'
ENLARGEMENTS = {
    BICUBIC: cv2.INTER_CUBIC,
    'lanczos': cv2.INTER_LANCZOS4,
    'nearest': cv2.INTER_NEAREST,
}
"""How an image is enlarged to the size of a larger ground truth."""

NO_EXTRAS = ClipExtras()


def evaluate_plane(
    path: Path,
    truth: Path,
    plane: int,
    settings: Settings,
    *,
    white_rate: float | None = None,
    enlarge: str = BICUBIC,
    layout: Mapping[str, Any] | None = None,
    extras: ClipExtras = NO_EXTRAS,
) -> dict[str, Any]:
    """Score the image of one plane.

    Args:
        path: recording of spike planes.
        truth: image of the size of the sensor, or a multiple of it.
        plane: that the image shows, counted from 0.
        settings: model and its parameters.
        white_rate: spikes per plane of a white pixel; None = what the recording's sidecar says, or
            0.6.
        enlarge: how images that are smaller than the ground truth are enlarged.
        layout: of a file of planes, see `open_source`.
        extras: further metrics, and where to write the image.

    Returns: `psnr` (dB), `ssim`, and what they depend on.

    Raises:
        UserError: the recording, the image or an argument is not usable.
    """
    if plane < 0:
        raise UserError(f'the plane is {plane}; count planes from 0')
    _check_white_rate(white_rate)
    white_rate = white_rate or _white_rate_of(path) or WHITE_RATE
    image = read_truth(truth)
    packets = spike_packets(path, layout)
    _check_size(truth, image, path, packets[0].width, packets[0].height)
    start = ColdStart(settings)
    intensity = start.intensity(packets, plane)
    if intensity is None:
        raise _no_image(path, plane, plane_total(packets), start)
    _check_fits(start, intensity, image)
    start.close()
    return {
        'source': str(path),
        'truth': str(truth),
        'truth_plane': plane,
        'model': start.model_name,
        'lookahead_planes': start.lookahead_planes,
        'white_rate': white_rate,
        **_enlargement(intensity, image, enlarge),
        **score(intensity, image, white_rate, enlarge),
        **extras.measured(
            '', plane, quantised(enlarged(intensity, image, enlarge), white_rate), image
        ),
    }


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

    Returns: `mean`, the scores of each of the `clips`, and `skipped`.

    Raises:
        UserError: the data set or an argument is not usable, or no image can be scored.
    """
    _check_white_rate(white_rate)
    clips = [clip for clip in find_clips(path) if clip.truths or extras.without_truth]
    if not clips:
        raise UserError(
            f'{path} holds planes but no images to compare with; look at them with spike-recon '
            'run, or measure them without with -q niqe brisque'
        )
    starts: dict[tuple[int, int], ColdStart] = {}
    scored: dict[str, Any] = {}
    console = console or Console(stderr=True)
    for clip in track(clips, 'clips', console=console, transient=True):
        start = starts.setdefault((clip.layout.width, clip.layout.height), ColdStart(settings))
        rate = clip.white_rate if white_rate is None else white_rate
        if rows := _scores_of(clip, start, rate, enlarge, extras):
            scored[clip.name] = {'white_rate': rate, **_mean(rows), 'instants': rows}
    for start in starts.values():
        start.close()
    name = next(iter(starts.values())).model_name
    if not scored:
        raise UserError(f'no clip of {path} is long enough for {name}; choose another model')
    wanted = sum(len(clip.truths) or 1 for clip in clips)
    return {
        'source': str(path),
        'model': name,
        'clips': scored,
        'skipped': wanted - sum(len(clip['instants']) for clip in scored.values()),
        'mean': _mean(list(scored.values())),
    }


def spike_packets(path: Path, layout: Mapping[str, Any] | None = None) -> list[Packet]:
    """Return all packets of a recording of spike planes.

    Args:
        path: of the recording.
        layout: of a file of planes, see `open_source`.

    Raises:
        UserError: it cannot be read, or holds something else.
    """
    with open_source(path, planes=layout) as source:
        packets = [packet for packet in source if isinstance(packet, Packet)]
    kinds = {sensor_kind_of(packet.encoding) for packet in packets}
    if kinds != {SensorKind.SPIKE}:
        raise UserError(f'{path} holds no spike planes; to score events, leave --truth out')
    return packets


def plane_total(packets: list[Packet]) -> int:
    """Return how many whole planes packets hold together."""
    plane_bytes = packets[0].height * bytes_per_row(packets[0].width)
    return sum(packet.data.size for packet in packets) // plane_bytes


def score(
    intensity: np.ndarray, truth: np.ndarray, white_rate: float, enlarge: str = BICUBIC
) -> dict[str, float]:
    """Return `psnr` (dB) and `ssim`.

    Args:
        intensity: float [height, width], spikes per plane; enlarged if the truth is larger.
        truth: uint8 [height, width].
        white_rate: spikes per plane of a white pixel.
        enlarge: how, a key of ENLARGEMENTS.
    """
    image = quantised(enlarged(intensity, truth, enlarge), white_rate)
    return {'psnr': psnr(image, truth / 255), 'ssim': ssim(image, truth / 255)}


def enlarged(intensity: np.ndarray, truth: np.ndarray, enlarge: str) -> np.ndarray:
    """Return an image at the size of the truth; `enlarge` is a key of ENLARGEMENTS."""
    if intensity.shape == truth.shape:
        return intensity
    size = truth.shape[1], truth.shape[0]
    return cv2.resize(intensity, size, interpolation=ENLARGEMENTS[enlarge])


def quantised(intensity: np.ndarray, white_rate: float) -> np.ndarray:
    """Return intensity / white_rate, limited to 0..1 and rounded to 8 bits, as float64."""
    return np.rint(255 * np.clip(intensity / white_rate, 0, 1)) / 255


def _scores_of(
    clip: SpikeClip, start: ColdStart, white_rate: float, enlarge: str, extras: ClipExtras
) -> list[dict[str, Any]]:
    """Return the scores of each plane of a clip that has a truth and planes enough after it."""
    packets, rows = clip.packets(), []
    if not clip.truths:
        plane = sum(plane_count(file, clip.layout) for file in clip.files) // 2
        intensity = start.intensity(packets, plane)
        if intensity is None:
            return []
        shown = quantised(intensity, white_rate)
        return [{'plane': plane, **extras.measured(clip.name, plane, shown, None)}]
    for truth in clip.truths:
        intensity = start.intensity(packets, truth.plane)
        if intensity is None:
            continue
        image = read_truth(truth.image)
        _check_size(truth.image, image, clip.files[0], clip.layout.width, clip.layout.height)
        _check_fits(start, intensity, image)
        found = _enlargement(intensity, image, enlarge) | score(
            intensity, image, white_rate, enlarge
        )
        shown = quantised(enlarged(intensity, image, enlarge), white_rate)
        more = extras.measured(clip.name, truth.plane, shown, image)
        rows.append({'plane': truth.plane, **found, **more})
    return rows


def _no_image(path: Path, plane: int, total: int, start: ColdStart) -> UserError:
    needed = plane + 1 + start.lookahead_planes
    if total < needed:
        return UserError(
            f'{path} has {total} planes; {start.model_name} needs {needed} for plane {plane}: '
            'choose an earlier plane, or lower lookahead_planes (of tfp, tfp_planes)'
        )
    return UserError(
        f'{start.model_name} needs more planes before plane {plane}: choose a later plane'
    )


def _mean(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Return the mean of each metric over the rows that have it."""
    found = {name: [row[name] for row in rows if name in row] for name in CLIP_METRICS}
    return {name: float(np.mean(values)) for name, values in found.items() if values}


def _check_white_rate(white_rate: float | None) -> None:
    if white_rate is not None and not 0 < white_rate <= 1:
        raise UserError(f'white rate is {white_rate}; it must be above 0 and at most 1')


def _check_size(file: Path, truth: np.ndarray, source: Path, width: int, height: int) -> None:
    scale = max(1, truth.shape[1] // width)
    if truth.shape != (scale * height, scale * width) or min(truth.shape) < SSIM_SIDE:
        raise UserError(
            f'{file} has {truth.shape[1]}x{truth.shape[0]} pixels and {source} {width}x{height}; '
            'they must be equal, or for super-resolution a whole multiple, and '
            f'{SSIM_SIDE}x{SSIM_SIDE} or more'
        )


def _check_fits(start: ColdStart, intensity: np.ndarray, truth: np.ndarray) -> None:
    if intensity.shape[0] > truth.shape[0]:
        raise UserError(
            f'{start.model_name} makes images of {intensity.shape[1]}x{intensity.shape[0]}, but '
            f'the ground truth has {truth.shape[1]}x{truth.shape[0]}; give a larger one, as '
            'spike-recon simulate --truth-scale makes it'
        )


def _enlargement(intensity: np.ndarray, truth: np.ndarray, enlarge: str) -> dict[str, Any]:
    """Return `enlarged_by`, if the image is smaller than the truth."""
    return {} if intensity.shape == truth.shape else {'enlarged_by': enlarge}


def _white_rate_of(path: Path) -> float | None:
    """Return what the sidecar of a file of planes says, if it has one."""
    return layout_of(path).white_rate if sidecar_of(path).is_file() else None
