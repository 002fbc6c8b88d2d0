# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Commands, launch arguments, parameters and files in the documentation exist."""

import argparse
import ast
import importlib
import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from spike_recon_ros.cli.command_parser import CommandParser
from spike_recon_ros.cli.main import SUBCOMMANDS
from spike_recon_ros.launch_arguments import recon_arguments, stereo_arguments
from spike_recon_ros.settings import check, setting_fields

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', *sorted((ROOT / 'docs').rglob('*.md'))]
BLOCK = re.compile(r'^( *)```bash\n(.*?)^\1```$', re.MULTILINE | re.DOTALL)
VARIABLE = re.compile(r'\$\(\(.*?\)\)|\$\{?\w+\}?')
ENDS = {'|', '&&', '>>', '>', '&', '--ros-args', '||', ';'}


def lines_of(page: Path) -> Iterator[list[str]]:
    """Yield the words of each line in the shell blocks of a page."""
    for _, block in BLOCK.findall(page.read_text(encoding='utf-8')):
        for line in block.replace('\\\n', ' ').splitlines():
            yield shlex.split(VARIABLE.sub('1', line), comments=True)


def commands() -> dict[str, list[str]]:
    """Return the arguments of each command, by the page and the command as written."""
    found = {}
    for page in PAGES:
        for words in lines_of(page):
            names = [word.rpartition('/')[2] for word in words]
            if 'spike-recon' not in names:
                continue
            arguments = words[names.index('spike-recon') + 1 :]
            end = next((i for i, word in enumerate(arguments) if word in ENDS), None)
            found[f'{page.stem}: {" ".join(words)}'] = arguments[:end]
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


def parser_of(name: str) -> argparse.ArgumentParser:
    module = importlib.import_module(f'spike_recon_ros.cli.{name}')
    parser = CommandParser(hasattr(module, 'TAKES_ROS_ARGS'), prog=name, description='')
    module.add_arguments(parser)
    return parser


@pytest.mark.parametrize('name', SUBCOMMANDS)
def test_help_states_every_default(name):
    for action in parser_of(name)._actions:
        has_default = isinstance(action.default, str | int | float) and action.default is not False
        if has_default and argparse.SUPPRESS not in (action.default, action.help):
            assert 'default: ' in action.help, action.option_strings


@pytest.mark.parametrize('name', SUBCOMMANDS)
def test_examples_in_the_help_can_be_parsed(name):
    module = importlib.import_module(f'spike_recon_ros.cli.{name}')
    for line in module.DESCRIPTION.splitlines():
        if not line.startswith('  spike-recon '):
            continue
        words = shlex.split(re.split(r'\s{2,}', line.strip())[0])
        end = next((i for i, word in enumerate(words) if word in ENDS), None)
        parser_of(words[1]).parse(words[2:end])


LINES = [(page.stem, words) for page in PAGES for words in lines_of(page)]
LAUNCHED = [' '.join(words) for _, words in LINES if words[:2] == ['ros2', 'launch']]


SCRIPT = re.compile(r'(benchmarks|tools|examples)/\w+\.py')


def calls_of_scripts() -> Iterator[list[str]]:
    """Yield script and arguments of each call in the pages, and in the scripts themselves."""
    files = [file for room in ('benchmarks', 'tools') for file in (ROOT / room).glob('*.py')]
    texts = [ast.get_docstring(ast.parse(file.read_text(encoding='utf-8'))) for file in files]
    lines = [line for text in texts for line in (text or '').replace('\\\n', ' ').splitlines()]
    called = [shlex.split(line) for line in lines if re.match(r'\s*python \S+\.py', line)]
    for words in [*(words for _, words in LINES), *called]:
        place = next((i for i, word in enumerate(words) if SCRIPT.fullmatch(word)), None)
        if place is not None and (ROOT / words[place]).is_file():
            end = next((i for i, word in enumerate(words) if word in ENDS), None)
            yield words[place:end]


CALLS = list(calls_of_scripts())


@pytest.mark.parametrize('script', sorted({script for script, *_ in CALLS}))
def test_documented_options_of_scripts_exist(script):
    known = {
        word.value
        for call in ast.walk(ast.parse((ROOT / script).read_text(encoding='utf-8')))
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith('add_argument')
        for word in call.args
        if isinstance(word, ast.Constant)
    }
    used = {word for name, *words in CALLS if name == script for word in words}
    assert {word for word in used if word.startswith('-')} - known <= {'--ros-args', '-p'}


def launch_arguments(file: str) -> set[str]:
    """Return the names of the arguments of a launch file."""
    text = (ROOT / 'launch' / file).read_text(encoding='utf-8')
    own = set(re.findall(r"DeclareLaunchArgument\(\s*'(\w+)'", text))
    of_node = stereo_arguments('') if file == 'stereo.launch.py' else recon_arguments('')
    return own | {argument.name for argument in of_node}


@pytest.mark.parametrize('command', sorted(set(LAUNCHED)))
def test_documented_launch_arguments_exist(command):
    _, _, package, file, *arguments = command.split()
    assert package == 'spike_recon_ros'
    known = launch_arguments(file)
    assert not [one for one in arguments if ':=' in one and one.partition(':=')[0] not in known]


def test_parameters_that_are_passed_to_the_node_exist():
    fields = {field.name: field for field in setting_fields()}
    count = 0
    for _, words in LINES:
        if not {'recon_node', 'node'} & set(words):
            continue
        for flag, assignment in pairwise(words):
            if flag == '-p':
                name, _, text = assignment.partition(':=')
                count += 1
                if name == 'autostart':  # of the lifecycle, not of the pipeline
                    assert text in ('true', 'false')
                else:
                    check(name, type(fields[name].default)(text))
    assert count > 2


def test_parameters_that_are_set_while_the_node_runs_exist():
    fields = {field.name: field for field in setting_fields()}
    found = [words for _, words in LINES if words[:3] == ['ros2', 'param', 'set']]
    assert found
    for *_, node, name, text in found:
        assert node == '/event_camera/recon'
        check(name, type(fields[name].default)(text))


def test_assignments_in_the_text_name_parameters_or_launch_arguments():
    files = (file.name for file in (ROOT / 'launch').iterdir())
    known = {'use_sim_time', 'image', 'camera_info', 'name'}
    known |= set().union(*map(launch_arguments, files))
    unknown = [
        (page.name, name)
        for page in PAGES
        if 'decisions' not in page.parts
        for name in re.findall(r'`(\w+):=', page.read_text(encoding='utf-8'))
        if name not in known
    ]
    assert not unknown


def test_programs_extras_and_make_targets_exist():
    targets = set(re.findall(r'^([a-z-]+):', (ROOT / 'Makefile').read_text('utf-8'), re.MULTILINE))
    setup = (ROOT / 'setup.py').read_text('utf-8')
    extras = set(re.findall(r"^        '(\w+)': ", setup, re.MULTILINE))
    for page, words in LINES:
        if words[:1] == ['make']:
            assert words[1] in targets, page
        for word in words:
            if SCRIPT.fullmatch(word):
                assert (ROOT / word).is_file(), (page, word)
            if found := re.fullmatch(r'\.\[([\w,]+)\]', word):
                assert set(found[1].split(',')) <= extras, (page, word)
