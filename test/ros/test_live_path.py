# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""From a player's process through the node's to a recorder's, over real DDS."""

import json
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from spike_recon_ros.benchmarking import live_processes
from spike_recon_ros.benchmarking.live_processes import (
    LOSSLESS,
    Process,
    drained,
    parameter_options,
    run_live,
    wait_options,
)
from spike_recon_ros.cli.main import main
from spike_recon_ros.packets.packet import EVENT_PACKET, EVENT_PACKET_FIELDS

MS = 1_000_000
EPOCH_NS = 1_700_000_000 * 10**9


def _spike_recon(*arguments):
    """Run a subcommand in this process, which has imported everything; return its status."""
    return main([str(argument) for argument in arguments])


def _started(*arguments):
    """Run a subcommand in a process of its own."""
    return subprocess.run(
        [sys.executable, '-m', 'spike_recon_ros.cli.main', *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _wait_until(condition, what):
    give_up = time.monotonic() + live_processes.START_TIMEOUT
    while not condition():
        assert time.monotonic() < give_up, f'timed out waiting for {what}'
        time.sleep(0.05)


def _frames(folder):
    images = [cv2.imread(str(path), -1) for path in sorted(folder.glob('frame_*.png'))]
    lines = (folder / 'frames.csv').read_text(encoding='ascii').splitlines()[1:]
    return images, [int(line.split(',')[2]) for line in lines]


def _write_bag(path, packets, width, height):
    """Write (data, t_ns) pairs as mono packets."""
    store = get_typestore(Stores.ROS2_HUMBLE)
    store.register(get_types_from_msg(EVENT_PACKET_FIELDS, EVENT_PACKET))
    types = store.types
    with Writer(path, version=8, storage_plugin=StoragePlugin.MCAP) as writer:
        connection = writer.add_connection('/event_camera/events', EVENT_PACKET, typestore=store)
        for seq, (data, t_ns) in enumerate(packets):
            stamp_ns = EPOCH_NS + t_ns
            stamp = types['builtin_interfaces/msg/Time'](
                sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9
            )
            message = types[EVENT_PACKET](
                header=types['std_msgs/msg/Header'](stamp=stamp, frame_id='camera'),
                height=height,
                width=width,
                seq=seq,
                time_base=t_ns,
                encoding='mono',
                is_bigendian=False,
                events=data,
            )
            writer.write(connection, stamp_ns, store.serialize_cdr(message, EVENT_PACKET))


@pytest.fixture(scope='module')
def board(tmp_path_factory):
    """A short simulated recording."""
    bag = tmp_path_factory.mktemp('simulated') / 'board'
    assert _spike_recon('simulate', '-o', bag, '--duration', 0.5, '--size', '240x180') == 0
    return bag


@pytest.fixture(autouse=True)
def processes_of_their_own(monkeypatch, domain_of_children):
    """The processes started here do not receive what other tests publish, and end in time."""
    monkeypatch.setenv('ROS_DOMAIN_ID', domain_of_children)
    monkeypatch.setattr(live_processes, 'DRAIN_TIMEOUT', 100.0)


def _assert_live_equals_run(bag, tmp_path, fps, rate=1):
    """Compare all frames; a slow machine makes them late, but loses none."""
    assert _spike_recon('run', bag, '-o', tmp_path / 'offline', '--fps', fps) == 0
    reported = run_live(bag, tmp_path / 'live', {**LOSSLESS, 'fps': fps}, ('--rate', str(rate)))
    diagnostics = reported.recorder['diagnostics']
    assert diagnostics['decoded_packets'] == str(reported.player['packets'])
    assert diagnostics['published_frames'] == str(reported.recorder['written'])
    offline, offline_stamps_ns = _frames(tmp_path / 'offline')
    live, live_stamps_ns = _frames(tmp_path / 'live')
    # The end of a file completes one more window; live, more events might follow.
    assert len(live) == len(offline) - 1
    assert live_stamps_ns == offline_stamps_ns[:-1]
    for one, other in zip(live, offline, strict=False):
        np.testing.assert_array_equal(one, other)


def test_live_frames_equal_offline_frames_bit_for_bit(board, tmp_path):
    _assert_live_equals_run(board, tmp_path, 50)


def test_live_frames_of_a_real_camera_equal_offline_frames_bit_for_bit(recordings, tmp_path):
    _assert_live_equals_run(recordings('event/davis346_apriltags'), tmp_path, 50)


def test_live_frames_of_spike_planes_equal_offline_frames_bit_for_bit(tmp_path):
    bag = tmp_path / 'planes'
    options = ('--sensor', 'spike', '--duration', 0.1, '--size', '130x96')
    assert _spike_recon('simulate', '-o', bag, *options) == 0
    _assert_live_equals_run(bag, tmp_path, 1000, rate=0.1)


def test_live_frames_of_a_real_spike_camera_equal_offline_frames_bit_for_bit(recordings, tmp_path):
    _assert_live_equals_run(recordings('spike/real_car_250x400.dat'), tmp_path, 1000, rate=0.1)


def test_the_demo_of_a_spike_camera_reports_its_slower_pace(tmp_path):
    done = _started('demo', '--sensor', 'spike', '-o', tmp_path, '--duration', 0.05)
    assert done.returncode == 0, done.stderr
    assert 'at 0.1 of its real pace, on purpose' in done.stderr
    summary = json.loads(done.stdout.splitlines()[-1])
    assert (summary['rate'], summary['packets_played']) == (0.1, 50)
    assert summary['latency_p50_ms'] is None
    assert summary['tags']['tags_per_frame'] > 3
    assert cv2.imread(str(tmp_path / 'side_by_side.png')) is not None


def test_packets_of_megabytes_arrive_best_effort(tmp_path):
    count = 250_000  # 2 MB, four times the segment that the middleware has by default
    dt_ns = np.arange(count, dtype=np.uint64) * 100
    pixels = np.arange(count, dtype=np.uint64)
    words = (pixels % 240 << 48) | (pixels % 320 << 32) | dt_ns
    _write_bag(
        tmp_path / 'bag', [(words.view(np.uint8), index * 40 * MS) for index in range(8)], 320, 240
    )
    # Best effort is also what the node subscribes with when nothing is overridden.
    parameters = {name: value for name, value in LOSSLESS.items() if 'reliability' not in name}
    reported = run_live(
        tmp_path / 'bag', tmp_path / 'out', {**parameters, 'fps': 50.0, 'model': 'fibar'}, ()
    )
    assert reported.recorder['diagnostics']['received_packets'] == '8'
    assert reported.recorder['diagnostics']['events'] == str(8 * count)


def test_a_looping_recording_resets_the_state_once_a_loop(board, tmp_path):
    recorder = Process('record', tmp_path / 'out', '--until-played')
    # A filter keeps up on a slow machine.
    parameters = parameter_options({**LOSSLESS, 'model': 'fibar'})
    node = Process('node', '--ros-args', *parameters)
    with recorder, node, Process('play', board, *wait_options(), '--loop') as player:
        # More than two loops of 13 frames.
        _wait_until(lambda: len([*(tmp_path / 'out').glob('frame_*.png')]) > 30, 'two loops')
        played = player.stop()
        diagnostics = drained(recorder, node)['diagnostics']
    assert played['loops'] >= 2
    # The interrupt comes during the last loop, or exactly at its end.
    assert int(diagnostics['resets: time went backwards']) in (
        played['loops'] - 1,
        played['loops'],
    )
    assert diagnostics['lost_packets'] == '0'
    reasons = [name for name in diagnostics if name.startswith('resets: ')]
    assert reasons == ['resets: time went backwards']


def test_a_wrong_model_is_named_and_the_node_exits_with_1():
    done = _started('node', '--ros-args', '-p', 'model:=fiber')
    assert done.returncode == 1
    assert "there is no model 'fiber'; did you mean fibar?" in done.stderr
    assert 'Traceback' not in done.stderr


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (['-pfps:=50'], 'ROS does not understand'),
        (['-p', 'fps=50'], 'ROS does not understand'),
        (['--params-file', 'nope.yaml'], 'nope.yaml'),
        (['-r', '__ns:=bad ns'], 'ROS'),
        (['-p', 'fps:=fast'], "fps is 'fast'; it must be a number"),
        (['-p', 'window_events:=2.5'], 'window_events'),
    ],
)
def test_a_wrong_argument_is_named_and_the_node_exits_with_1(arguments, words, capfd):
    assert _spike_recon('node', '--ros-args', *arguments) == 1
    log = capfd.readouterr().err
    assert words in log
    assert 'Traceback' not in log


@pytest.mark.parametrize('given', ['/event_camera/events', '/cam/events'])
def test_the_player_names_the_remapped_topic_without_subscriber_and_exits_with_1(board, given):
    remap = '--ros-args', '-r', '/event_camera/events:=/cam/events'
    done = _started('play', board, '--wait-for', given, '--wait-timeout', 0.5, *remap)
    assert done.returncode == 1
    assert 'nobody subscribed to /cam/events within 0.5 s' in done.stderr


def test_the_player_publishes_all_topics_of_a_bag(board):
    done = _started('play', board, '--rate', 4)
    assert done.returncode == 0, done.stderr
    played = json.loads(done.stdout.splitlines()[-1])
    assert played['packets'] == 250
    assert played['published'] > 250
    assert played['seconds'] >= 0.5 / 4


def test_the_processes_start_from_a_folder_that_holds_one_of_the_package_s_name(
    tmp_path, monkeypatch
):
    (tmp_path / 'spike_recon_ros' / 'cli').mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with Process('inspect', 'nothing') as process:
        _wait_until(process.has_ended, 'the end of the process')
        assert 'nothing' in str(process.failure())
        assert 'No module named' not in str(process.failure())
