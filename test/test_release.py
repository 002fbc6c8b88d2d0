# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What a release holds: an sdist is built, a wheel from the sdist, and the wheel is installed."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

import spike_recon_ros

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = shutil.ignore_patterns(
    '.*', 'build', 'install', 'log', 'demo', '__pycache__', '*.egg-info'
)
PACKAGES = {
    'spike_recon_ros': ROOT / 'spike_recon_ros',
    'spike_recon_models': ROOT / 'models' / 'spike_recon_models',
    'spike_recon_training': ROOT / 'training' / 'spike_recon_training',
}
NOT_SHIPPED = {'.pyc', '.nbi', '.nbc'}


def hook(name: str, source: Path, out: Path) -> Path:
    """Run a build hook of setuptools in a folder, as pip does; return the file that it made."""
    code = f'import sys, setuptools.build_meta as b; print(b.{name}(sys.argv[1]))'
    command = [sys.executable, '-c', code, str(out)]
    done = subprocess.run(
        command, cwd=source, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    # colcon shows what a build prints on stderr, to everyone who builds the package.
    assert 'no previously-included' not in done.stdout + done.stderr
    return out / done.stdout.splitlines()[-1]


@pytest.fixture(scope='module')
def sdist(tmp_path_factory):
    folder = tmp_path_factory.mktemp('sdist')
    shutil.copytree(ROOT, folder / 'checkout', ignore=LEFT_OUT)
    return hook('build_sdist', folder / 'checkout', folder)


@pytest.fixture(scope='module')
def unpacked(sdist, tmp_path_factory):
    folder = tmp_path_factory.mktemp('unpacked')
    with tarfile.open(sdist) as archive:
        archive.extractall(folder)
    (source,) = folder.iterdir()
    return source


@pytest.fixture(scope='module')
def wheel(unpacked, tmp_path_factory):
    return hook('build_wheel', unpacked, tmp_path_factory.mktemp('wheel'))


@pytest.fixture(scope='module')
def prefix(wheel, tmp_path_factory):
    """Return the folder into which the wheel is installed, without its dependencies."""
    prefix = tmp_path_factory.mktemp('prefix')
    pip = [sys.executable, '-m', 'pip', '--disable-pip-version-check', 'install', '--no-deps']
    options = ['--no-index', '--ignore-installed', '--no-compile', '--prefix', str(prefix)]
    done = subprocess.run(
        [*pip, *options, str(wheel)], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return prefix


@pytest.fixture(scope='module')
def site(prefix):
    (package,) = prefix.glob('**/spike_recon_ros/py.typed')
    return package.parent.parent


def shipped(folder: Path) -> set[str]:
    return {
        str(file.relative_to(folder))
        for file in folder.rglob('*')
        if file.is_file() and file.suffix not in NOT_SHIPPED
    }


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir() if file.is_file()}


def test_the_version_is_the_same_everywhere(wheel):
    listed = ElementTree.parse(ROOT / 'package.xml').findtext('version')
    assert listed == spike_recon_ros.__version__
    assert wheel.name.startswith(f'spike_recon_ros-{listed}-')


def test_the_sdist_holds_every_folder_that_git_holds(unpacked):
    hidden = {'.ci', '.github', '.pre-commit-config.yaml', '.gitignore', '.dockerignore'}
    made = {'PKG-INFO', 'spike_recon_ros.egg-info'}
    if not (ROOT / '.git').exists():
        pytest.skip('this is no git checkout: what belongs to it is not known')
    command = ['git', 'ls-files']
    listed = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300
    ).stdout
    expected = {line for line in listed.splitlines() if line.split('/')[0] not in hidden}
    found = {name for name in shipped(unpacked) if name.split('/')[0] not in made}
    assert not {name for name in expected - found if (ROOT / name).exists()}


@pytest.mark.parametrize('package', PACKAGES)
def test_the_wheel_holds_every_file_of_a_package(site, package):
    assert shipped(site / package) == shipped(PACKAGES[package])


def test_the_wheel_holds_what_ros_looks_up(prefix):
    share = prefix / 'share' / 'spike_recon_ros'
    if not share.exists():  # Debian's own Python installs below local/
        share = prefix / 'local' / 'share' / 'spike_recon_ros'
    assert names(share / 'launch') == names(ROOT / 'launch')
    assert names(share / 'config') == names(ROOT / 'config')
    assert (share / 'package.xml').is_file()
    index = share.parent / 'ament_index' / 'resource_index' / 'packages'
    assert names(index) == {'spike_recon_ros'}
    libexec = share.parent.parent / 'lib' / 'spike_recon_ros'
    assert names(libexec) == names(ROOT / 'scripts')
    assert all(os.access(program, os.X_OK) for program in libexec.iterdir())


def test_programs_of_ros_and_of_pip_start_the_same_function(site):
    (entries,) = site.glob('*.dist-info/entry_points.txt')
    listed = dict(re.findall(r'^([\w-]+) = ([\w.:]+)$', entries.read_text('utf-8'), re.MULTILINE))
    started = {}
    for file in (ROOT / 'scripts').iterdir():
        module, name = re.search(r'^from ([\w.]+) import (\w+)$', file.read_text(), re.M).groups()
        started[file.name] = f'{module}:{name}'
    assert started == listed


def test_nothing_else_is_installed_beside_the_packages(site):
    others = {path.name for path in site.iterdir()} - set(PACKAGES)
    assert {name.rpartition('.')[2] for name in others} == {'dist-info'}


def test_the_installed_package_runs(site, tmp_path):
    code = (
        'import spike_recon_ros as sr\n'
        'from spike_recon_ros.bundles.zoo import zoo_names\n'
        'frames = list(sr.reconstruct(([1], [1], [5], [1]), size=(8, 8), t_unit="us",\n'
        '                             model="fibar"))\n'
        'print(sr.__file__, len(frames), *zoo_names())\n'
    )
    environment = {**os.environ, 'PYTHONPATH': str(site), 'NUMBA_CACHE_DIR': str(tmp_path)}
    command = [sys.executable, '-c', code]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    where, frames, *zoo = done.stdout.split()
    assert Path(where).is_relative_to(site)
    assert frames == '1'
    assert {'hybrid', 'spk2vid', 'two_scale_gru', 'two_scale_gru_small'} <= set(zoo)
