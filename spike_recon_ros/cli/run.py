# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon run`: reconstruct a recording into images, a video or a bag."""

import argparse
import contextlib
import dataclasses
import functools
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from spike_recon_ros.cli.frame_options import (
    add_frame_option,
    add_rectify_option,
    frame_counts,
    print_unseen,
)
from spike_recon_ros.cli.partial_result import check_complete
from spike_recon_ros.cli.plane_options import (
    SOURCES,
    add_plane_options,
    add_size_options,
    given_facts,
)
from spike_recon_ros.cli.settings_options import add_settings, checked_load, settings_of
from spike_recon_ros.errors import UserError, counted
from spike_recon_ros.evaluation.contenders import resolve_model
from spike_recon_ros.offline.camera_frames import with_frames
from spike_recon_ros.offline.frames import ResetPrinter, frames_of
from spike_recon_ros.offline.progress import print_warning, print_warnings
from spike_recon_ros.offline.reference_tally import ReferenceTally
from spike_recon_ros.offline.several_inputs import check_any_left, use_each
from spike_recon_ros.offline.stream_warnings import left_out_warnings, order_warnings_of
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings
from spike_recon_ros.sinks.open_sink import open_sink
from spike_recon_ros.sources.clip_source import ClipSource, clips_of
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.sources.rectification import Rectification, read_rectification
from spike_recon_ros.sources.source import Source
from spike_recon_ros.sources.spike_datasets import holds_clips
from spike_recon_ros.windows.ignored_edges import IgnoredEdges

DESCRIPTION = f"""\
Run the pipeline of the live node over a recording, as fast as possible. The frames are those that
the node would publish; the last, incomplete window gives one more.

  spike-recon run recording/ -o out                    one PNG per frame, and frames.csv
  spike-recon run recording/ -o out.mp4                a video
  spike-recon run recording/ -o out.mcap               a bag with an image topic
  spike-recon run recording/ -m fibar -o fibar.mp4     another model
  spike-recon run recording/ -m firenet:firenet.pth -o out    weights as their authors publish them
  spike-recon run car.dat --fps 1000 -o out            of a spike camera

{SOURCES}
The images of each clip go into a folder of its name in OUT.
"""
REMOVED = ('cropped_events', 'flicker_events', 'noise_events', 'thinned_events')
"""Counts of `Statistics` that are shown where they are not 0."""
UNSEEN_BY_SENSOR = 'of the rectified pixels are black, because the sensor does not see them'
WHY_NO_FRAME = {
    'free_running': 'it holds no events, or fewer planes than the model looks ahead (see '
    'spike-recon inspect)',
    'by_count': 'it holds no events (see spike-recon inspect)',
    'trigger_events': 'it holds no such trigger edges (see spike-recon inspect, --trigger-edge '
    'and --trigger-channel)',
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the subcommand takes."""
    parser.add_argument('source', metavar='SOURCE', help='recording to read')
    parser.add_argument(
        '-o', '--out', metavar='OUT', type=Path, required=True,
        help='folder of PNGs (TIFFs for 32FC1), x.mp4, or x.mcap',
    )  # fmt: skip
    parser.add_argument('--overwrite', action='store_true', help='replace what OUT holds')
    parser.add_argument(
        '--topic', metavar='TOPIC', help='events topic; needed only where there are several'
    )
    parser.add_argument(
        '--reference-topic', metavar='TOPIC',
        help='topic whose stamps request frames (sync_mode camera_image, time_reference); the '
        'frames of a data set are its topic `images`',
    )  # fmt: skip
    add_frame_option(parser)
    add_rectify_option(parser, 'write rectified images; the model sees the events as recorded')
    parser.add_argument(
        '--save-hot-pixels', metavar='PNG', type=Path,
        help='write the detected hot pixels (--hot-pixel-time) as a mask for --hot-pixel-file',
    )  # fmt: skip
    add_size_options(parser)
    add_plane_options(parser)
    add_settings(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Reconstruct one recording.

    Returns: what the main program prints as JSON.

    Raises:
        UserError: the recording cannot be read, the output not written, a setting is not valid.
    """
    settings = settings_of(args)
    _check_options(settings, args.reference_topic, args.save_hot_pixels, args.frame_topic)
    rectification = None if args.rectify is None else read_rectification(args.rectify)
    with tempfile.TemporaryDirectory(prefix='spike_recon_') as scratch:
        model = resolve_model(settings.model, Path(scratch))
        settings = dataclasses.replace(settings, model=model)
        if holds_clips(Path(args.source)):
            return _run_clips(args, settings, rectification)
        return _run(args, settings, _source(args, settings), args.out, rectification)


def _run_clips(
    args: argparse.Namespace, settings: Settings, rectification: Rectification | None
) -> dict[str, Any]:
    """Reconstruct every clip of a data set."""
    names = 'topic', 'reference_topic', 'frame_topic'
    topics = {name: getattr(args, name) for name in names}
    clips = clips_of(Path(args.source), {**topics, **given_facts(args)})
    if args.out.suffix and not args.out.is_dir():
        raise UserError(f'{args.source} holds {len(clips)} recordings; name a folder with -o')
    used = use_each(
        {clip.name: clip for clip in clips},
        lambda clip: _run(args, settings, ClipSource(clip), args.out / clip.name, rectification),
        Console(stderr=True),
    )
    check_any_left(used)
    result = {
        'source': str(args.source),
        'out': str(args.out),
        'frames': sum(one['frames'] for one in used.outputs.values()),
        'clips': used.outputs,
        **used.left_out(),
    }
    check_complete(result, len(used.outputs))
    return result


def _run(
    args: argparse.Namespace,
    settings: Settings,
    opened: Source,
    out: Path,
    rectification: Rectification | None,
) -> dict[str, Any]:
    console = Console(stderr=True)
    ignored, tally = IgnoredEdges(), ReferenceTally()
    reconstructor = _reconstructor(args, settings, out, console, ignored)
    begun = time.perf_counter()
    with (
        contextlib.closing(reconstructor),
        opened as source,
        open_sink(out, settings.fps, overwrite=args.overwrite, source=args.source) as sink,
    ):
        print_warnings(sink.warnings, console)
        for frame in frames_of(source, reconstructor, console, tally=tally):
            assert frame.image is not None
            image = frame.image if frame.color is None else frame.color
            if rectification is not None:
                image = rectification.rectified(image)
            sink.write(image, frame.t_ns, frame.stamp_ns)
        if not reconstructor.statistics.frames:
            left_out = _left_out(reconstructor, 0)
            mode = WHY_NO_FRAME.get(settings.sync_mode) or tally.sentence(args.reference_topic)
            raise UserError(f'{opened.path} gave no frame; {"; ".join(left_out) or mode}')
        if args.save_hot_pixels is not None:
            reconstructor.save_hot_pixels(args.save_hot_pixels)
        runs = reconstructor.runs
        if runs.startswith('filter'):  # why not a network was logged when it was loaded
            runs = f'filter {reconstructor.model_name}'
        counts = reconstructor.statistics
        left_out = _left_out(reconstructor, counts.samples)
    warnings = [
        *left_out,
        *order_warnings_of(counts, reconstructor.kind),
        *_few_frames(settings, reconstructor),
        tally.sentence(args.reference_topic) if args.reference_topic else '',
        ignored.warning(settings, '--trigger-channel'),
    ]
    for sentence in filter(None, warnings):
        console.print(sentence, style='yellow', soft_wrap=True, highlight=False, markup=False)
    if rectification is not None:
        print_unseen(console, rectification.unseen_share, UNSEEN_BY_SENSOR)
    seconds, found = time.perf_counter() - begun, _counts(reconstructor)
    console.print(f'ran {runs}', soft_wrap=True, highlight=False, markup=False)
    made = f'{counted(found["frames"], "frames")} from {samples_of(found)}'
    console.print(f'{made} in {seconds:.2f} s -> {out}', soft_wrap=True, markup=False)
    result = {'source': str(opened.path), 'out': str(out), **found}
    if args.reference_topic:
        result['references_without_frame'] = tally.without_frame()
    return {**result, 'seconds': round(seconds, 3)}


def _reconstructor(
    args: argparse.Namespace,
    settings: Settings,
    out: Path,
    console: Console,
    ignored: IgnoredEdges,
) -> Reconstructor:
    used = {'color_encoding', 'fps'} if out.suffix.lower() == '.mp4' else {'color_encoding'}
    warn = functools.partial(print_warning, console)
    return Reconstructor(
        dataclasses.replace(settings, color_encoding='bgr8'),  # that of OpenCV
        on_reset=ResetPrinter(console),
        load=checked_load(args, warn, used),
        cutter=ignored.cutter_for,
    )


def _source(args: argparse.Namespace, settings: Settings) -> Source:
    facts = given_facts(args)
    source = open_source(args.source, args.topic, args.reference_topic, **facts)
    if not settings.uses_frames:
        return source
    size = facts.get('size')
    return with_frames(source, args.source, args.frame_topic, size, camera=args.topic)


def _left_out(reconstructor: Reconstructor, used: int) -> list[str]:
    return left_out_warnings(reconstructor.decoder_statistics, used, kind=reconstructor.kind)


def _few_frames(settings: Settings, reconstructor: Reconstructor) -> list[str]:
    counts = reconstructor.statistics
    if settings.sync_mode != 'free_running' or counts.frames > 1 or not counts.samples:
        return []
    resets = sum(counts.resets.values())
    cure = 'a higher --fps gives more; if it is longer than that, see spike-recon inspect'
    if resets:
        cure = f'the state was reset {counted(resets, "times")}, see spike-recon inspect'
    return [
        f'the recording gives {counted(counts.frames, "frames")} at {settings.fps:g} frames per '
        f'second; {cure}'
    ]


def samples_of(result: dict[str, Any]) -> str:
    """Return the number of planes or events as a text."""
    kind = 'planes' if 'planes' in result else 'events'
    return counted(result[kind], kind)


def _check_options(
    settings: Settings,
    reference_topic: str | None,
    hot_pixels: Path | None,
    frame_topic: str | None,
) -> None:
    if settings.uses_references != (reference_topic is not None):
        raise UserError(
            '--reference-topic and --sync-mode camera_image or time_reference belong together; '
            'give both or neither'
        )
    if frame_topic is not None and not settings.uses_frames:
        raise UserError(
            '--frame-topic names the frames to read; give --frames anchor or --color frame too'
        )
    if hot_pixels is not None and not settings.hot_pixel_time:
        raise UserError('--save-hot-pixels writes the detected ones; give --hot-pixel-time too')


def _counts(reconstructor: Reconstructor) -> dict[str, Any]:
    counts = reconstructor.statistics
    return {
        'model': reconstructor.model_name,
        'frames': counts.frames,
        'packets': counts.packets,
        'lost_packets': counts.lost_packets,
        'repeated_packets': counts.repeated_packets,
        'unordered_packets': counts.unordered_packets,
        'time_outliers': counts.time_outliers,
        **{name: getattr(counts, name) for name in REMOVED if getattr(counts, name)},
        **frame_counts(reconstructor.frames),
        'planes' if reconstructor.kind is SensorKind.SPIKE else 'events': counts.samples,
        'resets': {reason.value: number for reason, number in counts.resets.items()},
    }
