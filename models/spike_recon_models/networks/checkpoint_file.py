# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Reads PyTorch checkpoints without executing anything that they contain.

A checkpoint is a pickle, which can run any code when it is loaded. Here only tensors and plain
values (numbers, strings, lists, dictionaries) are accepted.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

WRONG_CONTENT = (KeyError, TypeError, AttributeError, RuntimeError, ValueError, IndexError)
"""What looking up the expected parts raises when a file contains something else."""


def load_tensors(path: Path) -> Any:
    """Return the content of a checkpoint, on the CPU.

    Raises:
        ValueError: the file cannot be read, is damaged, or contains other than tensors and plain
            values.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # about pickles of other protocols, refused below
            return torch.load(path, map_location='cpu', weights_only=True)
    except OSError as error:
        raise ValueError(f'{path} cannot be read: {error.strerror or error}') from None
    except Exception:
        # A damaged pickle may raise anything. The message of torch is left out because it advises
        # to load the file without this protection.
        raise ValueError(
            f'{path} is damaged, or contains more than tensors and plain values'
        ) from None


@contextmanager
def published_file(path: Path, network: str) -> Iterator[Any]:
    """Give the content of a file of published weights.

    Args:
        path: of the file.
        network: name of the network that the weights should belong to, for the message.

    Raises:
        ValueError: the file cannot be loaded, or the body of the `with` fails on its content.
    """
    try:
        yield load_tensors(path)
    except WRONG_CONTENT as error:
        raise ValueError(
            f'{path} does not hold the published {network} weights ({error})'
        ) from None
