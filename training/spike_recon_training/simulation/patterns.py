# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Random drawings with flat areas and sharp edges (print, tiles, signs), used like photographs."""

import cv2
import numpy as np

FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX)
LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'


def random_pattern(side: int, rng: np.random.Generator) -> np.ndarray:
    """Return uint8 [side, side]: one or two of the kinds below, uneven lighting, slight noise."""
    image = np.full((side, side), rng.uniform(60, 230), np.uint8)
    kinds = (_shapes, _cells, _text_lines, _stripes, _boxes)
    for kind in rng.choice(len(kinds), size=rng.integers(1, 3), replace=False):
        kinds[kind](image, rng)
    x, y = np.meshgrid(np.linspace(-1, 1, side), np.linspace(-1, 1, side))
    slope = rng.uniform(-0.25, 0.25, 2)
    shaded = image * (0.75 + slope[0] * x + slope[1] * y)
    shaded += rng.uniform(0, 4) * rng.standard_normal(image.shape)
    return np.clip(shaded, 0, 255).astype(np.uint8)


def _grey(rng: np.random.Generator) -> int:
    """Return a grey value, 0 to 255, that is often nearly black or white, like ink and paper."""
    return int(rng.choice([rng.uniform(0, 40), rng.uniform(215, 255), rng.uniform(0, 255)]))


def _shapes(image: np.ndarray, rng: np.random.Generator) -> None:
    """Draw overlapping polygons and discs of all sizes."""
    side = len(image)
    for _ in range(rng.integers(8, 60)):
        centre = rng.uniform(0, side, 2)
        size = side * 0.02 * (0.6 / 0.02) ** rng.beta(1, 2)
        if rng.random() < 0.3:
            cv2.circle(
                image, tuple(np.intp(centre).tolist()), int(size / 2), _grey(rng), -1, cv2.LINE_AA
            )
            continue
        angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 7)))
        corners = centre + size * np.column_stack([np.cos(angles), np.sin(angles)])
        cv2.fillPoly(image, [corners.astype(np.int32)], _grey(rng), cv2.LINE_AA)


def _cells(image: np.ndarray, rng: np.random.Generator) -> None:
    """Draw grids of cells in two random grey values, with a margin, at random angles."""
    side = len(image)
    for _ in range(rng.integers(1, 8)):
        count = int(rng.integers(3, 12))
        cells = np.full((count + 2, count + 2), _grey(rng), np.uint8)
        cells[1:-1, 1:-1] = np.where(rng.random((count, count)) < 0.5, _grey(rng), _grey(rng))
        scale = side * rng.uniform(0.1, 0.6) / (count + 2)
        turn = cv2.getRotationMatrix2D((0.0, 0.0), rng.choice([0.0, rng.uniform(0, 360)]), scale)
        turn[:, 2] += rng.uniform(0.1 * side, 0.7 * side, 2)
        cv2.warpAffine(
            cells, turn, (side, side), image,
            flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_TRANSPARENT,
        )  # fmt: skip


def _text_lines(image: np.ndarray, rng: np.random.Generator) -> None:
    """Draw lines of random letters and digits."""
    side = len(image)
    ink, size = _grey(rng), rng.uniform(0.4, 2.5)
    step = round(28 * size)
    for y in range(step, side + step, step):
        text = ''.join(rng.choice(list(LETTERS), 40))
        corner = int(rng.integers(-20, 20)), y
        font = FONTS[rng.integers(len(FONTS))]
        cv2.putText(image, text, corner, font, size, ink, max(1, round(1.5 * size)), cv2.LINE_AA)


def _stripes(image: np.ndarray, rng: np.random.Generator) -> None:
    """Draw parallel straight bars, like fences, shelves or blinds."""
    side = len(image)
    angle = rng.uniform(0, np.pi)
    along = np.array([np.cos(angle), np.sin(angle)])
    across = along[::-1] * [-1, 1]
    offset, ink = -side, _grey(rng)
    pitch = rng.uniform(0.03, 0.2) * side
    while offset < side:
        middle = side / 2 + offset * across
        first, last = (np.intp(middle + way * 2 * side * along).tolist() for way in (-1, 1))
        width = max(1, int(pitch * rng.uniform(0.2, 0.6)))
        cv2.line(image, first, last, ink, width, cv2.LINE_AA)
        offset += pitch * rng.uniform(0.8, 1.2)


def _boxes(image: np.ndarray, rng: np.random.Generator) -> None:
    """Draw overlapping axis-aligned rectangles, like doors, windows, cartons or furniture."""
    side = len(image)
    for _ in range(rng.integers(4, 40)):
        size = side * 0.02 * (0.8 / 0.02) ** rng.beta(1.5, 2, 2)
        corner = rng.uniform(-0.2, 1, 2) * side
        first, last = np.intp(corner).tolist(), np.intp(corner + size).tolist()
        cv2.rectangle(image, first, last, _grey(rng), -1)
