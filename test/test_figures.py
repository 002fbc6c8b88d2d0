# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/figures.md hold what the files in benchmarks/results/ hold, rounded."""

import pytest
from documented_tables import NUMBER, check, model_of, page, results, rows_below

TEXT = page('figures.md')


def test_numbers_are_compared_to_their_decimals():
    check('1,902 of 2,999', 1902, 2999)
    check('.745 / 8.6 ms', 0.7454, 8.64)
    with pytest.raises(AssertionError):
        check('8.6 ms', 8.66)
    with pytest.raises(AssertionError):
        check('8.6 ms', 8.6, 8.6)


def test_times_of_networks():
    rows = rows_below('| times as fast as FireNet |', TEXT)
    measured = results('network.json')['results']
    names = {'eight bits': 'int8', 'bfloat16': 'openvino bf16', 'ONNX Runtime': 'onnxruntime'}
    assert len(rows) == 5
    for label, *times, ratio in rows:
        model, _, backend = label.replace('`', '').partition(', ')
        found = [
            row
            for row in measured
            if row['model'] == model.lower() and names[backend] in row['backend']
        ]
        for text, size in zip(times, ('240x180', '346x260', '640x480'), strict=True):
            check(text, *(row['ms'] for row in found if row['size'] == size))
        ratios = [row['times_faster_than_firenet'] for row in found]
        check(ratio, *sorted({min(ratios), max(ratios)}))


def test_times_at_hd():
    measured = {
        (row['model'], row['mega_events_s'], *row['settings']): row['cpu_ms']
        for row in results('hd.json')['results']
        if 'mega_events_s' in row
    }
    for label, *cells in rows_below('| full size |', TEXT):
        model, _, rates = label.replace('`', '').partition(', ')
        for cell, setting in zip(cells, ((), ('scale',), ('roi',)), strict=True):
            keys = [(model.lower(), float(rate), *setting) for rate in NUMBER.findall(rates)]
            if cell:
                check(cell, *(measured[key] for key in keys))


def test_times_at_hd_at_rest():
    measured = {
        (row['model'], row['patch'], *row['settings']): row['cpu_ms']
        for row in results('hd.json')['results']
        if 'patch' in row
    }
    for label, *cells in rows_below('| no patch |', TEXT):
        for cell, setting in zip(cells, ((0,), (100,), (100, 'active_part')), strict=True):
            if cell:
                check(cell, measured[(label.replace('`', ''), *setting)])


def test_the_live_node_at_hd():
    rows = rows_below('| 1280x720 | `threads` |', TEXT)
    measured = results('hd_live.json')['results']
    for (label, threads, frames, dropped, latency), row in zip(rows, measured, strict=True):
        assert label.startswith(f'{row["mega_events_per_s"]:.0f} Mev/s, `{row["model"]}`')
        assert label.endswith(f'{row["fps"]:.0f} fps')
        assert threads == row['parameters']['threads']
        check(frames, row['frames_arrived'], row['frames_due'])
        check(dropped, row['dropped_packets'])
        check(latency, *(row['latency_settled'][key] for key in ('p50_ms', 'p99_ms')))


def test_times_of_the_start():
    measured = {(row['model'], row['size']): row for row in results('startup.json')['results']}
    names = 'fibar', 'two_scale_gru_small', 'two_scale_gru', 'auto'
    shown = {}
    for size, *cells in rows_below('| size | FIBAR |', TEXT):
        for name, cell in zip(names, cells, strict=True):
            if cell:
                shown[name, size] = cell
    assert shown.keys() == measured.keys()
    for key, cell in shown.items():
        check(cell, measured[key]['wall_s'])


def test_the_node_behind_a_driver():
    rows = rows_below('| frames of those due |', TEXT)
    measured = results('driver_load.json')['results']
    assert len(rows) == len(measured)
    for (label, frames, dropped, latency, step), row in zip(rows, measured, strict=True):
        assert f'`{row["model"]}`' in label
        if ', ' in label:
            assert label.startswith(f'{row["camera"]}, {row["mega_events_per_s"]} Mev/s')
        check(frames, row['frames_arrived'], row['frames_due'])
        check(dropped, row['dropped_packets'])
        settled = row['latency_settled']
        check(latency, *(settled[key] for key in ('p50_ms', 'p99_ms', 'largest_ms')))
        check(step, row['processing_p50_ms'], row['processing_p99_ms'])


def test_processor_time_of_the_web_page():
    measured = {
        (row['size'], row['browsers']): row['percent_of_a_core']
        for row in results('viewer.json')['results']
    }
    _, *rows = rows_below('| | 346x260 | 640x480 | 1280x720 |', TEXT)
    for browsers, (_, *cells) in enumerate(rows, 1):
        for cell, size in zip(cells, ('346x260', '640x480', '1280x720'), strict=True):
            check(cell, measured[size, browsers])


FUSION = page('fusion.md')


def test_events_with_frames():
    means = results('frames.json')['means']
    rows = dict(zip(('frames_held', 'events', 'in_time', 'late', 'missing'), [
        cells for _, *cells in rows_below('| | MSE | SSIM |', FUSION)
    ], strict=True))  # fmt: skip
    for name, cells in rows.items():
        mean = means.get(name) or means[f'events_and_frames_{name}']
        for cell, metric in zip(cells, ('mse', 'ssim'), strict=True):
            check(cell, mean[metric])


def test_colours_of_each_mode():
    measured = results('color.json')
    names = [
        *(('events_mosaic', name) for name in ('grey', 'half_resolution', 'mosaic')),
        *(('spikes_mosaic_spk2vid', name) for name in ('grey', 'half_resolution', 'mosaic')),
        *(('spikes_mosaic_tfp', name) for name in ('half_resolution', 'mosaic')),
        *(('events_frame', name) for name in ('grey', 'hold', 'frame', 'frame_anchored', 'guess')),
    ]
    rows = rows_below('| with the brightness of the truth |', FUSION)
    for (_, *cells), (part, name) in zip(rows, names, strict=True):
        mean = measured[part]['means'][name]
        metrics = 'psnr_color', 'ciede2000', 'ciede2000_chroma'
        for cell, metric in zip(cells, metrics, strict=True):
            check(cell, mean[metric])


def test_configurations_of_spatio_temporal_fusion():
    text = page('model_zoo.md')
    measured = results('fusion.json')
    colours, between, both = (measured[key] for key in ('colours', 'between', 'configurations'))
    expected = [
        *(colours[name] for name in ('grey', 'grey_to_rgb', 'grey_to_rgb_mep')),
        *(between[name] for name in ('hold', 'mean', 'frame_interpolation')),
        between['frame_interpolation_ssim'],
        *both.values(),
    ]
    rows = rows_below('| | MSE | SSIM |', text[text.index('The four configurations') :])
    for row, values in zip(rows, expected, strict=True):
        check(row[1], values['mse'])
        if row[2]:
            check(row[2], values['ssim'])


def test_images_between():
    speeds = results('between_frames.json')['speeds']
    names = ('double_rate', 'default_rate', 'hold', 'mean', 'warp', 'warp_events', 'interpolator')
    rows = rows_below('| | x1 | x4 | x10 | CPU time |', FUSION)
    for (_, *cells, spent), name in zip(rows, names, strict=True):
        for cell, speed in zip(cells, ('x1', 'x4', 'x10'), strict=True):
            check(cell, speeds[speed][name]['ssim'])
        times = [ways[name]['ms'] for ways in speeds.values()]
        check(spent, *sorted({min(times), max(times)}))


def test_counts_of_damaged_input():
    lines = [line.split('|') for line in TEXT.splitlines() if '`fuzz_' in line]
    cells = {words[-2].strip(' `'): [word.strip() for word in words[1:-1]] for words in lines}
    decoders, files = results('fuzz_decoders.json'), results('fuzz_files.json')
    bundles, cuts = results('fuzz_bundles.json'), results('random_cuts.json')
    assert not decoders['exceptions'] + decoders['events_outside']
    check(cells['fuzz_decoders.json'][1], decoders['words'])
    check(cells['fuzz_files.json'][0], len(files['by_format']))
    check(cells['fuzz_files.json'][1], files['count'], files['ok'], files['sentence'])
    assert not any(files[key] for key in ('traceback', 'timeout', 'crash', 'memory'))
    check(cells['fuzz_bundles.json'][1], *(bundles[key] for key in ('cases', 'loaded', 'refused')))
    assert not cuts['different']
    assert f'{sum(cuts["cuts"].values()):,} cuts' in TEXT


SPIKE_CAMERAS = page('spike_cameras.md')
MODEL_ZOO = page('model_zoo.md')


def test_times_and_scores_of_spike_models():
    measured = results('spikes.json')['results']
    times = {
        row['model'].partition(' ')[0]: row['image_ms']
        for row in reversed(measured)
        if row.get('size') == '400x250' and 'image_ms' in row
    }
    for label, *_, time in rows_below('| time per image, 400x250 |', SPIKE_CAMERAS):
        check(time, times[model_of(label)])
    for label, _, time, scores, _ in rows_below('| ms at 400x250 |', MODEL_ZOO):
        check(time, times[model_of(label)])
        if scores[:1].isdecimal():
            rows = [row for row in measured if 'psnr' in row and row['model'] == model_of(label)]
            means = (sum(row[name] for row in rows) / len(rows) for name in ('psnr', 'ssim'))
            check(scores, *means)


def test_the_node_with_a_spike_camera():
    measured = {
        (row['model'], row['fps']): row
        for row in reversed(results('spikes_live.json')['results'])
        if row.get('planes_s') == 20_000 and row['size'] == '400x250'
    }
    for label, rate, result in rows_below('| model | requested | result |', SPIKE_CAMERAS):
        row = measured[model_of(label), float(rate.removesuffix(' fps').replace(',', ''))]
        counts = result[: result.index('p50')]
        if 'every frame' in counts:
            assert row['frames'] == row['frames_due']
        else:
            check(counts.replace('no packet', ''), row['frames'], row['frames_due'])
        assert not row['packets_lost'] + row['dropped_packets']
        times = result[result.index('p50') :].replace('p50', '').replace('p99', '')
        check(times, row['latency_p50_ms'], row['latency_p99_ms'])
