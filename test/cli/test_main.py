# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The command line, run in this process or as a program."""

import contextlib
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest

from spike_recon_ros.cli import ros_guard
from spike_recon_ros.cli.interrupts import INTERRUPTED
from spike_recon_ros.cli.main import SUBCOMMANDS, main

ROOT = Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def running(command, **options):
    """Start a process, and kill it if it has not ended with the block."""
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize('name', SUBCOMMANDS)
def test_every_subcommand_explains_itself(name, capsys):
    with pytest.raises(SystemExit) as end:
        main([name, '--help'])
    assert end.value.code == 0
    out = capsys.readouterr().out
    assert len(out.splitlines()) > 5
    assert f'spike-recon {name}' in out


def test_help_does_not_need_ros_nor_compile_anything():
    watch = (
        'import sys; from spike_recon_ros.cli import main\n'
        'try: main.main(["--help"])\n'
        'except SystemExit: pass\n'
        'print(sorted({"rclpy", "torch"} & set(sys.modules)), file=sys.stderr)'
    )
    done = subprocess.run(
        [sys.executable, '-c', watch], capture_output=True, text=True, check=True, timeout=300
    )
    assert done.stderr.strip() == '[]'


def test_without_a_subcommand_the_commands_are_listed(capsys):
    assert main([]) == 2
    err = capsys.readouterr().err
    assert all(f'  {name} ' in err for name in SUBCOMMANDS)


@pytest.mark.parametrize('arguments', [['--json', 'inspect'], ['inspect', '--json']])
def test_on_a_terminal_json_is_printed_only_on_request(spike_recon, walk, monkeypatch, arguments):
    monkeypatch.setattr('sys.stdout.isatty', lambda: True)
    assert spike_recon('inspect', walk)[1] == []
    _, (line,), _ = spike_recon(*arguments, walk)
    assert json.loads(line)['packets'] == 100


@pytest.mark.parametrize(
    ('module', 'cure'),
    [
        ('rosbags', 'pip install rosbags'),
        ('cv2', 'pip install opencv-python-headless'),
        ('numba', 'pip install numba'),
    ],
)
def test_a_library_that_is_missing_is_named_with_its_cure(walk, tmp_path, module, cure):
    without = (
        f'import sys; sys.modules[{module!r}] = None\n'
        'from spike_recon_ros.cli.main import main; sys.exit(main(sys.argv[1:]))'
    )
    done = subprocess.run(
        [sys.executable, '-c', without, 'run', walk, '-m', 'fibar', '-o', tmp_path / 'out'],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 1
    assert done.stderr == f'spike-recon run: {module} is not installed; run: {cure}\n'


def test_a_middleware_that_is_not_installed_is_named_with_its_cure(spike_recon, monkeypatch):
    monkeypatch.setenv('RMW_IMPLEMENTATION', 'rmw_fastest_cpp')
    monkeypatch.setattr(ros_guard.Path, 'is_dir', lambda path: True)
    monkeypatch.setattr(ros_guard.Path, 'iterdir', lambda path: [Path('rmw_fastrtps_cpp')])
    for verb in (['node'], ['play', 'x'], ['record', 'x']):
        status, _, err = spike_recon(*verb)
        assert status == 1
        assert 'rmw_fastest_cpp is not installed (installed: rmw_fastrtps_cpp)' in err
        assert 'unset RMW_IMPLEMENTATION' in err


@pytest.mark.parametrize('delay_s', [0.1, 0.3, 0.6])
def test_an_interrupt_while_libraries_load_leaves_no_traceback(tmp_path, delay_s):
    command = [
        sys.executable,
        '-c',
        'from spike_recon_ros.cli.main import main; print(flush=True)\n'
        f'import sys; sys.exit(main(["run", "{tmp_path}", "-o", "{tmp_path}/o"]))',
    ]
    with running(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()  # the program runs
        time.sleep(delay_s)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=300)
    assert b'Traceback' not in err
    # 1: it had already found an empty folder. -SIGINT: Python was shutting down (130 in a shell).
    assert process.returncode in (1, INTERRUPTED, -signal.SIGINT)


def test_commands_without_ros_reject_ros_arguments(capsys):
    with pytest.raises(SystemExit) as end:
        main(['doctor', '--ros-args', '-p', 'x:=1'])
    assert end.value.code == 2
    assert 'doctor takes no --ros-args' in capsys.readouterr().err


def test_run_writes_a_frame_each_20_ms_of_a_real_recording(spike_recon, recordings, tmp_path):
    bag = recordings('event/davis346_apriltags')
    status, (line,), _ = spike_recon('run', bag, '--fps', 50, '-o', tmp_path / 'out')
    assert status == 0
    assert json.loads(line)['frames'] == 50
    names = sorted(path.name for path in (tmp_path / 'out').iterdir())
    assert names[0] == 'frame_000000.png'
    assert len([name for name in names if name.endswith('.png')]) == 50


@pytest.fixture(scope='module')
def board(tmp_path_factory):
    """A tiny simulated recording."""
    bag = tmp_path_factory.mktemp('simulated') / 'board'
    assert main(['simulate', '-o', str(bag), '--duration', '0.1', '--size', '128x96']) == 0
    return bag


@pytest.mark.parametrize(('out', 'signature'), [('x.mp4', b'ftyp'), ('x.mcap', b'MCAP')])
def test_the_suffix_of_the_output_selects_its_format(spike_recon, board, tmp_path, out, signature):
    status, _, _ = spike_recon('run', board, '-o', tmp_path / out, '-m', 'fibar')
    assert status == 0
    assert signature in (tmp_path / out).read_bytes()[:8]


def test_settings_come_from_a_ros_parameter_file_and_options_win(spike_recon, board, tmp_path):
    params = tmp_path / 'params.yaml'
    params.write_text(
        '/event_camera/recon:\n  ros__parameters:\n    model: leaky_integrator\n    fps: 200.0\n',
        encoding='utf-8',
    )
    _, (line,), _ = spike_recon('run', board, '-o', tmp_path / 'a', '--params-file', params)
    assert json.loads(line)['model'] == 'leaky_integrator'
    frames = json.loads(line)['frames']
    _, (line,), _ = spike_recon(
        'run', board, '-o', tmp_path / 'b', '--params-file', params, '--fps', 100, '-m', 'fibar'
    )
    assert json.loads(line)['model'] == 'fibar'
    assert json.loads(line)['frames'] * 2 == frames


def test_the_old_name_of_an_option_works_with_a_warning(spike_recon, board, tmp_path, capsys):
    status, _, err = spike_recon(
        'run', board, '-o', tmp_path / 'a', '-m', 'fibar', '--front-end', 'auto'
    )
    assert status == 0
    assert 'front_end is deprecated; use voxel_grid_on instead, with the value auto' in err
    with pytest.raises(SystemExit):
        main(['run', '--help'])
    assert '--front-end' not in capsys.readouterr().out


def test_parameters_of_other_nodes_in_the_file_are_ignored(spike_recon, board, tmp_path):
    params = tmp_path / 'params.yaml'
    params.write_text(
        '/**:\n  ros__parameters:\n    fps: 100.0\n'
        'event_camera:\n  recon:\n    ros__parameters:\n      model: leaky_integrator\n'
        '/other:\n  ros__parameters:\n    fps: 7.0\n',
        encoding='utf-8',
    )
    _, (line,), _ = spike_recon('run', board, '-o', tmp_path / 'a', '--params-file', params)
    assert json.loads(line)['model'] == 'leaky_integrator'
    assert json.loads(line)['frames'] == 10


def _bytes_below(folder):
    """Return the size of the unfinished video; 0 while kernels are still being compiled."""
    with contextlib.suppress(FileNotFoundError):  # renamed between the two calls
        return sum(path.stat().st_size for path in folder.glob('.*.mp4'))
    return 0


def test_a_request_to_end_leaves_a_valid_video(board, tmp_path):
    out = tmp_path / 'out.mp4'
    command = [sys.executable, '-m', 'spike_recon_ros.cli.main', 'run', board, '-o', out]
    with running([*command, '--fps', '10000'], stderr=subprocess.PIPE) as process:
        give_up = time.monotonic() + 300
        while process.poll() is None and not _bytes_below(tmp_path):
            assert time.monotonic() < give_up, 'timed out waiting for the first frame'
            time.sleep(0.01)
        process.terminate()
        process.communicate(timeout=300)
    assert process.returncode in (0, INTERRUPTED)
    assert cv2.VideoCapture(str(out)).read()[0]


def test_another_topic_of_the_bag_can_request_frames(spike_recon, board, tmp_path):
    status, (line,), _ = spike_recon(
        'run', board, '-o', tmp_path / 'out', '--sync-mode', 'camera_image',
        '--reference-topic', '/event_camera/ground_truth/image_raw',
    )  # fmt: skip
    assert status == 0
    assert json.loads(line)['frames'] >= 3


def test_hot_pixels_learned_in_one_run_are_masked_in_the_next(spike_recon, tmp_path):
    bag, mask = tmp_path / 'board', tmp_path / 'hot.png'
    main(['simulate', '-o', str(bag), '--duration', '1', '--size', '128x96', '--contrast', '2'])
    status, _, err = spike_recon(
        'run',
        bag,
        '-o',
        tmp_path / 'a',
        '--noise-gate',
        'off',
        '--hot-pixel-time',
        0.8,
        '--save-hot-pixels',
        mask,
    )
    assert status == 0, err
    assert cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE).any()
    status, _, err = spike_recon(
        'run', bag, '-o', tmp_path / 'b', '--noise-gate', 'off', '--hot-pixel-file', mask
    )
    assert status == 0, err
    first = [tmp_path / name / 'frame_000000.png' for name in 'ab']
    assert first[0].read_bytes() != first[1].read_bytes()


def test_bench_writes_a_file_for_each_measurement(spike_recon, tmp_path, monkeypatch):
    from spike_recon_ros.benchmarking import kernels as bench_kernels  # noqa: PLC0415

    monkeypatch.setattr(bench_kernels, 'ROUNDS', 1)
    monkeypatch.setattr(bench_kernels, 'ROUND_EVENTS', 1)
    status, (line,), _ = spike_recon('bench', 'render', 'decode', '-o', tmp_path)
    assert status == 0
    assert set(json.loads(line)) == {'render', 'decode'}
    written = json.loads((tmp_path / 'decode.json').read_text(encoding='utf-8'))
    assert {result['encoding'] for result in written['results']} == {'evt3', 'libcaer', 'mono'}
    assert all(result['mev_s_best'] > 0 for result in written['results'])
    assert re.search(r'\w', written['machine']['processor'])


def test_bench_measures_spike_planes_and_scores_clips(spike_recon, tmp_path, monkeypatch):
    pytest.importorskip('openvino', reason='openvino is not installed: no network runs')
    from spike_recon_ros.benchmarking import spikes as bench_spikes  # noqa: PLC0415

    monkeypatch.setattr(bench_spikes, 'SIZES', ((32, 16),))
    monkeypatch.setattr(bench_spikes, 'ROUNDS', 1)
    clip = tmp_path / 'a.dat'
    assert spike_recon('simulate', '--sensor', 'spike', '--size', '40x32', '-o', clip,
                       '--duration', '.01', '--fps-truth', '200')[0] == 0  # fmt: skip
    (tmp_path / 'a_truth' / 'plane_000100.png').rename(tmp_path / 'a.png')
    status, (line,), _ = spike_recon('bench', 'spikes', '--clip', clip)
    assert status == 0
    results = json.loads(line)['spikes']
    native = ['base', 'compensated_tfi', 'spike_intervals']
    native += ['spk2vid', 'spk2vid_large', 'tfi', 'tfp']
    models = sorted([*native, 'spk2vid_x4'])
    assert [result['model'] for result in results if 'image_ms' in result] == models
    assert results[0]['history_us_per_plane'] > 0
    assert [result['model'] for result in results if 'psnr' in result] == native
    assert {result['plane'] for result in results if 'psnr' in result} == {100}
    (tmp_path / 'a.png').unlink()
    status, _, message = spike_recon('bench', 'spikes', '--clip', clip)
    assert status == 1
    assert 'shows the middle plane of a.dat' in message


def test_the_parameter_file_and_the_table_in_the_documentation_are_up_to_date():
    done = subprocess.run(
        [sys.executable, ROOT / 'tools' / 'write_parameters.py', '--check'],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
