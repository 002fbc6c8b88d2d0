# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The error of a command that failed, but whose result up to that point is worth printing."""

from typing import Any

from spike_recon_ros.errors import UserError


class PartialResultError(UserError):
    """An error with a result: the main program prints the JSON too, and exits with status 1.

    Args:
        message: what went wrong, and what to do.
        result: what the command found out before.
    """

    def __init__(self, message: object, result: dict[str, Any]) -> None:
        super().__init__(message)
        self.result = result
