# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Write a copy of a bundle with a second graph whose convolutions compute in int8."""

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from spike_recon_ros.bundles.bundle import Bundle
from spike_recon_ros.bundles.description import DESCRIPTION
from spike_recon_ros.bundles.golden import deviation, read_golden
from spike_recon_ros.bundles.int8_graph import Progress, Sequences, images, int8_graph
from spike_recon_ros.bundles.network import INT8_GOLDEN, INT8_ONNX
from spike_recon_ros.bundles.new_bundle import new_bundle
from spike_recon_ros.errors import UserError

CARD = 'README.md'
CARD_HEADING = '\n## Eight bits\n'
FINE = 0.035
"""Deviation from the float32 graph, as a share of its contrast, up to which the coarse graph is
accepted; above it, more convolutions stay in float32."""
COARSEST = 0.1
"""Limit for the deviation of that second graph."""


def quantise_bundle(
    bundle: Bundle,
    sequences: Sequences,
    output: Path,
    *,
    windows: int,
    recordings: Sequence[str],
    overwrite: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Write the bundle with an int8 graph to a new folder; return a report about it.

    Args:
        bundle: network to quantise; it is not changed.
        sequences: input tensors of consecutive windows, one list for each run without a reset.
        output: folder to write; it appears when the bundle is complete.
        windows: number of windows that the value ranges are taken from.
        recordings: names of the recordings that the tensors were made of, for the model card.
        overwrite: replace a bundle at `output`.
        progress: called after each window with the phase, the windows done and all windows.

    Returns: the entry `int8` of the new `model.yaml`, and `bytes`, the size of the graph.

    Raises:
        UserError: the output must not be replaced, or int8 is too coarse for the network.
    """
    if output.resolve() == bundle.folder.resolve():
        raise UserError(
            f'{output} is the bundle to quantise, which is not changed; choose another folder'
        )
    with new_bundle(output, overwrite=overwrite) as folder:
        expected = images(bundle, bundle.onnx, sequences, progress, 'float32 images')
        for finely in (False, True):
            graph = int8_graph(bundle, sequences, windows, finely=finely, progress=progress)
            phase = 'int8 images, finer' if finely else 'int8 images'
            worst = deviation(images(bundle, graph, sequences, progress, phase), expected)
            if worst <= FINE:
                break
        if worst > COARSEST:
            raise UserError(
                f'in int8 {bundle.name} deviates by {worst:.2g} of the contrast and {COARSEST:g} '
                'is allowed; give longer recordings, or more of them'
            )
        golden = images(bundle, graph, [list(read_golden(bundle)[0])])
        report = {
            'recordings': list(recordings),
            'windows': windows,
            'finely': finely,
            'off_by_share_of_contrast': round(worst, 4),
        }
        _write(bundle, folder, graph, golden, report)
    return {'bytes': len(graph), **report}


def _write(
    bundle: Bundle, folder: Path, graph: bytes, golden: np.ndarray, report: dict[str, Any]
) -> None:
    """Copy the listed files, then add the graph, its golden output, checksums and the report."""
    for name in (*bundle.description['sha256'], CARD):
        if name not in (INT8_ONNX, INT8_GOLDEN) and (bundle.folder / name).is_file():
            shutil.copyfile(bundle.folder / name, folder / name)
    (folder / INT8_ONNX).write_bytes(graph)
    np.savez_compressed(folder / INT8_GOLDEN, intensity=golden)
    added = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in (INT8_ONNX, INT8_GOLDEN)
    }
    content = {
        **bundle.description,
        'sha256': {**bundle.description['sha256'], **added},
        'int8': report,
    }
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=97)
    (folder / DESCRIPTION).write_text(text, encoding='utf-8')
    card = folder / CARD
    if card.is_file():
        before = card.read_text(encoding='utf-8', errors='replace').partition(CARD_HEADING)[0]
        card.write_text(before + eight_bits_section(report), encoding='utf-8')


def eight_bits_section(report: dict[str, Any]) -> str:
    """Return the section of the model card about the int8 graph.

    Args:
        report: the entry `int8` of model.yaml.
    """
    kept = ' The first convolutions that read the state stay in float32.' * report['finely']
    return (
        f'{CARD_HEADING}\n'
        f'`{INT8_ONNX}` computes its convolutions in int8. The value ranges were measured on '
        f'{report["windows"]} windows of: {", ".join(report["recordings"])}.{kept} '
        'The images deviate from those of the float32 graph by '
        f'{100 * report["off_by_share_of_contrast"]:.1f} % of the contrast (root mean square).\n'
    )
