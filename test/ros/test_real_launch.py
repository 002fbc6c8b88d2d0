# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The launch files with ROS's own launch, where it is installed; no package index has it."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip('launch_ros', reason="ROS's launch is not installed")

LAUNCH = Path(__file__).resolve().parent.parent.parent / 'launch'
START_TIMEOUT = 60.0
ROBOT = f"""
from launch import LaunchDescription
from launch.actions import GroupAction, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_ros.actions import PushRosNamespace


def below(pushed, file, /, **arguments):
    source = PythonLaunchDescriptionSource('{LAUNCH}/' + file)
    included = IncludeLaunchDescription(source, launch_arguments=arguments.items())
    return GroupAction([PushRosNamespace(pushed), included])


def generate_launch_description():
    return LaunchDescription([
        below('robot', 'recon.launch.py', model='fibar', namespace='cam0', respawn='true'),
        below('robot', 'recon.launch.py', model='fibar', namespace='cam1', viewer='web',
              viewer_port='18088', events_topic='/driver/events'),
        below('twin', 'stereo.launch.py', model='fibar', one_process='true'),
    ])
"""


@pytest.fixture
def launched(tmp_path, domain_of_children):
    """A function that runs `ros2 launch`, and one that waits for words in its output."""

    @contextlib.contextmanager
    def run(*arguments):
        log = tmp_path / 'log.txt'
        with log.open('w') as output:
            process = subprocess.Popen(
                [shutil.which('ros2'), 'launch', *map(str, arguments)],
                env={**os.environ, 'ROS_DOMAIN_ID': domain_of_children},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # ROS's launch passes an interrupt on by itself
            )

            def wait_for(words, times=1):
                give_up = time.monotonic() + START_TIMEOUT
                while log.read_text().count(words) < times:
                    assert process.poll() is None, log.read_text()
                    assert time.monotonic() < give_up, log.read_text()
                    time.sleep(0.1)
                return log.read_text()

            try:
                yield process, wait_for
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGINT)
                    process.wait(START_TIMEOUT)

    return run


def test_a_robot_with_pushed_namespaces_runs_and_ends(launched, tmp_path):
    file = tmp_path / 'robot.launch.py'
    file.write_text(ROBOT)
    with launched(file) as (process, wait_for):
        for topic in ('/robot/cam0/events', '/driver/events', '/twin/left/events'):
            wait_for(f'subscribes to {topic} ')
        text = wait_for('subscribes to /twin/right/events ')
        assert 'open http://127.0.0.1:18088/' in text
        died = next(
            line for line in text.splitlines() if '[recon_node-1]: process started' in line
        )
        os.kill(int(died.split('[')[-1].rstrip(']')), signal.SIGKILL)
        wait_for('subscribes to /robot/cam0/events ', times=2)
    assert process.returncode == 0
    assert '"node": "/robot/cam1/recon"' in (tmp_path / 'log.txt').read_text()


@pytest.mark.parametrize(
    ('file', 'argument', 'sentence'),
    [
        ('recon.launch.py', 'fsp:=50', "no argument 'fsp'; did you mean fps?"),
        ('recon.launch.py', 'fps:=fast', "fps is 'fast'; it must be a number"),
        ('recon.launch.py', 'model:=fibr', 'the node could not be started'),
        ('replay.launch.py', 'respawn:=true', 'respawn is for live cameras'),
        ('stereo.launch.py', 'left_namespace:=right', 'let the namespaces differ'),
    ],
)
def test_a_wrong_argument_ends_the_launch_with_an_error(
    launched, tmp_path, file, argument, sentence
):
    with launched(LAUNCH / file, argument, *(['bag:=x'] if 'replay' in file else [])) as (
        process,
        _,
    ):
        assert process.wait(START_TIMEOUT)
    assert sentence in (tmp_path / 'log.txt').read_text()


def test_an_interrupt_ends_a_replay_in_order(launched, tmp_path):
    raw = tmp_path / 'a.raw'
    words = [word for t in range(100, 900) for word in (8 << 12 | t, 6 << 12, 3, 2 << 12 | 5)]
    raw.write_bytes(b'% evt 3.0\n% geometry 64x48\n% end\n' + np.array(words, '<u2').tobytes())
    options = 'model:=fibar', 'loop:=true', 'use_sim_time:=false', 'namespace:=cam0'
    with launched(LAUNCH / 'replay.launch.py', f'bag:={raw}', *options) as (process, wait_for):
        wait_for('nobody subscribed to /cam0/events')
    assert process.returncode == 0
    assert 'Caught exception' not in (tmp_path / 'log.txt').read_text()


def test_an_interrupt_ends_a_demonstration_before_its_next_step(launched, tmp_path):
    demo = LAUNCH / 'demo.launch.py', f'out:={tmp_path / "demo"}', 'duration:=20'
    with launched(*demo) as (process, wait_for):
        wait_for('[simulate-1]: process started')
    assert process.returncode == 0
    assert 'recon_node' not in (tmp_path / 'log.txt').read_text()
