# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C and other requests end an installed program in order, from the first import on."""

import contextlib
import json
import shlex
import signal
import subprocess
import sys

import pytest

from spike_recon_ros.cli import entry
from spike_recon_ros.cli.interrupts import INTERRUPTED
from spike_recon_ros.sources.bag import Bag

# Sends Ctrl-C to itself when a module is imported. Shells let background programs ignore it.
INTERRUPTED_IMPORT = """\
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
from spike_recon_ros.cli.entry import spike_recon
sys.argv[1:] = ['run', 'x', '-o', 'y']
sys.exit(spike_recon())
"""


@pytest.mark.parametrize(
    'module',
    [
        'spike_recon_ros.cli.main',
        'argparse',
        'spike_recon_ros.cli.command_parser',
        'spike_recon_ros.cli.run',
        'numpy',
    ],
)
def test_an_interrupt_during_any_import_ends_the_program_in_order(module):
    code = INTERRUPTED_IMPORT.format(module=module)
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (INTERRUPTED, '')
    assert done.stderr in ('spike-recon: interrupted\n', 'spike-recon run: interrupted\n')


def test_the_entry_points_import_nothing_but_what_python_has_loaded():
    code = (
        'import sys; before = set(sys.modules)\n'
        'import spike_recon_ros.cli.entry\n'
        'print(*sorted(set(sys.modules) - before))'
    )
    command = [sys.executable, '-c', f'import importlib, os, signal\n{code}']
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    cli = 'spike_recon_ros.cli'
    ours = ['spike_recon_ros', cli, f'{cli}.entry', f'{cli}.interrupts']
    assert done.stdout.split() == ours


def test_the_main_program_imports_only_what_python_brings():
    """Otherwise the doctor cannot name a library that is missing."""
    code = (
        'import sys, spike_recon_ros.cli.main\n'
        'tops = {name.partition(".")[0] for name in sys.modules}\n'
        'print(*sorted(tops & set(sys.argv[1:])))'
    )
    libraries = 'numpy', 'numba', 'cv2', 'yaml', 'rich', 'rosbags', 'mcap', 'lz4', 'rclpy'
    command = [sys.executable, '-c', code, *libraries]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize('program', ['spike_recon', 'recon_node', 'play_node', 'record_node'])
def test_every_program_explains_itself(program, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', [program, '--help'])
    with contextlib.suppress(SystemExit):
        getattr(entry, program)()
    out, err = capsys.readouterr()
    assert out.startswith('usage: ')
    assert not err


# Sends itself a signal while it writes the third frame.
SIGNALLED_RUN = """\
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, {handler})
from spike_recon_ros.cli.entry import spike_recon
from spike_recon_ros.sinks.sink import Sink
frames, write = [], Sink.write
def counted(self, *frame):
    write(self, *frame)
    frames.append(frame)
    if len(frames) == 3:
        os.kill(os.getpid(), {number})
Sink.write = counted
sys.argv[1:] = ['run', {source!r}, '-m', 'fibar', '--fps', '100', '-o', {out!r}]
sys.exit(spike_recon())
"""


@pytest.fixture
def recording(tmp_path):
    """Return a text of events that gives eleven frames at 100 frames a second."""
    path = tmp_path / 'events.txt'
    lines = [f'{i / 10_000:.4f} {i % 50} {i % 40} {i % 2}\n' for i in range(1_050)]
    path.write_text('60 50\n' + ''.join(lines))
    return path


@pytest.mark.parametrize(
    ('number', 'handler', 'status', 'n_frames'),
    [
        (signal.SIGINT, 'signal.SIG_DFL', INTERRUPTED, 3),
        (signal.SIGTERM, 'signal.SIG_DFL', INTERRUPTED, 3),
        (signal.SIGHUP, 'signal.SIG_DFL', INTERRUPTED, 3),
        (signal.SIGHUP, 'signal.SIG_IGN', 0, 11),  # as `nohup` starts it
    ],
)
def test_a_request_to_end_keeps_what_was_written(
    tmp_path, recording, number, handler, status, n_frames
):
    out = tmp_path / 'out.mcap'
    code = SIGNALLED_RUN.format(
        number=int(number), handler=handler, source=str(recording), out=str(out)
    )
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stderr
    assert list(tmp_path.glob('.*')) == []
    with contextlib.closing(Bag(out)) as bag:
        assert [topic.n_messages for topic in bag.topics] == [n_frames]
        assert bag.warnings == ()


@pytest.mark.parametrize('closed', ['2>&-', '<&- >&- 2>&-'])
def test_a_program_with_closed_streams_does_its_work(tmp_path, recording, closed):
    code = 'import sys; from spike_recon_ros.cli.entry import spike_recon; sys.exit(spike_recon())'
    words = [sys.executable, '-c', code, 'run', recording, '-m', 'fibar', '-o', tmp_path / 'out']
    command = f'{shlex.join(map(str, words))} {closed}'
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / 'out').glob('frame_*.png'))) == 3
    if '>&-' not in closed.split():
        assert json.loads(done.stdout)['frames'] == 3
