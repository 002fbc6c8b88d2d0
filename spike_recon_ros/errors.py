# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The error for wrong input, and how text from files and counts are shown in messages.

The command line prints a UserError as one sentence and exits with status 1; the node logs it and
stays unconfigured. Any other exception is a bug and keeps its traceback.
"""

import difflib
import errno
from collections.abc import Iterable, Mapping

LONGEST_MESSAGE = 2_000
LONGEST_TEXT = 120
LONGEST_PATH = 400
"""Longer names come from files, not from people."""


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


_CURES = {
    errno.ENAMETOOLONG: 'choose a shorter name',
    errno.ENOSPC: 'free disk space, or choose another disk',
    errno.EDQUOT: 'free disk space, or choose another disk',
    errno.EFBIG: 'choose a disk or a limit (ulimit -f) that allows larger files',
    errno.EACCES: 'check its permissions, or choose another place',
    errno.EPERM: 'check its permissions, or choose another place',
    errno.EROFS: 'choose another place',
    errno.ENOENT: 'check the path',
    errno.ENOTDIR: 'check the path',
    errno.ELOOP: 'check the links',
    errno.EMFILE: 'allow more open files with ulimit -n',
}


def os_error_sentence(error: OSError) -> str:
    """Return an error of the operating system as one line: the file, the reason and the cure.

    >>> os_error_sentence(OSError(errno.ENOSPC, 'No space left on device', 'x.mp4'))
    'x.mp4: no space left on device; free disk space, or choose another disk'
    """
    if not error.strerror or error.errno is None:
        return one_line(error)
    names = [name for name in (error.filename, error.filename2) if name is not None]
    files = ' to '.join(shown(_decoded(name), LONGEST_PATH) for name in names)
    return one_line(f'{files}{": " if files else ""}{reason_and_cure(error)}')


def reason_and_cure(error: OSError) -> str:
    """Return why the operating system refused something, and what helps.

    >>> reason_and_cure(OSError(errno.EACCES, 'Permission denied'))
    'permission denied; check its permissions, or choose another place'
    """
    if not error.strerror or error.errno is None:
        return one_line(error)
    reason = error.strerror[:1].lower() + error.strerror[1:]
    cure = _CURES.get(error.errno, '')
    if reason.startswith('no usable temporary directory'):  # of the module tempfile
        cure = 'set TMPDIR to a folder that can be written'
    return f'{reason}{"; " if cure else ""}{cure}'


def _decoded(name: object) -> object:
    return name.decode('utf-8', 'replace') if isinstance(name, bytes) else name


def _escaped(character: str) -> str:
    return character.encode('unicode_escape').decode('ascii')


def counted(number: int, words: str) -> str:
    """Return a count with its noun, the first of `words`, which is a plural that ends in s.

    >>> counted(1, 'packets lost'), counted(2000, 'frames')
    ('1 packet lost', '2,000 frames')
    """
    noun, space, rest = words.partition(' ')
    return f'{number:,} {noun.removesuffix("s") if number == 1 else noun}{space}{rest}'


def with_names(failed: Mapping[str, str]) -> str:
    """Return why inputs could not be used, each sentence with the name of its input.

    >>> with_names({'a.raw': 'a.raw is empty', 'b.raw': 'the file is damaged'})
    'a.raw is empty; b.raw: the file is damaged'
    """
    return '; '.join(
        reason if name in reason else f'{name}: {reason}' for name, reason in failed.items()
    )


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean X?` for the known name that is most like `name`, or ''.

    >>> did_you_mean('FPS', ['fps', 'model'])
    '; did you mean fps?'
    """
    by_lower_case = {one.lower(): one for one in known}
    close = difflib.get_close_matches(name.lower(), by_lower_case, n=1)
    return f'; did you mean {by_lower_case[close[0]]}?' if close else ''
