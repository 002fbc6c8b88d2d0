# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Access to the data sets of an HDF5 file, with declared sizes checked against the file."""

import math
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

from spike_recon_ros.cures import pip_install
from spike_recon_ros.errors import UserError, shown
from spike_recon_ros.sources.declared_size import SMALL_BYTES, most_bytes
from spike_recon_ros.sources.event_dataset import EventDataset

ECF = 36_559
"""Number of Prophesee's filter, which hdf5plugin does not bring."""
INSTALLABLE_FILTERS = frozenset(
    {307, 32001, 32004, 32008, 32013, 32015, 32017, 32018, 32024, 32026, 32028, 32033}
)
"""Registered numbers of filters that hdf5plugin brings."""


def import_h5py() -> Any:
    """Import the library that reads HDF5, with the filters of hdf5plugin if it is installed.

    Raises:
        UserError: h5py is not installed.
    """
    try:
        import h5py  # noqa: PLC0415 -- an optional extra
    except ImportError as error:
        raise UserError(f'HDF5 files need the library h5py; run: {pip_install("hdf5")}') from error
    with suppress(ImportError):  # a file that needs a missing filter is refused with the cure
        import hdf5plugin  # noqa: F401, PLC0415 -- importing it registers its filters
    return h5py


class Hdf5Dataset(EventDataset):
    """The common part of all layouts: an open file."""

    def __init__(self, path: Path, file: Any) -> None:
        super().__init__(path)
        self._file = file

    def _dataset(self, name: str, decoded: Collection[int] = ()) -> Any:
        """Return a data set of the file whose declared size is plausible.

        Args:
            name: of the data set.
            decoded: numbers of filters that the caller decodes by itself.

        Raises:
            UserError: there is none of that name, or it cannot be read safely.
        """
        found = self._file.get(name)
        if getattr(found, 'shape', None) is None:
            raise UserError(f'{self.path} has no dataset {name}; convert the recording again')
        check_storage(self.path, name, found, decoded)
        return found

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def members(path: Path, group: Any) -> list[str]:
    """Return the names in a group, without soft links, which may lead in circles.

    Raises:
        UserError: one of them is in another file.
    """
    import h5py  # noqa: PLC0415 -- an optional extra

    links = {name: group.get(name, getlink=True) for name in group}
    for name, link in links.items():
        if isinstance(link, h5py.ExternalLink):
            raise UserError(
                f'{shown(name)} in {path} refers to another file; copy the data into one file '
                '(h5repack), or name that file'
            )
    return [name for name, link in links.items() if isinstance(link, h5py.HardLink)]


def check_storage(path: Path, name: str, dataset: Any, decoded: Collection[int] = ()) -> None:
    """Check that a data set lies in its file, in chunks that fit the file, with known filters.

    Raises:
        UserError: if it does not.
    """
    what = f'{shown(name)} in {path}'
    if dataset.is_virtual or dataset.external:
        raise UserError(f'{what} refers to other files; copy the data into one file (h5repack)')
    n_bytes = path.stat().st_size
    chunk_bytes = math.prod(dataset.chunks or (0,)) * dataset.dtype.itemsize
    if chunk_bytes > max(SMALL_BYTES, 50 * n_bytes):
        raise UserError(
            f'{what} has chunks of {chunk_bytes:,} bytes in a file of {n_bytes:,}; the file is '
            'damaged, or rewrite it with smaller chunks (h5repack -l)'
        )
    if dataset.nbytes > most_bytes(n_bytes):
        raise UserError(
            f'{what} declares {dataset.nbytes:,} bytes in a file of {n_bytes:,}; the file is '
            'damaged, copy or convert it again'
        )
    _check_filters(what, dataset, decoded)


def filters_of(dataset: Any) -> list[int]:
    """Return the numbers of the filters of a data set, in their order."""
    properties = dataset.id.get_create_plist()
    return [properties.get_filter(index)[0] for index in range(properties.get_nfilters())]


def is_installed(number: int) -> bool:
    """Whether HDF5 has a filter."""
    import h5py  # noqa: PLC0415 -- an optional extra

    return bool(h5py.h5z.filter_avail(number))


def _check_filters(what: str, dataset: Any, decoded: Collection[int]) -> None:
    for number in filters_of(dataset):
        if number not in decoded and not is_installed(number):
            name, cure = f'the HDF5 filter {number}', 'install its plugin, or '
            if number in INSTALLABLE_FILTERS:
                raise UserError(f'{what} is compressed with {name}; run: pip install hdf5plugin')
            if number == ECF:
                name = "Prophesee's ECF filter"
                cure = 'point HDF5_PLUGIN_PATH to the folder of its plugin (hdf5_ecf), or '
            raise UserError(
                f'{what} is compressed with {name}; {cure}rewrite the file with gzip where that '
                'plugin is: h5repack -f GZIP=4'
            )
