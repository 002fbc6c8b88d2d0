# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""One thing that `spike-recon doctor` looked for.

Comes in: nothing. Goes out: a value type. Knows nothing about how anything is found.
"""

from dataclasses import dataclass

NEEDED, LIVE, OPTIONAL = 'needed', 'for live topics', 'optional'


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report.

    Attributes:
        name: what was looked for.
        role: NEEDED, LIVE or OPTIONAL.
        found: version or place; empty = missing.
        cure: what brings it, where it is missing.
        purpose: what it is for.
    """

    name: str
    role: str
    found: str
    cure: str
    purpose: str
