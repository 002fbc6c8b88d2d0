# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Records a simulated event camera, with ground truth, to a rosbag2 (mcap).

Sensor time starts at SENSOR_START_NS, which corresponds to the host time START_STAMP_NS. The stamp
and record time of a packet are the end of its `PACKET_NS`, because drivers stamp a packet when
its bytes arrive over USB, after its last event (1 to 2 ms after it on a DAVIS346). A ground truth
image is stamped one `PACKET_NS` after its instant, with the same delay as the events of that
instant. So a window that ends at that stamp, under the clock offset that the packets imply, ends
at the instant of the image.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.mono import encode_mono
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.sources.bag_writer import BagWriter
from spike_recon_ros.topics import GROUND_TRUTH
from spike_recon_training.simulation.event_camera import NS_PER_S, EventCamera
from spike_recon_training.simulation.scene import BinnedScene, Scene

PACKET_NS = 2_000_000
"""Duration of a packet, ns."""
SENSOR_START_NS = 5 * NS_PER_S
START_STAMP_NS = 1_767_225_600 * NS_PER_S
LARGEST_STEP_PX = 0.5
"""Maximum motion of the scene between two samples, pixels."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Contents of a recording.

    Attributes:
        duration_s: length, s.
        packets: number of packets.
        events: number of events.
        truth_images: number of ground truth images.
    """

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
    """Simulate a camera in front of a scene and record its packets and the ground truth.

    Args:
        scene: the scene to record.
        camera: a camera without previous samples, of the scene's size.
        bag: folder to create.
        duration_s: length of the recording, s; rounded to whole packets.
        truth_hz: rate of the ground truth images, Hz.
        overwrite: replace `bag` if it is a bag.
        on_progress: called after each packet with the share that is done, 0 to 1.

    Returns: the contents of the recording.

    Raises:
        UserError: `bag` exists and `overwrite` is false, or it cannot be replaced, or the duration
            or the rate is not above 0.
    """
    if not (duration_s > 0 and truth_hz > 0):
        raise UserError('the duration and the ground truth rate must be above 0')
    packets = max(1, round(duration_s * NS_PER_S / PACKET_NS))
    truth = truth_times_ns(packets * PACKET_NS, truth_hz)
    n_events = n_truth = 0
    with BagWriter(bag, overwrite) as writer:
        camera.step(scene.luminance(0.0), SENSOR_START_NS)
        for seq in range(packets):
            start_ns, end_ns = seq * PACKET_NS, (seq + 1) * PACKET_NS
            events = _record(scene, camera, start_ns, end_ns)
            writer.write_packet(_packet(scene, events, seq))
            while n_truth < len(truth) and truth[n_truth] < end_ns:
                write_truth(writer, scene, truth[n_truth], PACKET_NS)
                n_truth += 1
            n_events += len(events)
            on_progress((seq + 1) / packets)
    return Summary(packets * PACKET_NS / NS_PER_S, packets, n_events, n_truth)


def truth_times_ns(duration_ns: int, truth_hz: float) -> list[int]:
    """Return the instants of the images in [0, duration_ns), ns; each is rounded on its own."""
    count = int(np.ceil(duration_ns * truth_hz / NS_PER_S))
    times = (round(k * NS_PER_S / truth_hz) for k in range(count))
    return [t_ns for t_ns in times if t_ns < duration_ns]


def _record(scene: Scene, camera: EventCamera, start_ns: int, end_ns: int) -> Events:
    """Return the events of one packet; the motion sets the number of samples of the scene."""
    moved_px = scene.speed_px(start_ns / NS_PER_S) * (end_ns - start_ns) / NS_PER_S
    steps = max(1, int(np.ceil(moved_px / LARGEST_STEP_PX)))
    times = [start_ns + (end_ns - start_ns) * k // steps for k in range(1, steps + 1)]
    return Events.concatenate(
        [camera.step(scene.luminance(t_ns / NS_PER_S), SENSOR_START_NS + t_ns) for t_ns in times]
    )


def _packet(scene: Scene, events: Events, seq: int) -> Packet:
    time_base = SENSOR_START_NS + seq * PACKET_NS
    stamp_ns = START_STAMP_NS + (seq + 1) * PACKET_NS
    data = encode_mono(events, time_base)
    return Packet('mono', scene.width, scene.height, seq, time_base, stamp_ns, data)


def truth_image(scene: Scene, t_ns: int) -> np.ndarray:
    """Return uint8 [height, width], the image of a frame camera with the scene's exposure.

    It is larger than the sensor for a BinnedScene.
    """
    seen = scene.truth if isinstance(scene, BinnedScene) else scene.luminance
    luminance = seen(t_ns / NS_PER_S)
    return np.clip(np.rint(255 * scene.exposure * luminance), 0, 255).astype(np.uint8)


def write_truth(writer: BagWriter, scene: Scene, t_ns: int, packet_ns: int) -> None:
    """Write the ground truth image of an instant, with camera_info and pose of the same stamp.

    Args:
        writer: writer of the bag.
        scene: the recorded scene.
        t_ns: the instant since the start of the recording, ns.
        packet_ns: duration of a packet, ns; the stamp is that much later than the instant.
    """
    stamp_ns = START_STAMP_NS + t_ns + packet_ns
    writer.write_mono8(GROUND_TRUTH, truth_image(scene, t_ns), stamp_ns)
    distortion = getattr(scene, 'distortion', None)
    writer.write_camera_info(scene.camera_matrix, scene.width, scene.height, stamp_ns, distortion)
    pose_at = getattr(scene, 'pose', None)
    pose = None if pose_at is None else pose_at(t_ns / NS_PER_S)
    if pose is not None:
        rotation, position = pose
        writer.write_pose(_quaternion(rotation), position, stamp_ns)


def _quaternion(rotation: np.ndarray) -> np.ndarray:
    """Return x, y, z, w of a rotation matrix."""
    vector = cv2.Rodrigues(rotation)[0].ravel()
    angle = float(np.linalg.norm(vector))
    axis = vector / angle if angle else vector
    return np.array([*(np.sin(angle / 2) * axis), np.cos(angle / 2)])
