# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Use several inputs one after the other; one that cannot be used does not end the others.

An evaluation of a night must not be lost because the last recording of ten is damaged, nor
because Ctrl-C ends it after nine.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from rich.console import Console

from spike_recon_ros.errors import UserError, os_error_sentence, with_names
from spike_recon_ros.offline.progress import print_warnings

Input = TypeVar('Input')
Output = TypeVar('Output')


@dataclasses.dataclass(frozen=True)
class Used(Generic[Output]):
    """What several inputs gave.

    Attributes:
        outputs: by name, of the inputs that were used.
        failed: why others could not be used, by name.
        unfinished: names of those that an interrupt left; the first may be used in part.
    """

    outputs: dict[str, Output]
    failed: dict[str, str]
    unfinished: tuple[str, ...] = ()

    def left_out(self) -> dict[str, Any]:
        """Return what is missing in the outputs, for a result in JSON; empty if nothing is."""
        missing = {'failed': self.failed, 'unfinished': [*self.unfinished]}
        return {key: names for key, names in missing.items() if names}


def use_each(
    inputs: Mapping[str, Input], use: Callable[[Input], Output], console: Console
) -> Used[Output]:
    """Use each input, until an interrupt.

    Args:
        inputs: by name.
        use: what to do with each.
        console: for a sentence about each that cannot be used, if there are several.

    Raises:
        KeyboardInterrupt: before the first output.
    """
    outputs: dict[str, Output] = {}
    failed: dict[str, str] = {}
    for name, one in inputs.items():
        try:
            outputs[name] = use(one)
        except KeyboardInterrupt:
            if not outputs:
                raise
            names = [*inputs]
            return Used(outputs, failed, (*names[names.index(name) :],))
        except (UserError, OSError) as error:
            failed[name] = os_error_sentence(error) if isinstance(error, OSError) else str(error)
            if len(inputs) > 1:
                print_warnings([f'left out: {with_names({name: failed[name]})}'], console)
    return Used(outputs, failed)


def check_any_left(used: Used[Any]) -> None:
    """Raise UserError with the reasons if no input could be used."""
    if used.failed and not used.outputs:
        reasons = {*used.failed.values()}
        raise UserError(reasons.pop() if len(reasons) == 1 else with_names(used.failed))
