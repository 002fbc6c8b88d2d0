# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Figures of image quality and long runs in the documentation are those of their files."""

import re
from statistics import mean

import pytest
from documented_tables import check, model_of, page, results, rows_below

FIGURES = page('figures.md')
MODEL_ZOO = page('model_zoo.md')
STEPS_MS = 10, 20, 33


def test_networks_of_event_cameras_in_the_model_zoo():
    times = {
        (row['model'], row['size']): row['ms']
        for row in reversed(results('network.json')['results'])
        if 'int8' in row['backend'] or row['model'] in ('hybrid', 'hybrid_large', 'firenet')
    }
    held = results('evaluate_held.json')['mean']
    tags = [results(f'evaluate_tags_{ms}ms.json')['mean'] for ms in STEPS_MS]
    for label, _, ms, scores, read, first in rows_below('first tag after', MODEL_ZOO):
        name = model_of(label)
        if ms != '-':
            check(ms, *(times[name, size] for size in ('240x180', '346x260', '640x480')))
        check(scores, held[name]['mse'], held[name]['ssim'])
        check(read, *(one[name]['tags'] for one in tags))
        check(first, *(one[name]['first_tag_ms'] for one in tags))


def test_each_recording_of_the_other_simulator():
    found = {
        row['model']: row['recordings']
        for row in results('field_images.json')['results']
        if row['part'] == 'cross'
    }
    models = 'two_scale_gru', 'two_scale_gru_mirrored', 'hybrid', 'two_scale_gru_small', 'firenet'
    table = rows_below('| recording | `two_scale_gru` |', FIGURES)
    assert {model_of(label) for label, *_ in table} == set(found['firenet'])
    for label, *cells in table:
        for cell, model in zip(cells, models, strict=True):
            score = found[model][model_of(label)]
            check(cell, score['ssim'], score['ssim_matched'])


def test_scenes_that_stop():
    text = MODEL_ZOO[MODEL_ZOO.index('When the scene stops') :]
    rest = results('evaluate_rest.json')['mean']
    for label, *cells in rows_below('| | MSE | SSIM |', text[: text.index('![')]):
        for cell, metric in zip(cells, ('mse', 'ssim'), strict=True):
            check(cell, rest[model_of(label)][metric])
    board = results('evaluate_board_stops.json')['mean']
    shares = {name: round(100 * row['tags_share']) for name, row in board.items()}
    assert shares == {'firenet': 25, 'two_scale_gru_small': 99, 'two_scale_gru': 99}
    assert re.search(r'read 99 % of the tags in view,\s+FireNet 25 %', FIGURES)


def test_clips_of_spike_cameras():
    public = [row for row in results('spikes.json')['results'] if 'psnr' in row]
    held = {row['model']: row['mean'] for row in results('evaluate_held_spikes.jsonl')}
    short = results('evaluate_short_clip.jsonl')
    names = 'spk2vid', 'compensated_tfi', 'spike_intervals', 'tfp', 'ssir'
    rows = rows_below('| | `spk2vid` | `compensated_tfi` |', FIGURES)
    for (_, *cells), scores in zip(
        (row[:-1] for row in rows),
        (lambda name: [row for row in public if row['model'] == name],
         lambda name: [held[name]] if name in held else [],
         lambda name: [row for row in short if row['model'] == name]),
        strict=True,
    ):  # fmt: skip
        for cell, name in zip(cells, names, strict=True):
            if cell:
                check(cell, *(mean(row[key] for row in scores(name)) for key in ('psnr', 'ssim')))
    for label, _, _, _, simulated in rows_below('| ms at 400x250 |', MODEL_ZOO):
        if simulated:
            check(simulated, *(held[model_of(label)][key] for key in ('psnr', 'ssim')))


def test_motion_that_changes():
    file = results('evaluate_motion.json')
    velocity, today = file['constant_velocity'], file['scenes']
    for scene, *cells in rows_below('| scene | `compensated_tfi`, velocity', FIGURES):
        scores = (
            velocity[scene]['compensated_tfi'],
            file['compensated_tfi_before_removal_of_noise'][scene],
            file['compensated_tfi_before_sharpening'][scene],
            file['compensated_tfi_with_dark_current'][scene],
            today[scene]['compensated_tfi'],
            velocity[scene]['spk2vid'],
            file['spk2vid_before_training_with_sudden_motion'][scene],
            file['spk2vid_before_keeping_the_measured_light'][scene],
            file['spk2vid_before_training_with_the_dark_rate'][scene],
            today[scene]['spk2vid'],
        )
        for cell, score in zip(cells, scores, strict=True):
            check(cell, score['psnr'], score['worst'])


def test_super_resolution():
    file = results('spike_super_resolution.json')
    ways = 'super-resolution', 'spk2vid, bicubic', 'spk2vid, lanczos', 'compensated_tfi, bicubic'
    for label, *cells in rows_below('| scene | `spk2vid_x4` |', FIGURES):
        scene, _, of_truth = label.partition(', ')
        scores = file['truth_images' if of_truth else 'photographs'][scene]
        for cell, way in zip(cells, ways, strict=True):
            check(cell, scores[way]['psnr'], scores[way]['ssim'])


def test_event_filters():
    found = results('filters.json')['results']
    kept = {
        (row['case'], next(iter(row['settings']), '')): row['kept'] / row['events']
        for row in found
    }
    tags = {(row['case'], bool(row['settings'])): row.get('two_scale_gru_small') for row in found}
    cases = {
        'lamp: sine': ('sine 100 Hz, 35 %', 'flicker_frequency'),
        'the same, still': ('sine 100 Hz, 35 %, still', 'flicker_frequency'),
        'lamp: PWM': ('PWM 200 Hz, 50 %', 'flicker_frequency'),
        'noise of': ('noise 5 Hz', 'noise_filter_time'),
        'the same filter': ('steady light, noise filter', 'noise_filter_time'),
        '`max_event_rate`': ('steady light, limit 0.5 Mev/s', 'max_event_rate'),
    }
    rows = rows_below('| | events kept |', FIGURES)
    for label, share, plain, filtered in rows[1:]:
        case, setting = next(value for key, value in cases.items() if label.startswith(key))
        check(re.findall(r'\d+ %', share)[0], 100 * kept[case, setting])
        for cell, with_filter in ((plain, False), (filtered, True)):
            if cell != '-':
                check(cell, tags[case, with_filter])


def test_the_live_node_on_a_quiet_machine():
    rows = rows_below('| input | model | latency p50 / p99 |', FIGURES)
    found = results('live.json')['results']
    for (_, model, latency, cores, frames), row in zip(rows, found, strict=False):
        assert model_of(model) == row['model']
        check(latency, row['latency_p50_ms_median'], row['latency_p99_ms_median'])
        check(cores, row['node_cpu_cores_median'])
        made = sum(one['frames'] for one in row['rounds'])
        check(frames, made, made + row['merged_windows'])


@pytest.mark.parametrize(
    ('words', 'file', 'row_of', 'key'),
    [
        ('real, 664 events per packet', 'decode', {'stream': 'vga_evt3'}, 'mev_s_median'),
        ('| synthetic', 'decode', {'encoding': 'evt3', 'size': '640x480'}, 'mev_s_median'),
        ('with vector words', 'decode', {'size': '1280x720'}, 'mev_s_median'),
        ('| real, 1280x720', 'filter', {'filter': 'fibar', 'size': '1280x720'}, 'mev_s_median'),
    ],
)
def test_speed_of_stages(words, file, row_of, key):
    found = [row for row in results(f'{file}.json')['results'] if row_of.items() <= row.items()]
    (line,) = (line for line in FIGURES.splitlines() if words in line)
    check(line.split('|')[3], found[0][key])


def test_long_runs():
    soak = results('soak.json')['results'][0]
    (line,) = (line for line in FIGURES.splitlines() if '`soak.json`' in line)
    names = 'packets_received', 'loops', 'resets_time_backwards'
    names += 'memory_mb_after_warm_up', 'memory_mb_at_end'
    check(
        line.split('|')[2], *(soak[name] for name in names[:1]), 0, *(soak[n] for n in names[1:])
    )
    runs = results('live_faults.json')['results']
    assert not [run for run in runs if run['wrong']]
    assert f'{sum(run["faults"] for run in runs)} faults with right frames' in FIGURES
    assert f'{sum(run["activations"] for run in runs)} activations' in FIGURES
    memory = runs[0]['memory_mb_after_warm_up']
    assert f'was {memory["median_of_first_half"]} MB' in FIGURES
    assert f'and {memory["median_of_second_half"]:.1f} MB' in FIGURES
    for row in results('stability.json')['results']:
        assert row['all_finite']
        changes = [value for key, value in row.items() if 'greatest_change' in key]
        assert max(changes) <= 0.016


def test_what_the_state_of_spk2vid_adds():
    text = ' '.join(page('spike_cameras.md').split())
    found = {row['folder']: row for row in results('spikes_state.json')['results']}
    for folder, words in (
        ('held_fast', 'dB (39.5 against 38.8 dB'),
        ('held_dark', 'dB (34.9 against 32.3 dB'),
    ):
        assert words in text
        kinds = 'psnr_levelled_with_state', 'psnr_levelled_without'
        with_state, without = (found[folder][key] for key in kinds)
        check(words, mean(with_state[10:]), mean(without[10:]))


def test_calibration_of_each_board():
    found = {(row['board'], row['model']): row for row in results('calibration.json')['results']}
    rows = rows_below('| board | model | focal length', page('tutorials/consumers.md'))
    assert len(rows) == len(found)
    for board, model, focal, position, error, views in rows:
        row = found[board, model.strip('`')]
        check(focal, *map(abs, row['focal_error_percent']))
        signs = [sign == '+' for sign in re.findall(r'[+-]', focal)]
        assert signs == [value > 0 for value in row['focal_error_percent']]
        check(position, row['position_error_percent_median'])
        check(error, row['rms_px'])
        check(views, row['views'])


def test_frames_of_the_real_recording():
    text = ' '.join(page('fusion.md').split())
    file = results('evaluate_davis_frames.json')
    alone, both = (file['mean'][name] for name in ('two_scale_gru', 'two_scale_gru_frames'))
    for words, scores in (
        (re.search(r'MSE / SSIM of (\S+ / \S+) with events alone', text), alone),
        (re.search(r'alone and (\S+ / \S+) with frames', text), both),
        (re.search(r'frame before, held, has (\S+ / \.\d+)', text), file['frame_before_held']),
    ):
        assert words is not None
        check(words[1].rstrip('.'), scores['mse'], scores['ssim'])


def test_times_of_colour():
    text = ' '.join(page('fusion.md').split())
    file = results('color.json')
    events, spikes, frame = (
        file[name]['ms'] for name in ('events_mosaic', 'spikes_mosaic_spk2vid', 'events_frame')
    )
    line = re.search(r'`mosaic` takes .*? `guess` [\d.]+ ms', text)
    assert line is not None
    shown = line[0].replace('spk2vid', 'network')
    check(
        shown,
        events['phases'] + events['join'],
        events['network'],
        spikes['phases'] + spikes['join'],
        spikes['network'],
        frame['frame'] - frame['off'],
        frame['guess'] - frame['off'],
    )
