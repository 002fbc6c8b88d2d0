# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Trains recipes one after the other, for three steps each; started by `torchrun` in a test.

Arguments: folder of photographs, folder with `NAME.yaml` of each recipe, names. Each process
leaves the sums of its final weights in `NAME_RANK.txt`.
"""

import os
import sys
from pathlib import Path

from spike_recon_training import train as training
from spike_recon_training.task import ReconstructionTask

tasks: list[ReconstructionTask] = []


class KeptTask(ReconstructionTask):
    """A task that the test can look at after the training."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        tasks.append(self)


def main() -> None:
    photos, folder = Path(sys.argv[1]), Path(sys.argv[2])
    training.ReconstructionTask = KeptTask
    for name in sys.argv[3:]:
        training.train(
            training.Request(
                recipe=str(folder / f'{name}.yaml'),
                photos=[photos],
                run=folder / f'{name}_run',
                epochs=1,
                threads=1,
                device='cpu',
            )
        )
        sums = [float(one.double().sum()) for one in tasks[-1].network.parameters()]
        text = '\n'.join(f'{value:.9g}' for value in sums)
        (folder / f'{name}_{os.environ["RANK"]}.txt').write_text(text)


if __name__ == '__main__':
    main()
