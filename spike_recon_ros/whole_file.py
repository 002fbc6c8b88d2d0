# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Write a small file so that it is either complete or not there.

A full disk would otherwise leave half a file under its final name, which is later read as if it
were complete. An earlier file of the name is kept until the new one takes its place.
"""

import errno
import io
import os
from pathlib import Path
from typing import Any

import numpy as np

from spike_recon_ros.errors import UserError, os_error_sentence


def write_whole(path: Path, content: str | bytes) -> None:
    """Write text (UTF-8) or bytes; make the folder if it is missing.

    Names of files that are not UTF-8 are written as the bytes that they are.

    Raises:
        UserError: it cannot be written; the sentence names the file, the reason and the cure.
    """
    unfinished = path.with_name(f'.{path.name}.unfinished')
    data = content.encode('utf-8', 'surrogateescape') if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            unfinished.write_bytes(data)
            os.replace(unfinished, path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UserError(os_error_sentence(_named(error, path))) from error


def write_picture(path: Path, image: np.ndarray) -> None:
    """Write an image in the format of the file's suffix, as OpenCV encodes it.

    Args:
        path: such as `x.png`.
        image: uint8 or uint16, [H, W] or BGR [H, W, 3].

    Raises:
        UserError: it cannot be written.
    """
    import cv2  # noqa: PLC0415 -- not needed at the start of the node

    written, encoded = cv2.imencode(path.suffix, image)
    assert written, f'OpenCV cannot encode {image.shape} {image.dtype} as {path.suffix}'
    write_whole(path, encoded.tobytes())


def write_figure(path: Path, figure: Any) -> None:
    """Write a figure of matplotlib.

    Raises:
        UserError: it cannot be written.
    """
    drawn = io.BytesIO()
    figure.savefig(drawn, format=path.suffix.removeprefix('.'))
    write_whole(path, drawn.getvalue())


def check_output_folder(path: Path) -> None:
    """Check before long work that a folder exists or can be made, and can be written to.

    Raises:
        UserError: it cannot.
    """
    folder = path.absolute()
    while not os.path.lexists(folder):
        folder = folder.parent
    if not folder.is_dir():
        raise UserError(os_error_sentence(_os_error(errno.ENOTDIR, folder)))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(os_error_sentence(_os_error(errno.EACCES, folder)))


def _named(error: OSError, path: Path) -> OSError:
    """Return the error with a file name; a failed write has none."""
    if error.errno is None:
        return OSError(f'{path}: {error}')
    return _os_error(error.errno, path)


def _os_error(number: int, path: Path) -> OSError:
    return OSError(number, os.strerror(number), str(path))
