# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Packets, and images beside them, as a rosbag2 (mcap) that plays like a recording of a camera.

Needs no ROS installation.
"""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.packet import EVENT_PACKET, EVENT_PACKET_FIELDS, Packet
from spike_recon_ros.topics import CAMERA_INFO, EVENTS

FRAME_ID = 'event_camera'
_S = 1_000_000_000


class BagWriter:
    """A bag that is being written; used as a context manager.

    A message is recorded at the time of its stamp.

    Args:
        path: folder to make.
        overwrite: replace `path`, if it is a bag.

    Raises:
        UserError: if `path` exists and must not or cannot be replaced; on use, if it cannot be
            written. An incomplete bag is removed then, so that it does not keep the disk full.
    """

    def __init__(self, path: Path, overwrite: bool = False) -> None:
        make_way(path, overwrite)
        self._path = path
        self._error: OSError | None = None
        # Version 8 is the newest metadata that Humble reads as well.
        self._writer = Writer(path, version=8, storage_plugin=StoragePlugin.MCAP)
        # The definitions of Humble are those of all later distributions for these types.
        self._store = get_typestore(Stores.ROS2_HUMBLE)
        self._store.register(get_types_from_msg(EVENT_PACKET_FIELDS, EVENT_PACKET))
        self._connections: dict[str, Any] = {}

    def __enter__(self) -> 'BagWriter':
        self._writer.open()
        return self

    def __exit__(self, *error: object) -> None:
        try:
            self._writer.close()
        except OSError as failure:
            self._error = self._error or failure
        if self._error is not None:
            shutil.rmtree(self._path, ignore_errors=True)
            raise self._cannot_be_written() from self._error

    def write_packet(self, packet: Packet) -> None:
        """Write a packet on the usual topic."""
        self._write(
            EVENTS,
            EVENT_PACKET,
            packet.stamp_ns,
            height=packet.height,
            width=packet.width,
            seq=packet.seq,
            time_base=packet.time_base,
            encoding=packet.encoding,
            is_bigendian=False,
            events=packet.data,
        )

    def write_mono8(self, topic: str, image: np.ndarray, stamp_ns: int) -> None:
        """Write an image, uint8 [height, width]."""
        height, width = image.shape
        self._write(
            topic,
            'sensor_msgs/msg/Image',
            stamp_ns,
            height=height,
            width=width,
            encoding='mono8',
            is_bigendian=0,
            step=width,
            data=np.ascontiguousarray(image).ravel(),
        )

    def write_camera_info(
        self, matrix: np.ndarray, width: int, height: int, stamp_ns: int
    ) -> None:
        """Write the intrinsics, float64 [3, 3], of a camera whose lens does not distort."""
        region = self._store.types['sensor_msgs/msg/RegionOfInterest']
        self._write(
            CAMERA_INFO,
            'sensor_msgs/msg/CameraInfo',
            stamp_ns,
            height=height,
            width=width,
            distortion_model='plumb_bob',
            d=np.zeros(5),
            k=matrix.ravel(),
            r=np.eye(3).ravel(),
            p=np.column_stack([matrix, np.zeros(3)]).ravel(),
            binning_x=0,
            binning_y=0,
            roi=region(x_offset=0, y_offset=0, height=0, width=0, do_rectify=False),
        )

    def _write(self, topic: str, kind: str, stamp_ns: int, **fields: Any) -> None:
        types = self._store.types
        if topic not in self._connections:
            self._connections[topic] = self._writer.add_connection(
                topic, kind, typestore=self._store
            )
        stamp = types['builtin_interfaces/msg/Time'](sec=stamp_ns // _S, nanosec=stamp_ns % _S)
        header = types['std_msgs/msg/Header'](stamp=stamp, frame_id=FRAME_ID)
        data = self._store.serialize_cdr(types[kind](header=header, **fields), kind)
        try:
            self._writer.write(self._connections[topic], stamp_ns, data)
        except OSError as error:
            self._error = error
            raise self._cannot_be_written() from error

    def _cannot_be_written(self) -> UserError:
        assert self._error is not None
        reason = self._error.strerror or self._error
        return UserError(f'{self._path} cannot be written: {reason}')


def make_way(bag: Path, overwrite: bool) -> None:
    """Remove an old bag, if that is wanted and it is nothing else.

    Raises:
        UserError: if there is something in the way that stays.
    """
    check_replaceable(bag, overwrite)
    if bag.exists():
        shutil.rmtree(bag)


def check_replaceable(bag: Path, overwrite: bool) -> None:
    """Check that a bag may be written to a path.

    Raises:
        UserError: if there is a bag that must not be replaced, or something else.
    """
    if not bag.exists():
        return
    if not overwrite:
        raise UserError(f'{bag} exists already; choose another name or add --overwrite')
    # Also what an interrupted run leaves, which has no metadata.yaml yet.
    is_bag = bag.is_dir() and all(
        part.name == 'metadata.yaml' or part.suffix == '.mcap' for part in bag.iterdir()
    )
    if not is_bag:
        raise UserError(f'{bag} holds more than a bag, so it stays; choose another name')
