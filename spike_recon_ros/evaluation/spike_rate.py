# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Decides whether the rate of spikes in networks with spiking neurons is measured.

The rate is the share of all spiking neurons that fire in one step. It is read from the state of
the network, which holds the membranes, so every backend gives it and none needs PyTorch.
"""

from collections.abc import Sequence

from rich.console import Console

from spike_recon_ros.bundles.bundle import Bundle
from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.contenders import Contender
from spike_recon_ros.evaluation.metrics import SPIKE_RATE
from spike_recon_ros.model_choice import bundle_of


def spike_metrics(
    models: Sequence[Contender], asked: Sequence[str] | None, console: Console
) -> tuple[str, ...]:
    """Return the metrics to add to those asked for; print which models have no rate, and why.

    Args:
        models: to compare.
        asked: metrics that the user named; None = all that are possible.
        console: for the sentences.

    Raises:
        UserError: the user named it, but no model has one.
    """
    if asked is not None and SPIKE_RATE not in asked:
        return ()
    bundles = {model.name: bundle_of(model.model) for model in models}
    measured = [name for name, one in bundles.items() if one is not None and one.thresholds]
    unknown = [name for name, one in bundles.items() if one is not None and _is_unknown(one)]
    without = [name for name in bundles if name not in (*measured, *unknown)]
    sentences = [
        f'{name} has spiking neurons, but its state does not declare their membranes (fires_at in '
        'model.yaml), so its spike rate is not measured; export the network again'
        for name in unknown
    ]
    if asked is not None and without:
        names = ' and '.join(without)
        has = 'has' if len(without) == 1 else 'have'
        sentences.append(f'{names} {has} no spiking neurons, so no spike rate is measured there')
    if asked is not None and not measured:
        why = '; '.join(sentences)
        raise UserError(f'{why}: add hybrid to the models, or leave out {SPIKE_RATE}')
    for sentence in sentences:
        console.print(sentence, style='yellow', soft_wrap=True, highlight=False, markup=False)
    return (SPIKE_RATE,) if measured and asked is None else ()


def _is_unknown(bundle: Bundle) -> bool:
    return bundle.spiking and not bundle.thresholds
