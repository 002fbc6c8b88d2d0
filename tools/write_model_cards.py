# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Writes the model cards (README.md) of the shipped bundles again, from their model.yaml.

Needed after a change of the format. `spike-recon export` writes the card of a new bundle. Sections
that were written by hand, or by tools/write_field_tables.py, are kept. With --check nothing is
written, and the exit status tells whether the cards are up to date.
"""

import argparse
import re
import sys
from pathlib import Path

import yaml

from spike_recon_models.model_card import model_card
from spike_recon_ros.bundles.quantise import eight_bits_section

ROOT = Path(__file__).resolve().parents[1]
MODELS = ROOT / 'models' / 'spike_recon_models'
KEPT = '## History', '## Figures in the field'
"""Sections that model.yaml cannot give; they stand before the section Data."""
NEXT = '\n## Data\n'


def main() -> int:
    """Write the cards, or check them."""
    parser = argparse.ArgumentParser(description='Model cards of the zoo.')
    parser.add_argument('--check', action='store_true', help='only compare')
    options = parser.parse_args()
    stale = [card for card in cards() if card.read_text(encoding='utf-8') != new_text(card)]
    for card in stale:
        if not options.check:
            card.write_text(new_text(card), encoding='utf-8')
        state = 'is out of date' if options.check else 'written'
        print(f'{card.relative_to(ROOT)}: {state}', file=sys.stderr)
    return 1 if options.check and stale else 0


def cards() -> list[Path]:
    """Return the model card of each shipped bundle."""
    return sorted(file.with_name('README.md') for file in MODELS.glob('*zoo/*/model.yaml'))


def new_text(card: Path) -> str:
    """Return the text of a card, with the sections that are kept."""
    old = card.read_text(encoding='utf-8')
    content = yaml.safe_load(card.with_name('model.yaml').read_text(encoding='utf-8'))
    counted = re.search(r'([\d,]+) parameters', old)
    assert counted is not None, f'{card} does not state the number of parameters'
    before, heading, after = model_card(content, int(counted[1].replace(',', ''))).partition(NEXT)
    sections = re.split(r'\n(?=## )', old)
    kept = [part.strip('\n') for part in sections if part.startswith(KEPT)]
    text = before + ''.join(f'\n{part}\n' for part in kept) + heading + after
    return text + (eight_bits_section(content['int8']) if 'int8' in content else '')


if __name__ == '__main__':
    sys.exit(main())
