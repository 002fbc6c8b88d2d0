# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The gain from the recurrent state of a network for spike cameras, image by image.

Each network runs over clips that have ground truth every 20 planes, once as it is and once with
its state zeroed before each window. The rows hold PSNR by the number of images since the start.

In low light PSNR mostly measures how well the brightness was guessed: nothing in the planes
separates a sensor's dark current from light. So each row also holds the PSNR of levelled images:
those shifted to the mean of the ground truth. The plot shows these.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from spike_recon_ros.backends.network_model import NetworkModel
from spike_recon_ros.bundles.zoo import zoo_names
from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.cold_start import PlaneCutter
from spike_recon_ros.evaluation.curves import curves_possible, draw_curves
from spike_recon_ros.evaluation.full_reference import psnr
from spike_recon_ros.evaluation.spike_scores import quantised
from spike_recon_ros.model import Model
from spike_recon_ros.model_choice import load_model, network_of
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings
from spike_recon_ros.sources.spike_clip import SpikeClip, read_truth
from spike_recon_ros.sources.spike_datasets import find_clips
from spike_recon_ros.windows.window import Window

HOP = 20
PLOT = 'spikes_state.png'


def networks_with_state() -> list[str]:
    """Return the networks of the zoo that can be measured, sorted.

    They read spike planes, have a state, and make images of the camera's size.
    """
    bundles = {name: network_of(name) for name in zoo_names()}
    return [
        name
        for name, one in bundles.items()
        if one.sensor is SensorKind.SPIKE and one.state and one.output_scale == 1
    ]


def spikes_state(models: list[str], datasets: list[Path], out: Path | None) -> Iterator[Any]:
    """Run each network over each clip twice; yield a row for each model and folder.

    Args:
        models: names of networks, or folders of bundles.
        datasets: folders of clips with ground truth every 20 planes.
        out: folder for a plot; None = no plot.

    Yields: means over the clips of a folder.

    Raises:
        UserError: no clip of a folder has ground truth every 20 planes, or a model is no network
            or enlarges its images.
    """
    folders = {
        path.name: [clip for clip in find_clips(path) if _instants(clip)] for path in datasets
    }
    if not folders or not all(folders.values()):
        raise UserError(
            f'spikes_state needs --clip FOLDER whose clips have ground truth every {HOP} planes; '
            'make them with spike-recon simulate --sensor spike --fps-truth 1000 -o FOLDER/x.dat'
        )
    curves = {}
    for name, (folder, clips) in itertools.product(models, folders.items()):
        row: dict[str, Any] = {'model': name, 'folder': folder, 'clips': len(clips)}
        for kept in (True, False):
            rows = [_psnrs(clip, name, kept) for clip in clips]
            length = min(map(len, rows))
            means = np.mean([one[:length] for one in rows], 0).round(2)
            which = 'with state' if kept else 'without'
            for kind, curve in zip(('psnr', 'psnr_levelled'), means.T.tolist(), strict=True):
                row[f'{kind}_{which.replace(" ", "_")}'] = curve
            times_s = [HOP * 5e-5 * number for number in range(length)]
            curves[f'{name}, {folder}, {which}'] = times_s, means[:, 1].tolist()
        yield row
    if out is not None and curves_possible():
        out.mkdir(parents=True, exist_ok=True)
        draw_curves(
            out / PLOT,
            'Effect of the recurrent state',
            'PSNR at the mean of the truth, dB',
            curves,
        )


def _instants(clip: SpikeClip) -> list[int]:
    """Return the planes of the truths from the first on, as long as they are HOP apart."""
    found: list[int] = []
    for truth in clip.truths:
        if found and truth.plane != found[-1] + HOP:
            break
        found.append(truth.plane)
    return found if len(found) > 1 else []


def _psnrs(clip: SpikeClip, name: str, kept: bool) -> list[tuple[float, float]]:
    """Return the PSNR of each image that has a truth, as it is and levelled."""
    truths = {truth.plane: truth.image for truth in clip.truths}
    scores = []
    for plane, intensity in zip(_instants(clip), _intensities(clip, name, kept), strict=False):
        image = quantised(intensity, clip.white_rate)
        truth = read_truth(truths[plane]) / 255
        if image.shape != truth.shape:
            raise UserError(
                f'{name} makes images of {image.shape[1]}x{image.shape[0]}, but the ground truth '
                f'of {clip.name} has {truth.shape[1]}x{truth.shape[0]}; spikes_state measures '
                'networks without super-resolution'
            )
        scores.append((psnr(image, truth), psnr(image + (truth - image).mean(), truth)))
    return scores


def _intensities(clip: SpikeClip, name: str, kept: bool) -> Iterator[np.ndarray]:
    """Yield the intensity at each plane that has a truth and planes enough after it."""
    model: NetworkModel

    def load(settings: Settings, width: int, height: int, *, kind: SensorKind) -> Model:
        nonlocal model
        loaded = load_model(settings, width, height, kind=kind)
        if not isinstance(loaded, NetworkModel):
            raise UserError(f'{name} is not a network; give a name of the zoo or a bundle')
        model = loaded
        return model if kept else _WithoutState(model)

    def borders() -> list[int]:
        return [0, *(plane + 1 + model.lookahead_planes for plane in _instants(clip))]

    reconstructor = Reconstructor(
        Settings(model=name, threads=1),
        load=load,
        cutter=lambda *_: PlaneCutter(borders, every_window_due=True),
    )
    reconstructor.images.rendering = False
    for packet in clip.packets():
        for frame in reconstructor.stream(packet):
            yield frame.intensity
    reconstructor.close()


class _WithoutState:
    """A network whose recurrent state is zeroed before each window."""

    def __init__(self, network: NetworkModel) -> None:
        self._network = network
        self.name, self.hop_planes = network.name, network.hop_planes
        self.lookahead_planes = network.lookahead_planes
        self.longest_window_ns = network.longest_window_ns

    def step(self, window: Window) -> np.ndarray:
        """See Model."""
        self._network.forget()
        return self._network.step(window)

    def reset(self) -> None:
        """See Model."""
        self._network.reset()

    def close(self) -> None:
        """See Model."""
        self._network.close()
