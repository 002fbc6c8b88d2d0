# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon view`: a web page of the live node, or of a recording."""

import argparse
import dataclasses
import sys
import threading
from pathlib import Path
from typing import Any

from spike_recon_ros.cli.partial_result import PartialResultError
from spike_recon_ros.cli.plane_options import add_plane_options, add_size_options, given_facts
from spike_recon_ros.cli.ros_guard import ros_or_cure
from spike_recon_ros.cli.settings_options import (
    add_settings,
    checked_load,
    given_settings,
    settings_of,
)
from spike_recon_ros.errors import UserError, counted
from spike_recon_ros.model_choice import check_model_name, load_model
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.viewer.access import DEFAULT_HOST, DEFAULT_PORT, Access
from spike_recon_ros.viewer.film import MOST_MODELS, FilmShow

TAKES_ROS_ARGS = True
DESCRIPTION = """\
Serve a web page until Ctrl-C; open the address that is printed in a browser.

  spike-recon view                            the live node: video, health, parameters
  spike-recon view --node /left/recon         another one
  spike-recon view recording/                 a recording, to scrub through
  spike-recon view recording/ -m hybrid -m fibar    two models side by side
  spike-recon view --host 0.0.0.0             for a phone in the same network; needs the
                                              token in the printed address
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the subcommand."""
    parser.add_argument(
        'source',
        metavar='SOURCE',
        type=Path,
        nargs='?',
        help='recording to show; without it, the live node is shown',
    )
    parser.add_argument(
        '-m', '--model', metavar='MODEL', action='append', dest='models', default=[],
        help=f'model for a recording; up to {MOST_MODELS} are shown side by side',
    )  # fmt: skip
    page = parser.add_argument_group('the page')
    page.add_argument(
        '--host', metavar='ADDRESS', default=DEFAULT_HOST,
        help='address to serve on, such as 0.0.0.0 for all networks; other computers then need '
        'the token in the printed address (default: %(default)s, this computer only)',
    )  # fmt: skip
    page.add_argument(
        '--port',
        metavar='N',
        type=int,
        default=DEFAULT_PORT,
        help='port of the page (default: %(default)s)',
    )
    live = parser.add_argument_group('the live node')
    live.add_argument(
        '--node', metavar='NAME', default='recon',
        help='node to look at, its full name or in the namespace /event_camera (default: '
        '%(default)s)',
    )  # fmt: skip
    live.add_argument(
        '--image-topic',
        metavar='TOPIC',
        default='',
        help='topic of its images (default: NAME/image_raw)',
    )
    live.add_argument(
        '--rate', metavar='HZ', type=float, default=25.0,
        help='largest number of pictures per second (default: %(default)s)',
    )  # fmt: skip
    live.add_argument(
        '--record-to', metavar='FOLDER', type=Path, default=Path(),
        help='where the button Record writes (default: the current folder)',
    )  # fmt: skip
    parser.add_argument(
        '--topic', metavar='TOPIC', help='events topic of a recording with several'
    )
    add_size_options(parser)
    add_plane_options(parser)
    add_settings(parser, without={'model'})


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Serve until interrupted.

    Raises:
        UserError: an option is wrong, the recording cannot be read, there is no ROS, or the
            address cannot be bound.
    """
    if not 0 < args.port < 65_536:
        raise UserError(f'--port is {args.port}; it must be from 1 to 65535')
    access = Access.for_host(args.host, args.port)
    if args.source is None:
        return _live(args, access)
    return _film(args, access)


def _live(args: argparse.Namespace, access: Access) -> dict[str, Any]:
    given = ['model'] if args.models else [*given_settings(args)]
    if given:
        name = given[0]
        raise UserError(
            f'--{name.replace("_", "-")} is for a recording; name one, or set the parameter of '
            f'the node: spike-recon node --ros-args -p {name}:=...'
        )
    if not 0 < args.rate <= 1000:
        raise UserError(f'--rate is {args.rate:g}; it must be above 0 and at most 1000')
    if not args.record_to.is_dir():
        raise UserError(f'--record-to: there is no folder {args.record_to}')
    ros_or_cure()
    from spike_recon_ros.nodes.view_node import view  # noqa: PLC0415 -- needs ROS

    return view(
        args.node,
        access,
        image_topic=args.image_topic,
        rate=args.rate,
        record_to=args.record_to,
        announce=_announce,
        ros_args=args.ros_args,
    )


def _film(args: argparse.Namespace, access: Access) -> dict[str, Any]:
    if args.ros_args:
        raise UserError('a recording needs no ROS; leave --ros-args out')
    if len(args.models) > MOST_MODELS:
        raise UserError(f'{len(args.models)} models are too many; give at most {MOST_MODELS}')
    base = settings_of(args)
    if base.uses_references:
        raise UserError(f'--sync-mode {base.sync_mode} is not for this page; leave it out')
    from spike_recon_ros.viewer.server import PageServer  # noqa: PLC0415 -- needs aiohttp

    models = args.models or [base.model]
    for model in models:
        check_model_name(model)
    all_settings = [dataclasses.replace(base, model=model) for model in models]
    facts = given_facts(args)
    source = open_source(args.source, args.topic, **facts)
    # Models that are compared share the options.
    load = checked_load(args, _warn) if len(models) == 1 else load_model
    show = FilmShow(
        source, all_settings, models, size=facts.get('size'), camera=args.topic, load=load
    )
    server = PageServer(show, access)
    try:
        server.start()
        show.start()
        _announce(server.address)
        threading.Event().wait()
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()
        show.stop()
    result = {'source': str(args.source), 'models': models, 'frames': show.state['frames']}
    if show.state['level'] == 'error':  # the page has shown it, too
        raise PartialResultError(show.state['message'], result)
    return result


def _warn(sentence: str) -> None:
    print(f'spike-recon view: {sentence}', file=sys.stderr)


def _announce(address: str) -> None:
    print(f'open {address} in a browser; Ctrl-C stops', file=sys.stderr, flush=True)


def in_words(result: dict[str, Any]) -> str:
    """Return what was shown, as a line for people."""
    if 'source' in result:
        return f'{counted(result["frames"], "frames")} of {result["source"]} shown'
    return f'{counted(result["pictures"], "images")} of {result["node"]} shown'
