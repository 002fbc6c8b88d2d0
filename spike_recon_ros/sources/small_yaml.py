# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Small YAML files from anywhere: without tags, of bounded size and depth.

PyYAML takes time with the square of the depth, and ends deep files with a RecursionError.
"""

from itertools import accumulate
from pathlib import Path
from typing import Any

import yaml

from spike_recon_ros.errors import shown
from spike_recon_ros.regular_file import check_regular

DEEPEST = 50
BRACKETS = {'[': 1, '{': 1, ']': -1, '}': -1}


def read_small_yaml(file: Path, largest_bytes: int) -> Any:
    """Return the content of a YAML file.

    Raises:
        UserError: if it is no regular file.
        ValueError: if it cannot be read, in one line.
    """
    check_regular(file)
    try:
        n_bytes = file.stat().st_size
        if n_bytes > largest_bytes:
            raise ValueError(f'it has {n_bytes:,} bytes, at most {largest_bytes:,} are read')
        text = file.read_text(encoding='utf-8')
        steps = (BRACKETS[character] for character in text if character in BRACKETS)
        if max(accumulate(steps), default=0) > DEEPEST:
            raise ValueError('it is nested too deeply')
        return yaml.safe_load(text)
    except RecursionError as error:
        raise ValueError('it is nested too deeply') from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(shown(reason)) from error
