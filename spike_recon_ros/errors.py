# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The error for wrong input, and how text from files is shown in messages.

The command line prints a UserError as one sentence and exits with status 1; the node logs it and
stays unconfigured. Any other exception is a bug and keeps its traceback.
"""

import difflib
from collections.abc import Iterable

LONGEST_MESSAGE = 2_000
LONGEST_TEXT = 120


class UserError(Exception):
    """A wrong argument, a missing library or an unreadable file; the message names the cure.

    Control characters in the message are escaped and a very long message is shortened, because
    messages quote names from files.
    """

    def __init__(self, message: object = '') -> None:
        super().__init__(shown(message, LONGEST_MESSAGE))


def shown(text: object, longest: int = LONGEST_TEXT) -> str:
    r"""Return a text from a file, safe to print: escaped, and shortened in the middle.

    >>> shown('a' * 200, 10)
    'aaaaa...aaaaa (200 characters)'
    >>> shown('bell\a')
    'bell\\x07'
    """
    plain = str(text)
    n_characters = len(plain)
    if n_characters > longest:
        half = longest // 2
        plain = f'{plain[:half]}...{plain[-half:]} ({n_characters} characters)'
    return ''.join(
        character if character.isprintable() else _escaped(character) for character in plain
    )


def one_line(message: object) -> str:
    """Return a message as one line that is safe to print, whatever names it repeats."""
    return shown(' '.join(str(message).split()), LONGEST_MESSAGE)


def _escaped(character: str) -> str:
    return character.encode('unicode_escape').decode('ascii')


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean X?` for the known name that is most like `name`, or ''.

    >>> did_you_mean('FPS', ['fps', 'model'])
    '; did you mean fps?'
    """
    by_lower_case = {one.lower(): one for one in known}
    close = difflib.get_close_matches(name.lower(), by_lower_case, n=1)
    return f'; did you mean {by_lower_case[close[0]]}?' if close else ''
