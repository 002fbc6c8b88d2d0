# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""PSNR and SSIM of one image of a spike camera; spike_clips scores those of a data set.

Each image is made from a zero state by the pipeline (see cold_start), divided by the white rate,
and rounded to 8 bits, as the ground truth is.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.console import Console

from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.clip_extras import ClipExtras
from spike_recon_ros.evaluation.cold_start import ColdStart
from spike_recon_ros.evaluation.full_reference import SSIM_SIDE, psnr, ssim
from spike_recon_ros.offline.progress import print_warning
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.registry import sensor_kind_of
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.packets.spike_planes import bytes_per_row
from spike_recon_ros.settings import Settings
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.sources.spike_clip import WHITE_RATE, read_truth
from spike_recon_ros.sources.spike_layout import layout_of, sidecar_of

BICUBIC = 'bicubic'
ENLARGEMENTS = {
    BICUBIC: cv2.INTER_CUBIC,
    'lanczos': cv2.INTER_LANCZOS4,
    'nearest': cv2.INTER_NEAREST,
}
"""How an image is enlarged to the size of a larger ground truth."""

NO_EXTRAS = ClipExtras()


@dataclass(frozen=True, slots=True)
class Comparison:
    """How images are compared with their ground truth.

    Attributes:
        white_rate: spikes per plane of a white pixel.
        enlarge: how images that are smaller than the truth are enlarged, a key of ENLARGEMENTS.
        extras: further metrics, and where to write the images.
    """

    white_rate: float
    enlarge: str = BICUBIC
    extras: ClipExtras = NO_EXTRAS

    def scores(
        self, model: str, intensity: np.ndarray, truth: np.ndarray, plane: int, clip: str = ''
    ) -> dict[str, Any]:
        """Return `psnr` (dB), `ssim`, further metrics, and `enlarged_by` if that was necessary.

        Args:
            model: its name.
            intensity: float [height, width], spikes per plane.
            truth: uint8, as large or larger.
            plane: that both show.
            clip: its name, see `ClipExtras.measured`.

        Raises:
            UserError: the truth is smaller, or the image cannot be written.
        """
        if intensity.shape[0] > truth.shape[0]:
            raise UserError(
                f'{model} makes images of {intensity.shape[1]}x{intensity.shape[0]}, but the '
                f'ground truth has {truth.shape[1]}x{truth.shape[0]}; give a larger one, as '
                'spike-recon simulate --truth-scale makes it'
            )
        image = quantised(enlarged(intensity, truth, self.enlarge), self.white_rate)
        is_enlarged = intensity.shape != truth.shape
        return {
            **({'enlarged_by': self.enlarge} if is_enlarged else {}),
            **_scores(image, truth),
            **self.extras.measured(clip, plane, image, truth),
        }


def evaluate_plane(
    path: Path,
    truth: Path,
    plane: int,
    settings: Settings,
    *,
    white_rate: float | None = None,
    enlarge: str = BICUBIC,
    layout: Mapping[str, Any] | None = None,
    console: Console | None = None,
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
        console: for warnings about the recording; None = stderr.
        extras: further metrics, and where to write the image.

    Returns: `psnr` (dB), `ssim`, and what they depend on.

    Raises:
        UserError: the recording, the image or an argument is not usable.
    """
    if plane < 0:
        raise UserError(f'the plane is {plane}; count planes from 0')
    check_white_rate(white_rate)
    white_rate = white_rate or _white_rate_of(path) or WHITE_RATE
    image = read_truth(truth)
    warn = functools.partial(print_warning, console or Console(stderr=True))
    packets = spike_packets(path, layout, warn)
    check_size(truth, image, path, packets[0].width, packets[0].height)
    start = ColdStart(settings)
    intensity = start.intensity(packets, plane)
    if intensity is None:
        raise _no_image(path, plane, plane_total(packets), start)
    start.close()
    comparison = Comparison(white_rate, enlarge, extras)
    return {
        'source': str(path),
        'truth': str(truth),
        'truth_plane': plane,
        'model': start.model_name,
        'lookahead_planes': start.lookahead_planes,
        'white_rate': white_rate,
        **comparison.scores(start.model_name, intensity, image, plane),
    }


def spike_packets(
    path: Path,
    layout: Mapping[str, Any] | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> list[Packet]:
    """Return all packets of a recording of spike planes.

    Args:
        path: of the recording.
        layout: of a file of planes, see `open_source`.
        warn: called with sentences about data that is guessed, cut or left out.

    Raises:
        UserError: it cannot be read, or holds something else.
    """
    with open_source(path, planes=layout) as source:
        packets = [packet for packet in source if isinstance(packet, Packet)]
        for sentence in source.warnings:
            warn(sentence)
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
    return _scores(quantised(enlarged(intensity, truth, enlarge), white_rate), truth)


def _scores(image: np.ndarray, truth: np.ndarray) -> dict[str, float]:
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


def check_white_rate(white_rate: float | None) -> None:
    """Raise UserError if a white rate is out of range."""
    if white_rate is not None and not 0 < white_rate <= 1:
        raise UserError(f'white rate is {white_rate}; it must be above 0 and at most 1')


def check_size(file: Path, truth: np.ndarray, source: Path, width: int, height: int) -> None:
    """Raise UserError if the planes cannot be those that an image shows."""
    scale = max(1, truth.shape[1] // width)
    if truth.shape != (scale * height, scale * width) or min(truth.shape) < SSIM_SIDE:
        raise UserError(
            f'{file} has {truth.shape[1]}x{truth.shape[0]} pixels and {source} {width}x{height}; '
            'they must be equal, or for super-resolution a whole multiple, and '
            f'{SSIM_SIDE}x{SSIM_SIDE} or more'
        )


def _white_rate_of(path: Path) -> float | None:
    """Return what the sidecar of a file of planes says, if it has one."""
    return layout_of(path).white_rate if sidecar_of(path).is_file() else None
