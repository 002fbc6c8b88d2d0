# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The error of a command that failed, but whose result up to that point is worth printing."""

from collections.abc import Mapping
from typing import Any

from spike_recon_ros.errors import UserError, counted
from spike_recon_ros.offline.several_inputs import with_names


class PartialResultError(UserError):
    """An error with a result: the main program prints the JSON too, and exits with status 1.

    Args:
        message: what went wrong, and what to do.
        result: what the command found out before.
    """

    def __init__(self, message: object, result: dict[str, Any]) -> None:
        super().__init__(message)
        self.result = result


def check_none_failed(
    result: dict[str, Any], failed: Mapping[str, str], done: int, what: str = 'recordings'
) -> None:
    """Raise PartialResultError if some inputs could not be used; the others have results.

    Args:
        result: of the others.
        failed: why, by name.
        done: how many the others are.
        what: plural of the inputs.
    """
    if failed:
        raise PartialResultError(
            f'{len(failed)} of {counted(len(failed) + done, what)} could not be used, the '
            f'results are of the others: {with_names(failed)}',
            {**result, 'failed': dict(failed)},
        )
