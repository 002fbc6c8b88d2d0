# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The one kind of error that the user can fix.

The command line prints it as one sentence and exits with status 1; the node logs it and stays
unconfigured. Every other exception is a bug and keeps its traceback.
"""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Something typed, installed or supplied is wrong; the message names the cure."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean X?` for the known name that is most like `name`, or ''."""
    close = difflib.get_close_matches(name, [*known], n=1)
    return f'; did you mean {close[0]}?' if close else ''
