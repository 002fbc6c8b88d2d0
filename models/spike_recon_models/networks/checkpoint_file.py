# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A file of weights as others publish it.

Comes in: a path. Goes out: what the file holds. Knows nothing about any network's layers.
"""

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

UNREADABLE = (
    OSError, KeyError, TypeError, AttributeError, RuntimeError, pickle.UnpicklingError,
)  # fmt: skip
"""What a file that holds something else raises when it is read or its parts are looked up."""


@contextmanager
def published_file(path: Path, network: str) -> Iterator[Any]:
    """Give what the file holds; nothing in it is executed.

    Args:
        path: of the file.
        network: whose weights they should be, for the message.

    Raises:
        ValueError: the file, or what the body of the `with` does with it, shows that it is not
            such weights.
    """
    try:
        yield torch.load(path, map_location='cpu', weights_only=True)
    except UNREADABLE as error:
        raise ValueError(
            f'{path} does not hold the published {network} weights ({error})'
        ) from None
