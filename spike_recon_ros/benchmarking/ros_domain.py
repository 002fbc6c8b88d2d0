# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A ROS domain that no other program on this machine uses.

Programs that start nodes of their own (demo, benchmarks, tests) must not receive the packets and
diagnostics of each other, nor those of a camera that runs on this machine. A random domain is
not enough: of ten programs, two choose the same with a probability of 36 %.
"""

import atexit
import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path
from typing import TextIO

from spike_recon_ros.errors import UserError

DOMAINS = range(1, 102)
"""Domains whose ports lie below the ephemeral ports of Linux."""
_PORT, _PORTS_PER_DOMAIN = 7410, 250
_PARTICIPANTS = 120  # each has two ports
_locks: list[TextIO] = []


def claim_ros_domain() -> int:
    """Return a domain in which no participant runs, and keep it until this process ends.

    A lock file keeps it from other callers, and a domain is skipped if the UDP port of any
    participant is in use: the first ones may have ended.

    Raises:
        UserError: every domain is in use.
    """
    for domain in random.sample(DOMAINS, len(DOMAINS)):
        path = Path(tempfile.gettempdir()) / f'spike_recon_ros_domain_{domain}.lock'
        try:
            lock = path.open('a', encoding='ascii')
        except OSError:  # of another user
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _check_ports(domain)
        except OSError:
            lock.close()
            continue
        _locks.append(lock)
        return domain
    raise UserError(
        f'every ROS domain from {DOMAINS[0]} to {DOMAINS[-1]} is in use on this machine; '
        'end other ROS programs, or set ROS_DOMAIN_ID'
    )


def isolate_from_other_nodes() -> None:
    """Let the nodes of this process and its children see nothing of others.

    Sets ROS_DOMAIN_ID and the discovery range for this machine only, unless the user has set them.

    Raises:
        UserError: every domain is in use.
    """
    if 'ROS_DOMAIN_ID' not in os.environ:
        os.environ['ROS_DOMAIN_ID'] = str(claim_ros_domain())
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    os.environ.setdefault('ROS_LOCALHOST_ONLY', '1')  # the same, before ROS 2 Iron


@atexit.register
def _release() -> None:
    for lock in _locks:
        lock.close()


def _check_ports(domain: int) -> None:
    """Raise OSError if the port of a participant of a domain is in use."""
    first = _PORT + _PORTS_PER_DOMAIN * domain
    for port in range(first, first + 2 * _PARTICIPANTS, 2):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(('', port))
