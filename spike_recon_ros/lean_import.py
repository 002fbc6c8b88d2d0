# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Import a library without an optional part of it that is slow to import and not used here."""

import importlib
import sys
from types import ModuleType


def import_without(name: str, unused: str) -> ModuleType:
    """Return an imported module; `unused` cannot be imported meanwhile, but afterwards it can.

    Args:
        name: full name of the module.
        unused: full name of a module without which it works as well.
    """
    if name in sys.modules or unused in sys.modules:
        return importlib.import_module(name)
    sys.modules[unused] = None  # type: ignore[assignment]  # makes its import fail
    try:
        return importlib.import_module(name)
    finally:
        del sys.modules[unused]
