# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The documentation: its links, its figures, and its size."""

import ast
import importlib.util
import json
import re
import runpy
import subprocess
import sys
from pathlib import Path
from statistics import mean

import pytest

import spike_recon_ros

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / 'README.md'
RESULTS = ROOT / 'benchmarks' / 'results'
MOVING_PICTURE = ROOT / 'docs' / 'images' / 'moving_picture.webp'
DECISIONS = ROOT / 'docs' / 'decisions'
PAGES = [README, ROOT / 'CONTRIBUTING.md', *sorted((ROOT / 'docs').rglob('*.md'))]
LARGEST_PICTURE_BYTES = 2_500_000


def results(name):
    return json.loads((RESULTS / name).read_text(encoding='utf-8'))


def test_the_readme_is_short():
    assert len(README.read_text(encoding='utf-8').split()) <= 900


@pytest.mark.parametrize('page', PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_one(page):
    targets = re.findall(r'\]\(([^)#\s]+)(?:#[^)]*)?\)', page.read_text(encoding='utf-8'))
    files = [target for target in targets if '://' not in target]
    assert not [target for target in files if not (page.parent / target).exists()]


@pytest.mark.parametrize('page', PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_results_file_that_is_named_exists(page):
    names = re.findall(r'`(\w+\.jsonl?)`', page.read_text(encoding='utf-8'))
    own = {'summary.json', 'metadata.json', 'report.json'}
    assert not [name for name in names if name not in own and not (RESULTS / name).exists()]


def test_pictures_are_small_enough_to_load():
    pictures = (ROOT / 'docs' / 'images').iterdir()
    assert not [file.name for file in pictures if file.stat().st_size > LARGEST_PICTURE_BYTES]


def test_the_index_lists_all_decisions_newest_first():
    listed = re.findall(r'\]\((\d{4}-.+?\.md)\)', (DECISIONS / 'index.md').read_text('utf-8'))
    assert listed == sorted((file.name for file in DECISIONS.glob('[0-9]*.md')), reverse=True)


def test_the_architecture_names_every_room():
    text = (ROOT / 'docs' / 'architecture.md').read_text('utf-8')
    package = ROOT / 'spike_recon_ros'
    rooms = [path.parent.name + '/' for path in package.glob('*/__init__.py')]
    assert not [name for name in rooms if name not in text]


def test_the_api_reference_lists_every_public_name():
    page = (ROOT / 'docs' / 'python_api.md').read_text('utf-8')
    listed = re.findall(r'^::: spike_recon_ros\.([\w.]+)\.(\w+)$', page, re.MULTILINE)
    assert {name: module for module, name in listed} == spike_recon_ros._MODULE_OF


def test_the_security_policy_allows_every_topic_that_the_node_publishes():
    page = (ROOT / 'docs' / 'trust.md').read_text('utf-8')
    allowed = re.findall(r'<topic>(.+?)</topic>', page[page.index('<topics publish') :])
    outputs = (ROOT / 'spike_recon_ros' / 'nodes' / 'outputs.py').read_text('utf-8')
    published = set(re.findall(r"'((?:~/|/)[\w/]+)'", outputs))
    assert published
    assert published <= set(allowed)


def test_the_ros_interface_lists_every_topic_that_the_node_publishes():
    page = (ROOT / 'docs' / 'ros_interface.md').read_text('utf-8')
    outputs = (ROOT / 'spike_recon_ros' / 'nodes' / 'outputs.py').read_text('utf-8')
    published = re.findall(r"'((?:~/|/)[\w/]+)'", outputs)
    assert not [topic for topic in published if f'| `{topic}` |' not in page]


def imported_rooms(room: Path) -> set[str]:
    """Return the other rooms that the modules of a room import, but for `packets`."""
    found = set()
    for file in room.rglob('*.py'):
        for node in ast.walk(ast.parse(file.read_text(encoding='utf-8'))):
            if isinstance(node, ast.ImportFrom) and node.module:
                found.add((*node.module.split('.'), '', '')[:2])
    others = {name for package, name in found if package == room.parent.name}
    rooms = {path.parent.name for path in room.parent.glob('*/__init__.py')}
    return others & rooms - {room.name, 'packets'}


def test_the_architecture_names_every_file_that_rooms_share():
    text = (ROOT / 'docs' / 'architecture.md').read_text('utf-8')
    shared = {file.name for file in (ROOT / 'spike_recon_ros').glob('*.py')} - {'__init__.py'}
    assert not {name for name in shared if f'`{name}`' not in text}


def test_the_architecture_lists_the_imports_of_each_room():
    text = (ROOT / 'docs' / 'architecture.md').read_text('utf-8')
    listed = dict(re.findall(r'^\| `(\w+)/` \| .* \| (.*) \|$', text, re.MULTILINE))
    exact = {room: cell for room, cell in listed.items() if 'everything' not in cell}
    assert len(exact) > 12
    for room, cell in exact.items():
        names = set(re.findall(r'`(\w+)`', cell))
        assert names == imported_rooms(ROOT / 'spike_recon_ros' / room), room


def layers_of_the_architecture() -> dict[str, int]:
    """Return the layer of each room and file in the table of layers, 0 at the top."""
    text = (ROOT / 'docs' / 'architecture.md').read_text('utf-8')
    table = text[text.index('| layer, from the top down |') :].split('\n\n')[0]
    layers = [layer for row in table.splitlines()[2:] for layer in row.split(', then ')]
    return {
        name.removesuffix('.py').rstrip('/'): number
        for number, layer in enumerate(layers)
        for name in re.findall(r'`(.+?)`', layer)
    }


def test_the_architecture_lists_the_layers_of_the_imports():
    layers, package = layers_of_the_architecture(), ROOT / 'spike_recon_ros'
    assert {path.parent.name for path in package.glob('*/__init__.py')} <= set(layers)
    upwards = []
    for file in package.rglob('*.py'):
        name = file.relative_to(package).parts[0].removesuffix('.py')
        for node in ast.walk(ast.parse(file.read_text(encoding='utf-8'))):
            module = (node.module or '') if isinstance(node, ast.ImportFrom) else ''
            imported = [*module.split('.'), ''][1] if module.startswith(package.name) else ''
            if name in layers and imported in layers and imported != name:
                upwards += [(file.name, module)] if layers[imported] <= layers[name] else []
    assert not upwards


def two_digits(value: float) -> str:
    return f'{value:.1f}' if value < 10 else f'{value:.0f}'


def network_times() -> list[str]:
    times = {
        row['model']: row['ms']
        for row in reversed(results('network.json')['results'])
        if row.get('size') == '346x260' and row.get('threads') == 1
    }
    names = 'two_scale_gru', 'two_scale_gru_small', 'firenet'
    return [f'{two_digits(times[name])} ms' for name in names]


def means(file: str, metric: str, form: str) -> list[str]:
    found = results(file)['mean']
    names = 'two_scale_gru', 'two_scale_gru_small', 'firenet', 'fibar'
    return [format(found[name][metric], form).removeprefix('0') for name in names]


def spike_psnr() -> list[str]:
    rows = [row for row in results('spikes.json')['results'] if 'psnr' in row]
    names = 'spk2vid', 'compensated_tfi', 'ssir', 'tfp'
    return [
        f'{mean(row["psnr"] for row in rows if row["model"] == name):.1f} dB' for name in names
    ]


def spike_times() -> list[str]:
    rows = results('spikes.json')['results']
    times = {
        row['model'].split()[0]: row['image_ms']
        for row in rows
        if row.get('size') == '400x250' and 'image_ms' in row
    }
    return [f'{times[name]:.0f} ms' for name in ('spk2vid', 'ssir', 'stir')] + [
        f'{times["spike_intervals"]:.2f} ms'
    ]


def real_video() -> list[str]:
    rows = {
        row['model']: row['ssim']
        for row in results('field_images.json')['results']
        if row['part'] == 'cross'
    }
    names = 'two_scale_gru', 'two_scale_gru_small', 'firenet'
    return [f'{rows[name]:.3f}'.removeprefix('0') for name in names]


def start() -> list[str]:
    rows = {(row['model'], row['size']): row for row in results('startup.json')['results']}
    return [f'{rows["auto", "346x260"]["wall_s"]:.2f} s']


def viewer() -> list[str]:
    rows = [row for row in results('viewer.json')['results'] if row['browsers']]
    shares = [row['percent_of_a_core'] / 100 for row in rows]
    return [f'{share:.2f}'.removeprefix('0') for share in (min(shares), max(shares))]


def live_at_hd() -> list[str]:
    """Return rates at which 98 % of the frames arrived and no packet was dropped."""
    rates = {}
    for row in results('hd_live.json')['results']:
        if row['frames_arrived'] < 0.98 * row['frames_due'] or row['dropped_packets']:
            continue
        if 'max_event_rate' not in row['parameters']:
            scale = row['parameters'].get('scale', '1')
            rates[row['model'], row['mega_events_per_s'], scale] = row['fps']
    small = 'two_scale_gru_small'
    return [
        f'{rates["two_scale_gru", 10.0, "1"]:.0f} fps at 10 Mev/s',
        f'small {rates[small, 25.0, "1"]:.0f} fps at 25 Mev/s',
        f'`scale:=2` {rates[small, 25.0, "2"]:.0f} fps',
    ]


def lamp_filter() -> list[str]:
    """Return the share of tags read under a lamp of 100 Hz without and with the filter."""
    rows = [row for row in results('filters.json')['results'] if '100 Hz, 35 %' in row['case']]
    plain, filtered = (row['two_scale_gru_small'] for row in rows[:2])
    assert rows[1]['settings'] == {'flicker_frequency': 100.0}
    return [f'{share:.3f}'.removeprefix('0') for share in (plain, filtered)]


ROWS = {
    'network.json': network_times,
    'evaluate_held.json': lambda: means('evaluate_held.json', 'ssim', '.3f'),
    'evaluate_tags_20ms.json': lambda: means('evaluate_tags_20ms.json', 'tags', '.1f'),
    'evaluate_rest.json': lambda: means('evaluate_rest.json', 'ssim', '.3f'),
    'field_images.json': real_video,
    'startup.json': start,
    'viewer.json': viewer,
    'hd_live.json': live_at_hd,
    'filters.json': lamp_filter,
}


@pytest.mark.parametrize('file', [*ROWS, 'spikes.json'])
def test_the_figures_of_the_readme_are_those_of_the_file(file):
    lines = [line for line in README.read_text('utf-8').splitlines() if f'| `{file}` |' in line]
    expected = [[*ROWS[file]()]] if file in ROWS else [spike_psnr(), spike_times()]
    assert len(lines) == len(expected)
    for line, figures in zip(lines, expected, strict=True):
        assert not [figure for figure in figures if figure not in line], line


@pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ('mkdocs', 'mkdocstrings', 'material')),
    reason="mkdocs is not installed; run: pip install -e '.[docs]'",
)
def test_the_site_is_built_without_a_warning(tmp_path):
    command = [sys.executable, '-m', 'mkdocs', 'build', '--strict', '-d', str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / 'python_api.html').read_text('utf-8').count('doc-heading') > 10


def test_the_moving_picture_can_be_made_again(tmp_path, monkeypatch):
    image = pytest.importorskip('PIL.Image', reason='Pillow is not installed: no WebP is written')
    tool = runpy.run_path(str(ROOT / 'tools' / 'make_moving_picture.py'))['main']
    small = {
        'N_IMAGES': 2,
        'EVENT_OPTIONS': ('--duration', '0.12'),
        'SPIKE_OPTIONS': ('--sensor', 'spike', '--duration', '0.01'),
    }
    for name, value in small.items():
        monkeypatch.setitem(tool.__globals__, name, value)
    monkeypatch.setattr(sys, 'argv', ['make_moving_picture.py', str(tmp_path / 'moving.webp')])
    tool()
    with image.open(tmp_path / 'moving.webp') as made, image.open(MOVING_PICTURE) as committed:
        assert made.n_frames == 2
        assert made.size == committed.size


def test_calibration_reaches_its_goals_with_the_filter_that_it_uses():
    rows = [row for row in results('calibration.json')['results'] if row['model'] == 'fibar']
    assert {row['board'] for row in rows} == {'checkerboard', 'charuco', 'aprilgrid'}
    for row in rows:
        assert max(map(abs, row['focal_error_percent'])) < 0.5
        assert row['position_error_percent_median'] < 1.0
