# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Hundreds of faults against a live node, each followed by a sound stream.

Faults: damaged packets and streams, a node that is stopped (SIGSTOP) or killed, and activations in
mid-stream. After each, the images of a sound stream must be those that `Reconstructor` gives
offline. One node lives through all faults but the kills; its memory, threads and file descriptors
are sampled after each fault.

  python benchmarks/live_faults.py -o benchmarks/results/live_faults.json --count 500 --minutes 40
"""

import argparse
import contextlib
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, cycle
from pathlib import Path
from typing import Any

from live_tester import ACTIVATIONS, INACTIVE, STOPPED, Tester

from spike_recon_ros.benchmarking.live_faults import (
    FAULTS,
    HEIGHT,
    WIDTH,
    sound_stream,
    use_over_time,
)
from spike_recon_ros.benchmarking.live_processes import LOSSLESS, Process, parameter_options
from spike_recon_ros.benchmarking.results import write_results
from spike_recon_ros.benchmarking.ros_domain import isolate_from_other_nodes
from spike_recon_ros.nodes.middleware import ros
from spike_recon_ros.settings import Settings

KILLED = 'killed'
KINDS = (*FAULTS, STOPPED, INACTIVE, KILLED)
FIRST = next(iter(FAULTS))


def _lives(
    count: int, kinds: tuple[str, ...], minutes: float, kills: int
) -> Iterator[Iterable[str]]:
    """Yield the kinds of the faults of each node; a kill ends the life of all but the last.

    The first one lives through all other faults, so what it uses can be compared.
    """
    others = [kind for kind in kinds if kind != KILLED]
    check = others[0] if others else FIRST  # of the frames of a new node
    kills = kills if KILLED in kinds else 0
    yield chain(_turns(others, count, minutes), [KILLED] if kills else [])
    for left in reversed(range(kills)):
        yield [check, KILLED] if left else [check]


def _turns(kinds: list[str], count: int, minutes: float) -> Iterator[str]:
    begun = time.monotonic()
    for number, kind in enumerate(cycle(kinds)):
        if number >= count and time.monotonic() - begun >= 60.0 * minutes:
            return
        yield kind


def _use(node: Process) -> dict[str, float]:
    folder = Path(f'/proc/{node.pid}')
    fields = dict(
        line.split(':', 1) for line in (folder / 'status').read_text(encoding='ascii').splitlines()
    )
    # All; without the pages of files and of shared memory, which are not the node's alone.
    resident, own = (int(fields[name].split()[0]) / 1e3 for name in ('VmRSS', 'RssAnon'))
    return {
        'at': round(time.monotonic(), 1),
        'memory_mb': round(resident, 1),
        'own_memory_mb': round(own, 1),
        'threads': len(list((folder / 'task').iterdir())),
        'descriptors': len(list((folder / 'fd').iterdir())),
    }


@dataclass
class Outcome:
    """What followed the faults so far.

    Attributes:
        done: number of faults.
        right: faults followed by right frames, by kind; after a kill the next fault checks them.
        wrong: kind, seed and status of the others.
        uses: what the first node used after each fault.
    """

    done: int = 0
    right: Counter[str] = field(default_factory=Counter)
    wrong: list[dict[str, Any]] = field(default_factory=list)
    uses: list[dict[str, float]] = field(default_factory=list)

    def let(self, kind: str, tester: Tester, node: Process, settings: Settings) -> None:
        """Let a fault happen to a node and check what follows."""
        self.done += 1
        if kind == KILLED:
            tester.publish(sound_stream(self.done))
            os.kill(node.pid, signal.SIGKILL)
            self.right[kind] += 1
            return
        tester.fault(kind, self.done, node)
        tester.settle()
        if tester.check(self.done, settings):
            self.right[kind] += 1
        else:
            status = tester.statuses[-1]
            self.wrong.append({'kind': kind, 'seed': self.done, 'status': status})
        if not self.right[KILLED]:
            self.uses.append(_use(node))
        if node.has_ended():
            raise node.failure()


def run(lives: Iterator[Iterable[str]], model: str, stopped_s: float) -> dict[str, Any]:
    """Let faults happen; return how many of each kind were followed by right frames.

    What a node uses is that of the first one. An interrupt ends the run early.

    Args:
        lives: kinds of the faults of each node.
        model: model of the nodes.
        stopped_s: length of a stop.
    """
    values = {'model': model, 'fps': 100.0}
    settings = Settings(**values)
    parameters = parameter_options({**LOSSLESS, **values, 'sensor_size': f'{WIDTH}x{HEIGHT}'})
    outcome, begun = Outcome(), time.monotonic()
    with ros([]):
        tester = Tester(stopped_s)
        with contextlib.suppress(KeyboardInterrupt):
            for faults in lives:
                with Process('node', '--ros-args', *parameters) as node:
                    tester.wait_for_node()
                    tester.follow(0)
                    for kind in faults:
                        outcome.let(kind, tester, node, settings)
        tester.destroy_node()
    return {
        'model': model,
        'faults': sum(outcome.right.values()) + len(outcome.wrong),
        'followed_by_right_frames': dict(outcome.right),
        'wrong': outcome.wrong,
        'activations': ACTIVATIONS * outcome.right[INACTIVE],
        'seconds': round(time.monotonic() - begun, 1),
        **(use_over_time(outcome.uses) if outcome.uses else {}),
    }


def main() -> int:
    """Run the faults; return 1 if any was followed by wrong frames."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('-o', '--output', type=Path, help='JSON file to write')
    parser.add_argument('--note', default='', help='what else readers of the file must know')
    parser.add_argument('--count', type=int, default=500, help='faults other than kills')
    parser.add_argument('--minutes', type=float, default=0.0, help='let faults happen for so long')
    parser.add_argument('--kills', type=int, default=45, help='kills at the end')
    parser.add_argument('--model', default='two_scale_gru')
    parser.add_argument('--stopped', type=float, default=10.0, help='seconds of a SIGSTOP')
    parser.add_argument('--kinds', nargs='+', default=KINDS, choices=KINDS)
    args = parser.parse_args()
    isolate_from_other_nodes()
    others_load = os.getloadavg()[0]
    lives = _lives(args.count, tuple(args.kinds), args.minutes, args.kills)
    result = run(lives, args.model, args.stopped)
    if args.output is not None:
        write_results(args.output, 'live_faults', [result], others_load, args.note)
    print(json.dumps(result))
    return 1 if result['wrong'] else 0


if __name__ == '__main__':
    sys.exit(main())
