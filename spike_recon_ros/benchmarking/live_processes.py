# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Three processes that communicate over DDS: player, node and recorder.

`spike-recon demo` and `spike-recon bench` start them and read what each reports at its end.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.topics import EVENTS, IMAGE

# A first start compiles decoders and filters.
START_TIMEOUT = 180.0
STOP_TIMEOUT = 20.0
# How long the node may take for what waits when the player has ended.
DRAIN_TIMEOUT = 300.0
POLL_PERIOD = 0.2
BEHIND = ('late_frames', 'merged_windows', 'dropped_packets')
"""Counters of the node that rise when it cannot keep up with the packets."""
LOSSLESS: dict[str, Any] = {
    'overload_lag': 60.0,
    'queue_time_limit': 3600.0,
    'event_queue_memory_limit': 2_000_000_000,
    'spike_queue_memory_limit': 2_000_000_000,
    f'qos_overrides.{EVENTS}.subscription.reliability': 'reliable',
    f'qos_overrides.{EVENTS}.subscription.depth': 100_000,
    f'qos_overrides.{IMAGE}.publisher.depth': 1000,
}
"""Parameters of a node that makes every frame, however late, and loses none on the way."""


@dataclass(frozen=True, slots=True)
class LiveResult:
    """What the processes reported at their end.

    Attributes:
        player: the JSON of `spike-recon play`.
        recorder: the JSON of `spike-recon record`, with the node's diagnostics.
        node_cpu_cores: processor time that the node used while the recording played, as a share
            of one core.
    """

    player: dict[str, Any]
    recorder: dict[str, Any]
    node_cpu_cores: float

    def figures(self) -> dict[str, Any]:
        """Return what benchmarks report: losses, images, latency and processor use."""
        diagnostics = self.recorder['diagnostics']
        return {
            'packets_lost': self.player['packets'] - int(diagnostics['received_packets']),
            'frames': self.recorder['frames'],
            'latency_p50_ms': self.recorder['latency_p50_ms'],
            'latency_p99_ms': self.recorder['latency_p99_ms'],
            'node_cpu_cores': self.node_cpu_cores,
            **{name: int(diagnostics[name]) for name in BEHIND},
        }


def run_live(
    recording: Path,
    out: Path,
    node_parameters: dict[str, Any],
    play_options: tuple[str, ...] = ('--restamp',),
) -> LiveResult:
    """Play a recording through the live node and record its images.

    Args:
        recording: what to play.
        out: where the recorder writes; replaced if it exists.
        node_parameters: parameters of the node.
        play_options: further options of the player.

    Raises:
        UserError: a process failed; the message holds the end of its log.
    """
    with (
        Process('record', out, '--overwrite', '--until-played') as recorder,
        Process('node', '--ros-args', *parameter_options(node_parameters)) as node,
        Process('play', recording, *wait_options(), *play_options) as player,
    ):
        used: list[tuple[float, float]] = []
        while not player.has_ended():
            if recorder.has_failed():
                raise recorder.failure()
            if node.has_ended():
                raise node.failure()
            used.append((time.monotonic(), node.cpu_s()))
            time.sleep(POLL_PERIOD)
        played = player.result()
        reported = LiveResult(played, drained(recorder, node), _cores(used, played['seconds']))
        node.stop()
        return reported


def drained(recorder: 'Process', node: 'Process') -> dict[str, Any]:
    """Return the result of a recorder `--until-played`, once the node has nothing left to do.

    Raises:
        UserError: a process failed.
    """
    give_up = time.monotonic() + DRAIN_TIMEOUT
    while not recorder.has_ended():
        if node.has_ended():
            raise node.failure()
        if time.monotonic() > give_up:  # the counters show what still waits
            return recorder.stop()
        time.sleep(POLL_PERIOD)
    return recorder.result()


def parameter_options(parameters: dict[str, Any]) -> list[str]:
    """Return the ROS arguments that set parameters."""
    return [word for name, value in parameters.items() for word in ('-p', f'{name}:={value}')]


def wait_options() -> tuple[str, ...]:
    """Return the options that make the player wait until the node subscribes to packets."""
    return ('--wait-for', EVENTS, '--wait-timeout', str(START_TIMEOUT))


class Process:
    """A `spike-recon` subcommand in a process of its own, ended with the context.

    Its output goes to files, because a pipe that is not read would stop it. The program is found
    by this process's own package, whatever the current folder holds.
    """

    def __init__(self, *arguments: str | Path) -> None:
        self._arguments = arguments
        self._output = tempfile.TemporaryFile('w+')  # noqa: SIM115 -- closed with the context
        self._log = tempfile.TemporaryFile('w+')  # noqa: SIM115

    def __enter__(self) -> 'Process':
        # A session of its own: Ctrl-C in the terminal reaches only us, and we end it in order.
        self._process = subprocess.Popen(
            [sys.executable, '-c', _PROGRAM, *map(str, self._arguments)],
            stdout=self._output,
            stderr=self._log,
            start_new_session=True,
        )
        return self

    def __exit__(self, *error: object) -> None:
        self._end()
        self._output.close()
        self._log.close()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def has_ended(self) -> bool:
        """Whether the process is no longer running."""
        return self._process.poll() is not None

    def has_failed(self) -> bool:
        """Whether the process has ended with a status other than 0."""
        return self._process.poll() not in (None, 0)

    def cpu_s(self) -> float:
        """Return the processor time that the process has used up to now, s."""
        stat = Path(f'/proc/{self._process.pid}/stat').read_text(encoding='ascii')
        user, system = stat.rpartition(')')[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf('SC_CLK_TCK')

    def memory_mb(self) -> float:
        """Return the memory of the process that is resident, MB."""
        status = Path(f'/proc/{self._process.pid}/status').read_text(encoding='ascii')
        kilobytes = next(line for line in status.splitlines() if line.startswith('VmRSS:'))
        return int(kilobytes.split()[1]) / 1e3

    def stop(self) -> dict[str, Any]:
        """Interrupt the process as Ctrl-C would, and return the JSON that it ends with."""
        self._end()
        return self.result()

    def result(self) -> dict[str, Any]:
        """Return the JSON on the last line of stdout.

        Raises:
            UserError: the process failed.
        """
        if self._process.returncode != 0:
            raise self.failure()
        return json.loads(_text(self._output).strip().splitlines()[-1])

    def failure(self) -> UserError:
        """Return an error that says how the process ended."""
        last = ' | '.join(_text(self._log).strip().splitlines()[-12:])
        return UserError(
            f'`spike-recon {self._arguments[0]}` ended with status '
            f'{self._process.returncode}; the end of its log: {last}'
        )

    def _end(self) -> None:
        if self.has_ended():
            return
        self._process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_TIMEOUT)
            return
        self._process.kill()
        self._process.wait()


# `python -m` would look for the package in the current folder first, where another folder may have
# its name, as the checkout has in its parent folder.
_PROGRAM = f"""\
import sys
sys.path = [folder for folder in sys.path if folder] + [{str(Path(__file__).parents[2])!r}]
from spike_recon_ros.cli.entry import spike_recon
sys.exit(spike_recon())
"""


def _cores(used: list[tuple[float, float]], seconds: float) -> float:
    """Return the mean processor use in the last `seconds` of (time, processor time) samples."""
    times, cpu = zip(*used, strict=True)
    begun = max(times[-1] - seconds, times[0])
    before = float(np.interp(begun, times, cpu))
    return round((cpu[-1] - before) / (times[-1] - begun), 3) if times[-1] > begun else 0.0


def _text(file: Any) -> str:
    file.seek(0)
    return file.read()
