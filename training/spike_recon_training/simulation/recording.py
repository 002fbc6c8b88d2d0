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
from spike_recon_ros.topics import FRAMES, GROUND_TRUTH, GROUND_TRUTH_COLOR
from spike_recon_training.simulation.colour import (
    BayerScene,
    ColourScene,
    FrameCamera,
    eight_bits,
    mosaic,
)
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
        camera_frames: number of images of the camera beside the sensor.
    """

    duration_s: float
    packets: int
    events: int
    truth_images: int
    camera_frames: int = 0


@dataclass(frozen=True, slots=True)
class Rig:
    """What is in front of the sensor and beside it.

    Attributes:
        bayer_pattern: Bayer pattern on the sensor, as `rggb`; empty = none. Frames of the camera
            then have the same pattern, because both read the same pixels.
        camera: records frames of the scene; None = there is no camera.
    """

    bayer_pattern: str = ''
    camera: FrameCamera | None = None

    def seen_by_sensor(self, scene: Scene) -> Scene:
        """Return the scene as the pixels of the sensor see it.

        Raises:
            UserError: the scene has no colour, or a side is odd.
        """
        if (self.bayer_pattern or self.camera) and not isinstance(scene, ColourScene):
            raise UserError('a Bayer pattern or a colour camera needs a scene in colour')
        if self.bayer_pattern and isinstance(scene, ColourScene):
            return BayerScene(scene, self.bayer_pattern)
        return scene


class Views:
    """Writes what is recorded beside the packets: ground truth and frames of a camera.

    Args:
        writer: writer of the bag.
        scene: in front of the rig.
        rig: the cameras.
        truth_ns: instants of the ground truth images since the start of the recording, ns.
        duration_ns: length of the recording, ns.
        packet_ns: duration of a packet, ns; all stamps are that much later than their instants.
    """

    def __init__(
        self,
        writer: BagWriter,
        scene: Scene,
        rig: Rig,
        truth_ns: list[int],
        duration_ns: int,
        packet_ns: int,
    ) -> None:
        self._writer, self._scene, self._rig = writer, scene, rig
        self._truth_ns, self._packet_ns = truth_ns, packet_ns
        frames = [] if rig.camera is None else truth_times_ns(duration_ns, rig.camera.fps)
        self._frames_ns = frames
        self.n_truth = self.n_frames = 0

    def write_until(self, end_ns: int) -> None:
        """Write what belongs to instants before a time since the start of the recording, ns."""
        while self.n_truth < len(self._truth_ns) and self._truth_ns[self.n_truth] < end_ns:
            self._write_truth(self._truth_ns[self.n_truth])
            self.n_truth += 1
        while self.n_frames < len(self._frames_ns) and self._frames_ns[self.n_frames] < end_ns:
            self._write_frame(self._frames_ns[self.n_frames])
            self.n_frames += 1

    def _write_truth(self, t_ns: int) -> None:
        scene, stamp_ns = self._scene, START_STAMP_NS + t_ns + self._packet_ns
        self._writer.write_image(GROUND_TRUTH, truth_image(scene, t_ns), stamp_ns)
        distortion = getattr(scene, 'distortion', None)
        self._writer.write_camera_info(
            scene.camera_matrix, scene.width, scene.height, stamp_ns, distortion
        )
        pose_at = getattr(scene, 'pose', None)
        pose = None if pose_at is None else pose_at(t_ns / NS_PER_S)
        if pose is not None:
            rotation, position = pose
            self._writer.write_pose(_quaternion(rotation), position, stamp_ns)
        if isinstance(scene, ColourScene):
            image = eight_bits(scene.exposure * scene.colour(t_ns / NS_PER_S))
            self._writer.write_image(GROUND_TRUTH_COLOR, image, stamp_ns, 'rgb8')

    def _write_frame(self, t_ns: int) -> None:
        scene, camera = self._scene, self._rig.camera
        assert camera is not None and isinstance(scene, ColourScene)  # noqa: PT018 -- one state
        image, encoding = camera.image(scene, t_ns), 'rgb8'
        if self._rig.bayer_pattern:
            image = mosaic(image, self._rig.bayer_pattern)
            encoding = f'bayer_{self._rig.bayer_pattern}8'
        stamp_ns = START_STAMP_NS + t_ns + self._packet_ns
        arrived_ns = stamp_ns + camera.delay_ns
        self._writer.write_image(FRAMES, image, stamp_ns, encoding, arrived_ns)


def simulate(
    scene: Scene,
    camera: EventCamera,
    bag: Path,
    *,
    duration_s: float,
    truth_hz: float = 50.0,
    rig: Rig | None = None,
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
        rig: Bayer pattern of the sensor and a camera beside it, for a ColourScene.
        overwrite: replace `bag` if it is a bag.
        on_progress: called after each packet with the share that is done, 0 to 1.

    Returns: the contents of the recording.

    Raises:
        UserError: `bag` exists and `overwrite` is false, or it cannot be replaced, or the duration
            or the rate is not above 0.
    """
    if not (duration_s > 0 and truth_hz > 0):
        raise UserError('the duration and the ground truth rate must be above 0')
    rig = rig or Rig()
    seen = rig.seen_by_sensor(scene)
    packets = max(1, round(duration_s * NS_PER_S / PACKET_NS))
    duration_ns = packets * PACKET_NS
    truth = truth_times_ns(duration_ns, truth_hz)
    n_events = 0
    with BagWriter(bag, overwrite) as writer:
        views = Views(writer, scene, rig, truth, duration_ns, PACKET_NS)
        camera.step(seen.luminance(0.0), SENSOR_START_NS)
        for seq in range(packets):
            start_ns, end_ns = seq * PACKET_NS, (seq + 1) * PACKET_NS
            events = _record(seen, camera, start_ns, end_ns)
            writer.write_packet(_packet(seen, events, seq))
            views.write_until(end_ns)
            n_events += len(events)
            on_progress((seq + 1) / packets)
    duration_s = duration_ns / NS_PER_S
    return Summary(duration_s, packets, n_events, views.n_truth, views.n_frames)


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


def _quaternion(rotation: np.ndarray) -> np.ndarray:
    """Return x, y, z, w of a rotation matrix."""
    vector = cv2.Rodrigues(rotation)[0].ravel()
    angle = float(np.linalg.norm(vector))
    axis = vector / angle if angle else vector
    return np.array([*(np.sin(angle / 2) * axis), np.cos(angle / 2)])
