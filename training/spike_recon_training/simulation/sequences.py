# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Endless simulated sequences of event cameras: voxel grids and the image at each window's end.

Worlds and sensors are drawn at random and simulated on the device of the photographs.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch

from spike_recon_training.simulation.camera_frames import CameraFrames, FrameModel
from spike_recon_training.simulation.event_pixels import PixelArray
from spike_recon_training.simulation.lighting import LampModel, Lamps, Lighting
from spike_recon_training.simulation.moving_layers import PlanarWorlds, WorldModel
from spike_recon_training.simulation.paths import log_uniform
from spike_recon_training.simulation.photographs import Photographs
from spike_recon_training.simulation.scene_cuts import CutModel, SceneCuts
from spike_recon_training.simulation.sensor_faults import FaultModel, SensorFaults
from spike_recon_training.simulation.sensors import SensorRanges, Sensors
from spike_recon_training.simulation.video_worlds import VideoModel, VideoWorlds
from spike_recon_training.simulation.videos import Clips

FRAME_SEED, FAULT_SEED, CUT_SEED = 0x5EED, 0xFA17, 0xC075
RENDERED_AT_ONCE = {'cpu': 1_000_000, 'cuda': 64_000_000}
"""Maximum number of pixels rendered together, all layers counted, per device type. The limits
are the caches of the CPU and the memory of the GPU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceModel:
    """Distribution of the sequences; each pair is the range of a random value.

    Attributes:
        window_ms: length of the windows, ms, one value per sequence.
        steps: choices for the number of samples of the scene in a window, one value per batch;
            rounded up to a multiple of bins - 1.
        motion_px: motion of the world in a window at its maximum speed, sensor pixels.
        step_px: maximum motion between two samples, pixels; faster worlds are slowed down to it.
        exposure: mean of the first image, 0 to 1. Events carry relative brightness only, so the
            truth is that of a camera with automatic exposure.
        things: minimum and maximum number of objects in front of the background.
        world: distribution of the worlds.
        video: distribution of the views of videos; their lighting is that of `world`.
        video_gain: exposure of a video relative to its own. Its grey level is natural, so that a
            network can learn which contents are bright and which are dark.
        lamps: distribution of lamps that flicker.
        cuts: distribution of sudden cuts of the scene.
        sensor: distribution of the sensors.
        faults: distribution of limits of the event rate, bursts of noise and coarse time stamps.
        frames: distribution of the cameras for networks that also read frames.
    """

    window_ms: tuple[float, float] = (5.0, 50.0)
    steps: tuple[int, ...] = (4, 8, 12)
    motion_px: tuple[float, float] = (2.0, 12.0)
    step_px: float = 1.0
    exposure: tuple[float, float] = (0.4, 0.5)
    things: tuple[int, int] = (0, 2)
    world: WorldModel = field(default_factory=WorldModel)
    video: VideoModel = field(default_factory=VideoModel)
    video_gain: tuple[float, float] = (0.85, 1.2)
    lamps: LampModel = field(default_factory=LampModel)
    cuts: CutModel = field(default_factory=CutModel)
    sensor: SensorRanges = field(default_factory=SensorRanges)
    faults: FaultModel = field(default_factory=FaultModel)
    frames: FrameModel = field(default_factory=FrameModel)


class Sequences:
    """A batch of sequences of unlimited length.

    Args:
        photographs: textures of the scenes, on the device to simulate on.
        model: distribution to draw from.
        batch: number of sequences.
        height: rows, pixels.
        width: columns, pixels.
        bins: channels of a voxel grid, at least 2.
        seed: seed of all random values.
        clips: videos to cut the scenes from, instead of photographs.
        with_frames: append the channels of a frame camera to the voxel grids.

    Attributes:
        window_s: float32 [batch], length of the windows, s.
    """

    def __init__(
        self,
        photographs: Photographs,
        model: SequenceModel,
        batch: int,
        height: int,
        width: int,
        *,
        bins: int,
        seed: int,
        clips: Clips | None = None,
        with_frames: bool = False,
    ) -> None:
        device = photographs.squares.device
        generator = torch.Generator(device).manual_seed(seed)
        host_generator = torch.Generator().manual_seed(seed)
        choice = int(torch.randint(len(model.steps), (1,), generator=host_generator))
        self._steps = -(-model.steps[choice] // (bins - 1)) * (bins - 1)
        minimum, maximum = model.things
        things = int(torch.randint(minimum, maximum + 1, (1,), generator=host_generator))
        self.window_s = 1e-3 * log_uniform(generator, (batch,), *model.window_ms)
        planes = 1 if clips else things + 1
        rendered = batch * planes * height * width * self._steps
        self._at_once = max(1, RENDERED_AT_ONCE.get(device.type, 1_000_000) // rendered)
        self._worlds: VideoWorlds | PlanarWorlds = (
            self._filmed(clips, model, height, width, generator, seed)
            if clips
            else self._photographed(photographs, model, height, width, things, generator)
        )
        self._window = 0
        begin_s = torch.zeros(batch, 1, device=device)
        start = self._worlds.luminance(begin_s)
        if clips:
            self._gain = log_uniform(generator, (batch,), *model.video_gain)
        else:
            exposure = log_uniform(generator, (batch,), *model.exposure)
            self._gain = exposure / start.mean((1, 2, 3))
        self._lamps = Lamps(model.lamps, batch, generator)
        sensors = Sensors.draw(model.sensor, batch, height, width, generator)
        lit = self._lamps.light(start, begin_s)[:, 0]
        # Generators of their own, so that scenes and events are those without these options.
        frame_generator, fault_generator, cut_generator = (
            torch.Generator(device).manual_seed(seed ^ own)
            for own in (FRAME_SEED, FAULT_SEED, CUT_SEED)
        )
        faulty = model.faults.enabled
        faults = SensorFaults(model.faults, batch, fault_generator) if faulty else None
        self._pixels = PixelArray(sensors, lit, bins, generator, faults)
        self._cuts = SceneCuts(model.cuts, batch, cut_generator) if model.cuts.share else None
        self._frames = CameraFrames(model.frames, batch, frame_generator) if with_frames else None

    def _filmed(
        self,
        clips: Clips,
        model: SequenceModel,
        height: int,
        width: int,
        generator: torch.Generator,
        seed: int,
    ) -> VideoWorlds:
        return VideoWorlds(
            clips,
            model.video,
            Lighting(model.world, len(self.window_s), generator),
            height,
            width,
            window_s=self.window_s,
            generator=generator,
            seed=seed,
        )

    def _photographed(
        self,
        photographs: Photographs,
        model: SequenceModel,
        height: int,
        width: int,
        things: int,
        generator: torch.Generator,
    ) -> PlanarWorlds:
        motion_px = log_uniform(generator, (len(self.window_s),), *model.motion_px)
        motion_px = motion_px.clamp(max=model.step_px * self._steps)
        return PlanarWorlds(
            photographs,
            model.world,
            height,
            width,
            things=things,
            greatest_px_s=motion_px / self.window_s,
            generator=generator,
        )

    def next(self, windows: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Simulate the next windows.

        Returns: voxel grids float32 [windows, batch, bins, height, width], with the channels of
            the frames behind the bins if there are any, and the exposed images at the windows'
            ends, float32 [windows, batch, 1, height, width], 0 to 1.
        """
        grids, truths = [], []
        while windows > 0:
            count = min(windows, self._at_once)
            for rendered, t_s in self._rendered(count):
                luminance = self._shown(rendered, t_s)
                lit = self._lamps.light(luminance, t_s)
                grid = self._pixels.window(lit, self.window_s / self._steps)
                gain = self._gain[:, None, None, None].expand(-1, self._steps, 1, 1)
                exposed = luminance * self._shown(gain, t_s)
                if self._frames is not None:
                    grid = torch.cat([grid, self._frames.window(exposed, t_s)], 1)
                grids.append(grid)
                truths.append(exposed[:, -1:].clamp(max=1))
            windows -= count
        return torch.stack(grids), torch.stack(truths)

    def _shown(self, scenes: torch.Tensor, t_s: torch.Tensor) -> torch.Tensor:
        return scenes if self._cuts is None else self._cuts.shown(scenes, t_s)

    def _rendered(self, windows: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield luminance [batch, steps, height, width] and times [batch, steps] of windows."""
        first = self._window * self._steps
        index = torch.arange(
            first + 1, first + windows * self._steps + 1, device=self.window_s.device
        )
        self._window += windows
        t_s = index * (self.window_s / self._steps)[:, None]
        luminance = self._worlds.luminance(t_s)
        return zip(luminance.split(self._steps, 1), t_s.split(self._steps, 1), strict=True)


def normalise_nonzero(grids: torch.Tensor) -> torch.Tensor:
    """Return grids [..., bins, height, width], normalised as `voxel_grid` does for `nonzero`."""
    nonzero = grids != 0
    axes = (-3, -2, -1)
    count = nonzero.sum(axes, keepdim=True).clamp(min=1)
    mean = grids.sum(axes, keepdim=True) / count
    centred = torch.where(nonzero, grids - mean, 0.0)
    deviation = (centred.square().sum(axes, keepdim=True) / count).sqrt()
    return torch.where(deviation > 0, centred / deviation.clamp(min=1e-12), grids)
