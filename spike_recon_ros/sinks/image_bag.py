# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Frames as `sensor_msgs/msg/Image` messages in one MCAP file, which `ros2 bag play` plays.

No ROS installation is needed.
"""

import os
import shutil
from pathlib import Path
from typing import Any, Literal

import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from spike_recon_ros.image_encodings import encoding_of
from spike_recon_ros.recording_clock import RecordingClock, check_ros_time
from spike_recon_ros.sinks.output_path import keep_partial, lock, set_leftover_aside
from spike_recon_ros.sinks.sink import Sink
from spike_recon_ros.topics import COLOR_IMAGE
from spike_recon_ros.topics import IMAGE as IMAGE_TOPIC

IMAGE = 'sensor_msgs/msg/Image'
# Humble reads version 8 and earlier; later distributions read it too.
BAG_VERSION: Literal[8] = 8


class ImageBagSink(Sink):
    """One MCAP file; each message is stamped, and recorded, at the frame's host time.

    Where host time goes back, as in a bag that loops, recorded time goes on.

    It is written in a hidden folder beside it, as rosbag2 does, and moved when it is complete.

    Raises:
        OSError: if the file cannot be written.
        UserError: if another program writes the same file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._folder = path.with_name(f'.{path.stem}.unfinished')
        self.warnings = set_leftover_aside(self._folder, path)
        self._types: Any = get_typestore(Stores.ROS2_HUMBLE)
        self._writer = Writer(self._folder, version=BAG_VERSION, storage_plugin=StoragePlugin.MCAP)
        self._n_frames, self._clock = 0, RecordingClock()
        self._writer.open()
        self._lock = lock(self._folder, path)
        self._connections: dict[str, Any] = {}

    def _write(self, image: np.ndarray, t_ns: int, stamp_ns: int) -> None:
        """Append one message.

        Raises:
            UserError: ROS has no such time.
        """
        check_ros_time(stamp_ns, 'a frame')
        message = self._message(image, stamp_ns)
        topic = COLOR_IMAGE if image.ndim == 3 else IMAGE_TOPIC
        if topic not in self._connections:
            self._connections[topic] = self._writer.add_connection(
                topic, IMAGE, typestore=self._types
            )
        self._writer.write(
            self._connections[topic],
            self._clock.time_of(stamp_ns),
            self._types.serialize_cdr(message, IMAGE),
        )
        self._n_frames += 1

    def _message(self, image: np.ndarray, stamp_ns: int) -> Any:
        types = self._types.types
        height, width = image.shape[:2]
        seconds, nanoseconds = divmod(stamp_ns, 1_000_000_000)
        stamp = types['builtin_interfaces/msg/Time'](sec=seconds, nanosec=nanoseconds)
        return types[IMAGE](
            header=types['std_msgs/msg/Header'](stamp=stamp, frame_id='event_camera'),
            height=height,
            width=width,
            encoding='bgr8' if image.ndim == 3 else encoding_of(image),
            is_bigendian=0,
            step=image[0].nbytes,
            data=np.ascontiguousarray(image).reshape(-1).view(np.uint8),
        )

    def _finish(self) -> None:
        """Write the index and move the file to its place, if it has any frame."""
        self._writer.close()
        if self._n_frames:
            os.replace(self._file, self.path)
        self._remove_folder()

    def _discard(self) -> str:
        """Remove the incomplete file, or keep it; it can be read as far as it goes."""
        left = ''
        if self.keeps_partial and self._n_frames:
            left = keep_partial(self._file, self.path)
        self._remove_folder()
        return left

    @property
    def _file(self) -> Path:
        return self._folder / f'{self._folder.name}.mcap'

    def _remove_folder(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        os.close(self._lock)
