# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A recording of a simulated event camera, with ground truth, as a rosbag2 (mcap).

Comes in: a scene and a sensor model. Goes out: a bag. Knows nothing about how the scene or the
events are made.

Time: sensor time starts at SENSOR_START_NS, which is the host time START_STAMP_NS. A packet is
stamped, and recorded, at the end of its `PACKET_NS`: drivers stamp a packet when its bytes arrive
from the USB, after its last event (1 to 2 ms after it on a DAVIS346). A ground truth image is
stamped as late as the events of its instant are, one `PACKET_NS` after it: a window that ends at
that stamp, by the relation of the two clocks that the packets show, ends at the image's instant.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.message import EVENT_PACKET, EVENT_PACKET_FIELDS
from spike_recon_ros.packets.mono import encode_mono
from spike_recon_ros.topics import CAMERA_INFO, EVENTS, GROUND_TRUTH
from spike_recon_training.simulation.event_camera import EventCamera
from spike_recon_training.simulation.scene import Scene

FRAME_ID = 'event_camera'

S = 1_000_000_000
PACKET_NS = 2_000_000
SENSOR_START_NS = 5 * S
START_STAMP_NS = 1_767_225_600 * S
LARGEST_STEP_PX = 0.5
"""The scene is sampled so often that it moves at most this far in between."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a recording holds; see the fields' names."""

    duration_s: float
    packets: int
    events: int
    truth_images: int


def simulate(
    scene: Scene,
    camera: EventCamera,
    bag: Path,
    *,
    duration_s: float,
    truth_hz: float = 50.0,
    overwrite: bool = False,
    on_progress: Callable[[float], None] = lambda share: None,
) -> Summary:
    """Let the camera look at the scene and write what it sends.

    Args:
        scene: what there is to see.
        camera: a new camera of the scene's size.
        bag: folder to make.
        duration_s: length of the recording, seconds.
        truth_hz: ground truth images a second.
        overwrite: replace `bag`, if it is a bag.
        on_progress: called now and then with the share that is done, 0 to 1.

    Raises:
        UserError: if `bag` exists and must not or cannot be replaced, or if a number makes no
                sense.
    """
    if not (duration_s > 0 and truth_hz > 0):
        raise UserError('the duration and the rate of the ground truth must be above 0')
    make_way(bag, overwrite)
    packets = max(1, round(duration_s * S / PACKET_NS))
    truth = _truth_times_ns(packets * PACKET_NS, truth_hz)
    n_events = n_truth = 0
    # Version 8 is the newest metadata that Humble reads as well.
    with Writer(bag, version=8, storage_plugin=StoragePlugin.MCAP) as writer:
        messages = _Messages(writer, scene)
        camera.step(scene.luminance(0.0), SENSOR_START_NS)
        for seq in range(packets):
            start_ns, end_ns = seq * PACKET_NS, (seq + 1) * PACKET_NS
            events = _record(scene, camera, start_ns, end_ns)
            messages.write_packet(events, seq, start_ns, end_ns)
            while n_truth < len(truth) and truth[n_truth] < end_ns:
                messages.write_truth(scene.luminance(truth[n_truth] / S), truth[n_truth])
                n_truth += 1
            n_events += len(events)
            on_progress((seq + 1) / packets)
    return Summary(packets * PACKET_NS / S, packets, n_events, n_truth)


def make_way(bag: Path, overwrite: bool) -> None:
    """Remove an old bag, if that is wanted and it is nothing else.

    Raises:
        UserError: if there is something in the way that stays.
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
    shutil.rmtree(bag)


def _truth_times_ns(duration_ns: int, truth_hz: float) -> list[int]:
    """Return the instants of the images, from 0 on, before the end; each computed on its own."""
    count = int(np.ceil(duration_ns * truth_hz / S))
    times = (round(k * S / truth_hz) for k in range(count))
    return [t_ns for t_ns in times if t_ns < duration_ns]


def _record(scene: Scene, camera: EventCamera, start_ns: int, end_ns: int) -> Events:
    """Return the events of one packet, from samples as close as the motion asks for."""
    moved_px = scene.speed_px(start_ns / S) * (end_ns - start_ns) / S
    steps = max(1, int(np.ceil(moved_px / LARGEST_STEP_PX)))
    times = [start_ns + (end_ns - start_ns) * k // steps for k in range(1, steps + 1)]
    return Events.concatenate(
        [camera.step(scene.luminance(t_ns / S), SENSOR_START_NS + t_ns) for t_ns in times]
    )


class _Messages:
    """Builds the messages of the three topics and writes them."""

    def __init__(self, writer: Writer, scene: Scene) -> None:
        self._writer = writer
        self._scene = scene
        # The definitions of Humble are those of all later distributions for these types.
        self._store = get_typestore(Stores.ROS2_HUMBLE)
        self._store.register(get_types_from_msg(EVENT_PACKET_FIELDS, EVENT_PACKET))
        self._connections = {
            topic: writer.add_connection(topic, msgtype, typestore=self._store)
            for topic, msgtype in (
                (EVENTS, EVENT_PACKET),
                (GROUND_TRUTH, 'sensor_msgs/msg/Image'),
                (CAMERA_INFO, 'sensor_msgs/msg/CameraInfo'),
            )
        }

    def write_packet(self, events: Events, seq: int, start_ns: int, end_ns: int) -> None:
        time_base = SENSOR_START_NS + start_ns
        self._write(
            EVENTS,
            end_ns,
            height=self._scene.height,
            width=self._scene.width,
            seq=seq,
            time_base=time_base,
            encoding='mono',
            is_bigendian=False,
            events=encode_mono(events, time_base),
        )

    def write_truth(self, luminance: np.ndarray, t_ns: int) -> None:
        """Write the image of an instant, and the camera's intrinsics with the same stamp."""
        height, width = luminance.shape
        image = np.clip(np.rint(255 * self._scene.exposure * luminance), 0, 255).astype(np.uint8)
        stamp_ns = t_ns + PACKET_NS
        self._write(
            GROUND_TRUTH,
            stamp_ns,
            height=height,
            width=width,
            encoding='mono8',
            is_bigendian=0,
            step=width,
            data=image.ravel(),
        )
        self._write(CAMERA_INFO, stamp_ns, **self._camera_info())

    def _camera_info(self) -> dict[str, Any]:
        matrix = self._scene.camera_matrix
        region = self._store.types['sensor_msgs/msg/RegionOfInterest']
        return {
            'height': self._scene.height,
            'width': self._scene.width,
            'distortion_model': 'plumb_bob',
            'd': np.zeros(5),
            'k': matrix.ravel(),
            'r': np.eye(3).ravel(),
            'p': np.column_stack([matrix, np.zeros(3)]).ravel(),
            'binning_x': 0,
            'binning_y': 0,
            'roi': region(x_offset=0, y_offset=0, height=0, width=0, do_rectify=False),
        }

    def _write(self, topic: str, t_ns: int, **fields: Any) -> None:
        types = self._store.types
        stamp_ns = START_STAMP_NS + t_ns
        stamp = types['builtin_interfaces/msg/Time'](sec=stamp_ns // S, nanosec=stamp_ns % S)
        header = types['std_msgs/msg/Header'](stamp=stamp, frame_id=FRAME_ID)
        connection = self._connections[topic]
        message = types[connection.msgtype](header=header, **fields)
        data = self._store.serialize_cdr(message, connection.msgtype)
        self._writer.write(connection, stamp_ns, data)
