# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What must be set before ROS is initialised, so that big messages arrive at all.

Comes in: the process's environment. Goes out: settings of the middleware and of the allocator.
Knows nothing about nodes. Whatever the user has set is left alone.
"""

import ctypes
import os
import sys
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory

PROFILE_VARIABLES = (
    'FASTDDS_DEFAULT_PROFILES_FILE',
    'FASTRTPS_DEFAULT_PROFILES_FILE',
    'FASTDDS_BUILTIN_TRANSPORTS',
)
PROFILE = 'fastdds_shm64.xml'

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def prepare_middleware() -> None:
    """Let Fast DDS and the allocator carry messages of several megabytes.

    Fast DDS's shared-memory segment holds 512 kB by default, and a best-effort message larger than
    that is silently lost; the profile shipped with the package gives it 64 MB. The variables'
    names changed between distributions, so both are set. glibc hands large buffers back to the
    kernel after each message; keeping them halves the CPU time of a big message.
    """
    if not any(os.environ.get(name) for name in PROFILE_VARIABLES):
        profile = _share_folder() / 'config' / PROFILE
        if profile.exists():
            os.environ['FASTDDS_DEFAULT_PROFILES_FILE'] = str(profile)
            os.environ['FASTRTPS_DEFAULT_PROFILES_FILE'] = str(profile)
    if sys.platform == 'linux':
        libc = ctypes.CDLL(None)
        if hasattr(libc, 'mallopt'):
            libc.mallopt(_M_MMAP_THRESHOLD, 64 << 20)
            libc.mallopt(_M_TRIM_THRESHOLD, 256 << 20)


def _share_folder() -> Path:
    """Return where the package's launch and configuration files are installed."""
    try:
        return Path(get_package_share_directory('spike_recon_ros'))
    except (PackageNotFoundError, OSError):  # pip's prefix is on no ament path
        return Path(sys.prefix) / 'share' / 'spike_recon_ros'
