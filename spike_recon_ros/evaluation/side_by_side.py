# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A picture of one instant: events or spikes, reconstruction, ground truth."""

import cv2
import numpy as np

from spike_recon_ros.evaluation.tags import read_tags
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.spike_planes import SpikePlanes, unpack_planes

# All colours are BGR, as in OpenCV. Nearly everyone can distinguish orange and blue.
PAGE = (255, 255, 255)
GROUND = (38, 32, 30)
ON = (40, 165, 255)
OFF = (240, 160, 70)
SPIKE = (235, 235, 235)
INK = (64, 54, 48)
FAINT_INK = (150, 140, 132)
OUTLINE = (90, 220, 60)

FONT = cv2.FONT_HERSHEY_DUPLEX
PANEL_WIDTH = 640
"""Panels are magnified by the integer that comes closest to this width."""
FULL_COLOUR_EVENTS = 2
"""Events of one polarity at a pixel that give the full colour."""


def side_by_side(
    events: Events | SpikePlanes,
    reconstruction: np.ndarray,
    truth: np.ndarray | None = None,
    *,
    tags: bool = False,
) -> np.ndarray:
    """Draw the panels next to each other, each with a caption.

    Args:
        events: from shortly before the instant (20 ms show edges as lines), or spike planes, of
            which the last one is drawn.
        reconstruction: uint8 [height, width].
        truth: uint8 [height, width], the ground truth; None = unknown.
        tags: outline the AprilTags that are read in the images, and show their number.

    Returns: uint8 [H, W, 3], BGR.
    """
    height, width = reconstruction.shape
    scale = max(1, round(PANEL_WIDTH / width))
    panels = [
        _panel(*_data_panel(events, width, height, scale)),
        _image_panel(reconstruction, scale, 'reconstruction', tags),
    ]
    if truth is not None:
        panels.append(_image_panel(truth, scale, 'ground truth', tags))
    return _page(panels, gap=max(8, width * scale // 28))


def draw_events(events: Events, width: int, height: int) -> np.ndarray:
    """Draw ON and OFF events in two colours on a dark ground; uint8 [height, width, 3], BGR.

    Pixels with both polarities mix the colours in proportion to the numbers of events.
    """
    place = events.y.astype(np.int64) * width + events.x
    count = np.stack(
        [np.bincount(place[events.p == p], minlength=width * height) for p in (0, 1)], axis=1
    )
    total = count.sum(axis=1, keepdims=True)
    colour = count @ np.array([OFF, ON], float) / np.maximum(total, 1)
    strength = np.minimum(total / FULL_COLOUR_EVENTS, 1.0)
    picture = (1 - strength) * np.array(GROUND) + strength * colour
    return np.rint(picture).astype(np.uint8).reshape(height, width, 3)


def draw_plane(planes: SpikePlanes, width: int, height: int) -> np.ndarray:
    """Draw the spikes of the last plane on a dark ground; uint8 [height, width, 3], BGR."""
    picture = np.full((height, width, 3), GROUND, np.uint8)
    if len(planes):
        picture[unpack_planes(planes.bits[-1], width) > 0] = SPIKE
    return picture


def _data_panel(
    data: Events | SpikePlanes, width: int, height: int, scale: int
) -> tuple[np.ndarray, int, str, str]:
    """Return picture, scale, title and note for the events or planes."""
    if isinstance(data, SpikePlanes):
        return draw_plane(data, width, height), scale, 'spikes', 'one plane'
    milliseconds = (int(data.t_ns[-1]) - int(data.t_ns[0])) / 1e6 if len(data) else 0.0
    note = f'{len(data):,} in {milliseconds:.0f} ms'
    return draw_events(data, width, height), scale, 'events', note


def _image_panel(image: np.ndarray, scale: int, title: str, tags: bool) -> np.ndarray:
    picture = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    if not tags:
        return _panel(picture, scale, title, '')
    found = read_tags(image)
    noun = 'tag' if len(found) == 1 else 'tags'
    # A pixel becomes scale x scale pixels, so its centre moves; 16: units of 1/16 pixel.
    outlines = [
        np.rint(16 * ((corners + 0.5) * scale - 0.5)).astype(np.int32)
        for corners in found.values()
    ]
    return _panel(picture, scale, title, f'{len(found)} {noun} read', outlines)


def _panel(
    picture: np.ndarray,
    scale: int,
    title: str,
    note: str,
    outlines: list[np.ndarray] | None = None,
) -> np.ndarray:
    """Magnify a picture and write a title (left) and a note (right) above it."""
    large = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
    if outlines:
        cv2.polylines(large, outlines, True, OUTLINE, max(1, scale), cv2.LINE_AA, 4)
    width = large.shape[1]
    size = width / 900
    bar = np.full((round(64 * size), width, 3), PAGE, np.uint8)
    baseline = round(42 * size)
    write_text(bar, title, (0, baseline), size, INK)
    (note_width, _), _ = cv2.getTextSize(note, FONT, 0.8 * size, 1)
    write_text(bar, note, (width - note_width, baseline), 0.8 * size, FAINT_INK)
    return np.vstack([bar, large])


def write_text(
    image: np.ndarray,
    text: str,
    at: tuple[int, int],
    size: float,
    colour: tuple[int, int, int],
) -> None:
    """Write on an image from the left end of the baseline; at size 1, capitals have 22 px."""
    cv2.putText(image, text, at, FONT, size, colour, 1, cv2.LINE_AA)


def _page(panels: list[np.ndarray], gap: int) -> np.ndarray:
    """Put the panels in a row on a page with margins."""
    between = np.full((panels[0].shape[0], gap, 3), PAGE, np.uint8)
    row = [between]
    for panel in panels:
        row += [panel, between]
    page = np.hstack(row)
    bottom = np.full((gap, page.shape[1], 3), PAGE, np.uint8)
    return np.vstack([page, bottom])
