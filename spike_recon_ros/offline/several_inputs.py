# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Use several inputs one after the other; one that cannot be used does not end the others.

An evaluation of a night must not be lost because the last recording of ten is damaged.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from rich.console import Console

from spike_recon_ros.errors import UserError, os_error_sentence
from spike_recon_ros.offline.progress import print_warnings

Input = TypeVar('Input')
Output = TypeVar('Output')


def use_each(
    inputs: Mapping[str, Input], use: Callable[[Input], Output], console: Console
) -> tuple[dict[str, Output], dict[str, str]]:
    """Use each input; return the outputs, and why the others could not be used, by their names.

    Args:
        inputs: by name.
        use: what to do with each.
        console: for a sentence about each that cannot be used, if there are several.
    """
    outputs, failed = {}, {}
    for name, one in inputs.items():
        try:
            outputs[name] = use(one)
        except (UserError, OSError) as error:
            failed[name] = os_error_sentence(error) if isinstance(error, OSError) else str(error)
            if len(inputs) > 1:
                print_warnings([f'left out: {with_names({name: failed[name]})}'], console)
    return outputs, failed


def check_any_left(outputs: Mapping[str, object], failed: Mapping[str, str]) -> None:
    """Raise UserError with the reasons if no input could be used."""
    if failed and not outputs:
        reasons = {*failed.values()}
        raise UserError(reasons.pop() if len(reasons) == 1 else with_names(failed))


def with_names(failed: Mapping[str, str]) -> str:
    """Return why inputs could not be used, each sentence with the name of its input."""
    return '; '.join(
        reason if name in reason else f'{name}: {reason}' for name, reason in failed.items()
    )
