# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Fixtures that every room's tests share."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

DATA_VARIABLE = 'SPIKE_RECON_TEST_DATA'


@pytest.fixture(scope='session')
def recordings() -> Callable[[str], Path]:
    """Return a function that finds a real recording, or skips, naming what is missing."""

    def find(relative: str) -> Path:
        folder = os.environ.get(DATA_VARIABLE)
        if not folder:
            pytest.skip(f'{DATA_VARIABLE} is not set; it names the folder that holds {relative}')
        path = Path(folder) / relative
        if not path.exists():
            pytest.skip(f'no recording at {path}')
        return path

    return find
