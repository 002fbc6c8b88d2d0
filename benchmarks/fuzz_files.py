# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Read damaged recordings of every format and count how each case ends.

    python benchmarks/fuzz_files.py --count 16000 --seed 1 -o fuzz_files.json

Each case is read in its own process, so crashes, endless loops and peaks of memory are measured. A
case is bad if it ends with anything but success or a UserError, takes longer than the limit, or
needs more than twice the memory of the file that it was made from, plus 64 MiB. The last line on
stdout is a JSON object; the exit status is 1 if a case was bad.
"""

import argparse
import json
import os
import random
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from fuzz_seeds import write_seeds

from spike_recon_ros.errors import UserError
from spike_recon_ros.offline.stream_summary import EventSummary, summary_for
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.sources.open_source import open_source

ALLOWED_BYTES = 2**26
NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 2**40, 2**63 - 1, 2**64 - 1)
OK, SENTENCE, TRACEBACK, TIMEOUT, CRASH, MEMORY = (
    'ok', 'sentence', 'traceback', 'timeout', 'crash', 'memory',
)  # fmt: skip
BAD = (TRACEBACK, TIMEOUT, CRASH, MEMORY)


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Return damaged bytes: flipped, overwritten, cut, doubled or with an absurd number."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        if not changed:
            break
        # Headers and indexes at both ends decide more than the events between them.
        part = chance.random()
        span = min(len(changed), 600)
        at = chance.randrange(len(changed))
        if part < 0.4:
            at = chance.randrange(span)
        elif part < 0.6:
            at = len(changed) - 1 - chance.randrange(span)
        kind = chance.randrange(7)
        if kind == 0:
            changed[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            changed[at] = chance.randrange(256)
        elif kind == 2:
            width = chance.choice((2, 4, 8))
            number = chance.choice(NUMBERS) % 2 ** (8 * width)
            changed[at : at + width] = number.to_bytes(width, chance.choice(('little', 'big')))
        elif kind == 3:
            del changed[at : at + chance.choice((1, 3, 8, 100))]
        elif kind == 4:
            changed[at:at] = changed[at : at + chance.choice((1, 8, 500))]
        elif kind == 5:
            changed[at:at] = chance.randbytes(chance.choice((1, 7, 64)))
        else:
            del changed[at:]
    return bytes(changed)


def write_case(seed: Path, folder: Path, chance: random.Random) -> Path:
    """Copy a recording into an empty folder with one of its files mutated, and return it."""
    copy = folder / seed.name
    if seed.is_dir():
        shutil.copytree(seed, copy)
    else:
        for file in seed.parent.glob(f'{seed.name}*'):  # with its sidecar
            shutil.copy(file, folder)
    files = sorted(file for file in folder.rglob('*') if file.is_file())
    victim = chance.choice(files)
    victim.write_bytes(mutated(victim.read_bytes(), chance))
    return copy


def read(path: Path) -> None:
    """Read and decode a whole recording, as `spike-recon inspect` does."""
    summary: EventSummary | None = None
    with open_source(path) as source:
        for packet in source:
            if isinstance(packet, Packet):
                summary = summary or summary_for(packet.encoding)
                summary.add(packet)
    if summary is not None:
        json.dumps(summary.summary())


def outcome_of(path: Path, limit_s: float) -> tuple[str, str, int]:
    """Read a recording in a child process.

    Returns: one of the outcomes, the message, and the peak of resident memory in bytes.
    """
    receive, send = os.pipe()
    child = os.fork()
    if not child:
        os.close(receive)
        _be_child(path, send)
    os.close(send)
    ready, _, _ = select.select([receive], [], [], limit_s)
    if not ready:
        os.kill(child, signal.SIGKILL)
    message = os.read(receive, 4096).decode('utf-8', 'replace') if ready else ''
    os.close(receive)
    _, _, usage = os.wait4(child, 0)
    if not ready:
        return TIMEOUT, f'no end after {limit_s:g} s', usage.ru_maxrss * 1024
    kind, _, text = message.partition('\n')
    return kind or CRASH, text, usage.ru_maxrss * 1024


def _be_child(path: Path, send: int) -> None:
    kind, text = OK, ''
    try:
        read(path)
    except UserError as error:
        kind, text = SENTENCE, str(error)
        if '\n' in text:
            kind = TRACEBACK
    except BaseException:
        kind, text = TRACEBACK, traceback.format_exc()[-3000:]
    os.write(send, f'{kind}\n{text}'.encode('utf-8', 'replace')[:4096])
    os._exit(0)


def fuzz(count: int, seed: int, limit_s: float, keep: Path | None = None) -> dict:
    """Read `count` mutated recordings and return what happened.

    Args:
        count: cases over all formats.
        seed: of the mutations.
        limit_s: longest time for one case.
        keep: folder to which bad cases are copied.
    """
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        seeds = write_seeds(root / 'seeds')
        needs = {}
        for path in seeds:
            read(path)  # compiles what it needs, so that the children need not
        for path in seeds:
            kind, text, needs[path] = outcome_of(path, 60)
            if kind != OK:
                raise RuntimeError(f'{path.name} is not readable before it is damaged: {text}')
        counts: dict[str, Counter] = {path.name: Counter() for path in seeds}
        peaks: Counter = Counter()
        bad: list[dict] = []
        base = min(needs.values())
        for case in range(count):
            path = seeds[case % len(seeds)]
            folder = root / 'case'
            folder.mkdir()
            copy = write_case(path, folder, random.Random(f'{seed}/{case}'))
            kind, text, peak = outcome_of(copy, limit_s)
            if kind in (OK, SENTENCE) and peak - base > 2 * (needs[path] - base) + ALLOWED_BYTES:
                kind, text = MEMORY, f'{(peak - base) / 2**20:.0f} MiB'
            counts[path.name][kind] += 1
            peaks[path.name] = max(peaks[path.name], peak - base)
            if kind in BAD:
                bad.append({'case': case, 'format': path.name, 'kind': kind, 'text': text[-800:]})
                if keep is not None:
                    shutil.copytree(folder, keep / f'{seed}_{case}', dirs_exist_ok=True)
            shutil.rmtree(folder)
    total = sum(counts.values(), Counter())
    return {
        'count': count,
        'seed': seed,
        'limit_s': limit_s,
        'seconds': round(time.monotonic() - begun, 1),
        **{kind: total[kind] for kind in (OK, SENTENCE, *BAD)},
        'largest_growth_mib': {name: round(n / 2**20, 1) for name, n in sorted(peaks.items())},
        'by_format': {name: dict(kinds) for name, kinds in sorted(counts.items())},
        'bad': bad[:20],
    }


def main() -> int:
    """Run the fuzzer; return 1 if a case was bad."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--count', type=int, default=16_000, help='cases over all formats')
    parser.add_argument('--seed', type=int, default=1, help='of the mutations')
    parser.add_argument('--limit', type=float, default=10.0, help='longest time of a case, s')
    parser.add_argument('--keep', type=Path, help='folder for copies of bad cases')
    parser.add_argument('-o', '--output', type=Path, help='JSON file to write as well')
    args = parser.parse_args()
    result = fuzz(args.count, args.seed, args.limit, args.keep)
    if args.output is not None:
        args.output.write_text(json.dumps(result, indent=1) + '\n', encoding='utf-8')
    print(json.dumps(result))
    return int(any(result[kind] for kind in BAD))


if __name__ == '__main__':
    sys.exit(main())
