#!/usr/bin/env python3
# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Make `.venv`, in which the demo, the tests and the benchmarks run.

It is created beside the Makefile by the interpreter that runs this file. ROS 2 comes from a
sourced installation or else from wheels; the package is installed editable, and
`event_camera_msgs` is built. With --training it also has PyTorch and the other libraries of the
training extra. A stamp inside `.venv` records the finished steps, so a second run only compares.

The environment variable TORCH says what to give `pip install` for PyTorch, for example
`torch --index-url https://download.pytorch.org/whl/cu130`. Without it the CPU build is installed
where there is no NVIDIA GPU, because the build that pip prefers brings several GB of CUDA
libraries.

Only the standard library is used, because this file runs before anything is installed.
"""

import argparse
import hashlib
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from machine import (
    SetUpError,
    check_machine,
    clean_environment,
    has_nvidia_gpu,
    numpy_of,
    sourced_ros_distro,
    works,
)

CHECKOUT = Path(__file__).resolve().parent.parent
VENV = CHECKOUT / '.venv'
STAMP = VENV / 'made.json'
MESSAGES = CHECKOUT / 'interfaces' / 'event_camera_msgs'
# Files whose content decides what `pip install -e .` installs; code is editable and is not here.
PACKAGE_FILES = (
    'setup.py',
    'setup.cfg',
    'pyproject.toml',
    'package.xml',
    'spike_recon_ros/__init__.py',
)
PACKAGE_FOLDERS = ('launch', 'config', 'resource', 'scripts')
EXTRAS = 'video,viewer,aedat4,hdf5,evaluation,openvino,onnxruntime,rtx,docs,test'
TORCH_VARIABLE = 'TORCH'
CPU_BUILD = ['torch', '--index-url', 'https://download.pytorch.org/whl/cpu']
LOG_TAIL_LINES = 30


def main() -> int:
    """Make the environment, or find that it is already made; return the exit status."""
    parser = argparse.ArgumentParser(description='Make .venv for this checkout.')
    parser.add_argument(
        '--keep-interpreter',
        action='store_true',
        help='stay with the interpreter of a .venv that is already made',
    )
    parser.add_argument(
        '--training', action='store_true', help='add the libraries of the training extra'
    )
    arguments = parser.parse_args()
    try:
        make(arguments.keep_interpreter, arguments.training)
    except SetUpError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('interrupted; run make again to go on', file=sys.stderr)
        return 130
    return 0


def make(keep_interpreter: bool, training: bool = False) -> None:
    """Bring `.venv` up to date, doing only the steps whose inputs changed.

    Args:
        keep_interpreter: stay with the interpreter of a `.venv` that is already made.
        training: also install the training extra. Without it, one that is there stays.

    Raises:
        SetUpError: if the machine lacks something, or a step failed.
    """
    stamp = read_stamp()
    distro = sourced_ros_distro()
    wanted = {
        'venv': venv_key(distro, stamp if keep_interpreter else {}),
        'package': digest(package_inputs()),
        'messages': 'sourced' if distro else digest(files_under(MESSAGES)),
    }
    if training:
        wanted['torch'] = shlex.join(torch_requirements(stamp.get('torch')))
        wanted['training'] = wanted['package']
    if wanted.items() <= stamp.items():
        return
    started = time.monotonic()
    if stamp.get('venv') != wanted['venv']:
        check_machine(distro)
        stamp = {}
    print(f'Setting up .venv: {wanted["venv"].partition(": ")[2]}', flush=True)
    if not stamp:
        with step('empty environment'):
            make_empty_venv(distro)
        stamp = write_stamp({}, 'venv', wanted)
    if stamp.get('package') != wanted['package']:
        with step('spike_recon_ros and what it needs'):
            extras = EXTRAS if distro else f'ros,{EXTRAS}'
            pip_install(*numpy_of(distro), '-e', f'.[{extras}]')
        stamp = write_stamp(stamp, 'package', wanted)
    if stamp.get('messages') != wanted['messages']:
        if not distro:
            with step('event_camera_msgs, compiled'):
                pip_install(
                    '--force-reinstall', '--no-deps', f'./{MESSAGES.relative_to(CHECKOUT)}'
                )
        stamp = write_stamp(stamp, 'messages', wanted)
    if training:
        install_training(distro, stamp, wanted)
    print(f'Ready after {time.monotonic() - started:.0f} s.', flush=True)


def install_training(distro: str | None, stamp: dict[str, str], wanted: dict[str, str]) -> None:
    """Install PyTorch, then the rest of the training extra, which accepts its build."""
    if stamp.get('torch') != wanted['torch']:
        with step('PyTorch'):
            if 'torch' in stamp:  # pip takes another build of the same version for the same
                pip('uninstall', '--yes', 'torch')
            pip_install(*numpy_of(distro), *shlex.split(wanted['torch']))
        stamp = write_stamp(stamp, 'torch', wanted)
    if stamp.get('training') != wanted['training']:
        with step('libraries for training'):
            pip_install(*numpy_of(distro), '-e', '.[training]')
        write_stamp(stamp, 'training', wanted)


def torch_requirements(installed: str | None) -> list[str]:
    """Return what to give `pip install` for PyTorch.

    Args:
        installed: the same for the PyTorch that `.venv` has; None = it has none.

    Raises:
        SetUpError: the environment variable TORCH cannot be split into words.
    """
    asked = os.environ.get(TORCH_VARIABLE, '').strip()
    try:
        if asked:
            return shlex.split(asked)
    except ValueError as error:
        raise SetUpError(
            f'{TORCH_VARIABLE} is {asked!r} ({error}); give it the words of a `pip install`, '
            "such as 'torch==2.8.0'"
        ) from None
    if installed:
        return shlex.split(installed)
    return ['torch'] if has_nvidia_gpu() else CPU_BUILD


def make_empty_venv(distro: str | None) -> None:
    """Create `.venv`, in place of one that is there."""
    if VENV.is_symlink():
        raise SetUpError(f'{VENV} is a symbolic link; remove it and run make again')
    shutil.rmtree(VENV, ignore_errors=True)
    options = ['--system-site-packages'] if distro else []
    run_quietly([sys.executable, '-m', 'venv', *options, str(VENV)])


def pip_install(*what: str) -> None:
    """Install into `.venv`, silently unless it fails."""
    pip('install', *what)


def pip(*words: str) -> None:
    """Run the pip of `.venv`, silently unless it fails."""
    python = str(VENV / 'bin' / 'python')
    run_quietly([python, '-m', 'pip', '--disable-pip-version-check', '--no-input', *words])


def run_quietly(command: list[str]) -> None:
    """Run a command in the checkout and show the end of its output only if it fails.

    Raises:
        SetUpError: if the command fails.
    """
    done = subprocess.run(
        command,
        cwd=CHECKOUT,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors='replace',
        check=False,
    )
    if done.returncode != 0:
        tail = done.stdout.splitlines()[-LOG_TAIL_LINES:]
        print('\n  | ' + '\n  | '.join(tail), file=sys.stderr)
        raise SetUpError(
            f'this failed, its last lines are above: {" ".join(command)}; to start again from '
            'nothing, run make clean first'
        )


@contextmanager
def step(what: str) -> Iterator[None]:
    """Print a step and how long it took; on a terminal, count the seconds meanwhile."""
    start_of_line = f'  {what:<40}'
    print(start_of_line, end='', flush=True)
    started = time.monotonic()
    ended = threading.Event()

    def count_seconds() -> None:
        while not ended.wait(1.0):
            print(f'\r{start_of_line}{time.monotonic() - started:5.0f} s', end='', flush=True)

    counter = threading.Thread(target=count_seconds, daemon=True)
    if sys.stdout.isatty():
        counter.start()
    try:
        yield
    finally:
        ended.set()
        if counter.ident is not None:
            counter.join()
            print(f'\r{start_of_line}', end='', flush=True)
    print(f'{time.monotonic() - started:5.1f} s', flush=True)


def venv_key(distro: str | None, stamp: dict[str, str]) -> str:
    """Describe the environment that is wanted; a `.venv` of another one is replaced."""
    ros = f'ROS 2 {distro} of this machine' if distro else 'ROS 2 from wheels (1.8 GB in all)'
    wanted = f'{CHECKOUT}: {ros}, '
    made = stamp.get('venv', '')
    python = f'Python {platform.python_version()} at {os.path.realpath(sys.executable)}'
    return made if made.startswith(wanted) else wanted + python


def package_inputs() -> list[Path]:
    """List what the installation of the package depends on."""
    folders = (CHECKOUT / folder for folder in PACKAGE_FOLDERS)
    files = (CHECKOUT / name for name in PACKAGE_FILES)
    return [*files, *(file for folder in folders for file in files_under(folder))]


def files_under(folder: Path) -> list[Path]:
    """List the files of a folder, at any depth, in a fixed order."""
    return sorted(
        file for file in folder.rglob('*') if file.is_file() and '__pycache__' not in file.parts
    )


def digest(files: Iterable[Path]) -> str:
    """Hash the names and the content of files."""
    total = hashlib.sha256()
    for file in files:
        total.update(f'{file.relative_to(CHECKOUT)}\0'.encode())
        total.update(file.read_bytes())
    return total.hexdigest()


def read_stamp() -> dict[str, str]:
    """Return the finished steps; nothing if `.venv` is absent, half made or broken."""
    try_out = [str(VENV / 'bin' / 'python'), '-c', 'import spike_recon_ros']
    if not STAMP.exists() or not works(try_out):
        return {}
    try:
        return json.loads(STAMP.read_text(encoding='utf-8'))
    except (OSError, ValueError):
        return {}


def write_stamp(stamp: dict[str, str], done: str, wanted: dict[str, str]) -> dict[str, str]:
    """Record that a step is finished."""
    stamp = {**stamp, done: wanted[done]}
    STAMP.write_text(json.dumps(stamp, indent=1) + '\n', encoding='utf-8')
    return stamp


if __name__ == '__main__':
    sys.exit(main())
