# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Reads PyTorch checkpoints without executing anything that they contain.

A checkpoint is a pickle, which can run any code when it is loaded. Here only tensors and plain
values (numbers, strings, lists, dictionaries) are accepted.
"""

import warnings
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from spike_recon_ros.regular_file import check_no_stand_in

WRONG_CONTENT = (KeyError, TypeError, AttributeError, RuntimeError, ValueError, IndexError)
"""What looking up the expected parts raises when a file contains something else."""
WRAPPERS = 'state_dict', 'model', 'net', 'params'
"""Keys below which training scripts store the weights."""


def load_tensors(path: Path) -> Any:
    """Return the content of a checkpoint, on the CPU.

    Raises:
        ValueError: the file cannot be read, is damaged, or contains other than tensors and plain
            values.
        UserError: the file is a pointer to the data, or a web page.
    """
    check_no_stand_in(path)
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


def weights_by_name(content: Any) -> dict[str, torch.Tensor]:
    """Return the weights in a checkpoint, without the wrappers that training scripts add.

    Args:
        content: of the file: the weights, or a dictionary that holds them as one of WRAPPERS.

    Raises:
        ValueError: there are none.
    """
    for wrapper in WRAPPERS:
        if isinstance(content, dict) and isinstance(content.get(wrapper), dict):
            content = content[wrapper]
    if not isinstance(content, dict):
        raise ValueError('it holds no weights by name')
    found = {
        str(name).removeprefix('module.'): value
        for name, value in content.items()
        if isinstance(value, torch.Tensor)
    }
    if not found:
        raise ValueError('it holds no weights by name')
    return found


def load_renamed(
    network: nn.Module,
    theirs: dict[str, torch.Tensor],
    names: dict[str, str],
    unused: Container[str] = (),
) -> None:
    """Load weights whose names differ from ours.

    Args:
        network: to load into.
        theirs: weights by published name.
        names: our name of each layer or weight -> the published one, without `.weight` etc. where
            both have the same endings.
        unused: published names that have no counterpart.

    Raises:
        ValueError: a weight is missing, has another shape, or is left over.
    """
    ours, left = {}, set(theirs)
    for name, wanted in network.state_dict().items():
        published = _published_name(name, names)
        found = theirs.get(published)
        if found is None:
            raise ValueError(f'{published} is missing')
        left.discard(published)
        if found.shape != wanted.shape:
            raise ValueError(
                f'{published} has the shape {list(found.shape)} instead of {list(wanted.shape)}'
            )
        ours[name] = found
    if more := sorted(name for name in left if name not in unused):
        raise ValueError(f'{more[0]} is not part of the network')
    network.load_state_dict(ours)


def _published_name(name: str, names: dict[str, str]) -> str:
    """Return the published name of one of our weights, by its longest known beginning."""
    parts = name.split('.')
    for count in range(len(parts), 0, -1):
        if (beginning := '.'.join(parts[:count])) in names:
            return '.'.join([names[beginning], *parts[count:]])
    return name
