# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What `evaluate` checks and chooses before the first frame is computed."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.color_scores import check_color_metrics
from spike_recon_ros.evaluation.contenders import Contender
from spike_recon_ros.evaluation.metrics import BY_DEFAULT, COLOR_METRICS
from spike_recon_ros.evaluation.protocols import Protocol
from spike_recon_ros.evaluation.recordings import (
    Recording,
    with_color_truth,
)
from spike_recon_ros.evaluation.spike_rate import spike_metrics
from spike_recon_ros.model_choice import reads_frames
from spike_recon_ros.settings import FRAME_MODEL, Settings
from spike_recon_ros.whole_file import check_output_folder


def check_output(out: Path, overwrite: bool) -> None:
    """Check that results can be written to a folder.

    Raises:
        UserError: it cannot be written, or holds something that must not be replaced.
    """
    check_output_folder(out)
    if out.exists() and any(out.iterdir()) and not overwrite:
        raise UserError(f'{out} is not empty; choose another name or add --overwrite')


def check_skip(skip_s: float, recordings: Sequence[Recording]) -> None:
    """Check that every recording is longer than the seconds that are left out.

    Raises:
        UserError: one is not.
    """
    shortest_s = min(recording.duration_s for recording in recordings)
    if skip_s and not 0 < skip_s < shortest_s:
        raise UserError(
            f'--skip-s is {skip_s:g}; it must be 0 or above, and below {shortest_s:.3f}, the '
            'length of the shortest recording'
        )


def check_options(
    settings: Settings,
    models: Sequence[Contender],
    frame_topic: str | None,
    asked: Sequence[str] | None,
    console: Console,
) -> tuple[bool, Sequence[str]]:
    """Check the options; return whether colours are compared, and metrics of spiking networks.

    Args:
        settings: of the pipeline.
        models: to compare.
        frame_topic: as the user named it.
        asked: metrics that the user named; None = all that are possible.
        console: for sentences about spiking networks.

    Raises:
        UserError: options contradict each other, or a metric cannot be computed.
    """
    if not settings.uses_frames:
        if frame_topic is not None:
            raise UserError(
                '--frame-topic names the frames to read; give --frames anchor or --color frame too'
            )
    elif settings.frames == 'anchor' and not any(reads_frames(model.model) for model in models):
        raise UserError(
            f'--frames anchor needs a model that reads frames; add {FRAME_MODEL} to the models'
        )
    of_colors = [name for name in COLOR_METRICS if asked is None or name in asked]
    if settings.color == 'off':
        if asked is not None and of_colors:
            raise UserError(f'{of_colors[0]} compares colour images; give --color too')
        return False, spike_metrics(models, asked, console)
    if set(of_colors) - {'psnr_color'}:
        check_color_metrics()
    return bool(of_colors), spike_metrics(models, asked, console)


def with_color_truths(
    recordings: Sequence[Recording], asked: Sequence[str] | None, console: Console
) -> list[Recording]:
    """Find the colours of the scenes; name the recordings where they are not known.

    Raises:
        UserError: they are not known, but the user named metrics of colours.
    """
    found = [with_color_truth(one) for one in recordings]
    for one in found:
        if one.color_truth is not None:
            continue
        sentence = (
            f'{one.path} has no ground truth with colours, so its colour images are not scored; '
            'name the topic of colour images with --truth-topic (spike-recon simulate --color '
            'records them)'
        )
        if asked is not None:
            raise UserError(sentence)
        console.print(sentence, style='yellow', soft_wrap=True, highlight=False, markup=False)
    return found


def chosen_metrics(
    metrics: Sequence[str] | None, protocol: Protocol | None, *, with_lpips: bool
) -> Sequence[str] | None:
    """Return the metrics asked for, else those of the protocol, else None."""
    if metrics is None and protocol is not None:
        metrics = protocol.metrics
    if with_lpips and 'lpips' not in (metrics or ()):
        metrics = (*(BY_DEFAULT if metrics is None else metrics), 'lpips')
    return metrics
