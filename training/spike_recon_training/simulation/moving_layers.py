# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Batched simulated worlds of moving planar layers, textured with photographs, on any device.

A world is a background that fills the view and smaller objects with smooth outlines in front of
it. All layers move with the camera, near ones faster (parallax), and each object has a motion of
its own as well. Beyond its border a photograph continues as its mirror image. The luminance of a
world can be rendered at any time, so the sensor model chooses its own sampling.
"""

import math
from dataclasses import dataclass

import torch
from torch.nn import functional

from spike_recon_training.simulation.blur import RADIUS_SIGMAS, blurred, is_blurrable
from spike_recon_training.simulation.lighting import Lighting
from spike_recon_training.simulation.outlines import outlines
from spike_recon_training.simulation.paths import (
    Paths,
    inverse_homography,
    log_uniform,
    random_paths,
    uniform,
)
from spike_recon_training.simulation.photographs import Photographs
from spike_recon_training.simulation.sudden_motion import SuddenMotion

CAMERA_SHARE = (0.4, 0.9)
"""Range of the camera's share of the maximum speed; the rest is for the objects' own motion."""
LEVEL = math.radians(2.0)
"""Standard deviation of the angle of level textures, radians."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldModel:
    """Distribution of the worlds; each pair is the range of a random value.

    Attributes:
        photo_px_per_px: pixels of the photograph per sensor pixel, along each axis.
        floor: luminance of black, 0 to 1.
        gamma: exponent applied to the grey values of the photograph.
        blur_px: standard deviation of the lens blur, sensor pixels.
        thing_radius: mean radius of an object, as a share of the shorter side of the view.
        straight_share: share of worlds in which all motion is along one line, as seen from a
            vehicle or above a conveyor; edges parallel to that line never cause events.
        level_share: share of the straight worlds whose textures are aligned with the line, as
            shelves, doors and buildings are with the floor. Whole sides of objects then cause no
            events, and the brightness beyond them must be inferred from far away.
        still_share: share of the worlds with objects in which the camera stands still.
        sudden_share: share of worlds that spin, zoom, turn, stop and reverse within milliseconds,
            see SuddenMotion; 0 leaves all other random values as they are.
        sudden_ms: time between two corners of such motion, ms.
        lighting_share: share of worlds whose lighting changes.
        lighting_depth: amplitude of the lighting change, log luminance.
        lighting_hz: frequency of the lighting change, Hz.
    """

    photo_px_per_px: tuple[float, float] = (0.8, 2.2)
    floor: tuple[float, float] = (0.02, 0.1)
    gamma: tuple[float, float] = (0.7, 1.5)
    blur_px: tuple[float, float] = (0.3, 0.8)
    thing_radius: tuple[float, float] = (0.12, 0.45)
    straight_share: float = 0.0
    level_share: float = 0.0
    still_share: float = 0.0
    sudden_share: float = 0.0
    sudden_ms: tuple[float, float] = (1.5, 15.0)
    lighting_share: float = 0.3
    lighting_depth: tuple[float, float] = (0.05, 0.7)
    lighting_hz: tuple[float, float] = (0.2, 4.0)


def blur_demands(side: int, **worlds: WorldModel) -> dict[str, bool]:
    """Return whether photographs are large enough for the blur of each world, by the demand.

    Args:
        side: of the photographs, pixels.
        **worlds: of a recipe, by the part that holds them.
    """
    found = {}
    for part, world in worlds.items():
        zoom, sigma = world.photo_px_per_px[1], world.blur_px[1]
        demand = (
            f'photographs.side, which is {side}, must be above {RADIUS_SIGMAS:g} times the '
            f'largest blur, {part}.world.photo_px_per_px {zoom:g} times blur_px {sigma:g}'
        )
        found[demand] = is_blurrable(zoom * sigma, side)
    return found


class PlanarWorlds:
    """A batch of worlds.

    Args:
        photographs: textures, on the device to simulate on.
        model: distribution to draw the worlds from.
        height: image rows, pixels.
        width: image columns, pixels.
        things: number of objects in front of the background, 0 or more.
        greatest_px_s: float32 [batch], maximum speed in each world, pixels/s.
        generator: random generator, on the same device.
        corner_grid: period and phase of the corners of sudden motion, s, see SuddenMotion.
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
        corner_grid: tuple[float, float] | None = None,
    ) -> None:
        self.height, self.width = height, width
        self._batch, self._planes = len(greatest_px_s), things + 1
        device = generator.device
        shape = (self._batch, self._planes)
        line = _Line(model, self._batch, generator)
        self._model, self._corner_grid = model, corner_grid
        self._sudden: SuddenMotion | None = None
        self._paths = self._draw_paths(greatest_px_s, line, generator)
        nearer = torch.rand(shape, generator=generator, device=device).cumsum(1)
        self._parallax = (nearer - nearer[:, :1] + 1) / (nearer[:, -1:] - nearer[:, :1] + 1)
        zoom = log_uniform(generator, shape, *model.photo_px_per_px)
        self._to_texture = _placements(
            generator, zoom, photographs.squares.shape[-1], min(height, width), line
        )
        self._textures = _textures(photographs, model, zoom, min(height, width), generator)
        self._lighting = Lighting(model, self._batch, generator)
        self._x = torch.arange(width, device=device) - (width - 1) / 2
        self._y = torch.arange(height, device=device)[:, None] - (height - 1) / 2

    def luminance(self, t_s: torch.Tensor) -> torch.Tensor:
        """Return float32 [batch, times, height, width] in (0, 1] at float32 [batch, times], s."""
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
        """Return the homographies of all planes at float32 [batch, times], s.

        Returns: float32 [batch, times, planes, 3, 3]: image pixels from the image centre -> plane
            units; plane 0 is the background.
        """
        pose = self._paths.pose(t_s)
        sudden = torch.zeros_like(pose) if self._sudden is None else self._sudden.pose(t_s)
        pose = pose + sudden
        camera, own = pose[:, :, :1], pose[:, :, 1:]
        shift = camera[..., :2] * self._parallax[:, None, :, None]
        pose = torch.cat([shift, camera[..., 2:].expand(*shift.shape[:-1], 4)], -1)
        moved = pose[:, :, 1:, :2] + own[..., :2]
        # Of the objects' own motion, only the sudden one contains rotation and zoom.
        objects = torch.cat([moved, pose[:, :, 1:, 2:] + sudden[:, :, 1:, 2:]], -1)
        return inverse_homography(torch.cat([pose[:, :, :1], objects], 2))

    def _draw_paths(
        self, greatest_px_s: torch.Tensor, line: '_Line', generator: torch.Generator
    ) -> Paths:
        """Draw the paths of the camera and of the objects; their speeds add up to the maximum."""
        half_px = math.hypot(self.height, self.width) / 2
        shares = torch.ones((len(greatest_px_s), self._planes), device=generator.device)
        if self._planes > 1:
            each = (len(greatest_px_s), 1)
            camera = uniform(generator, each, *CAMERA_SHARE)
            if self._model.still_share:
                still = uniform(generator, each, 0, 1) < self._model.still_share
                camera = camera.masked_fill(still, 0.0)
            shares = torch.cat([camera, (1 - camera).expand(-1, self._planes - 1)], 1)
        speeds = shares * greatest_px_s[:, None]
        paths = random_paths(generator, speeds, half_px, line.straight, line.heading)
        model = self._model
        if model.sudden_share:
            self._sudden = SuddenMotion(
                generator,
                speeds,
                half_px,
                model.sudden_share,
                model.sudden_ms,
                None if line.straight is None else ~line.straight,
                self._corner_grid,
            )
            paths.speed[self._sudden.worlds] = 0.0
        return paths

    def _grid(self, t_s: torch.Tensor) -> torch.Tensor:
        """Return each pixel's texture coordinates, [batch * planes, times * height, width, 2]."""
        to_texture = self._to_texture[:, None] @ self.homography(t_s)
        m = to_texture.transpose(1, 2).reshape(-1, 3, 3, 1, 1)
        # Broadcast sums over rows and columns: a matrix product with three columns is slower.
        grid = torch.empty((len(m), self.height, self.width, 2), device=t_s.device)
        for axis in range(2):
            torch.add(
                m[:, axis, 0] * self._x, m[:, axis, 1] * self._y + m[:, axis, 2],
                out=grid[..., axis],
            )  # fmt: skip
        denominator = torch.add(m[:, 2, 0] * self._x, m[:, 2, 1] * self._y + m[:, 2, 2])
        grid /= denominator.clamp_(min=0.1)[..., None]
        return grid.view(self._batch * self._planes, -1, self.width, 2)


class _Line:
    """The line of motion of the straight worlds.

    Attributes:
        straight: bool [batch], the worlds in which all motion is along one line; None = no world.
        heading: float32 [batch], direction of the line, radians; None = not restricted.
        level: bool [batch], the worlds whose textures are aligned with the line.
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

    def aligned(
        self, turn: torch.Tensor, mirror: torch.Tensor, generator: torch.Generator
    ) -> torch.Tensor:
        """Return the texture rotations, aligned with the line (to 90 degrees) in level worlds.

        Args:
            turn: float32 [batch, planes], rotations as drawn, radians.
            mirror: float32 [batch, planes], -1 where a texture is mirrored, else 1.
            generator: random generator.

        Returns: float32 [batch, planes], radians.
        """
        if self.heading is None:
            return turn
        quarters = (turn / (math.pi / 2)).floor() * (math.pi / 2)
        slant = LEVEL * torch.randn(turn.shape, generator=generator, device=turn.device)
        level = quarters + slant - mirror * self.heading[:, None]
        return torch.where(self.level[:, None], level, turn)


def _placements(
    generator: torch.Generator, zoom: torch.Tensor, side: int, view_px: int, line: _Line
) -> torch.Tensor:
    """Return [batch, planes, 3, 3]: plane units -> coordinates of `grid_sample` (-1 to 1)."""
    shape = tuple(zoom.shape)
    turn = uniform(generator, shape, 0, 2 * math.pi)
    mirror = torch.where(uniform(generator, shape, 0, 1) < 0.5, -1.0, 1.0)
    turn = line.aligned(turn, mirror, generator)
    scale = zoom * 2 / side
    cos, sin = scale * torch.cos(turn), scale * torch.sin(turn)
    # Any part of the background may be in view; the centre of an object starts inside the view.
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
    """Return [batch * planes, 2, side, side]: luminance and mask (used for the objects only)."""
    batch, planes = zoom.shape
    device, count = generator.device, batch * planes
    chosen = torch.randint(len(photographs), (count,), generator=generator, device=device)
    grey = photographs.squares[chosen].float()[:, None] / 255
    # The blur is given in sensor pixels; it also suppresses aliasing of shrunk photographs.
    sigma = zoom.reshape(-1) * uniform(generator, (count,), *model.blur_px)
    grey = blurred(grey, sigma).clamp(0, 1)
    each = (count, 1, 1, 1)
    floor = log_uniform(generator, each, *model.floor)
    gamma = log_uniform(generator, each, *model.gamma)
    luminance = floor + (1 - floor) * grey**gamma
    radius = log_uniform(generator, (count,), *model.thing_radius) * view_px * zoom.reshape(-1)
    mask = outlines(generator, radius, zoom.reshape(-1), grey.shape[-1])
    return torch.cat([luminance, mask], 1)
