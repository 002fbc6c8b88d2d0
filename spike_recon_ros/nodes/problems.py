# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A problem of the live node: a sentence, and the part of the system that it is about.

A module of its own because the checks of the topics find some problems, the counters show others,
and the web page needs to know which part to point at.
"""

from collections.abc import Iterable
from typing import NamedTuple

from spike_recon_ros.status import PROBLEMS, Part


class Problem(NamedTuple):
    """What is wrong.

    Attributes:
        part: where to look for the cause.
        sentence: names the cause and the cure.
    """

    part: Part
    sentence: str


def of_camera(sentence: str) -> list[Problem]:
    """Return a problem of the camera, or none if the sentence is empty."""
    return [Problem(Part.CAMERA, sentence)] if sentence else []


def sentences(problems: Iterable[Problem]) -> list[str]:
    """Return the sentences alone."""
    return [problem.sentence for problem in problems]


def by_part(problems: Iterable[Problem]) -> dict[str, str]:
    """Return the sentences of each part that has any, by the name of its value."""
    found: dict[str, list[str]] = {}
    for problem in problems:
        found.setdefault(PROBLEMS + problem.part.value, []).append(problem.sentence)
    return {name: '; '.join(texts) for name, texts in found.items()}
