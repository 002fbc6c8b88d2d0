# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""From the name that a user typed to the model that runs.

Comes in: Settings and the sensor's size. Goes out: a Model. Knows nothing about packets, windows
or images. Networks will join here: everything behind asks for a Model and takes any.
"""

import difflib

from spike_recon_ros.errors import UserError
from spike_recon_ros.filters.filters import FILTERS, filter_for
from spike_recon_ros.model import Model
from spike_recon_ros.settings import Settings


def model_names() -> list[str]:
    """Return every name that `model` may have on this machine, sorted."""
    return sorted(FILTERS)


def check_model_name(name: str) -> None:
    """Raise UserError, with the names that exist, if there is no such model."""
    if name in FILTERS:
        return
    close = difflib.get_close_matches(name, model_names(), n=1)
    hint = f'did you mean {close[0]}? ' if close else ''
    raise UserError(f'there is no model {name!r}; {hint}available: {", ".join(model_names())}')


def load_model(settings: Settings, width: int, height: int) -> Model:
    """Make the model named in the settings, with its state zero.

    Raises:
        UserError: there is no such model.
    """
    check_model_name(settings.model)
    return filter_for(settings.model, width, height, settings)
