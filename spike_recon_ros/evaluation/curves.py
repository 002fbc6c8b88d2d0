# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Plots of a metric over time, one curve for each model."""

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path

from spike_recon_ros.cures import pip_install
from spike_recon_ros.whole_file import write_figure

CURE = pip_install('evaluation')
FEW_POINTS = 60
"""Curves with no more points have a marker at each."""


def curves_possible() -> bool:
    """Whether matplotlib is installed."""
    return importlib.util.find_spec('matplotlib') is not None


def draw_curves(
    file: Path,
    title: str,
    label: str,
    curves: Mapping[str, tuple[Sequence[float], Sequence[float | None]]],
) -> None:
    """Write the PNG.

    Args:
        file: to write.
        title: above the plot.
        label: of the vertical axis.
        curves: name -> times (seconds) and values; None leaves a gap.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 -- optional

    figure = Figure(figsize=(9, 4), dpi=120, layout='constrained')
    axes = figure.subplots()
    for name, (times_s, values) in curves.items():
        gaps = [float('nan') if value is None else value for value in values]
        marker = '.' if len(times_s) <= FEW_POINTS else None
        axes.plot(times_s, gaps, label=name, linewidth=1.4, marker=marker)
    axes.set_title(title, loc='left', fontsize=11)
    axes.set_xlabel('sensor time since the start, s')
    axes.set_ylabel(label)
    axes.margins(x=0.01)
    axes.grid(alpha=0.25)
    axes.spines[['top', 'right']].set_visible(False)
    figure.legend(loc='outside right upper', frameon=False)
    write_figure(file, figure)
