# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon quantize`: a network's convolutions in eight bits, for CPUs.

Comes in: the command line. Goes out: one more file in a bundle. Knows nothing about how a graph is
quantised.
"""

import argparse
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from rich.console import Console

from spike_recon_ros.bundles.bundle import INT8_GOLDEN, INT8_ONNX
from spike_recon_ros.bundles.description import DESCRIPTION as DESCRIPTION_FILE
from spike_recon_ros.bundles.golden import deviation, read_golden
from spike_recon_ros.cli.bundle_options import add_bundle_options
from spike_recon_ros.errors import UserError
from spike_recon_ros.offline import network_inputs

HELP = "let a network's convolutions compute in eight bits, which is faster on CPUs"
DESCRIPTION = """\
Find the ranges of what a network computes on recordings, and write a second graph into its bundle
whose convolutions have eight bits. The backend openvino runs it where the CPU has instructions for
that (VNNI); `precision:=bf16` or `fp32` takes the first graph again.

The recordings must be like what the network will see, in light, speed and sensor; two seconds are
enough, and simulated ones are good ones:

  spike-recon simulate photos/ -o walk
  spike-recon quantize bundles/mine -d walk

An export of the bundle leaves the second graph out: quantise it again then.
"""
CARD_HEADING = '\n## Eight bits\n'
FINE = 0.035
"""Share of the contrast by which images may differ from those of the first graph without a second
attempt, which leaves more as it is."""
COARSEST = 0.1
"""The share after that."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    add_bundle_options(parser, 'find the ranges with')
    parser.add_argument(
        '--windows', type=int, default=40, metavar='N',
        help='windows whose ranges count, spread over the recordings (%(default)s)',
    )  # fmt: skip


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Quantise; return what was written.

    Raises:
        UserError: there is no such bundle, a recording cannot be read or is of another kind of
            sensor, a library is missing, or eight bits are too coarse for the network.
    """
    if args.windows < 1:
        raise UserError('--windows must be 1 or more')
    bundle = network_inputs.bundle_named(args.name)
    int8_graph = _library()
    console = Console(stderr=True)
    sequences = network_inputs.tensors_of(bundle, args.dataset, console)
    console.print(f'{sum(map(len, sequences))} windows; finding ranges', highlight=False)
    expected = int8_graph.images(bundle, bundle.onnx, sequences)
    for finely in (False, True):
        graph = int8_graph.int8_graph(bundle, sequences, args.windows, finely=finely)
        off = deviation(int8_graph.images(bundle, graph, sequences), expected)
        if off <= FINE:
            break
    if off > COARSEST:
        raise UserError(
            f'in eight bits {bundle.name} is off by {off:.2g} of the contrast and {COARSEST:g} is '
            'allowed; give longer recordings, or more of them'
        )
    golden = int8_graph.images(bundle, graph, [list(read_golden(bundle)[0])])
    said = {
        'recordings': [path.name for path in args.dataset],
        'windows': args.windows,
        'finely': finely,
        'off_by_share_of_contrast': round(off, 4),
    }
    _write(bundle.folder, graph, golden, said)
    return {'bundle': str(bundle.folder), 'bytes': len(graph), **said}


def _library() -> Any:
    try:
        from spike_recon_ros.bundles import int8_graph  # noqa: PLC0415
    except ImportError as error:
        raise UserError(
            f'{error.name} is not installed; run: pip install onnxruntime onnx'
        ) from None
    return int8_graph


def _write(folder: Path, graph: bytes, golden: np.ndarray, said: dict[str, Any]) -> None:
    """Put the graph into the bundle, its checksum and origin into the description and the card."""
    (folder / INT8_ONNX).write_bytes(graph)
    np.savez_compressed(folder / INT8_GOLDEN, intensity=golden)
    description = folder / DESCRIPTION_FILE
    content = yaml.safe_load(description.read_text(encoding='utf-8'))
    for name in (INT8_ONNX, INT8_GOLDEN):
        content['sha256'][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    content['int8'] = said
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=97)
    description.write_text(text, encoding='utf-8')
    card = folder / 'README.md'
    if card.is_file():
        before = card.read_text(encoding='utf-8').partition(CARD_HEADING)[0]
        listed = yaml.safe_dump(said, sort_keys=False).rstrip()
        card.write_text(f'{before}{CARD_HEADING}\n```\n{listed}\n```\n', encoding='utf-8')
