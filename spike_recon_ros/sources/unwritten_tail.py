# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Zeros at the end of a file, which were never written.

A file system reserves blocks before it writes them. After a power failure the file has its full
length, and the blocks that were not written are zeros, which many formats read as events.
"""

from pathlib import Path

FEWEST_ZEROS = 512
"""Bytes of the smallest block. Fewer zeros at the end of a file may be data."""
BLOCK_BYTES = 2**20


def end_of_data(path: Path) -> int:
    """Return how many bytes of a file lie before its zeros at the end."""
    end = path.stat().st_size
    with path.open('rb') as file:
        while end > 0:
            start = max(0, end - BLOCK_BYTES)
            file.seek(start)
            data = file.read(end - start).rstrip(b'\0')
            if data:
                return start + len(data)
            end = start
    return 0


def written_bytes(path: Path, start: int = 0, word_bytes: int = 1) -> tuple[int, str]:
    """Return where a file ends without a tail of zeros, and a warning if it has one.

    Args:
        path: the file.
        start: byte at which the words begin.
        word_bytes: size of a word; a last word that ends in zeros is left out.

    Returns: bytes, and a sentence for people or ''.
    """
    n_bytes, end = path.stat().st_size, max(start, end_of_data(path))
    end -= (end - start) % word_bytes
    if n_bytes - end < FEWEST_ZEROS:
        return n_bytes, ''
    return end, (
        f'the last {n_bytes - end:,} bytes of {path} are zeros that were never written, as after '
        'a power failure; they are left out'
    )
