# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Parts of libraries that are slow to import and not used are left out, and stay importable."""

import subprocess
import sys

import pytest


def _run(program):
    subprocess.run([sys.executable, '-c', program], check=True)


def test_kernels_do_without_the_linear_algebra_of_scipy():
    pytest.importorskip('scipy')
    _run(
        'import sys, numpy\n'
        'from spike_recon_ros.windows.sample_buffer import first_at_or_after\n'
        'assert first_at_or_after(numpy.arange(5), 3) == 3\n'
        'assert "scipy.linalg" not in sys.modules\n'
        'import scipy.linalg.cython_blas\n'
    )


def test_openvino_does_without_its_converter():
    pytest.importorskip('openvino')
    _run(
        'import sys\n'
        'from spike_recon_ros.backends.openvino_library import openvino\n'
        'assert openvino.Core().available_devices\n'
        'assert "openvino.tools.ovc" not in sys.modules\n'
        'import openvino.tools.ovc\n'
    )
