# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Open HDF5 event recordings through the optional library h5py, and recognise their layout.

Compressed files often need the filters of the optional library hdf5plugin.
"""

from pathlib import Path
from typing import Any

from spike_recon_ros.errors import UserError, shown
from spike_recon_ros.sources import hdf5_layouts as layouts
from spike_recon_ros.sources.event_dataset import EventDataset, reading
from spike_recon_ros.sources.hdf5_columns import ColumnsHdf5, V2eHdf5, find_columns
from spike_recon_ros.sources.hdf5_storage import import_h5py

TIMES = 'events/ts'
DSEC_TIMES = 'events/t'
METAVISION_EVENTS = 'CD/events'
V2E_EVENTS = 'events'
MVSEC_GROUP = 'davis'
DSEC_OFFSET, DSEC_INDEX = 't_offset', 'ms_to_idx'
LAYOUTS = (
    'events/xs, ys, ts and ps (event_utils, E2VID++, V2V), events/x, y, t and p (DSEC), CD/events '
    '(Metavision), events [n, 4] (v2e), davis/left/events (MVSEC), or columns such as x, y, t and '
    'p in any group (M3ED, EDS)'
)


def open_hdf5(
    path: Path, topic: str | None = None, size: tuple[int, int] | None = None
) -> EventDataset:
    """Open a file of any known layout.

    Args:
        path: the file.
        topic: camera, of a file with several.
        size: width and height of the sensor, instead of what the file states.

    Raises:
        UserError: if h5py is missing, the file is damaged, empty or of another layout, or there is
            no such topic.
    """
    h5py = import_h5py()
    with reading(path, 'the HDF5 file'):
        file = h5py.File(path, 'r')
    try:
        with reading(path, 'its table of contents'):
            dataset = _layout(path, file, topic, size)
    except BaseException:
        file.close()
        raise
    return dataset


def _layout(path: Path, file: Any, topic: str | None, size: tuple[int, int] | None) -> Any:
    places = find_columns(path, file)
    events = file.get(V2E_EVENTS)
    if MVSEC_GROUP in file:
        dataset: EventDataset = layouts.MvsecHdf5(path, file, topic)
    elif topic and len(places) > 1:
        dataset = ColumnsHdf5(path, file, places, topic, size)
    elif topic:
        raise UserError(f'{path} has no topics; leave out the topic {shown(topic)}')
    elif TIMES in file:
        dataset = layouts.EventUtilsHdf5(path, file, size)
    elif DSEC_TIMES in file and (DSEC_OFFSET in file or DSEC_INDEX in file):
        dataset = layouts.DsecHdf5(path, file)
    elif METAVISION_EVENTS in file:
        dataset = layouts.MetavisionHdf5(path, file)
    elif len(getattr(events, 'shape', ())) == 2:
        dataset = V2eHdf5(path, file, size)
    elif places:
        dataset = ColumnsHdf5(path, file, places, None, size)
    else:
        held = shown(' '.join(', '.join(map(str, file)).split()) or 'nothing')
        raise UserError(
            f'{path} is HDF5 of an unknown layout (it holds: {held}); readable are {LAYOUTS}'
        )
    if size:
        dataset.width, dataset.height = size
    if not dataset.size:
        raise UserError(f'{path} holds no events; convert the recording again')
    return dataset
