# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A flat textured board for simulated cameras: a collage of discs with AprilTags on top.

The positions of the tags are known exactly, so reconstructions can be scored by tag detection.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from spike_recon_ros.errors import UserError

TAG_COUNT = 587
"""Number of tags in the family 36h11."""

MODULES = 8
"""Modules along one side of a 36h11 tag: six data modules and a black border on each side."""

WHITE, BLACK = 0.9, 0.07
"""Luminance of white and black paper, before shading."""

PITCH = 1.64
"""Distance between the centres of neighbouring tags, in tag widths."""

SCALE = 2.0
"""Board pixels per plane unit."""

MARGIN_MODULES = 0.6
"""Width of the white margin, in modules. With a wider one, detectors mistake the edge of the
paper for the edge of the tag."""


@dataclass(frozen=True, slots=True, eq=False)
class Board:
    """A textured plane.

    Attributes:
        luminance: float32 [height, width], in (0, 1].
        tags: tag id -> float64 [4, 2], the outer corners (x, y) in board pixels, clockwise from
            the tag's own top left; (0, 0) is the centre of the first pixel.
        scale: board pixels per plane unit.
    """

    luminance: np.ndarray
    tags: dict[int, np.ndarray]
    scale: float

    @property
    def to_plane(self) -> np.ndarray:
        """float64 [3, 3]: homography, board pixels -> plane units from the centre."""
        height, width = self.luminance.shape
        step = 1.0 / self.scale
        return np.array(
            [
                [step, 0.0, -step * (width - 1) / 2],
                [0.0, step, -step * (height - 1) / 2],
                [0.0, 0.0, 1.0],
            ]
        )


def apriltag_board(
    half_width: float,
    half_height: float,
    *,
    tag_width: float = 52.0,
    seed: int = 0,
) -> Board:
    """Make a board of at least the given size, tiled with 36h11 tags.

    Args:
        half_width: minimum distance from the centre to the left and right edges, plane units.
        half_height: minimum distance from the centre to the upper and lower edges, plane units.
        tag_width: side of a tag's black square, plane units.
        seed: seed of the texture; the tags are always 0, 1, 2, ... in reading order.

    Raises:
        UserError: the board needs more tags than the family has, or OpenCV cannot draw tags.
    """
    if not hasattr(cv2, 'aruco') or not hasattr(cv2.aruco, 'generateImageMarker'):
        raise UserError(
            f'OpenCV {cv2.__version__} cannot draw AprilTags; '
            "run: pip install 'opencv-python-headless>=4.7'"
        )
    pitch = PITCH * tag_width
    columns = int(np.ceil(2 * half_width / pitch))
    rows = int(np.ceil(2 * half_height / pitch))
    if rows * columns > TAG_COUNT:
        raise UserError(
            f'the board needs {rows * columns} tags, but the family 36h11 has only {TAG_COUNT}; '
            'make the tags wider'
        )
    rng = np.random.default_rng(seed)
    cell = round(pitch * SCALE)
    module = max(1, round(tag_width * SCALE / MODULES))
    luminance = collage(rows * cell, columns * cell, tag_width * SCALE, rng)
    tags = {}
    for tag_id in range(rows * columns):
        row, column = divmod(tag_id, columns)
        tags[tag_id] = _draw_tag(luminance, tag_id, (row * cell, column * cell), cell, module)
    luminance *= _shading(rows * cell, columns * cell, rng)
    return Board(np.clip(luminance, 0.01, 1.0), tags, SCALE)


def _draw_tag(
    luminance: np.ndarray, tag_id: int, top_left: tuple[int, int], cell: int, module: int
) -> np.ndarray:
    """Draw one tag with a white margin in the middle of its cell; return its corners [4, 2]."""
    side = MODULES * module
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
    bits = cv2.aruco.generateImageMarker(dictionary, tag_id, side)
    margin = round(MARGIN_MODULES * module)
    sheet = np.full((side + 2 * margin, side + 2 * margin), WHITE, np.float32)
    sheet[margin:-margin, margin:-margin] = np.where(bits > 127, WHITE, BLACK)
    y, x = (side + (cell - len(sheet)) // 2 for side in top_left)
    luminance[y : y + len(sheet), x : x + len(sheet)] = sheet
    # Coordinates refer to pixel centres, so the outer edge lies half a pixel before the first.
    first = np.array([x, y]) + margin - 0.5
    return first + side * np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


def collage(height: int, width: int, tag_px: float, rng: np.random.Generator) -> np.ndarray:
    """Return overlapping discs of all sizes, float32: edges and scales as in natural scenes."""
    collage = np.full((height, width), 128, np.uint8)
    smallest, largest = 0.12 * tag_px, 1.5 * tag_px
    # A density of radii ~ r^-3 is scale invariant: each octave covers the same area.
    u = rng.random(int(height * width / (40.0 * smallest**2)))
    radii = (smallest**-2 - u * (smallest**-2 - largest**-2)) ** -0.5
    for radius in radii:
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        grey = int(255 * rng.uniform(0.3, 0.75))
        # The last argument is `shift`: coordinates are in 1/16 pixel.
        centre = round(16 * x), round(16 * y)
        cv2.circle(collage, centre, round(16 * radius), grey, -1, cv2.LINE_AA, 4)
    paper = sum(
        0.03 * _smooth_noise(height, width, max(2.0, grain * tag_px), rng)
        for grain in (0.03, 0.06, 0.12)
    )
    return (collage / np.float32(255) * (1 + paper)).astype(np.float32)


def _shading(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Return uneven lighting, float32 0.6 to 1: brightness that changes slowly over the board."""
    noise = _smooth_noise(height, width, max(height, width) / 5, rng)
    return (0.8 + 0.2 * np.tanh(noise)).astype(np.float32)


def _smooth_noise(height: int, width: int, grain: float, rng: np.random.Generator) -> np.ndarray:
    """Return float32 Gaussian noise of unit variance, correlated over `grain` pixels."""
    coarse = rng.standard_normal(
        (int(height / grain) + 3, int(width / grain) + 3), dtype=np.float32
    )
    noise = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return (noise - noise.mean()) / noise.std()
