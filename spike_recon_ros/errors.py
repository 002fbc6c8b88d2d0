# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The one kind of error that is the user's to mend.

The command line prints it as one sentence and exits with status 1; the node logs it and stays
unconfigured. Anything else that is raised is a bug and keeps its traceback.
"""


class UserError(Exception):
    """Something typed, installed or fed in is wrong; the message names the cure."""
