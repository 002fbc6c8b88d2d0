# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Write a bundle's folder aside and move it into place when it is complete."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from spike_recon_ros.bundles.description import DESCRIPTION
from spike_recon_ros.bundles.zoo import zoo_folder
from spike_recon_ros.errors import UserError, reason_and_cure


def check_output(output: Path, *, overwrite: bool) -> None:
    """Check that a new bundle may be written to a folder.

    Args:
        output: the folder.
        overwrite: whether a bundle that is there may be replaced.

    Raises:
        UserError: it lies in the installed zoo, is a file, or holds something that must stay.
    """
    zoo = zoo_folder()
    if zoo is not None and output.resolve().is_relative_to(zoo.resolve()):
        raise UserError(
            f'{output} lies in the zoo of the installation, which is not written to; choose a '
            'folder of your own'
        )
    if not output.exists() and not output.is_symlink():
        return
    if not output.is_dir() or output.is_symlink():
        raise UserError(f'{output} is not a folder; choose another name')
    if not any(output.iterdir()):
        return
    if not overwrite:
        raise UserError(f'{output} is not empty; choose another name or add --overwrite')
    if not (output / DESCRIPTION).is_file():
        raise UserError(f'{output} holds files that are no bundle; choose another name')


@contextlib.contextmanager
def new_bundle(output: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Give an empty folder to write to; it becomes `output` if the block ends without an error.

    An earlier bundle at `output` stays complete until the new one takes its place.

    Raises:
        UserError: `output` must not be replaced, or cannot be written.
    """
    check_output(output, overwrite=overwrite)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f'.{output.name}.', dir=output.parent))
    except OSError as error:
        raise UserError(f'{output} cannot be written: {reason_and_cure(error)}') from None
    try:
        made = aside / 'new'
        made.mkdir()  # with the user's default permissions, unlike `aside`
        try:
            yield made
        except OSError as error:
            raise UserError(f'{output} cannot be written: {reason_and_cure(error)}') from None
        check_output(output, overwrite=overwrite)  # it may have been written meanwhile
        if output.exists():
            output.rename(aside / 'old')
        try:
            made.rename(output)
        except OSError:
            if (aside / 'old').exists():
                (aside / 'old').rename(output)
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
