# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""No file of the project, binary or not, contains a path of the machine that made it."""

import gzip
import io
import re
import subprocess
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
BUILD_PATH = re.compile(
    rb'(?<![\w.$}/-])/(?:home|root|work|tmp|Users|private|builds?|mnt|__w)/[\w.@+-]'
    rb'|/(?:usr|opt|var)/[\w./@+-]*(?:site|dist)-packages/\w'
    rb'|[A-Z]:\\\\?Users\\'
)
IN_PROSE = re.compile(rb'/(?:root|work|builds?|__w)/[\w.@+-]')
"""Files written by hand may name /home/me or /tmp/x."""
PROSE = {'.py', '.md', '.rst', '.sh', '.txt', '.yml', '.cpp', '.x86', '.jetson', ''}
"""Suffixes of files written by hand, Dockerfiles included."""
PNG = b'\x89PNG\r\n\x1a\n'
BUILT_ON = '/home/builder/project/networks/gru.py'


def shipped() -> list[Path]:
    """Return the files that git tracks."""
    try:
        done = subprocess.run(
            ['git', 'ls-files', '-z'],
            cwd=ROOT,
            capture_output=True,
            check=True,
            text=True,
            timeout=300,
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip(f'{ROOT} is not a git checkout: the shipped files are not known')
    return [ROOT / name for name in done.stdout.split('\0') if name]


def contents(content: bytes) -> Iterator[bytes]:
    """Yield a file's bytes and those of its compressed parts, at any depth."""
    yield content
    if content[:4] == b'PK\x03\x04':
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                yield from contents(archive.read(member))
    elif content[:2] == b'\x1f\x8b':
        yield from contents(gzip.decompress(content))
    elif content[:8] == PNG:
        yield from compressed_texts(content)


def compressed_texts(png: bytes) -> Iterator[bytes]:
    at = len(PNG)
    while at + 8 <= len(png):
        size, kind = int.from_bytes(png[at : at + 4], 'big'), png[at + 4 : at + 8]
        if kind in (b'zTXt', b'iTXt'):
            body = png[at + 8 : at + 8 + size]
            for start in (i for i, byte in enumerate(body) if byte == 0x78):
                unpacker = zlib.decompressobj()
                try:
                    yield unpacker.decompress(body[start:])
                except zlib.error:
                    continue
        at += 12 + size


def build_paths(content: bytes, prose: bool = False) -> set[bytes]:
    pattern = IN_PROSE if prose else BUILD_PATH
    return {
        part[found.start() : found.start() + 80]
        for part in contents(content)
        for found in pattern.finditer(part)
    }


def test_no_shipped_file_contains_a_path_of_the_machine_that_made_it():
    found = {
        str(file.relative_to(ROOT)): paths
        for file in shipped()
        if file.is_file() and (paths := build_paths(file.read_bytes(), prose=file.suffix in PROSE))
    }
    assert not found


def npz() -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, source=np.array([BUILT_ON.encode()] * 9))
    return file.getvalue()


def png() -> bytes:
    body = b'Source\0\0' + zlib.compress(9 * BUILT_ON.encode() + b'.' * 99)
    return PNG + len(body).to_bytes(4, 'big') + b'zTXt' + body + bytes(4)


def safetensors() -> bytes:
    header = f'{{"__metadata__":{{"file":"{BUILT_ON}"}}}}'.encode()
    return len(header).to_bytes(8, 'little') + header


@pytest.mark.parametrize(
    'content',
    [
        npz(),
        png(),
        safetensors(),
        gzip.compress(b'File "' + BUILT_ON.encode() * 9),
        b'\x0a\x30File "/home/x/export.py", line 101',
        b'"/usr/lib/python3/dist-packages/torch/nn.py"',
        b'C:\\Users\\me\\model.py',
    ],
    ids=['npz', 'png', 'safetensors', 'gzip', 'stack trace', 'site packages', 'windows'],
)
def test_a_build_path_is_found_in_files_of_every_kind(content):
    assert build_paths(content)


@pytest.mark.parametrize(
    'content', [b'#!/usr/bin/env python3', b'out/tmp/x', b'https://a.org/home/x', b'$HOME/tmp/x']
)
def test_other_paths_are_no_build_paths(content):
    assert not build_paths(content)
