# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The error of a command that failed, but whose result up to that point is worth printing."""

from typing import Any

from spike_recon_ros.cli.interrupts import INTERRUPTED
from spike_recon_ros.errors import UserError, counted, with_names


class PartialResultError(UserError):
    """An error with a result: the main program prints the JSON, too.

    Args:
        message: what went wrong, and what to do.
        result: what the command found out before.
        status: with which the program exits.
    """

    def __init__(self, message: object, result: dict[str, Any], status: int = 1) -> None:
        super().__init__(message)
        self.result, self.status = result, status


def check_complete(result: dict[str, Any], done: int, what: str = 'recordings') -> None:
    """Raise PartialResultError if some inputs were not used.

    Args:
        result: of the others; with `failed` and `unfinished`, see `Used.left_out`.
        done: how many the others are.
        what: plural of the inputs.
    """
    failed, unfinished = result.get('failed', {}), result.get('unfinished', ())
    wanted = counted(len(failed) + len(unfinished) + done, what)
    if unfinished:
        reasons = f'; could not be used: {with_names(failed)}' if failed else ''
        sentence = f'interrupted; the results are of {done} of {wanted}{reasons}'
        raise PartialResultError(sentence, result, INTERRUPTED)
    if failed:
        raise PartialResultError(
            f'{len(failed)} of {wanted} could not be used, the results are of the others: '
            f'{with_names(failed)}',
            result,
        )
