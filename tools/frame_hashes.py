#!/usr/bin/env python3
# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Print one checksum for each model on each recording, to show that a change keeps every frame.

    tools/frame_hashes.py RECORDING... > before.json     # at the old commit
    tools/frame_hashes.py RECORDING... > after.json      # at the new commit
    diff before.json after.json

A checksum covers the pixels, the sensor time and the stamp of each frame. Networks run on the
backend of `--backend`, on one thread. Compare on one machine: other CPUs round differently.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings
from spike_recon_ros.sources.open_source import open_source

EVENT_MODELS = ('fibar', 'leaky_integrator', 'two_scale_gru', 'two_scale_gru_small', 'hybrid')
SPIKE_MODELS = ('spike_intervals', 'compensated_tfi', 'tfi', 'tfp', 'spk2vid')
EVENT_FPS, SPIKE_FPS = 50.0, 500.0


def main() -> int:
    """Print `{recording: {model: checksum}}` as JSON; models that do not fit are left out."""
    parser = argparse.ArgumentParser(description='Checksums of frames, for comparison.')
    parser.add_argument('recordings', nargs='+', type=Path)
    parser.add_argument('--backend', default='auto')
    options = parser.parse_args()
    checksums: dict[str, dict[str, str]] = {}
    for recording in options.recordings:
        found = checksums.setdefault(recording.name, {})
        for model in EVENT_MODELS + SPIKE_MODELS:
            fps = EVENT_FPS if model in EVENT_MODELS else SPIKE_FPS
            settings = Settings(model=model, fps=fps, backend=options.backend, threads=1)
            try:
                found[model] = checksum(recording, settings)
            except UserError as error:
                if 'for events' not in str(error) and 'for spike cameras' not in str(error):
                    raise
            print(recording.name, model, found.get(model), file=sys.stderr)
    print(json.dumps(checksums, indent=1))
    return 0


def checksum(recording: Path, settings: Settings) -> str:
    """Return the number of frames and the SHA-256 of all of them.

    Raises:
        UserError: the recording cannot be read, or is of another kind of camera than the model.
    """
    total = hashlib.sha256()
    frames = 0
    reconstructor = Reconstructor(settings)
    with open_source(recording) as source:
        for item in [*source, None]:
            if item is None:
                made = reconstructor.flush()
            elif isinstance(item, Packet):
                made = reconstructor.push(item)
            else:
                continue
            for frame in made:
                frames += 1
                assert frame.image is not None
                total.update(f'{frame.t_ns} {frame.stamp_ns} {frame.image.shape}'.encode())
                total.update(frame.image.tobytes())
    reconstructor.close()
    return f'{frames} frames {total.hexdigest()}'


if __name__ == '__main__':
    sys.exit(main())
