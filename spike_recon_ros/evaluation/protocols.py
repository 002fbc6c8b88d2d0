# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Published protocols: which part of which sequence is scored, with which metrics.

The times are facts of the public configurations of EVREAL (Ercan et al., CVPRW 2023,
config/dataset/*.json) and of V2V (Lou et al., NeurIPS 2025, scripts/*_to_h5.py). Both form windows
between successive frames of the camera, do not equalise histograms, and score the output of a
network as it is, limited to 0..1. They differ in where time begins, in what a network sees before
the first scored frame, in SSIM and in how sequences are averaged.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.score import Score
from spike_recon_ros.packets.packet import Packet, Reference
from spike_recon_ros.sources.source import Source

S_NS = 1_000_000_000
Cuts = Mapping[str, tuple[float, float] | None]
"""Sequence -> start and end in seconds; None = the whole sequence."""
ECD: Cuts = {
    **dict.fromkeys(('boxes_6dof', 'calibration', 'dynamic_6dof'), (5.0, 20.0)),
    'office_zigzag': (5.0, 12.0),
    **dict.fromkeys(('poster_6dof', 'shapes_6dof'), (5.0, 20.0)),
    'slider_depth': (1.0, 2.5),
}
MVSEC: Cuts = {
    **dict.fromkeys(('indoor_flying1', 'indoor_flying2', 'indoor_flying3'), (10.0, 70.0)),
    'indoor_flying4': (10.0, 19.8),
    'outdoor_day1': (0.0, 60.0),
    'outdoor_day2': (100.0, 160.0),
}
HQF: Cuts = dict.fromkeys(
    (
        *('bike_bay_hdr', 'boxes', 'desk', 'desk_fast', 'desk_hand_only', 'desk_slow'),
        *('engineering_posters', 'high_texture_plants', 'poster_pillar_1', 'poster_pillar_2'),
        *('reflective_materials', 'slow_and_fast_desk', 'slow_hand', 'still_life'),
    )
)
EVAID: Cuts = {
    **dict.fromkeys(('ball', 'bear', 'box', 'building', 'outdoor'), (0.0, 5.0)),
    'playball': (25.0, 30.0),
    **dict.fromkeys(('room1', 'sculpture', 'toy', 'traffic', 'wall'), (0.0, 5.0)),
}
ALREADY_CUT_S = 0.1
"""A sequence that is at most this much longer than its cut has been cut before."""
AFTER_END_S = 0.2
"""Events read after the last scored frame: a frame is made only when a later event is there."""
NAME_ENDINGS = ('_data', '_cut', '_left')


@dataclasses.dataclass(frozen=True, slots=True)
class Protocol:
    """How a work scores.

    Attributes:
        name: on the command line.
        datasets: data set -> the cuts of its sequences.
        zero_is_first_frame: whether times count from the first frame; else from the first frame or
            the first event, whichever is earlier.
        warm_up_s: time that a network runs before the first scored frame.
        end_is_scored: whether a frame at the very end of a cut is scored.
        metrics: what is measured; lpips only if its weights are given.
        frames_weigh: whether a data set's score is a mean over frames; else over sequences.
    """

    name: str
    datasets: Mapping[str, Cuts]
    zero_is_first_frame: bool
    warm_up_s: float
    end_is_scored: bool
    metrics: tuple[str, ...]
    frames_weigh: bool


PROTOCOLS = {
    one.name: one
    for one in (
        Protocol(
            'evreal', {'ECD': ECD, 'MVSEC': MVSEC, 'HQF': HQF}, False, 10.0, True,
            ('mse', 'ssim'), True,
        ),
        Protocol(
            'v2v', {'HQF': HQF, 'EVAID': EVAID, 'ECD': ECD, 'MVSEC': MVSEC}, True, 0.0, False,
            ('mse', 'ssim_v2v'), False,
        ),
    )
}  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Cut:
    """The part of one recording that is scored.

    Attributes:
        dataset: that the sequence belongs to.
        run_from_ns: stamp of the first frame up to which events are used; None = from the start.
        start_ns: stamp of the first frame that may be scored.
        end_ns: stamp before which the last scored frame lies.
        drops_before: whether events before the frame at `run_from_ns` are left out; else those
            since the frame before it are used.
    """

    dataset: str
    run_from_ns: int | None
    start_ns: int
    end_ns: int
    drops_before: bool

    def scores(self, stamp_ns: int) -> bool:
        """Whether a frame is scored."""
        return self.start_ns <= stamp_ns < self.end_ns


def find_cut(protocol: Protocol, name: str, source: Source) -> Cut:
    """Return the part of a recording that a protocol scores.

    Args:
        protocol: one of PROTOCOLS.
        name: of the recording: that of a sequence, also with `_data` behind it.
        source: the recording with its references, open; it is read up to the end of the cut.

    Raises:
        UserError: the protocol has no such sequence, or the recording ends before the cut.
    """
    dataset, cut = _published(protocol, name)
    first_packet_ns, first_ns, last_ns = _times(source)
    whole = Cut(dataset, None, 0, 2**63 - 1, False)
    if cut is None or first_ns is None or first_packet_ns is None:
        return whole
    start_s, end_s = cut
    if (last_ns - first_ns) / S_NS <= end_s - start_s + ALREADY_CUT_S:
        return whole
    zero_ns = first_ns if protocol.zero_is_first_frame else min(first_ns, first_packet_ns)
    if last_ns < zero_ns + round(start_s * S_NS):
        length_s = (last_ns - zero_ns) / S_NS
        raise UserError(
            f'{source.path} ends after {length_s:.1f} s and the protocol {protocol.name} scores '
            f'{start_s:g} to {end_s:g} s of {name}; give the whole sequence, or leave out '
            '--protocol'
        )
    run_from_ns = zero_ns + round((start_s - protocol.warm_up_s) * S_NS)
    return Cut(
        dataset,
        run_from_ns if run_from_ns > zero_ns else None,
        zero_ns + round(start_s * S_NS),
        zero_ns + round(end_s * S_NS) + protocol.end_is_scored,
        protocol.warm_up_s == 0,
    )


def _published(protocol: Protocol, name: str) -> tuple[str, tuple[float, float] | None]:
    """Return the data set of a sequence, and its cut."""
    sequence = name.lower()
    for ending in NAME_ENDINGS:
        sequence = sequence.removesuffix(ending)
    for dataset, cuts in protocol.datasets.items():
        if sequence in cuts:
            return dataset, cuts[sequence]
    listed = '; '.join(f'{one}: {", ".join(cuts)}' for one, cuts in protocol.datasets.items())
    raise UserError(
        f'{name} is no sequence of the protocol {protocol.name}; give its files the names that '
        f'they are published under ({listed}), or leave out --protocol'
    )


def _times(source: Source) -> tuple[int | None, int | None, int]:
    """Return the stamps of the first packet, the first reference and the last one."""
    first_packet_ns = first_ns = None
    last_ns = 0
    for item in source:
        if isinstance(item, Packet):
            first_packet_ns = item.stamp_ns if first_packet_ns is None else first_packet_ns
        else:
            first_ns = item.stamp_ns if first_ns is None else min(first_ns, item.stamp_ns)
            last_ns = max(last_ns, item.stamp_ns)
    return first_packet_ns, first_ns, last_ns


def protocol_named(name: str | None, skip_s: float) -> Protocol | None:
    """Return a protocol by its name, or None without a name.

    Raises:
        UserError: there is no such protocol, or seconds are to be skipped too.
    """
    if name is None:
        return None
    if name not in PROTOCOLS:
        raise UserError(f'there is no protocol {name}; choose from {", ".join(PROTOCOLS)}')
    if skip_s:
        raise UserError('--protocol says which frames are scored; leave out --skip-s')
    return PROTOCOLS[name]


class CutSource(Source):
    """The packets and references of a recording that a protocol uses.

    Args:
        source: the recording; closed together with this.
        cut: the part.
    """

    def __init__(self, source: Source, cut: Cut) -> None:
        super().__init__(source.path)
        self._source, self._cut = source, cut
        self.topics, self.warnings = source.topics, source.warnings

    def __iter__(self) -> Iterator[Packet | Reference]:
        begun, since_frame = self._cut.run_from_ns is None, []
        for item in self._source:
            self.warnings = self._source.warnings
            is_packet = isinstance(item, Packet)
            if not begun:
                if is_packet:
                    since_frame.append(item)
                elif item.stamp_ns < (self._cut.run_from_ns or 0):
                    since_frame = []
                else:
                    begun = True
                    if not self._cut.drops_before:
                        yield from since_frame
                        yield item
                    since_frame = []
                continue
            if is_packet and item.stamp_ns > self._cut.end_ns + round(AFTER_END_S * S_NS):
                return
            if is_packet or item.stamp_ns < self._cut.end_ns:
                yield item

    def close(self) -> None:
        """Close the recording."""
        self._source.close()


def protocol_scores(
    protocol: Protocol, scores: Mapping[str, Mapping[str, Score]], datasets: Mapping[str, str]
) -> dict[str, Any]:
    """Return each data set's scores as the protocol averages them.

    Args:
        protocol: one of PROTOCOLS.
        scores: recording -> model -> score.
        datasets: recording -> data set.

    Returns: data set -> model -> metric, with `frames` and `sequences` beside the metrics.
    """
    result: dict[str, Any] = {}
    models = next(iter(scores.values()))
    for dataset in dict.fromkeys(datasets.values()):
        names = [name for name, one in datasets.items() if one == dataset]
        result[dataset] = {
            model: _averaged([scores[name][model] for name in names], protocol.frames_weigh)
            for model in models
        }
    return result


def _averaged(scores: Sequence[Score], frames_weigh: bool) -> dict[str, float | int | None]:
    figures = [score.summary() for score in scores]
    weights = [len(score.rows) if frames_weigh else 1 for score in scores]
    result: dict[str, float | int | None] = {
        'sequences': len(scores),
        'frames': sum(len(score.rows) for score in scores),
    }
    for metric in figures[0]:
        pairs = [
            (value, weight)
            for value, weight in zip((one[metric] for one in figures), weights, strict=True)
            if value is not None
        ]
        total = sum(weight for _, weight in pairs)
        mean = sum(value * weight for value, weight in pairs) / total if total else None
        result[metric] = None if mean is None else round(mean, 6)
    return result


def sequence_name(path: Path) -> str:
    """Return the name of a recording in a protocol: that of its file or folder."""
    return path.stem if path.is_file() else path.resolve().name
