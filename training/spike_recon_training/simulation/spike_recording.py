# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A recording of a simulated spike camera, with ground truth, as a rosbag2 or a `.dat`.

Comes in: a scene and a camera. Goes out: files. Knows nothing about how the scene or the planes
are made.

Plane k is read at k periods after the beginning and holds the light of the period before. The
ground truth is exposed as the scene says, and so is what falls on the pixels: white, 255, is the
camera's `light_scale` in spikes a plane. In a bag, times are those of a simulated event camera
with packets of 20 planes; beside `NAME.dat` each image is a file `NAME_truth/plane_000150.png`,
named after the plane that it is for.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.spike_planes import SpikePlanes
from spike_recon_ros.packets.spike_planes_decoder import spike_encoding
from spike_recon_ros.sources.bag_writer import BagWriter
from spike_recon_ros.sources.spike_file import PLANES_PER_PACKET, write_dat
from spike_recon_ros.sources.spike_layout import SpikeLayout, sidecar_of
from spike_recon_training.simulation.recording import (
    LARGEST_STEP_PX,
    SENSOR_START_NS,
    START_STAMP_NS,
    S,
    truth_image,
    write_truth,
)
from spike_recon_training.simulation.scene import Scene
from spike_recon_training.simulation.spike_camera import SpikeCamera


@dataclass(frozen=True, slots=True)
class SpikeSummary:
    """What a recording holds; see the fields' names."""

    duration_s: float
    packets: int
    planes: int
    spikes: int
    truth_images: int


@dataclass(slots=True)
class _Take:
    """A scene before a camera, packet by packet; counts what went by."""

    scene: Scene
    camera: SpikeCamera
    packets: int
    truth_planes: list[int]
    on_progress: Callable[[float], None]
    spikes: int = 0

    @property
    def period_ns(self) -> int:
        return self.camera.model.period_ns

    def parts(self) -> Iterator[np.ndarray]:
        """Yield the bits of each packet, from samples as close as the motion asks for."""
        self._look(-1)
        for seq in range(self.packets):
            first = seq * PLANES_PER_PACKET
            t_s = first * self.period_ns / S
            moved_px = self.scene.speed_px(t_s) * PLANES_PER_PACKET * self.period_ns / S
            steps = min(PLANES_PER_PACKET, max(1, int(np.ceil(moved_px / LARGEST_STEP_PX))))
            ends = [PLANES_PER_PACKET * step // steps for step in range(steps + 1)]
            bits = np.concatenate(
                [self._look(first + end - 1, end - begin) for begin, end in pairwise(ends)]
            )
            self.spikes += int(np.unpackbits(bits).sum(dtype=np.int64))
            yield bits
            self.on_progress((seq + 1) / self.packets)

    def _look(self, plane: int, planes: int = 0) -> np.ndarray:
        luminance = self.scene.luminance(plane * self.period_ns / S)
        return self.camera.step(np.float32(self.scene.exposure) * luminance, planes)

    def summary(self) -> SpikeSummary:
        """Return what was recorded, at the end."""
        planes = self.packets * PLANES_PER_PACKET
        duration_s = planes * self.period_ns / S
        return SpikeSummary(duration_s, self.packets, planes, self.spikes, len(self.truth_planes))


def simulate_spikes(
    scene: Scene,
    camera: SpikeCamera,
    out: Path,
    *,
    duration_s: float,
    truth_hz: float = 50.0,
    overwrite: bool = False,
    on_progress: Callable[[float], None] = lambda share: None,
) -> SpikeSummary:
    """Let the camera look at the scene and write what it sends.

    Args:
        scene: what there is to see.
        camera: a new camera of the scene's size.
        out: `NAME.dat`, or the folder of a bag to make.
        duration_s: length of the recording, seconds; rounded to whole packets of 20 planes.
        truth_hz: ground truth images a second.
        overwrite: replace `out`.
        on_progress: called now and then with the share that is done, 0 to 1.

    Raises:
        UserError: if `out` exists and must not or cannot be replaced, or if a number makes no
            sense.
    """
    period_ns = camera.model.period_ns
    if not (duration_s > 0 and 0 < truth_hz <= S / period_ns):
        raise UserError(
            'the duration must be above 0, and the rate of the ground truth above 0 and at most '
            f'that of the planes, {S / period_ns:g} Hz'
        )
    packets = max(1, round(duration_s * S / period_ns / PLANES_PER_PACKET))
    between = S / period_ns / truth_hz
    planes = packets * PLANES_PER_PACKET
    truth_planes = [round(k * between) for k in range(int(np.ceil(planes / between)))]
    truth_planes = [plane for plane in truth_planes if plane < planes]
    take = _Take(scene, camera, packets, truth_planes, on_progress)
    (_to_dat if out.suffix == '.dat' else _to_bag)(take, out, overwrite)
    return take.summary()


def _to_bag(take: _Take, out: Path, overwrite: bool) -> None:
    period_ns, size = take.period_ns, (take.camera.width, take.camera.height)
    packet_ns = PLANES_PER_PACKET * period_ns
    encoding, truth = spike_encoding(period_ns), iter([*take.truth_planes, None])
    ahead = next(truth)
    with BagWriter(out, overwrite) as writer:
        for seq, bits in enumerate(take.parts()):
            start_ns, end_ns = seq * packet_ns, (seq + 1) * packet_ns
            stamp_ns = START_STAMP_NS + end_ns
            time_base = SENSOR_START_NS + start_ns
            writer.write_packet(
                Packet(encoding, *size, seq, time_base, stamp_ns, bits.reshape(-1))
            )
            while ahead is not None and ahead * period_ns < end_ns:
                t_ns = ahead * period_ns
                write_truth(writer, take.scene, t_ns, packet_ns)
                ahead = next(truth)


def _to_dat(take: _Take, out: Path, overwrite: bool) -> None:
    truth = out.with_name(f'{out.stem}_truth')
    for path in (out, truth):
        if path.exists() and not overwrite:
            raise UserError(f'{path} exists already; choose another name or add --overwrite')
    light_scale = take.camera.model.light_scale
    layout = SpikeLayout(
        width=take.camera.width,
        height=take.camera.height,
        period_ns=take.period_ns,
        white_rate=light_scale if light_scale <= 1 else None,
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    sidecar_of(out).unlink(missing_ok=True)
    write_dat(
        out, (SpikePlanes(bits, np.zeros(len(bits), np.int64)) for bits in take.parts()), layout
    )
    truth.mkdir(exist_ok=True)
    for old in truth.glob('plane_*.png'):
        old.unlink()
    for plane in take.truth_planes:
        image = truth_image(take.scene, plane * take.period_ns)
        file = truth / f'plane_{plane:06d}.png'
        if not cv2.imwrite(str(file), image):
            raise UserError(f'{file} cannot be written; is the disk full?')
