# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The models of a comparison: from names, folders and published weights to bundles that run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spike_recon_ros.errors import UserError
from spike_recon_ros.filters.registry import FILTERS
from spike_recon_ros.model_choice import bundle_of, check_model_name
from spike_recon_ros.offline.training_extra import training_installed
from spike_recon_ros.settings import AUTO

PUBLISHED = 'base', 'bsf', 'firenet', 'spk2imgnet', 'ssir', 'stir', 'swinsf', 'wgse'
"""Networks whose weights can be read as their authors publish them: `firenet:FILE.pth`."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One model of the comparison.

    Attributes:
        name: in tables and files.
        typed: as the user named it.
        model: value of the setting `model`.
        in_range: whether its intensity lies in 0..1, as that of networks does.
    """

    name: str
    typed: str
    model: str
    in_range: bool


def contenders(typed: Sequence[str], scratch: Path) -> list[Contender]:
    """Find every model before the first one runs.

    Args:
        typed: names of filters or of the zoo, folders of bundles, or one of PUBLISHED, a
            colon and a file.
        scratch: an empty folder, for bundles made from published weights.

    Raises:
        UserError: there is no such model, its bundle is damaged, or PyTorch, which published
            weights need, is not installed.
    """
    models = [_contender(word, scratch / str(number)) for number, word in enumerate(typed)]
    names = unique_names(
        [published_weights(word)[0] or Path(word).expanduser().resolve().name for word in typed]
    )
    return [
        Contender(name, word, model, model not in FILTERS)
        for name, word, model in zip(names, typed, models, strict=True)
    ]


def unique_names(names: Sequence[str]) -> list[str]:
    """Return the names, numbered from the second use on: `a`, `a_2`."""
    return [
        name if name not in names[:place] else f'{name}_{names[: place + 1].count(name)}'
        for place, name in enumerate(names)
    ]


def resolve_model(word: str, scratch: Path) -> str:
    """Return the value of the setting `model` for a model as the user named it.

    Args:
        word: a name, the folder of a bundle, or one of PUBLISHED, a colon and a file.
        scratch: folder for a bundle made from published weights.

    Raises:
        UserError: see `contenders`.
    """
    name, weights = published_weights(word)
    if not name:
        check_model_name(word)
        return word
    with training_installed():
        from spike_recon_training.published_weights import export_published  # noqa: PLC0415
    export_published(name, Path(weights).expanduser(), scratch)
    return str(scratch)


def published_weights(word: str) -> tuple[str, str]:
    """Return the name of a published network and the path of its weights, or two empty strings."""
    name, colon, weights = word.partition(':')
    return (name, weights) if colon and name in PUBLISHED else ('', '')


def _contender(word: str, scratch: Path) -> str:
    """Return the value of the setting `model`, after reading its bundle."""
    if word == AUTO:
        raise UserError(f'evaluate compares models by their names; name one instead of {AUTO}')
    model = resolve_model(word, scratch)
    bundle_of(model)
    return model
