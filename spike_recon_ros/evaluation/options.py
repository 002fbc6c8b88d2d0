# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What `evaluate` checks and chooses before the first frame is computed."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.color_scores import check_color_metrics
from spike_recon_ros.evaluation.contender_settings import settings_of
from spike_recon_ros.evaluation.contenders import Contender
from spike_recon_ros.evaluation.metrics import BY_DEFAULT, COLOR_METRICS, FULL_REFERENCE
from spike_recon_ros.evaluation.protocols import Protocol
from spike_recon_ros.evaluation.recordings import Recording, with_color_truth
from spike_recon_ros.evaluation.spike_rate import spike_metrics
from spike_recon_ros.model_choice import reads_frames
from spike_recon_ros.offline.progress import print_warning
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.settings import FRAME_MODEL, Settings
from spike_recon_ros.unused_settings import unused_by_all
from spike_recon_ros.whole_file import check_output_folder


def check_output(out: Path, overwrite: bool) -> None:
    """Check that results can be written to a folder.

    Raises:
        UserError: it cannot be written, or holds something that must not be replaced.
    """
    check_output_folder(out)
    if out.exists() and any(out.iterdir()) and not overwrite:
        raise UserError(f'{out} is not empty; choose another name or add --overwrite')


def check_skip(
    skip_s: float, recordings: Sequence[Recording], metrics: Sequence[str] = BY_DEFAULT
) -> None:
    """Check that something is compared with ground truth for longer than what is left out.

    Raises:
        UserError: a recording is shorter, or nothing is compared.
    """
    if skip_s and not any(name in FULL_REFERENCE for name in metrics):
        raise UserError(
            '--skip-s is for metrics that compare with ground truth; add one with -q, such as '
            f'{FULL_REFERENCE[0]}, or leave --skip-s out'
        )
    if skip_s and all(one.truth is None for one in recordings):
        raise UserError(
            '--skip-s is for metrics that compare with ground truth, which no recording has; '
            'leave it out, or name the topic of images with --truth-topic'
        )
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
    if not of_colors:
        raise UserError(
            '--color makes colour images, which none of the metrics compares; add one of '
            f'{", ".join(COLOR_METRICS)} with -q, or leave --color out'
        )
    if set(of_colors) - {'psnr_color'}:
        check_color_metrics()
    return True, spike_metrics(models, asked, console)


def warn_of_unused(
    settings: Settings,
    models: Sequence[Contender],
    recordings: Sequence[Recording],
    console: Console,
) -> None:
    """Name the settings that no model reads on any recording; comparisons may share the others."""
    truths = {one.truth for one in recordings}
    runs = [settings_of(model, truth, settings) for model in models for truth in truths]
    for name, sentence in unused_by_all(runs, SensorKind.EVENT).items():
        why = ' (there is a frame for each image of the ground truth)' * (name == 'fps')
        print_warning(console, f'{sentence}{why}')


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
