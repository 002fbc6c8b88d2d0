# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Read `model.yaml` and check the type and range of each entry.

The file may be damaged or hostile, so values are checked before use and quoted in short form.
"""

import reprlib
from pathlib import Path
from typing import Any

from spike_recon_ros.errors import UserError
from spike_recon_ros.small_yaml import read_small_yaml

DESCRIPTION = 'model.yaml'
FETCH_AGAIN = 'fetch or export the bundle again'
LARGEST_DESCRIPTION_BYTES = 1 << 20
LONGEST_TEXT = 200
LONGEST_WINDOW_MS = 60_000.0
LARGEST_INTENSITY = 1e9
NEWEST_OPSET = 1000


class Section:
    """One mapping of `model.yaml` with typed access to its entries.

    Args:
        path: the file, for error messages.
        content: the mapping.
    """

    def __init__(self, path: Path, content: dict[str, Any]) -> None:
        self.path, self.content = path, content

    def __contains__(self, key: str) -> bool:
        return key in self.content

    def get(self, key: str, kind: Any) -> Any:
        """Return an entry of the given type or types.

        Raises:
            UserError: it is missing or of another type.
        """
        value = self.content.get(key)
        if value is None:
            raise UserError(f'{self.path}: {key} is missing; {FETCH_AGAIN}')
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.wrong(key)
        return value

    def text(self, key: str) -> str:
        """Return a name: 1 to 200 printable characters on one line."""
        value: str = self.get(key, str)
        if not value or len(value) > LONGEST_TEXT or not value.isprintable():
            raise self.wrong(key)
        return value

    def section(self, key: str) -> 'Section':
        """Return a mapping inside this one; its keys are strings."""
        value = self.get(key, dict)
        if not all(isinstance(name, str) for name in value):
            raise self.wrong(key)
        return Section(self.path, value)

    def sections(self, key: str) -> list['Section']:
        """Return a list of mappings."""
        values = self.get(key, list)
        for value in values:
            if not isinstance(value, dict):
                raise UserError(f'{self.path}: {key} holds {short(value)}; {FETCH_AGAIN}')
        return [Section(self.path, value) for value in values]

    def flag(self, key: str, *, default: bool) -> bool:
        """Return a boolean entry, or the default if it is missing."""
        value = self.content.get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key)
        return value

    def count(self, key: str, most: int, *, default: int | None = None) -> int:
        """Return an integer from 1 to `most`, or the default if the entry is missing."""
        if default is not None and key not in self:
            return default
        value: int = self.get(key, int)
        if not 1 <= value <= most:
            raise self.wrong(key)
        return value

    def level(self, key: str) -> float | None:
        """Return a number of moderate size, or None if the entry is missing."""
        if key not in self:
            return None
        value = self.get(key, (int, float))
        if not -LARGEST_INTENSITY <= value <= LARGEST_INTENSITY:  # nor NaN
            raise self.wrong(key)
        return float(value)

    def limits(self, key: str) -> tuple[float, float] | None:
        """Return two numbers of which the second is larger, or None if the entry is missing."""
        if key not in self:
            return None
        values = self.get(key, list)
        if len(values) != 2 or not all(
            isinstance(value, (int, float)) and not isinstance(value, bool) for value in values
        ):
            raise self.wrong(key)
        low, high = values
        if not -LARGEST_INTENSITY <= low < high <= LARGEST_INTENSITY:  # nor NaN
            raise self.wrong(key)
        return float(low), float(high)

    def milliseconds(self, key: str, *, default: float | None = None) -> float:
        """Return a window length in ms, above 0 and at most LONGEST_WINDOW_MS, or the default."""
        if default is not None and key not in self:
            return default
        value = self.get(key, (int, float))
        if not 0 < value <= LONGEST_WINDOW_MS:  # nor NaN
            raise self.wrong(key)
        return float(value)

    def wrong(self, key: str) -> UserError:
        """Return the error for an entry whose value is not acceptable."""
        value = short(self.content.get(key))
        return UserError(f'{self.path}: {key} is {value}; {FETCH_AGAIN}')


def read_description(folder: Path) -> Section:
    """Return the content of a bundle's `model.yaml`.

    Raises:
        UserError: the folder has none, or it cannot be parsed.
    """
    path = folder / DESCRIPTION
    try:
        exists, is_file = folder.exists(), path.is_file()
    except OSError as error:
        raise UserError(
            f'{short(str(folder))} cannot be opened ({error.strerror}); give the path of a bundle'
        ) from None
    if not is_file:
        if not exists:
            problem = f'does not exist; a bundle is a folder with a {DESCRIPTION}'
        else:
            problem = f'is no bundle: it has no file {DESCRIPTION}'
        raise UserError(f'{folder} {problem}; give the folder that was exported')
    try:
        content = read_small_yaml(path, LARGEST_DESCRIPTION_BYTES)
    except ValueError as error:
        raise UserError(f'{path} cannot be read ({error}); {FETCH_AGAIN}') from None
    if not isinstance(content, dict):
        raise UserError(f'{path} is no description of a model; {FETCH_AGAIN}')
    return Section(path, content)


def check_provenance(content: Section) -> None:
    """Check entries that no backend reads, but people and other programs do.

    Raises:
        UserError: `opset`, `recipe` or `reference_time` is malformed, or the images are for
            another instant than the end of their windows, which this version cannot stamp.
    """
    if 'opset' in content:
        content.count('opset', NEWEST_OPSET)
    if isinstance(content.content.get('recipe'), str):
        content.text('recipe')
    elif 'recipe' in content:
        content.section('recipe')
    if content.content.get('reference_time', 1.0) == 1.0:
        return
    value = content.get('reference_time', (int, float))
    if not 0.0 <= value <= 1.0:  # nor NaN
        raise content.wrong('reference_time')
    raise UserError(
        f'{content.path}: reference_time is {value}, but this version runs only networks whose '
        'image is for the end of the window (1.0): update spike_recon_ros'
    )


def short(value: Any) -> str:
    """Return a value for an error message, escaped and cut to about 60 characters."""
    quoted = reprlib.Repr()
    quoted.maxstring = quoted.maxlong = quoted.maxother = 60
    quoted.maxlevel, quoted.maxlist, quoted.maxdict = 2, 3, 3
    try:
        return quoted.repr(value)
    except ValueError:  # Python prints no integer of more than 4300 digits
        return f'an overlong {type(value).__name__}'
