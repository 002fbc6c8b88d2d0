# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The folder of a run belongs to one training at a time, and never to two runs by mistake."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from spike_recon_ros.errors import UserError, os_error_sentence
from spike_recon_ros.sinks.output_path import lock
from spike_recon_training.checkpoint import CHECKPOINT
from spike_recon_training.trainer import is_first_process


@contextlib.contextmanager
def held(run: Path, *, resume: bool) -> Iterator[None]:
    """Hold the folder of a run while the block runs; make it, and remove it if it stays empty.

    The first process of a training holds it for all.

    Args:
        run: the folder.
        resume: whether the run in the folder is continued.

    Raises:
        UserError: another training holds it, it has a run that is not resumed, or it cannot be
            made.
    """
    if not is_first_process():
        yield
        return
    try:
        run.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(os_error_sentence(error)) from error
    descriptor = lock(run, run)
    try:
        if not resume and (run / CHECKPOINT).exists():
            raise UserError(f'{run} holds a run already; add --resume or choose another folder')
        yield
    finally:
        with contextlib.suppress(OSError):  # it is not empty
            run.rmdir()
        os.close(descriptor)
