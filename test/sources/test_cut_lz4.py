# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""An LZ4 frame that is cut anywhere gives a beginning of what was compressed."""

import itertools

import lz4.frame
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spike_recon_ros.sources.bag_file import expand
from spike_recon_ros.sources.cut_lz4 import expand_cut


def content(n_bytes):
    """Return bytes with repetitions, long copies and random parts."""
    random = np.random.default_rng(0).integers(0, 256, n_bytes, np.uint8)
    random[n_bytes // 4 : n_bytes // 2] = 7
    random[n_bytes // 2 : 3 * n_bytes // 4] = np.resize(random[:100], n_bytes // 4)
    return random.tobytes()


@pytest.mark.parametrize('linked', [False, True])
@pytest.mark.parametrize('checksum', [False, True])
def test_every_byte_before_the_cut_counts(linked, checksum):
    plain = content(200_000)
    frame = lz4.frame.compress(
        plain, block_linked=linked, block_checksum=checksum, content_checksum=checksum
    )
    found = [len(expand_cut(frame[:end], len(plain))) for end in range(0, len(frame), 5000)]
    for end in range(0, len(frame), 5000):
        assert plain.startswith(expand_cut(frame[:end], len(plain)))
    assert found == sorted(found)
    assert all(after > before for before, after in itertools.pairwise(found[1:]))
    assert expand_cut(frame, len(plain)) == plain
    assert len(expand_cut(frame, 1000)) == 1000


def test_a_chunk_that_is_cut_in_its_only_block_gives_what_it_holds():
    plain = content(5000)
    frame = lz4.frame.compress(plain, block_size=lz4.frame.BLOCKSIZE_MAX4MB)
    found = expand(frame[: len(frame) // 2], 'lz4', len(plain), cut=True)
    assert plain.startswith(found)
    assert len(found) > 1000


@given(st.binary(max_size=300), st.integers(0, 1 << 12))
def test_damaged_bytes_raise_nothing_but_a_runtime_error(tail, most_bytes):
    frame = lz4.frame.compress(content(400))[:7] + tail
    try:
        found = expand_cut(frame, most_bytes)
    except RuntimeError:
        return
    assert len(found) <= most_bytes
