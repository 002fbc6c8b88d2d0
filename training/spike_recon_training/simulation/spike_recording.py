# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Records a simulated spike camera, with ground truth, to a rosbag2 or a `.dat` file.

Plane k is read out k periods after the start and integrates the light of the period before that.
The scene's `exposure` is applied to the ground truth and to the light on the pixels alike, so a
white ground truth pixel (255) corresponds to `light_scale` spikes/plane. In a bag, stamps follow
the rules of `recording.py`, with packets of 20 planes. Next to `NAME.dat` each ground truth image
is a file like `NAME_truth/plane_000150.png`, named after its plane.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.spike_planes import SpikePlanes
from spike_recon_ros.packets.spike_planes_decoder import spike_encoding
from spike_recon_ros.sources.bag_writer import BagWriter
from spike_recon_ros.sources.spike_file import PLANES_PER_PACKET, write_dat
from spike_recon_ros.sources.spike_layout import SpikeLayout, sidecar_of
from spike_recon_ros.whole_file import write_picture
from spike_recon_training.simulation.colour import ColourScene, eight_bits
from spike_recon_training.simulation.event_camera import NS_PER_S
from spike_recon_training.simulation.recording import (
    LARGEST_STEP_PX,
    SENSOR_START_NS,
    START_STAMP_NS,
    Rig,
    Views,
    truth_image,
)
from spike_recon_training.simulation.scene import Scene
from spike_recon_training.simulation.spike_camera import SpikeCamera


@dataclass(frozen=True, slots=True)
class SpikeSummary:
    """Contents of a recording.

    Attributes:
        duration_s: length, s.
        packets: number of packets.
        planes: number of spike planes.
        spikes: number of spikes.
        truth_images: number of ground truth images.
        camera_frames: number of images of the camera beside the sensor.
    """

    duration_s: float
    packets: int
    planes: int
    spikes: int
    truth_images: int
    camera_frames: int = 0


@dataclass(slots=True)
class _Run:
    """One run of a camera in front of a scene, packet by packet; counts the spikes."""

    scene: Scene
    seen: Scene
    rig: Rig
    camera: SpikeCamera
    packets: int
    truth_planes: list[int]
    on_progress: Callable[[float], None]
    spikes: int = 0
    camera_frames: int = 0

    @property
    def period_ns(self) -> int:
        return self.camera.model.period_ns

    def readouts(self) -> Iterator[np.ndarray]:
        """Yield the bits of each packet, uint8 [20, height, ceil(width / 8)].

        The motion sets the number of samples of the scene per packet.
        """
        self._step(-1)
        for seq in range(self.packets):
            first = seq * PLANES_PER_PACKET
            t_s = first * self.period_ns / NS_PER_S
            moved_px = self.scene.speed_px(t_s) * PLANES_PER_PACKET * self.period_ns / NS_PER_S
            steps = min(PLANES_PER_PACKET, max(1, int(np.ceil(moved_px / LARGEST_STEP_PX))))
            ends = [PLANES_PER_PACKET * step // steps for step in range(steps + 1)]
            bits = np.concatenate(
                [self._step(first + end - 1, end - begin) for begin, end in pairwise(ends)]
            )
            self.spikes += int(np.unpackbits(bits).sum(dtype=np.int64))
            yield bits
            self.on_progress((seq + 1) / self.packets)

    def _step(self, plane: int, planes: int = 0) -> np.ndarray:
        luminance = self.seen.luminance(plane * self.period_ns / NS_PER_S)
        return self.camera.step(np.float32(self.seen.exposure) * luminance, planes)

    def summary(self) -> SpikeSummary:
        """Return the contents of the recording; valid after the last packet."""
        planes = self.packets * PLANES_PER_PACKET
        duration_s = planes * self.period_ns / NS_PER_S
        return SpikeSummary(
            duration_s,
            self.packets,
            planes,
            self.spikes,
            len(self.truth_planes),
            self.camera_frames,
        )


def simulate_spikes(
    scene: Scene,
    camera: SpikeCamera,
    out: Path,
    *,
    duration_s: float,
    truth_hz: float = 50.0,
    rig: Rig | None = None,
    overwrite: bool = False,
    on_progress: Callable[[float], None] = lambda share: None,
) -> SpikeSummary:
    """Simulate a camera in front of a scene and record its planes and the ground truth.

    Args:
        scene: the scene to record.
        camera: a camera without previous samples, of the scene's size.
        out: `NAME.dat`, or the folder of a bag to create.
        duration_s: length of the recording, s; rounded to whole packets of 20 planes.
        truth_hz: rate of the ground truth images, Hz; at most the plane rate.
        rig: Bayer pattern of the sensor and a camera beside it, for a ColourScene; a `.dat` holds
            no frames of a camera.
        overwrite: replace `out`.
        on_progress: called after each packet with the share that is done, 0 to 1.

    Returns: the contents of the recording.

    Raises:
        UserError: `out` exists and `overwrite` is false, or it cannot be replaced, or the duration
            or the rate is out of range.
    """
    period_ns = camera.model.period_ns
    if not (duration_s > 0 and 0 < truth_hz <= NS_PER_S / period_ns):
        raise UserError(
            'the duration must be above 0 s, and the ground truth rate above 0 Hz and at most the '
            f'plane rate of {NS_PER_S / period_ns:g} Hz'
        )
    packets = max(1, round(duration_s * NS_PER_S / period_ns / PLANES_PER_PACKET))
    spacing = NS_PER_S / period_ns / truth_hz
    planes = packets * PLANES_PER_PACKET
    truth_planes = [round(k * spacing) for k in range(int(np.ceil(planes / spacing)))]
    truth_planes = [plane for plane in truth_planes if plane < planes]
    rig = rig or Rig()
    seen = rig.seen_by_sensor(scene)
    run = _Run(scene, seen, rig, camera, packets, truth_planes, on_progress)
    (_to_dat if out.suffix == '.dat' else _to_bag)(run, out, overwrite)
    return run.summary()


def _to_bag(run: _Run, out: Path, overwrite: bool) -> None:
    period_ns, size = run.period_ns, (run.camera.width, run.camera.height)
    packet_ns = PLANES_PER_PACKET * period_ns
    encoding = spike_encoding(period_ns)
    truth_ns = [plane * period_ns for plane in run.truth_planes]
    with BagWriter(out, overwrite) as writer:
        views = Views(writer, run.scene, run.rig, truth_ns, run.packets * packet_ns, packet_ns)
        for seq, bits in enumerate(run.readouts()):
            start_ns, end_ns = seq * packet_ns, (seq + 1) * packet_ns
            stamp_ns = START_STAMP_NS + end_ns
            time_base = SENSOR_START_NS + start_ns
            writer.write_packet(
                Packet(encoding, *size, seq, time_base, stamp_ns, bits.reshape(-1))
            )
            views.write_until(end_ns)
    run.camera_frames = views.n_frames


def truth_picture(scene: Scene, t_ns: int) -> np.ndarray:
    """Return the ground truth of an instant as OpenCV writes it, BGR if the scene has colour."""
    if not isinstance(scene, ColourScene):
        return truth_image(scene, t_ns)
    return eight_bits(scene.exposure * scene.colour(t_ns / NS_PER_S))[:, :, ::-1]


def _to_dat(run: _Run, out: Path, overwrite: bool) -> None:
    truth = out.with_name(f'{out.stem}_truth')
    for path in (out, truth):
        if path.exists() and not overwrite:
            raise UserError(f'{path} already exists; choose another name or add --overwrite')
    light_scale = run.camera.model.light_scale
    layout = SpikeLayout(
        width=run.camera.width,
        height=run.camera.height,
        period_ns=run.period_ns,
        white_rate=light_scale if light_scale <= 1 else None,
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    sidecar_of(out).unlink(missing_ok=True)
    write_dat(
        out,
        (SpikePlanes(bits, np.zeros(len(bits), np.int64)) for bits in run.readouts()),
        layout,
    )
    truth.mkdir(exist_ok=True)
    for old in truth.glob('plane_*.png'):
        old.unlink()
    for plane in run.truth_planes:
        image = truth_picture(run.scene, plane * run.period_ns)
        write_picture(truth / f'plane_{plane:06d}.png', image)
