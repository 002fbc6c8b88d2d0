# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Writes the table of benchmarks/results/field_images.json into docs/model_zoo.md and the cards.

Run it after benchmarks/field_images.py, and again after the export of a bundle, which writes a new
card. With --check nothing is written, and the exit status tells whether the pages are up to date.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from spike_recon_ros.benchmarking.field_criteria import PEER, markdown

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / 'benchmarks' / 'results' / 'field_images.json'
PAGE = ROOT / 'docs' / 'model_zoo.md'
ZOO = ROOT / 'models' / 'spike_recon_models' / 'zoo'
BEGIN, END = '<!-- field images: begin -->', '<!-- field images: end -->'
HEADING = '## Figures in the field'
NEXT_HEADING = '## Data'
"""A card without the table gets it before this heading."""
ABOUT = (
    'Compared with FireNet on the same windows. '
    '[Figures](../../../../docs/figures.md#images-in-the-field) says how each figure is measured.'
)


def main() -> int:
    """Write the pages, or check them."""
    parser = argparse.ArgumentParser(description='Tables of the figures in the field.')
    parser.add_argument('--check', action='store_true', help='only compare')
    options = parser.parse_args()
    rows = json.loads(RESULTS.read_text(encoding='utf-8'))['results']
    stale = []
    for page, text in pages(rows).items():
        if page.read_text(encoding='utf-8') == text:
            continue
        stale.append(page)
        if not options.check:
            page.write_text(text, encoding='utf-8')
    for page in stale:
        state = 'is out of date' if options.check else 'written'
        print(f'{page.relative_to(ROOT)}: {state}', file=sys.stderr)
    return 1 if options.check and stale else 0


def pages(rows: list[dict[str, Any]]) -> dict[Path, str]:
    """Return the new text of each page that has a table."""
    models = list(dict.fromkeys(row['model'] for row in rows))
    found = {PAGE: with_table(PAGE.read_text(encoding='utf-8'), markdown(rows, models))}
    for name in models:
        card = ZOO / name / 'README.md'
        if card.is_file():
            found[card] = with_table(
                card.read_text(encoding='utf-8'), markdown(rows, [name, PEER])
            )
    return found


def with_table(text: str, table: str) -> str:
    """Return a page with the table between its markers; a card without markers gets a section."""
    block = f'{BEGIN}\n{table}\n{END}'
    before, begin, rest = text.partition(BEGIN)
    if begin:
        return before + block + rest.partition(END)[2]
    section = f'{HEADING}\n\n{ABOUT}\n\n{block}\n\n'
    before, heading, rest = text.partition(f'{NEXT_HEADING}\n')
    return before + section + heading + rest


if __name__ == '__main__':
    sys.exit(main())
