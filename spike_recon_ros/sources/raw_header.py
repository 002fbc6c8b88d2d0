# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The text header of Prophesee RAW files, and what follows from the camera that it names."""

import re
from contextlib import suppress
from dataclasses import dataclass, field

from spike_recon_ros.packets.packet import split_encoding

MAX_LINE_BYTES = 4_096
ENCODINGS = {'2.0': 'evt2', '2': 'evt2', '2.1': 'evt21', '3.0': 'evt3', '3': 'evt3'}
FORMATS = {'evt2.0': 'evt2', 'evt2.1': 'evt21', 'evt3.0': 'evt3'}
READABLE = ('evt2', 'evt21', 'evt3')
GEOMETRY = re.compile(r'(\d+)\s*[xX]\s*(\d+)')
EMPTY_LINE = re.compile(rb'%\r?\n(?=%)')
FIELD = re.compile(r'%\s*([^\s:=]*)\s*[:=]?\s*(.*)')
VGA, HD, IMX637, GENX320 = (640, 480), (1280, 720), (640, 512), (320, 320)
SYSTEM_SIZES = {
    **dict.fromkeys((21, 23, 25, 28, 29, 33, 34, 35, 40, 41), VGA),
    **dict.fromkeys((26, 30, 31, 32, 39, 46, 48, 49, 50, 53, 58, 66), HD),
    **dict.fromkeys((52, 54), IMX637),
    **dict.fromkeys((55, 59, 64), GENX320),
}
"""Sensor size by Prophesee's number of the system (camera and firmware)."""
PROXY_FLAG = 0x80
"""Set where the same system sends through an evaluation kit."""
FIRST_LITTLE_ENDIAN_SYSTEM = 55
CAMERA_SIZES = (
    ('genx320', GENX320), ('imx637', IMX637), ('imx647', IMX637), ('imx6', HD),
    ('gen4', HD), ('gen3', VGA),
)  # fmt: skip
GENERATION_SIZES = {'3': VGA, '4': HD}
LEGACY = 'evt21;endianness=legacy'
TWO_LINES = re.compile(rb'% ?\w[\t\x20-\xff]{0,4095}\r?\n%[\t\x20-\xff]')
USUAL_FIELDS = frozenset(
    (
        'camera_integrator_name', 'date', 'endianness', 'evt', 'firmware_version', 'format',
        'generation', 'geometry', 'height', 'integrator_name', 'plugin_integrator_name',
        'plugin_name', 'sensor_generation', 'sensor_name', 'serial_number', 'system_id', 'version',
        'width',
    )
)  # fmt: skip
FEWEST_USUAL_FIELDS = 3
"""So many fields of a header do not occur among events."""


@dataclass(frozen=True, slots=True)
class RawHeader:
    """What the text header states.

    Attributes:
        encoding: `evt2`, `evt21` or `evt3`, with `;endianness=...` where the file states one;
            None = the header states none of these.
        width: sensor columns; None = not stated.
        height: sensor rows; None = not stated.
        n_bytes: where the events begin.
        fields: all fields, keys in lower case.
    """

    encoding: str | None
    width: int | None
    height: int | None
    n_bytes: int
    fields: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def unsupported(self) -> str:
        """Name of the encoding that the header states and that cannot be read, else ''."""
        if self.encoding:
            return ''
        name = split_encoding(self.fields.get('format', ''))[0]
        version = self.fields.get('evt', '')
        return name or (f'evt {version}' if version else '')

    @property
    def system_size(self) -> tuple[int, int] | None:
        """Width and height of the camera that the header names; None = not known."""
        system = self.system_id
        if system is not None and (size := SYSTEM_SIZES.get(system & ~PROXY_FLAG)):
            return size
        names = ' '.join(self.fields.get(key, '') for key in ('plugin_name', 'sensor_name'))
        named = [size for name, size in CAMERA_SIZES if name in names.lower()]
        generation = self.fields.get('sensor_generation', self.fields.get('generation', ''))
        return next(iter(named), GENERATION_SIZES.get(generation[:1]))

    @property
    def system_id(self) -> int | None:
        """Prophesee's number of the system; None = not stated."""
        text = self.fields.get('system_id', '')
        return int(text) if text.isdecimal() and len(text) < 10 else None


def parse_raw_header(head: bytes) -> RawHeader:
    """Parse the `% key value` lines at the beginning of a file; never raises.

    The header ends after `% end`, or, in old files, before the first line that is not text after
    `% `. A line of `%` alone belongs to it if another line follows.
    """
    fields: dict[str, str] = {}
    at = 0
    ends = _has_end(head)
    while head.startswith(b'%' if ends else b'% ', at) or EMPTY_LINE.match(head, at):
        end = head.find(b'\n', at, at + MAX_LINE_BYTES)
        line = _text(head[at:end]).replace('\t', ' ').rstrip()
        if end < 0 or not (ends or line.isprintable()):
            break
        at = end + 1
        key, value = header_field(line)
        if key == 'end' and not value:
            break
        fields[key] = value
    return header_of_fields(fields, at)


def find_header(data: memoryview, end: int) -> int | None:
    """Return where a header begins among events, before `end`; None = there is none."""
    for found in TWO_LINES.finditer(data):
        if found.start() >= end:
            break
        head = bytes(data[found.start() :])
        usual = USUAL_FIELDS & parse_raw_header(head).fields.keys()
        if len(usual) >= FEWEST_USUAL_FIELDS or (usual and _has_end(head)):
            return found.start()
    return None


def header_field(line: str) -> tuple[str, str]:
    """Return key, in lower case, and value of a `% key value` line."""
    found = FIELD.match(line)
    return (found.group(1).lower(), found.group(2).strip()) if found else ('', '')


def header_of_fields(fields: dict[str, str], n_bytes: int) -> RawHeader:
    """Return the header of these fields; the events begin after `n_bytes`."""
    return RawHeader(*_encoding_and_size(fields), n_bytes=n_bytes, fields=fields)


def _has_end(head: bytes) -> bool:
    """Return whether lines that begin with `%` lead to `% end`."""
    at = 0
    while head.startswith(b'%', at):
        end = head.find(b'\n', at, at + MAX_LINE_BYTES)
        if end < 0:
            return False
        if head[at + 1 : end].strip().lower() == b'end':
            return True
        at = end + 1
    return False


def _text(line: bytes) -> str:
    """Decode a line; what is neither UTF-8 nor plain text comes out as not printable."""
    # Comments in the character set of Windows are words; binary data has control characters.
    for encoding in ('utf-8', 'cp1252'):
        with suppress(UnicodeDecodeError):
            return line.decode(encoding)
    return line.decode('latin-1')


def _encoding_and_size(fields: dict[str, str]) -> tuple[str | None, int | None, int | None]:
    name, options = split_encoding(fields.get('format', ''))
    name = FORMATS.get(name, name)
    if name not in READABLE:
        name = ENCODINGS.get(fields.get('evt', ''), '')
    endianness = options.get('endianness', fields.get('endianness', ''))
    if name == 'evt21' and endianness:
        name = f'{name};endianness={endianness.lower()}'
    size = GEOMETRY.fullmatch(fields.get('geometry', ''))
    width, height = size.groups() if size else (None, None)
    return (
        name or None,
        _positive(options.get('width') or width or fields.get('width')),
        _positive(options.get('height') or height or fields.get('height')),
    )


def _positive(text: str | None) -> int | None:
    """Return a number of pixels, or None if the text is not one."""
    if not text or not text.isdecimal() or not text.isascii() or len(text) > 5:
        return None
    return int(text) or None
