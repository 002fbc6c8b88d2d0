# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Write packets, and images beside them, as a rosbag2 (mcap) that plays like a recording.

No ROS installation is needed.
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from spike_recon_ros.errors import UserError, reason_and_cure
from spike_recon_ros.packets.packet import EVENT_PACKET, EVENT_PACKET_FIELDS, Packet
from spike_recon_ros.recording_clock import check_ros_time
from spike_recon_ros.topics import CAMERA_INFO, EVENTS, GROUND_TRUTH_POSE

FRAME_ID = 'event_camera'
_S = 1_000_000_000


class BagWriter:
    """A bag that is being written; used as a context manager.

    A message is recorded at the time of its stamp unless another time is given. The bag is
    written in a hidden folder beside `path` and gets its name at the end, also when an exception
    or Ctrl-C ends the writing. If the disk is full, or an exception comes before the first
    message, nothing is left.

    Args:
        path: folder to make.
        overwrite: replace `path`, if it is a bag.

    Raises:
        UserError: if `path` exists and must not or cannot be replaced.
    """

    def __init__(self, path: Path, overwrite: bool = False) -> None:
        check_replaceable(path, overwrite)
        self._path, self._overwrite = path, overwrite
        path.parent.mkdir(parents=True, exist_ok=True)
        self._hidden = Path(
            tempfile.mkdtemp(prefix=f'.{path.name}.', suffix='.unfinished', dir=path.parent)
        )
        # Version 8 is the newest metadata that Humble reads as well.
        self._writer = Writer(
            self._hidden / path.name, version=8, storage_plugin=StoragePlugin.MCAP
        )
        # The definitions of Humble are those of all later distributions for these types.
        self._store = get_typestore(Stores.ROS2_HUMBLE)
        self._store.register(get_types_from_msg(EVENT_PACKET_FIELDS, EVENT_PACKET))
        self._connections: dict[str, Any] = {}

    def __enter__(self) -> 'BagWriter':
        self._writer.open()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if isinstance(error, OSError):
                raise error
            self._writer.close()
            if error is None or self._connections:
                self._move()
        except OSError as failure:
            raise UserError(
                f'{self._path} cannot be written: {reason_and_cure(failure)}; nothing of it is '
                'left'
            ) from failure
        finally:
            shutil.rmtree(self._hidden, ignore_errors=True)

    def _move(self) -> None:
        """Give the bag its name; an old one is removed only after that."""
        check_replaceable(self._path, self._overwrite)
        if self._path.exists():
            os.rename(self._path, self._hidden / 'replaced')
        os.rename(self._hidden / self._path.name, self._path)

    def write_packet(self, packet: Packet, recorded_ns: int | None = None) -> None:
        """Write a packet on the usual topic.

        Args:
            packet: the packet.
            recorded_ns: host time at which it came; None = at its stamp.
        """
        self._write(
            EVENTS,
            EVENT_PACKET,
            packet.stamp_ns,
            recorded_ns,
            height=packet.height,
            width=packet.width,
            seq=packet.seq,
            time_base=packet.time_base,
            encoding=packet.encoding,
            is_bigendian=False,
            events=packet.data,
        )

    def write_image(
        self,
        topic: str,
        image: np.ndarray,
        stamp_ns: int,
        encoding: str = 'mono8',
        recorded_ns: int | None = None,
    ) -> None:
        """Write an image.

        Args:
            topic: of the image.
            image: uint8 [height, width], or [height, width, 3] in a colour encoding.
            stamp_ns: host time of the image.
            encoding: ROS name of the encoding, such as `rgb8` or `bayer_rggb8`.
            recorded_ns: host time at which the message came; None = at its stamp.
        """
        height, width = image.shape[:2]
        self._write(
            topic,
            'sensor_msgs/msg/Image',
            stamp_ns,
            recorded_ns,
            height=height,
            width=width,
            encoding=encoding,
            is_bigendian=0,
            step=image[0].nbytes,
            data=np.ascontiguousarray(image).ravel(),
        )

    def write_camera_info(
        self,
        matrix: np.ndarray,
        width: int,
        height: int,
        stamp_ns: int,
        distortion: np.ndarray | None = None,
    ) -> None:
        """Write the intrinsics, float64 [3, 3], and plumb_bob coefficients, float64 [5]."""
        region = self._store.types['sensor_msgs/msg/RegionOfInterest']
        self._write(
            CAMERA_INFO,
            'sensor_msgs/msg/CameraInfo',
            stamp_ns,
            height=height,
            width=width,
            distortion_model='plumb_bob',
            d=np.zeros(5) if distortion is None else distortion,
            k=matrix.ravel(),
            r=np.eye(3).ravel(),
            p=np.column_stack([matrix, np.zeros(3)]).ravel(),
            binning_x=0,
            binning_y=0,
            roi=region(x_offset=0, y_offset=0, height=0, width=0, do_rectify=False),
        )

    def write_pose(self, rotation: np.ndarray, position: np.ndarray, stamp_ns: int) -> None:
        """Write the pose of an object in the camera's frame.

        Args:
            rotation: float64 [4], unit quaternion x, y, z, w.
            position: float64 [3], m.
            stamp_ns: time of the pose.
        """
        types = self._store.types
        x, y, z, w = map(float, rotation)
        pose = types['geometry_msgs/msg/Pose'](
            position=types['geometry_msgs/msg/Point'](*map(float, position)),
            orientation=types['geometry_msgs/msg/Quaternion'](x=x, y=y, z=z, w=w),
        )
        self._write(GROUND_TRUTH_POSE, 'geometry_msgs/msg/PoseStamped', stamp_ns, pose=pose)

    def _write(
        self, topic: str, kind: str, stamp_ns: int, recorded_ns: int | None = None, **fields: Any
    ) -> None:
        types = self._store.types
        recorded_ns = stamp_ns if recorded_ns is None else recorded_ns
        for time_ns in (stamp_ns, recorded_ns):
            check_ros_time(time_ns, 'a message')
        if topic not in self._connections:
            self._connections[topic] = self._writer.add_connection(
                topic, kind, typestore=self._store
            )
        stamp = types['builtin_interfaces/msg/Time'](sec=stamp_ns // _S, nanosec=stamp_ns % _S)
        header = types['std_msgs/msg/Header'](stamp=stamp, frame_id=FRAME_ID)
        data = self._store.serialize_cdr(types[kind](header=header, **fields), kind)
        self._writer.write(self._connections[topic], recorded_ns, data)


def check_replaceable(bag: Path, overwrite: bool) -> None:
    """Check that a path is free, or holds a bag and nothing else that may be replaced.

    Raises:
        UserError: otherwise.
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
