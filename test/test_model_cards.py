# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The model cards of the zoo, and the text that `spike-recon export` writes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from spike_recon_models.model_card import model_card

ROOT = Path(__file__).resolve().parent.parent
CARDS = sorted((ROOT / 'models' / 'spike_recon_models').glob('*zoo/*/README.md'))
CONTENT = {
    'name': 'toy',
    'sensor': 'event',
    'representation': {'kind': 'voxel_grid', 'bins': 5},
    'window_ms': 20.0,
    'longest_window_ms': 60.0,
    'network': {'name': 'two_scale_gru'},
    'state': [{'name': 'fine', 'channels': 8, 'stride': 2}],
    'limits': 'Sees only toys.',
    'metrics': {'held': {'psnr': 30.123456, 'clip': {'psnr': 31.0}}},
    'data': {'photographs': 12, 'folders': ['a', 'b']},
    'recipe': {
        'steps': 10,
        'minutes': 2.0,
        'started_from': {'bundle': 'old', 'steps': 1000, 'minutes': 3.0},
        'loss': {'l1': 0.5, 'ssim': 0.0},
    },
    'licence': 'Apache-2.0',
}


def test_a_card_lists_the_runs_of_the_training_the_oldest_first():
    text = model_card(CONTENT, 1234)
    assert '| random | 1,000 |  | 3 |\n| old | 10 |  | 2 |' in text
    assert '5 minutes in all' in text


def test_a_card_shows_properties_scores_and_the_loss_that_is_used():
    text = model_card(CONTENT, 1234)
    assert '| network | `two_scale_gru`, 1,234 parameters |' in text
    assert '`fine` (8 channels at 1/2 of the size)' in text
    assert '| psnr | 30.1235 |' in text
    assert '| clip | 31 |' in text
    assert '- loss: l1 0.5\n' in text
    assert '| folders of photographs | a, b |' in text


def test_a_card_without_scores_has_no_section_for_them():
    assert '## Scores' not in model_card({**CONTENT, 'metrics': {'held': {}}}, 1)


def test_published_weights_have_a_card():
    published = {'recipe': "the authors'", 'data': 'not stated', 'metrics': {}}
    text = model_card({**CONTENT, **published}, 1)
    assert "Recipe: the authors'." in text


def test_a_run_that_started_from_a_file_names_it():
    text = model_card({**CONTENT, 'recipe': {'steps': 5, 'started_from': 'a.pth'}}, 1)
    assert '| a.pth | 5 |' in text


def test_the_cards_of_the_zoo_are_up_to_date():
    command = [sys.executable, ROOT / 'tools' / 'write_model_cards.py', '--check']
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f'{done.stderr}\nrun: python tools/write_model_cards.py'


@pytest.mark.parametrize('card', CARDS, ids=lambda card: card.parent.name)
def test_links_of_a_card_lead_to_files(card):
    targets = re.findall(r'\]\(([^)#\s]+)(?:#[^)]*)?\)', card.read_text(encoding='utf-8'))
    files = [target for target in targets if '://' not in target]
    assert not [target for target in files if not (card.parent / target).exists()]
