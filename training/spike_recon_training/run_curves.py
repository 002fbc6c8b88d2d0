# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Draws report.png of a run: losses, validation, spike rate, memory, and images beside truth.

It reads only the files of the run, so it also works for a run that was interrupted.
"""

import importlib.util
import resource
import sys
from pathlib import Path
from typing import Any

import cv2
import torch

from spike_recon_ros.whole_file import write_figure
from spike_recon_training.step_table import read_rows

TRAINING, VALIDATION = 'training.csv', 'validation.csv'
REPORT = 'report.png'
NO_LOSS = ('step', 'elapsed_s', 'learning_rate', 'cpu_memory_mib', 'gpu_memory_mib')
PANELS = {
    'learning rate': ('learning_rate',),
    'memory, MiB': ('cpu_memory_mib', 'gpu_memory_mib'),
}
HELD_PANELS = {
    'held back: PSNR, dB': ('psnr', 'video_psnr'),
    'held back: SSIM': ('ssim', 'cold_ssim', 'video_ssim'),
    'held back: spike rate': ('spike_rate', 'video_spike_rate'),
}
MARKED_POINTS = 60


def memory_mib(device: torch.device) -> dict[str, float]:
    """Return the peak memory of this process, and of the GPU if `device` is one, MiB."""
    unit = 1024**2 if sys.platform == 'darwin' else 1024  # bytes there, KiB elsewhere
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = {'cpu_memory_mib': round(peak / unit, 1)}
    if device.type == 'cuda':
        found['gpu_memory_mib'] = round(torch.cuda.max_memory_allocated(device) / 1024**2, 1)
    return found


def draw_report(run: Path) -> Path | None:
    """Write report.png of a run.

    Returns: the file; None if matplotlib is not installed or the run has logged nothing.
    """
    training = _columns(run / TRAINING)
    if importlib.util.find_spec('matplotlib') is None or not training.get('step'):
        return None
    from matplotlib.figure import Figure  # noqa: PLC0415 -- optional

    held = _columns(run / VALIDATION)
    losses = tuple(name for name in training if name not in NO_LOSS)
    panels: list[tuple[str, dict[str, list[float]], tuple[str, ...]]] = [
        ('losses', training, losses),
        *((title, held, names) for title, names in HELD_PANELS.items()),
        *((title, training, names) for title, names in PANELS.items()),
    ]
    panels = [
        (title, columns, tuple(name for name in names if columns.get(name)))
        for title, columns, names in panels
    ]
    panels = [panel for panel in panels if panel[2]]
    sheets = sorted((run / 'sheets').glob('*.png'))
    rows = -(-len(panels) // 3)
    figure = Figure(figsize=(15, 4 * rows + (7 if sheets else 0)), dpi=90, layout='constrained')
    grid = figure.add_gridspec(rows + (1 if sheets else 0), 3,
                               height_ratios=[4] * rows + ([7] if sheets else []))  # fmt: skip
    for number, (title, columns, names) in enumerate(panels):
        axes = figure.add_subplot(grid[divmod(number, 3)])
        for name in names:
            marker = '.' if len(columns['step']) <= MARKED_POINTS else None
            axes.plot(columns['step'], columns[name], label=name, marker=marker, linewidth=1.3)
        axes.set_title(title, loc='left', fontsize=11)
        axes.set_xlabel('steps')
        axes.grid(alpha=0.25)
        if len(names) > 1:
            axes.legend(frameon=False, fontsize=8)
    if sheets:
        _show_sheet(figure.add_subplot(grid[rows, :]), sheets[-1])
    file = run / REPORT
    write_figure(file, figure)
    return file


def _show_sheet(axes: Any, sheet: Path) -> None:
    image = cv2.imread(str(sheet), cv2.IMREAD_GRAYSCALE)
    axes.set_axis_off()
    if image is not None:
        axes.imshow(image, cmap='gray', vmin=0, vmax=255)
        axes.set_title(
            f'held back, step {int(sheet.stem)}: rows of input, reconstruction and truth',
            loc='left',
            fontsize=11,
        )


def _columns(file: Path) -> dict[str, list[float]]:
    """Return the columns of a CSV file; nothing if it is missing. Empty fields become NaN."""
    rows = read_rows(file)
    names = rows[0] if rows else {}
    return {name: [float(row[name] or 'nan') for row in rows] for name in names}
