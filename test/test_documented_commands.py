# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Every `spike-recon` command in the documentation has options that exist."""

import importlib
import re
import shlex
from pathlib import Path

import pytest

from spike_recon_ros.cli.command_parser import CommandParser
from spike_recon_ros.cli.main import SUBCOMMANDS

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', *sorted((ROOT / 'docs').rglob('*.md'))]
BLOCK = re.compile(r'^( *)```bash\n(.*?)^\1```$', re.MULTILINE | re.DOTALL)
VARIABLE = re.compile(r'\$\(\(.*?\)\)|\$\{?\w+\}?')
ENDS = {'|', '&&', '>>', '>', '&', '--ros-args', '||', ';'}


def commands() -> dict[str, list[str]]:
    """Return the arguments of each command, by the page and the command as written."""
    found = {}
    for page in PAGES:
        for _, block in BLOCK.findall(page.read_text(encoding='utf-8')):
            for line in block.replace('\\\n', ' ').splitlines():
                words = shlex.split(VARIABLE.sub('1', line), comments=True)
                names = [word.rpartition('/')[2] for word in words]
                if 'spike-recon' not in names:
                    continue
                arguments = words[names.index('spike-recon') + 1 :]
                end = next((i for i, word in enumerate(arguments) if word in ENDS), None)
                found[f'{page.stem}: {" ".join(line.split())}'] = arguments[:end]
    return found


COMMANDS = commands()


def test_the_documentation_has_commands():
    assert len(COMMANDS) > 40


@pytest.mark.parametrize('command', COMMANDS)
def test_a_documented_command_can_be_parsed(command):
    name, *arguments = COMMANDS[command]
    if name.startswith('-'):
        return
    assert name in SUBCOMMANDS
    module = importlib.import_module(f'spike_recon_ros.cli.{name}')
    parser = CommandParser(hasattr(module, 'TAKES_ROS_ARGS'), prog=name, description='')
    module.add_arguments(parser)
    parser.parse(arguments)
