# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Frames as `sensor_msgs/msg/Image` messages in an MCAP file, without a ROS installation."""

import contextlib
import os
import shutil
from pathlib import Path
from typing import Any, Literal

import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from spike_recon_ros.errors import UserError
from spike_recon_ros.image_encodings import encoding_of
from spike_recon_ros.sinks.sink import Sink
from spike_recon_ros.topics import IMAGE as IMAGE_TOPIC

IMAGE = 'sensor_msgs/msg/Image'
# Humble reads version 8 and earlier; later distributions read it too.
BAG_VERSION: Literal[8] = 8


class ImageBagSink(Sink):
    """One MCAP file; each message is stamped, and recorded, at the frame's host time.

    It is written in a folder beside it, as rosbag2 does, and takes its place when it is complete.

    Raises:
        OSError: if the file cannot be created.
        UserError: on use, if it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._folder = path.with_name(f'.{path.stem}.unfinished')
        shutil.rmtree(self._folder, ignore_errors=True)
        self._types: Any = get_typestore(Stores.ROS2_HUMBLE)
        self._writer: Writer | None = Writer(
            self._folder, version=BAG_VERSION, storage_plugin=StoragePlugin.MCAP
        )
        self._n_frames = 0
        self._writer.open()
        self._connection = self._writer.add_connection(IMAGE_TOPIC, IMAGE, typestore=self._types)

    def write(self, image: np.ndarray, t_ns: int, stamp_ns: int) -> None:
        """Append one message."""
        assert self._writer is not None, 'the sink is closed'
        message = self._message(image, stamp_ns)
        data = self._types.serialize_cdr(message, IMAGE)
        try:
            self._writer.write(self._connection, stamp_ns, data)
        except OSError as error:
            raise self._given_up(error) from error
        self._n_frames += 1

    def _message(self, image: np.ndarray, stamp_ns: int) -> Any:
        types = self._types.types
        height, width = image.shape
        seconds, nanoseconds = divmod(stamp_ns, 1_000_000_000)
        stamp = types['builtin_interfaces/msg/Time'](sec=seconds, nanosec=nanoseconds)
        return types[IMAGE](
            header=types['std_msgs/msg/Header'](stamp=stamp, frame_id='event_camera'),
            height=height,
            width=width,
            encoding=encoding_of(image),
            is_bigendian=0,
            step=width * image.itemsize,
            data=np.ascontiguousarray(image).reshape(-1).view(np.uint8),
        )

    def close(self) -> None:
        """Write the index and move the file to its place, if it has any frame."""
        if self._writer is None:
            return
        try:
            self._writer.close()
        except OSError as error:
            raise self._given_up(error) from error
        self._writer = None
        if self._n_frames:
            os.replace(self._folder / f'{self._folder.name}.mcap', self._path)
        shutil.rmtree(self._folder)

    def _given_up(self, error: OSError) -> UserError:
        """Remove the incomplete file, so that it does not keep the disk full."""
        assert self._writer is not None
        with contextlib.suppress(OSError):
            self._writer.close()
        self._writer = None
        shutil.rmtree(self._folder, ignore_errors=True)
        return UserError(f'{self._path} cannot be written: {error.strerror or error}')
