# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Every example runs as a reader would run it, in a process of its own."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from stream import random_events

from spike_recon_ros.sources.bag_writer import BagWriter
from spike_recon_ros.sources.mono_packets import mono_packets

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES, README = ROOT / 'examples', ROOT / 'README.md'


def run(name: str, *arguments: object) -> 'subprocess.CompletedProcess[str]':
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture
def bag(tmp_path):
    """Return a bag of half a second of noise from a 32x24 sensor."""
    events = random_events(32, 24, 5_000, (0, 500_000_000))
    with BagWriter(tmp_path / 'bag') as writer:
        for packet in mono_packets(events, 32, 24, 0, 0):
            writer.write_packet(packet)
    return tmp_path / 'bag'


def test_a_test_runs_each_example():
    # test/ros/test_apriltag_example.py runs the node.
    assert {file.name for file in EXAMPLES.glob('*.py')} == {
        'apriltag_node.py',
        'bag_to_frames.py',
        'live_arrays.py',
        'own_network.py',
    }


def test_the_example_of_the_readme_runs(bag, monkeypatch):
    (code,) = re.findall(r'```python\n(.*?)```', README.read_text('utf-8'), re.DOTALL)
    monkeypatch.chdir(bag.parent)
    bag.rename('my_bag')
    random = np.random.default_rng(1)
    t = np.sort(random.integers(0, 200_000, 2_000))
    x, y, p = (random.integers(0, high, 2_000) for high in (346, 260, 2))
    unread = [tuple(array[start : start + 1000] for array in (x, y, t, p)) for start in (0, 1000)]
    camera = SimpleNamespace(is_running=lambda: bool(unread), read=lambda: unread.pop(0))
    shown = []
    names = {'show': shown.append, 'camera': camera, 'x': x, 'y': y, 't': t, 'p': p}
    exec(code, names)
    assert len(names['frames']) == 5
    # Half a second of the bag, and 0.2 s of the camera without the window that is not complete.
    assert [image.shape for image in shown] == [(24, 32)] * 25 + [(260, 346)] * 9


@pytest.mark.parametrize(
    ('name', 'arguments'),
    [('bag_to_frames.py', ['bag', 'file']), ('live_arrays.py', ['--last-frame', 'last.xyz'])],
)
def test_an_example_that_cannot_write_ends_with_one_line(bag, monkeypatch, name, arguments):
    monkeypatch.chdir(bag.parent)
    Path('file').write_text('mine', 'utf-8')
    done = run(name, *arguments)
    assert done.returncode == 1
    assert done.stderr.startswith('error: ')
    assert done.stderr.count('\n') == 1


def test_bag_to_frames_writes_a_png_for_each_frame(bag, tmp_path):
    done = run('bag_to_frames.py', bag, tmp_path / 'frames', '--fps', 20)
    assert done.returncode == 0, done.stderr
    files = sorted((tmp_path / 'frames').iterdir())
    assert [file.name for file in files] == [f'{number:06d}.png' for number in range(10)]
    assert cv2.imread(str(files[0]), cv2.IMREAD_UNCHANGED).shape == (24, 32)


def test_bag_to_frames_reports_a_missing_recording_in_one_sentence(tmp_path):
    done = run('bag_to_frames.py', tmp_path / 'nothing', tmp_path / 'frames')
    assert done.returncode == 1
    assert done.stderr.startswith('error: there is no file or folder')
    assert len(done.stderr.splitlines()) == 1


def test_examples_fail_if_an_image_cannot_be_written(bag, tmp_path):
    (tmp_path / '000000.png').mkdir()
    done = run('bag_to_frames.py', bag, tmp_path)
    assert done.returncode == 1
    assert done.stderr.endswith('000000.png cannot be written; is the disk full?\n')
    done = run('live_arrays.py', '--seconds', 0.2, '--last-frame', tmp_path / '000000.png')
    assert done.returncode == 1
    assert done.stderr.endswith('000000.png cannot be written; name a .png file\n')


def test_live_arrays_shows_the_moving_disc(tmp_path):
    done = run('live_arrays.py', '--seconds', 0.5, '--last-frame', tmp_path / 'last.png')
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('24 frames from ')
    image = cv2.imread(str(tmp_path / 'last.png'), cv2.IMREAD_UNCHANGED).astype(float)
    # After half a second the disc is back in the middle.
    disc, corner = image[40:56, 56:72].mean(), image[:16, :16].mean()
    assert disc > corner + 25


@pytest.mark.training
@pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ('torch', 'onnx', 'onnxscript')),
    reason='torch, onnx or onnxscript is not installed: nothing can be exported',
)
def test_own_network_is_exported_and_run(tmp_path):
    if not any(importlib.util.find_spec(name) for name in ('openvino', 'onnxruntime')):
        pytest.skip('neither openvino nor onnxruntime is installed: nothing runs the bundle')
    done = run('own_network.py', tmp_path / 'leaky_sum')
    assert done.returncode == 0, done.stderr
    assert (tmp_path / 'leaky_sum' / 'model.onnx').is_file()
    assert done.stdout.splitlines()[-1].startswith('32 frames from ')
    assert float(done.stdout.split()[-1]) > 0.5


@pytest.mark.skipif(
    importlib.util.find_spec('torch') is not None, reason='torch is installed: nothing is skipped'
)
def test_own_network_says_what_it_needs(tmp_path):
    done = run('own_network.py', tmp_path / 'leaky_sum')
    assert done.returncode == 0
    assert done.stderr.startswith('skipped: ')
    assert 'pip install' in done.stderr
