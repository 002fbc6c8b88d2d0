# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Benchmarks that this machine cannot run say so."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent.parent / 'benchmarks' / 'gpu.py'


def test_without_a_gpu_the_gpu_benchmark_ends_with_one_sentence(tmp_path):
    # CUDA then hides every GPU, so that this holds on machines that have one as well.
    hidden = {**os.environ, 'CUDA_VISIBLE_DEVICES': ''}
    done = subprocess.run(
        [sys.executable, SCRIPT, '-o', tmp_path / 'gpu.json'],
        capture_output=True,
        text=True,
        check=False,
        env=hidden,
    )
    assert done.returncode == 1
    assert done.stdout == ''
    (line,) = done.stderr.splitlines()
    assert line.startswith('gpu.py: there is no NVIDIA GPU that a backend can use')
    assert not (tmp_path / 'gpu.json').exists()
