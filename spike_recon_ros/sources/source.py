# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The interface of every source of packets, whatever the file format."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.packet import Packet, Reference

Self = TypeVar('Self', bound='Source')


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of a recording.

    Attributes:
        name: name of the topic.
        type: its message type, `package/msg/Name`.
        n_messages: messages recorded on it.
    """

    name: str
    type: str
    n_messages: int


def closed(path: Path) -> UserError:
    """Return the error of reading a recording after it was closed."""
    return UserError(f'{path} is closed; open it again to read it')


class Source(ABC):
    """A recording: iterating yields its packets, and the references asked for, as recorded.

    Each iteration starts at the beginning again. Used as a context manager, or closed by hand.

    Attributes:
        path: file or folder that is read.
        n_packets: about how many packets an iteration yields, for progress bars; None = unknown.
        estimates_packets: whether `n_packets` is only an estimate.
        topics: what the recording holds; empty for files without topics.
        warnings: sentences for people about data that is guessed, cut or left out. They grow
            while the recording is read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.n_packets: int | None = None
        self.estimates_packets = False
        self.topics: tuple[Topic, ...] = ()
        self.warnings: tuple[str, ...] = ()

    def warn(self, sentence: str) -> None:
        """Add a warning, once."""
        if sentence not in self.warnings:
            self.warnings += (sentence,)

    @abstractmethod
    def __iter__(self) -> Iterator[Packet | Reference]:
        """Yield from the first packet on.

        Raises:
            UserError: where the file is damaged, after everything readable before that place has
                been yielded.
        """

    def close(self) -> None:
        """Close the file; no iteration may follow."""
        return

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
