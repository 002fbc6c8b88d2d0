# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Load damaged bundles with every backend and count failures that are not one sentence.

    python benchmarks/fuzz_bundles.py 1000 7 > benchmarks/results/fuzz_bundles.json

Arguments: cases for each backend, seed. In each case one file is truncated or has bytes changed;
the checksums in model.yaml are corrected, so that they do not reveal the damage. A bundle that
loads and a UserError of one line are right. Any other exception, a process that dies and a load
that takes more than a minute are counted as wrong. Prints one JSON object; exit status 1 if
anything was counted.
"""

import argparse
import contextlib
import hashlib
import json
import random
import resource
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import IO, Any

import yaml

from spike_recon_ros.backends.backend import Placement
from spike_recon_ros.backends.choice import CANDIDATES, choose_backend
from spike_recon_ros.backends.self_test import load_checked
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.zoo import zoo_folder
from spike_recon_ros.errors import UserError

NAME = 'two_scale_gru_small'
FILES = 'model.onnx', 'model_int8.onnx', 'weights.safetensors', 'golden.npz', 'model.yaml'
WHERE = Placement(48, 64)
LONGEST_S, LONGEST_SENTENCE = 60, 1000
RIGHT = 'loaded', 'refused'
WRONG = 'exception', 'bad sentence', 'died', 'timed out'


def damage(folder: Path, chance: random.Random) -> str:
    """Damage one file of a bundle and correct the checksums; return the file's name."""
    name = chance.choice(FILES)
    content = bytearray((folder / name).read_bytes())
    if chance.random() < 0.2:
        del content[chance.randrange(len(content)) :]
    else:
        for _ in range(chance.choice([1, 1, 3, 10, 100])):
            # Most of a file is weights: changes near its start do more.
            place = chance.randrange(min(len(content), chance.choice([200, 5000, 1 << 30])))
            flipped = content[place] ^ 1 << chance.randrange(8)
            content[place] = chance.choice([0, 255, flipped, chance.randrange(256)])
    (folder / name).write_bytes(content)
    if name != 'model.yaml':
        path = folder / 'model.yaml'
        description = yaml.safe_load(path.read_text(encoding='utf-8'))
        description['sha256'][name] = hashlib.sha256(content).hexdigest()
        path.write_text(yaml.safe_dump(description), encoding='utf-8')
    return name


def outcome(backend: str, seed: str) -> tuple[str, str]:
    """Load one damaged bundle; return the damaged file and what came of it."""
    zoo = zoo_folder()
    assert zoo is not None
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(shutil.copytree(zoo / NAME, Path(temporary) / NAME))
        name = damage(folder, random.Random(seed))
        try:
            load_checked(choose_backend(backend, 'cpu').load, read_bundle(folder), WHERE).close()
        except UserError as error:
            short = len(str(error)) < LONGEST_SENTENCE and '\n' not in str(error)
            return name, 'refused' if short else 'bad sentence'
        except Exception as error:
            print(f'{backend} {seed}: {error!r}', file=sys.stderr)
            return name, 'exception'
    return name, 'loaded'


def work(backend: str) -> None:
    """Load a bundle for each seed on stdin; print what came of it."""
    report = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):  # libraries print there, too
        for line in sys.stdin:
            rss_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
            print(*outcome(backend, line.strip()), rss_mib, sep='\t', file=report, flush=True)


class Worker:
    """A process that loads damaged bundles, started again after it has died or hung."""

    def __init__(self, backend: str) -> None:
        self._backend = backend
        self._process: subprocess.Popen[str] | None = None
        self.rss_mib = 0

    def outcome(self, seed: str) -> tuple[str, str]:
        """Return what came of one case."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, __file__, '--worker', self._backend],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f'{seed}\n')
        process.stdin.flush()
        line = line_within(process.stdout, LONGEST_S)
        if not line:
            died = line is not None
            self.close()
            print(f'{self._backend} {seed}: {"died" if died else "hangs"}', file=sys.stderr)
            return 'any', 'died' if died else 'timed out'
        name, result, rss_mib = line.split('\t')
        self.rss_mib = max(self.rss_mib, int(rss_mib))
        return name, result

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def line_within(stream: IO[str], seconds: float) -> str | None:
    """Return the next line of a pipe: empty at its end, None if it does not come in time."""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        return stream.readline() if selector.select(seconds) else None


def main() -> int:
    """Fuzz every installed backend that has a CPU; return the exit status."""
    if sys.argv[1:2] == ['--worker']:
        work(sys.argv[2])
        return 0
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('cases', type=int, help='for each backend')
    parser.add_argument('seed', type=int)
    args = parser.parse_args()
    begun = time.perf_counter()
    found: dict[str, Any] = {}
    totals: Counter[str] = Counter()
    for candidate in CANDIDATES:
        if candidate.name == 'tensorrt' or candidate.missing():
            continue
        worker, counts = Worker(candidate.name), Counter[str]()
        for number in range(args.cases):
            name, result = worker.outcome(f'{args.seed}.{number}')
            counts[f'{name} {result}'] += 1
            totals[result] += 1
        worker.close()
        found[candidate.name] = dict(sorted(counts.items())) | {'peak_rss_mib': worker.rss_mib}
    outcomes = {result: totals[result] for result in (*RIGHT, *WRONG)}
    seconds = round(time.perf_counter() - begun, 1)
    print(
        json.dumps(
            {'seed': args.seed, 'cases': sum(totals.values()), **outcomes, 'seconds': seconds}
            | {'backends': found}
        )
    )
    return int(any(outcomes[result] for result in WRONG))


if __name__ == '__main__':
    sys.exit(main())
