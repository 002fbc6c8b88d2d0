# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The text of README.md of a bundle, from the content of its model.yaml.

Imports neither PyTorch nor ONNX, so that the cards of the zoo can be written and checked without.
"""

from collections.abc import Iterator, Sequence
from typing import Any

SENSED = {'event': 'events', 'spike': 'spike planes'}
LABELS = {
    'kind': 'what',
    'folders': 'folders of photographs',
    'held_back': 'photographs held back for validation',
    'squares': 'square crops of the photographs',
    'videos_held_back': 'videos held back for validation',
    'videos_share': 'share of the sequences cut from videos',
    'video_folders': 'folders of videos',
}
"""Labels of entries whose key does not explain itself."""
LEGEND = (
    '`psnr` is in dB; `mse` is of intensities in 0..1; `cold_` means the first five windows after '
    'a reset, `video_` scenes cut from held-back videos.'
)
RUN = 'steps', 'frames', 'minutes'
"""Figures of a run, one column each."""
LAST_RUN = 'loss', 'optimisation'
"""Parts of a recipe that a card shows; those of the simulation are in model.yaml only."""


def model_card(content: dict[str, Any], parameters: int) -> str:
    """Return the text of README.md.

    Args:
        content: of model.yaml.
        parameters: number of trained values of the network.
    """
    sections = {
        'Limits': [content['limits']],
        'Scores': _scores(content['metrics']),
        'Data': _data(content['data']),
        'Training': _training(content['recipe']),
        'Licence': [content['licence']],
    }
    lines = [f'# {content["name"]}', '', *_purpose(content, parameters)]
    for heading, body in sections.items():
        lines += ['', f'## {heading}', '', *body] if body else []
    return '\n'.join(lines) + '\n'


def _purpose(content: dict[str, Any], parameters: int) -> list[str]:
    """Return what the network does, and a table of its properties."""
    network = content['network']
    rows = [('network', f'`{network["name"]}`, {parameters:,} parameters')]
    if network.get('arguments', {}).get('mirrored'):
        rows.append(('image', 'the mean of its images of four reflections of the input'))
    if 'images' in content:
        names = content['images']
        intro = 'This network turns images into images. It is not a model for a camera.'
        rows += [('input', ', '.join(names['inputs'])), ('output', ', '.join(names['outputs']))]
    else:
        intro = (
            f'This network turns {SENSED[content["sensor"]]} into intensity images. To run it: '
            '`spike-recon run RECORDING -m FOLDER -o out.mp4`, where FOLDER is the folder of this '
            'file or, for a network of the zoo, its name.'
        )
        representation = dict(content['representation'])
        kind = representation.pop('kind')
        arguments = ', '.join(f'{key}: {value}' for key, value in representation.items())
        rows += [('input', f'`{kind}` ({arguments})'), ('window', _window(content))]
        if content.get('reads_frames'):
            rows.append(('further input', 'frames of an aligned camera'))
    if content.get('output_scale', 1) != 1:
        rows.append(
            ('output', f'{content["output_scale"]} times the columns and rows of the input')
        )
    states = ', '.join(
        f'`{spec["name"]}` ({spec["channels"]} channels at 1/{spec["stride"]} of the size)'
        for spec in content['state']
    )
    rows.append(('recurrent state', states or 'none'))
    return [
        intro,
        '',
        *_table(('property', ''), rows),
        '',
        '`model.yaml` holds all values, also those of the simulation that made the training data.',
    ]


def _window(content: dict[str, Any]) -> str:
    longest = content.get('longest_window_ms', 0)
    return f'about {content["window_ms"]:g} ms' + (
        f'; windows longer than {longest:g} ms are processed in equal parts' if longest else ''
    )


def _scores(metrics: Any) -> list[str]:
    """Return a table for each group of metrics; nested groups have a column per metric."""
    if not isinstance(metrics, dict):
        return [str(metrics)] if metrics else []
    lines: list[str] = []
    single = {key: value for key, value in metrics.items() if not isinstance(value, dict)}
    note = single.pop('note', None)
    if single:
        lines += ['', *_group(single)]
    for group, entries in metrics.items():
        if isinstance(entries, dict) and entries:
            lines += ['', f'### {group.replace("_", " ")}', '', *_group(entries)]
    if not lines:
        return []
    return [LEGEND, *lines, *(['', note] if note else [])]


def _group(entries: dict[str, Any]) -> list[str]:
    nested = {key: value for key, value in entries.items() if isinstance(value, dict)}
    plain = [(key, _text(entries[key])) for key in entries if key not in nested]
    lines = _table(('metric', 'value'), plain) if plain else []
    if nested:
        columns = list(dict.fromkeys(key for values in nested.values() for key in values))
        rows = [
            (name, *(_text(values[key]) if key in values else '' for key in columns))
            for name, values in nested.items()
        ]
        lines += [*([''] if lines else []), *_table(('', *columns), rows)]
    return lines


def _training(recipe: Any) -> list[str]:
    """Return a table with one line per run, and values of the last run."""
    if not isinstance(recipe, dict):  # of weights as their authors publish them
        return [f'Recipe: {recipe}.']
    runs = list(_runs(recipe))[::-1]
    rows = [(start, *(_number(run.get(key)) for key in RUN)) for start, run in runs]
    minutes = sum(run.get('minutes') or 0 for _, run in runs)
    return [
        *_table(('weights at the start', 'steps', 'images', 'minutes'), rows),
        '',
        f'One run per line, the oldest first; {minutes:,.0f} minutes in all.{_origin(recipe)} '
        'Values of the last run:',
        '',
        *_last_run(recipe),
    ]


def _last_run(recipe: dict[str, Any]) -> list[str]:
    """Return a list of the values that are set, without those of the simulation."""
    lines = [
        f'- {key.replace("_", " ")}: {_text(value)}'
        for key, value in recipe.items()
        if isinstance(value, str | int | float) and key not in ('averaged_with', 'mirrored', *RUN)
    ]
    for part in LAST_RUN:
        values = recipe.get(part) or {}
        listed = [f'{key} {_text(value)}' for key, value in values.items() if value]
        lines += [f'- {part}: {"; ".join(listed)}'] if listed else []
    return lines


def _origin(recipe: dict[str, Any]) -> str:
    """Return sentences about weights that are averaged, or those of another bundle."""
    text = ''
    if averaged := recipe.get('averaged_with'):
        text += f' The weights are the mean of those of the last run and of: {averaged}.'
    if mirrored := recipe.get('mirrored'):
        text += f' They are those of `{mirrored}`, unchanged.'
    return text


def _runs(recipe: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each run, the newest first, with the name of the weights that it started from."""
    run: Any = recipe
    while isinstance(run, dict):
        start = run.get('started_from')
        if any(key in run for key in RUN):
            name = start.get('bundle', 'not stated') if isinstance(start, dict) else start
            yield str(name or 'random'), run
        run = start


def _data(data: Any) -> list[str]:
    if not isinstance(data, dict):
        return [str(data)]
    rows = [(LABELS.get(key, key.replace('_', ' ')), _text(data[key])) for key in data]
    return _table(('data', ''), rows)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table."""
    cells = [header, ['---'] * len(header), *rows]
    return ['| ' + ' | '.join(row) + ' |' for row in cells]


def _number(value: float | None) -> str:
    return '' if value is None else f'{value:,.0f}'


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ', '.join(map(_text, value)) if value else 'none'
    return f'{value:.6g}' if isinstance(value, float) else str(value)
