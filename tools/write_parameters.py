# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Writes config/recon.yaml and the table in docs/parameters.md from the Settings dataclass.

With --check nothing is written, and the exit status tells whether the files are up to date.
"""

import argparse
import dataclasses
import sys
import textwrap
from pathlib import Path
from typing import Any

from spike_recon_ros.setting import choices_of, range_of
from spike_recon_ros.settings import setting_fields

ROOT = Path(__file__).resolve().parents[1]
YAML = ROOT / 'config' / 'recon.yaml'
PAGE = ROOT / 'docs' / 'parameters.md'
BEGIN, END = '<!-- parameters: begin -->', '<!-- parameters: end -->'
WIDTH = 97


def yaml_text() -> str:
    """Return the parameter file: every parameter with its default, range and description."""
    lines = [
        '# The parameters of the node `recon` with their defaults. Made from',
        '# spike_recon_ros/settings.py by `make parameters`; change them there.',
        '/**:',
        '  ros__parameters:',
    ]
    for field in setting_fields():
        text = _sentence(field)
        lines += [f'    # {line}' for line in textwrap.wrap(text, WIDTH - 6)]
        lines.append(f'    {field.name}: {_yaml(field.default)}')
    return '\n'.join(lines) + '\n'


def table_text() -> str:
    """Return the table of the documentation."""
    rows = ['| parameter | default | meaning |', '|---|---|---|']
    for field in setting_fields():
        rows.append(f'| `{field.name}` | `{_yaml(field.default)}` | {_sentence(field)} |')
    return '\n'.join(rows)


def page_with(table: str) -> str:
    """Return the page with the table between its two markers."""
    before, _, rest = PAGE.read_text(encoding='utf-8').partition(BEGIN)
    _, _, after = rest.partition(END)
    return f'{before}{BEGIN}\n{table}\n{END}{after}'


def main() -> int:
    """Write the files, or check them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--check', action='store_true', help='write nothing')
    check = parser.parse_args().check
    wanted = {YAML: yaml_text(), PAGE: page_with(table_text())}
    for path, text in wanted.items():
        if path.exists() and path.read_text(encoding='utf-8') == text:
            continue
        if check:
            print(f'{path} is out of date; run: make parameters', file=sys.stderr)
            return 1
        path.write_text(text, encoding='utf-8')
    return 0


def _sentence(field: 'dataclasses.Field[Any]') -> str:
    choices = choices_of(field)
    parts = [field.metadata['description']]
    if choices:
        parts.append(f'One of {", ".join(f"`{choice}`" for choice in choices)}.')
    if span := range_of(field):
        parts.append(f'From {span}.')
    if field.metadata['live']:
        parts.append('May change while the node runs.')
    return ' '.join(parts)


def _yaml(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value)


if __name__ == '__main__':
    sys.exit(main())
