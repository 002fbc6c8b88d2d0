# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Worlds of photographs that move before and behind each other, many at once, on any device.

Comes in: Photographs and a WorldModel. Goes out: luminance, as it falls on the pixels, at any
times. Knows nothing about events or networks.

A world is a background that fills the view and smaller things with smooth outlines in front of it.
All follow the camera, near ones faster, and things also move by themselves. Beyond its edge
a photograph goes on as its mirror image.
"""

import math
from dataclasses import dataclass

import torch
from torch.nn import functional

from spike_recon_training.simulation.blur import blurred
from spike_recon_training.simulation.paths import (
    Paths,
    inverse_homography,
    log_uniform,
    random_paths,
    uniform,
)
from spike_recon_training.simulation.photographs import Photographs

CAMERA_SHARE = (0.4, 0.9)
"""Share of the greatest speed that is the camera's; the rest things have by themselves."""
LEVEL = math.radians(2.0)
"""Standard deviation of what is level, radians."""
HARMONICS = 5
"""Bumps around a thing's outline, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldModel:
    """What a world is drawn from; each pair is the range of a random value.

    Attributes:
        photo_px_per_px: how many pixels of a photograph's square fall on one of the sensor.
        floor: luminance of black.
        gamma: exponent applied to the photograph.
        blur_px: standard deviation of the lens's blur, sensor pixels.
        thing_radius: of a thing, as a share of the view's shorter side.
        straight_share: share of worlds in which all motion is along one line, as before a vehicle
            or a conveyor: edges along it never send an event.
        level_share: share of those in which what is seen is level with the line, as shelves, doors
            and buildings are with the floor that is driven along: whole sides of things are then
            never seen, and how bright it is beyond them must be told from far away.
        lighting_share: share of worlds whose light changes.
        lighting_depth: by how much the logarithm of the light changes.
        lighting_hz: how often.
    """

    photo_px_per_px: tuple[float, float] = (0.8, 2.2)
    floor: tuple[float, float] = (0.02, 0.1)
    gamma: tuple[float, float] = (0.7, 1.5)
    blur_px: tuple[float, float] = (0.3, 0.8)
    thing_radius: tuple[float, float] = (0.12, 0.45)
    straight_share: float = 0.0
    level_share: float = 0.0
    lighting_share: float = 0.3
    lighting_depth: tuple[float, float] = (0.05, 0.7)
    lighting_hz: tuple[float, float] = (0.2, 4.0)


class PlanarWorlds:
    """A batch of worlds.

    Args:
        photographs: on the device where everything shall happen.
        model: what to draw from.
        height: image rows, pixels.
        width: image columns, pixels.
        things: planes in front of the background, 0 or more.
        greatest_px_s: float32 [batch], the greatest speed of each world, pixels/s.
        generator: source of chance, on the same device.
    """

    def __init__(
        self,
        photographs: Photographs,
        model: WorldModel,
        height: int,
        width: int,
        *,
        things: int,
        greatest_px_s: torch.Tensor,
        generator: torch.Generator,
    ) -> None:
        self.height, self.width = height, width
        self._batch, self._planes = len(greatest_px_s), things + 1
        device = generator.device
        shape = (self._batch, self._planes)
        line = _Line(model, self._batch, generator)
        self._paths = self._draw_paths(greatest_px_s, line, generator)
        nearer = torch.rand(shape, generator=generator, device=device).cumsum(1)
        self._parallax = (nearer - nearer[:, :1] + 1) / (nearer[:, -1:] - nearer[:, :1] + 1)
        zoom = log_uniform(generator, shape, *model.photo_px_per_px)
        self._to_texture = _placements(
            generator, zoom, photographs.squares.shape[-1], min(height, width), line
        )
        self._textures = _textures(photographs, model, zoom, min(height, width), generator)
        self._lighting = _Lighting(model, self._batch, generator)
        self._x = torch.arange(width, device=device) - (width - 1) / 2
        self._y = torch.arange(height, device=device)[:, None] - (height - 1) / 2

    def luminance(self, t_s: torch.Tensor) -> torch.Tensor:
        """Return float32 [batch, times, height, width] in (0, 1] at times [batch, times], s."""
        times = t_s.shape[1]
        grid = self._grid(t_s)
        seen = functional.grid_sample(
            self._textures, grid, padding_mode='reflection', align_corners=False
        ).view(self._batch, self._planes, 2, times, self.height, self.width)
        view = seen[:, 0, 0]
        for plane in range(1, self._planes):
            view = torch.lerp(view, seen[:, plane, 0], seen[:, plane, 1])
        shade = self._lighting.log_gain(t_s, self.height, self.width)
        return view if shade is None else view * shade.exp_()

    def homography(self, t_s: torch.Tensor) -> torch.Tensor:
        """Return [batch, times, planes, 3, 3]: image pixels from the middle -> plane units."""
        pose = self._paths.pose(t_s)
        camera, own = pose[:, :, :1], pose[:, :, 1:]
        shift = camera[..., :2] * self._parallax[:, None, :, None]
        pose = torch.cat([shift, camera[..., 2:].expand(*shift.shape[:-1], 4)], -1)
        moved = pose[:, :, 1:, :2] + own[..., :2]
        later = torch.cat([moved, pose[:, :, 1:, 2:]], -1)
        return inverse_homography(torch.cat([pose[:, :, :1], later], 2))

    def _draw_paths(
        self, greatest_px_s: torch.Tensor, line: '_Line', generator: torch.Generator
    ) -> Paths:
        """Draw the camera's path, then those of the things; together they keep the limit."""
        half_px = math.hypot(self.height, self.width) / 2
        movers = torch.ones((len(greatest_px_s), self._planes), device=generator.device)
        if self._planes > 1:
            camera = uniform(generator, (len(greatest_px_s), 1), *CAMERA_SHARE)
            movers = torch.cat([camera, (1 - camera).expand(-1, self._planes - 1)], 1)
        return random_paths(
            generator, movers * greatest_px_s[:, None], half_px, line.straight, line.heading
        )

    def _grid(self, t_s: torch.Tensor) -> torch.Tensor:
        """Return where each pixel looks, [batch * planes, times * height, width, 2]."""
        to_texture = self._to_texture[:, None] @ self.homography(t_s)
        m = to_texture.transpose(1, 2).reshape(-1, 3, 3, 1, 1)
        # Row by row and column by column: a matrix product with three columns is slower.
        grid = torch.empty((len(m), self.height, self.width, 2), device=t_s.device)
        for axis in range(2):
            torch.add(
                m[:, axis, 0] * self._x, m[:, axis, 1] * self._y + m[:, axis, 2],
                out=grid[..., axis],
            )  # fmt: skip
        nearness = torch.add(m[:, 2, 0] * self._x, m[:, 2, 1] * self._y + m[:, 2, 2])
        grid /= nearness.clamp_(min=0.1)[..., None]
        return grid.view(self._batch * self._planes, -1, self.width, 2)


class _Line:
    """The line along which all motion of some worlds is.

    Attributes:
        straight: bool [batch], which; None = none at all.
        heading: float32 [batch], its direction, radians; None = any.
        level: bool [batch], where things lie level with it.
    """

    def __init__(self, model: WorldModel, batch: int, generator: torch.Generator) -> None:
        self.straight = self.heading = None
        self.level = torch.zeros(batch, dtype=torch.bool, device=generator.device)
        if model.straight_share:
            self.straight = uniform(generator, (batch,), 0, 1) < model.straight_share
            if model.level_share:
                self.heading = uniform(generator, (batch,), 0, 2 * math.pi)
                level = uniform(generator, (batch,), 0, 1) < model.level_share
                self.level = self.straight & level

    def levelled(
        self, turn: torch.Tensor, mirror: torch.Tensor, generator: torch.Generator
    ) -> torch.Tensor:
        """Return by how much planes are turned, [batch, planes], in level worlds along the line.

        Args:
            turn: as drawn, radians.
            mirror: -1 where a plane is seen mirrored, else 1.
            generator: source of chance.
        """
        if self.heading is None:
            return turn
        quarters = (turn / (math.pi / 2)).floor() * (math.pi / 2)
        slant = LEVEL * torch.randn(turn.shape, generator=generator, device=turn.device)
        level = quarters + slant - mirror * self.heading[:, None]
        return torch.where(self.level[:, None], level, turn)


class _Lighting:
    """Light that swings or is switched, from one side more than from the other."""

    def __init__(self, model: WorldModel, batch: int, generator: torch.Generator) -> None:
        shape = (batch, 1)
        changes = uniform(generator, shape, 0, 1) < model.lighting_share
        depth = log_uniform(generator, shape, *model.lighting_depth)
        self._depth = torch.where(changes, depth, 0.0)
        self._omega = 2 * math.pi * log_uniform(generator, shape, *model.lighting_hz)
        self._phase = uniform(generator, shape, 0, 2 * math.pi)
        # From a swing like a sinusoid to a switch.
        self._edge = log_uniform(generator, shape, 0.5, 20.0)
        self._slope = uniform(generator, (batch, 2), -0.5, 0.5)
        self._any = bool(changes.any())

    def log_gain(self, t_s: torch.Tensor, height: int, width: int) -> torch.Tensor | None:
        """Return [batch, times, height, width], at most 0; None where nothing ever changes."""
        if not self._any:
            return None
        swing = torch.tanh(self._edge * torch.sin(self._omega * t_s + self._phase))
        dark = self._depth * (0.5 + 0.5 * swing / torch.tanh(self._edge))
        x = torch.linspace(-1, 1, width, device=t_s.device)
        y = torch.linspace(-1, 1, height, device=t_s.device)
        across, down = self._slope[:, :1] * x, self._slope[:, 1:] * y
        side = 1 + across[:, None, :] + down[:, :, None]
        return -dark[:, :, None, None] * side[:, None]


def _placements(
    generator: torch.Generator, zoom: torch.Tensor, side: int, view_px: int, line: _Line
) -> torch.Tensor:
    """Return [batch, planes, 3, 3]: plane units -> coordinates of `grid_sample` (-1 to 1)."""
    shape = tuple(zoom.shape)
    turn = uniform(generator, shape, 0, 2 * math.pi)
    mirror = torch.where(uniform(generator, shape, 0, 1) < 0.5, -1.0, 1.0)
    turn = line.levelled(turn, mirror, generator)
    scale = zoom * 2 / side
    cos, sin = scale * torch.cos(turn), scale * torch.sin(turn)
    # The background is seen anywhere; a thing has its middle somewhere in the view at first.
    middle = uniform(generator, (*shape, 2), -1, 1)
    if shape[1] > 1:
        spread = 0.9 * view_px / side * zoom[:, 1:, None]
        middle = torch.cat([middle[:, :1], middle[:, 1:] * spread], 1)
    zero, one = torch.zeros_like(cos), torch.ones_like(cos)
    rows = [cos * mirror, -sin, middle[..., 0], sin * mirror, cos, middle[..., 1], zero, zero, one]
    return torch.stack(rows, -1).unflatten(-1, (3, 3))


def _textures(
    photographs: Photographs,
    model: WorldModel,
    zoom: torch.Tensor,
    view_px: int,
    generator: torch.Generator,
) -> torch.Tensor:
    """Return [batch * planes, 2, side, side]: luminance and, for things, where they are."""
    batch, planes = zoom.shape
    device, count = generator.device, batch * planes
    chosen = torch.randint(len(photographs), (count,), generator=generator, device=device)
    grey = photographs.squares[chosen].float()[:, None] / 255
    # A lens blurs in sensor pixels; this also keeps a shrunk photograph free of aliases.
    sigma = zoom.reshape(-1) * uniform(generator, (count,), *model.blur_px)
    grey = blurred(grey, sigma).clamp(0, 1)
    each = (count, 1, 1, 1)
    floor = log_uniform(generator, each, *model.floor)
    gamma = log_uniform(generator, each, *model.gamma)
    luminance = floor + (1 - floor) * grey**gamma
    radius = log_uniform(generator, (count,), *model.thing_radius) * view_px * zoom.reshape(-1)
    cover = _outlines(generator, radius, zoom.reshape(-1), grey.shape[-1])
    return torch.cat([luminance, cover], 1)


def _outlines(
    generator: torch.Generator, radius: torch.Tensor, edge: torch.Tensor, side: int
) -> torch.Tensor:
    """Return [n, 1, side, side]: 1 inside a smooth closed curve around the middle, 0 outside.

    Args:
        generator: source of chance.
        radius: [n], mean distance of the curve from the middle, texture pixels.
        edge: [n], width over which it goes from 1 to 0, texture pixels.
        side: height and width.
    """
    count, device = len(radius), generator.device
    at = torch.arange(side, device=device) - (side - 1) / 2
    distance = torch.hypot(at[:, None], at[None, :])
    angle = torch.atan2(at[:, None], at[None, :])
    bumps = torch.zeros(count, side, side, device=device)
    for k in range(1, HARMONICS + 1):
        size = uniform(generator, (count, 1, 1), 0, 0.5 / k)
        phase = uniform(generator, (count, 1, 1), 0, 2 * math.pi)
        bumps += size * torch.cos(k * angle + phase)
    curve = radius[:, None, None] * (1 + bumps).clamp(min=0.2)
    return torch.sigmoid((curve - distance) / (0.4 * edge[:, None, None]))[:, None]
