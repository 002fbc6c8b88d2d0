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

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.mono import encode_mono
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.sources.bag_writer import BagWriter
from spike_recon_ros.topics import GROUND_TRUTH
from spike_recon_training.simulation.event_camera import EventCamera
from spike_recon_training.simulation.scene import Scene

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
    packets = max(1, round(duration_s * S / PACKET_NS))
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
    return Summary(packets * PACKET_NS / S, packets, n_events, n_truth)


def truth_times_ns(duration_ns: int, truth_hz: float) -> list[int]:
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


def _packet(scene: Scene, events: Events, seq: int) -> Packet:
    time_base = SENSOR_START_NS + seq * PACKET_NS
    stamp_ns = START_STAMP_NS + (seq + 1) * PACKET_NS
    data = encode_mono(events, time_base)
    return Packet('mono', scene.width, scene.height, seq, time_base, stamp_ns, data)


def truth_image(scene: Scene, t_ns: int) -> np.ndarray:
    """Return uint8 [height, width], what a frame camera sees at an instant, exposed well."""
    luminance = scene.luminance(t_ns / S)
    return np.clip(np.rint(255 * scene.exposure * luminance), 0, 255).astype(np.uint8)


def write_truth(writer: BagWriter, scene: Scene, t_ns: int, packet_ns: int) -> None:
    """Write the image of an instant, and the camera's intrinsics with the same stamp.

    Args:
        writer: of the bag.
        scene: what there is to see.
        t_ns: the instant, since the beginning of the recording.
        packet_ns: how long a packet lasts: so late are the stamps of what is in it.
    """
    stamp_ns = START_STAMP_NS + t_ns + packet_ns
    writer.write_mono8(GROUND_TRUTH, truth_image(scene, t_ns), stamp_ns)
    writer.write_camera_info(scene.camera_matrix, scene.width, scene.height, stamp_ns)
