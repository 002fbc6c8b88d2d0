# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Small YAML files from anywhere: without tags, of bounded size, depth and content.

PyYAML takes time with the square of the depth, and ends deep files with a RecursionError. A few
lines of references to references stand for billions of entries.
"""

from itertools import accumulate
from pathlib import Path
from typing import Any

import yaml

from spike_recon_ros.errors import shown
from spike_recon_ros.regular_file import check_regular

DEEPEST = 50
MOST_ENTRIES = 1_000_000
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
        content = yaml.safe_load(text)
        if _count_entries(content, {}) > MOST_ENTRIES:
            raise ValueError('its references stand for too many entries')
    except RecursionError as error:
        raise ValueError('it is nested too deeply') from error
    except (OSError, UnicodeDecodeError, OverflowError, yaml.YAMLError) as error:
        raise ValueError(shown(' '.join(str(error).split()) or type(error).__name__)) from error
    return content


def _count_entries(content: Any, counts: dict[int, int]) -> int:
    """Return the entries in a content, each as often as it is referred to.

    Args:
        content: what YAML loads.
        counts: entries in each list and mapping that was counted, by its identity; 0 = it is
            being counted, so it contains itself.
    """
    if not isinstance(content, dict | list):
        return 1
    if (found := counts.get(id(content))) is not None:
        if not found:
            raise ValueError('it contains itself')
        return found
    counts[id(content)] = 0
    values = content.values() if isinstance(content, dict) else content
    counts[id(content)] = 1 + sum(_count_entries(value, counts) for value in values)
    return counts[id(content)]
