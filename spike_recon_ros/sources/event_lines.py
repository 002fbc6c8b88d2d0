# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Lines of a text of events: numbers and words in them, names of columns, wrong character sets."""

import io
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.sources.columns import named_columns

COMMENT = (b'#', b'%', b'//')
BYTE_ORDER_MARK = b'\xef\xbb\xbf'
UTF16_MARKS = (b'\xff\xfe', b'\xfe\xff')
SEPARATORS = bytes.maketrans(b',;\t"[]()', b'        ')
N_COLUMNS = 4
LETTERS = re.compile(rb'[A-DF-Za-df-z]')
"""Any letter but the e of an exponent."""
WORDS = (
    (re.compile(rb'(?i)\b(?:true|on)\b'), b'1'),
    (re.compile(rb'(?i)\b(?:false|off)\b'), b'0'),
)
DECIMAL_COMMA = re.compile(rb'\d+,\d+[;\s]+\d+[;\s]+\d+[;\s]+-?\d+\s*')
EVENTS_LOOKED_AT = 8


def parse_events(
    lines: bytes, order: Sequence[int] = (0, 1, 2, 3), n_columns: int = N_COLUMNS
) -> np.ndarray:
    """Return times, columns, rows and polarities, float64 [n, 4], of lines of text.

    Args:
        lines: whole lines, separated by blanks, tabs, commas or semicolons.
        order: places of the four columns.
        n_columns: numbers in a line.

    Raises:
        ValueError: a line holds something else.
    """
    if not lines.strip():
        return np.empty((0, N_COLUMNS))
    if LETTERS.search(lines):
        for words, digit in WORDS:
            lines = words.sub(digit, lines)
    table = np.loadtxt(io.BytesIO(lines.translate(SEPARATORS)), np.float64, ndmin=2)
    if table.size and table.shape[1] != n_columns:
        raise ValueError(f'a line holds {table.shape[1]} numbers, not {n_columns}')
    return table.reshape(-1, n_columns)[:, list(order)]


def check_characters(path: Path, head: bytes) -> None:
    """Check that a text has characters and line ends that can be read.

    Raises:
        UserError: it is UTF-16, or its lines end like those of the old Macintosh.
    """
    if head.startswith(UTF16_MARKS):
        raise UserError(
            f'{path} is UTF-16, as some programs of Windows write; save it as UTF-8, or run: '
            'iconv -f utf-16 -t utf-8 OLD > NEW'
        )
    if b'\r' in head and b'\n' not in head:
        raise UserError(
            f'the lines of {path} end with a carriage return alone; run: '
            "tr '\\r' '\\n' < OLD > NEW"
        )


def check_first_event(path: Path, line: bytes, n_columns: int) -> None:
    """Check that the first line of events has one number for each column.

    Raises:
        UserError: it has not.
    """
    if DECIMAL_COMMA.fullmatch(line):
        raise UserError(f'the numbers in {path} have decimal commas; save it with decimal points')
    found = len(line.translate(SEPARATORS).split())
    if found != n_columns:
        raise UserError(
            f'the lines of {path} hold {found} values, not {n_columns}; name all columns in the '
            'first line, such as: t x y p other'
        )


def are_names(words: list[bytes]) -> bool:
    """Whether the words of a line are names, of columns or of anything else."""
    few = [word.decode('ascii', 'replace') for word in words[:8]]
    return len(few) >= N_COLUMNS and all(word.isidentifier() for word in few)


def column_names(line: bytes) -> list[str]:
    """Return the names of columns in a line, lower case; [] = it holds no such names."""
    text = line.decode('utf-8', 'replace').strip().lstrip('#%/').strip().lower()
    separator = next((one for one in (',', ';', '\t') if one in text), None)
    names = [name.strip().strip('"') for name in text.rstrip(',;').split(separator)]
    return names if named_columns(names) else []


def looks_like_events(head: bytes) -> bool:
    """Whether the first bytes of a file are lines of four numbers, after comments or names."""
    lines = head.removeprefix(BYTE_ORDER_MARK).splitlines()[:-1]
    lines = [line for line in lines if line.strip() and not line.lstrip().startswith(COMMENT)]
    events = list(islice(lines, 1, 1 + EVENTS_LOOKED_AT))  # the first may be a size, or names
    try:
        return bool(events) and len(parse_events(b'\n'.join(events))) == len(events)
    except ValueError:
        return False
