# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The comb filter that removes the flicker of a lamp from the events of a pixel.

Method: Wang, Yuan, Ng, Mahony, "A Linear Comb Filter for Event Flicker Removal", ICRA 2022. The
events of a pixel are impulses of +-1. A comb filter with the period T of the lamp subtracts from
them their running mean at the same phase of earlier periods,

    y(t) = x(t) - a(t),    a(t) = (1 - rho) x(t - T) + rho a(t - T),

so it has notches at all harmonics of the lamp.

Three things differ from the paper. The phase is divided into bins, so a pixel has a fixed amount
of memory instead of a queue of delayed events. The mean of `a` over a period is not subtracted, so
light that only rises or only falls passes. No events are generated: an event is kept if the light
differs, in its direction, from what the lamp explains. Pixels that do not flicker keep all events.
"""

import numpy as np

from spike_recon_ros.jit import njit

F32, U32 = np.float32, np.uint32

PHASES = 4
"""Bins of a period. More of them resolve the waveform better, but a lamp's events jitter by more
than one bin then: on simulated lamps 8 and 16 were no better, and slower."""
FORGETTING = F32(0.1)
"""1 - rho: the share by which `a` follows the latest period."""
FORGOTTEN_BINS = 16 * PHASES
"""Silence, in bins, after which a pixel starts again."""
LEAST_EVENTS = F32(0.4)
"""Mean events per period, of each polarity, of a pixel that flickers."""
TOLERANCE = F32(1.0)
"""Events that the light of a flickering pixel must differ from the lamp for one to be kept."""

PIXEL = np.dtype(
    [
        ('means', np.float32, (PHASES,)),  # a: mean sum of polarities, by phase
        ('level', np.float32),  # mean of `means`
        ('excess', np.float32),  # sum of y that no event has been kept for
        ('bin', np.uint32),  # of the latest event, counted from time 0, modulo 2^32
        ('current', np.int16),  # sum of polarities in this bin
        ('flickers', np.bool_),
        ('unused', np.uint8),
    ]
)
"""State of one pixel: 32 bytes, so that an event touches one cache line."""


@njit(nogil=True, cache=True)
def passes_comb(pixel, polarity, bin_number):
    """Update a pixel, a record of PIXEL, with an event; return whether the event is kept.

    Args:
        pixel: state of the event's pixel.
        polarity: int16, +1 or -1.
        bin_number: uint32, time of the event in bins.
    """
    if bin_number != pixel.bin:
        _advance(pixel, bin_number)
    pixel.current += polarity
    if not pixel.flickers:
        return True
    excess = pixel.excess + F32(polarity)
    is_kept = excess * F32(polarity) >= TOLERANCE
    if is_kept:
        excess -= F32(polarity)
    pixel.excess = min(max(excess, -TOLERANCE), TOLERANCE)
    return is_kept


@njit(nogil=True, cache=True)
def _advance(pixel, bin_number):
    """Finish the bin of the latest event and pass the empty ones after it."""
    steps = np.int32(bin_number - pixel.bin)
    means = pixel.means
    if steps < 0 or steps > FORGOTTEN_BINS:
        for phase in range(PHASES):
            means[phase] = F32(0.0)
        pixel.level = pixel.excess = F32(0.0)
        pixel.flickers = False
    else:
        count, excess = F32(pixel.current), pixel.excess
        for step in range(steps):
            phase = (pixel.bin + U32(step)) % U32(PHASES)
            means[phase] += FORGETTING * (count - means[phase])
            count = F32(0.0)
            excess -= means[(phase + U32(1)) % U32(PHASES)] - pixel.level
        rising, falling = F32(0.0), F32(0.0)
        for phase in range(PHASES):
            rising += max(means[phase], F32(0.0))
            falling -= min(means[phase], F32(0.0))
        pixel.level = (rising - falling) / F32(PHASES)
        pixel.flickers = min(rising, falling) >= LEAST_EVENTS
        pixel.excess = excess if pixel.flickers else F32(0.0)
    pixel.bin, pixel.current = bin_number, 0
