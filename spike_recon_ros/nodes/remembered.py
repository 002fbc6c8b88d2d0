# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A finding that holds for some seconds."""

import time
from typing import Generic, TypeVar

Found = TypeVar('Found')

REMEMBERED_S = 3.0
"""How long a finding holds unless it is renewed."""


class Remembered(Generic[Found]):
    """The latest finding of a check. One thread may set it while another reads it."""

    def __init__(self) -> None:
        self._found: tuple[Found, float] | None = None  # and the monotonic time

    @property
    def latest(self) -> Found | None:
        """The finding, if there was one in the latest seconds."""
        found = self._found
        if found is None or time.monotonic() - found[1] > REMEMBERED_S:
            return None
        return found[0]

    @latest.setter
    def latest(self, finding: Found | None) -> None:
        self._found = None if finding is None else (finding, time.monotonic())
