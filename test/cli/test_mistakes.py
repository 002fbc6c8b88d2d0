# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Typical mistakes on the command line: each gets one sentence and leaves nothing behind."""

import importlib.util
import os
import shutil

import pytest
from full_disk import full_after

from spike_recon_ros.cli.main import main

RUN = 'run {bag} -o {out} -m fibar '
EVALUATE = 'evaluate -d {bag} -o {out} -m fibar '
# Arguments with {places}, and words of the sentence that answers them.
MISUSED = [
    ('runn x', ["no command 'runn'", 'did you mean run?']),
    ('reconstruct x', ["no command 'reconstruct'"]),
    ('--jsno run x', ['no option --jsno', 'did you mean --json?']),
    ('run --fpss 50', ['no option --fpss', 'did you mean --fps?']),
    (RUN + '--fps abc', ['--fps takes a number', 'abc']),
    (RUN + '--fps', ['--fps', 'expected one argument']),
    (RUN + '--window-events 2.5', ['--window-events takes a whole number', '2.5']),
    (RUN + '--backend openvno', ['--backend', 'did you mean openvino?']),
    (RUN + '--sync-mode by-count', ['--sync-mode', 'did you mean by_count?']),
    (RUN + 'another', ["unexpected argument 'another'"]),
    (RUN + '--plane-size 346', ['--plane-size', '346']),
    ('run {bag}', ['missing', '--out']),
    ('run -o {out}', ['missing', 'SOURCE']),
    ('inspect {bag} --ros-args -p fps:=5', ['inspect takes no --ros-args']),
    ('inspect', ['missing', 'SOURCE']),
    ('node fps:=50', ['follows --ros-args']),
    ('node -p fps:=50', ['follows --ros-args']),
    ('node --params-file {misspelt}', ['follows --ros-args']),
    (RUN + 'window_events:=50', ['--window-events 50']),
    ('bench dekode', ['dekode', 'did you mean decode?']),
    ('build two_scale_gru', ['missing', '--size']),
    ('simulate -o {out} --sensor spikes', ['--sensor', 'did you mean spike?']),
    ('simulate -o {out} --size 0x260', ['0x260']),
    ('simulate -o {out} --duration long', ['--duration takes a number', 'long']),
    (EVALUATE + '-q sharpnes', ['sharpnes']),
    ('export', ['missing', 'RUN']),
    ('quantize two_scale_gru', ['missing', '-d']),
    ('train', ['missing', 'RECIPE']),
    ('record out --frames many', ['--frames takes a whole number', 'many']),
    ('play {bag} --rte 2', ['no option --rte', 'did you mean --rate?']),
    ('doctor --fix', ['no option --fix']),
]
WRONG = [
    ('run {missing} -o {out}', ['there is no file or folder']),
    ('run {empty} -o {out}', ['empty']),
    ('run {text} -o {out}', ['notes.txt']),
    (RUN.replace('fibar', 'fiber'), ["no model 'fiber'", 'did you mean fibar']),
    ('run {bag} -o {out} -m {empty}', ['empty']),
    ('run {bag} -o {out} -m {missing}', ['missing']),
    (RUN + '--fps 0', ['fps is 0.0', '0.1 to 10,000']),
    (RUN + '--fps -50', ['fps is -50.0', '0.1 to 10,000']),
    (RUN + '--fps nan', ['fps is nan', '0.1 to 10,000']),
    (RUN + '--topic /nope', ['/event_camera/events']),
    (RUN + '--sync-mode camera_image', ['--reference-topic']),
    (RUN + '--reference-topic /x', ['--sync-mode']),
    (RUN + '--sync-mode camera_image --reference-topic /nope', ['/nope']),
    (RUN + '--sync-mode trigger_events', ['trigger edges']),
    (RUN + '--sensor spike', ['spike']),
    (RUN + '--hot-pixel-file {missing}', ['missing']),
    (RUN + '--hot-pixel-file {text}', ['notes.txt']),
    (RUN + '--rectify {missing}', ['there is no file', 'events/left/rectify_map.h5']),
    (EVALUATE + ' --rectify {missing}', ['the rectification map', 'there is no file']),
    (RUN + '--save-hot-pixels x.png', ['--hot-pixel-time']),
    (RUN + '--front-end gpux', ['voxel_grid_on', 'auto, cpu, gpu']),
    (RUN + '--params-file {missing}', ['parameter file', 'does not exist']),
    (RUN + '--params-file {empty}', ['parameter file', 'is not a file']),
    (RUN + '--params-file {text}', ['notes.txt', 'ros__parameters']),
    (RUN + '--params-file {other_node}', ['no parameters for the node', '/event_camera/recon']),
    (RUN + '--params-file {misspelt}', ["'fpss'", 'did you mean fps?']),
    (RUN + '--params-file {wrong_value}', ["fps is 'fast'", 'a number']),
    ('run {bag} -o {bag} -m fibar', ['not empty', '--overwrite']),
    ('run {bag} -o {text} -m fibar', ['notes.txt']),
    ('run {bag} -o - -m fibar', ['stdout', 'name a folder']),
    ('run {bag} -o {out}.avi -m fibar', ['.avi', '.mp4']),
    ('run {bag} -o {text}/out -m fibar', ['notes.txt']),
    ('run {bag} -o /proc/x.mp4 -m fibar', ['/proc']),
    ('run {bag} -m fibar -o ' + 300 * 'x', ['file name too long', 'choose a shorter name']),
    ('run {bag} -m fibar -o ' + 250 * 'x' + '.mp4', ['name too long']),
    ('convert {bag} -o ' + 300 * 'x', ['ile name too long']),
    ('simulate -o ' + 254 * 'x', ['ile name too long']),
    ('inspect {missing}', ['there is no file or folder']),
    ('inspect {text}', ['notes.txt']),
    ('inspect {bag} --topic /nope', ['/event_camera/events']),
    ('convert {missing} -o {out}', ['there is no file or folder']),
    ('convert {bag} -o {bag}', ['which is read']),
    ('convert {bag} -o {out}.dat', ['.dat']),
    ('convert {bag} -o {out}.dat --truth-topic /truth', ['holds no images', '--truth-topic']),
    ('simulate -o {bag}', ['--overwrite']),
    ('simulate -o {out} --duration 1 --stop-after 1', ['stops after 1 s', 'ends after 1 s']),
    ('simulate -o {out} --frame-exposure 5', ['--frames']),
    ('simulate {empty} -o {out} --board tags', ['not both']),
    (
        'simulate -o {out} --sensor spike --dark-rate 0.1 --calibration {missing}',
        ['leave out --dark-rate'],
    ),
    ('simulate -o {out} --duration -1', ['duration', '-1']),
    ('simulate -o /proc/x --duration 0.1', ['/proc']),
    (EVALUATE.replace('fibar', 'fiber'), ["no model 'fiber'", 'did you mean fibar']),
    ('evaluate -d {missing} -m fibar -o {out}', ['there is no file or folder']),
    ('evaluate -d {bag} -m fibar', ['-o']),
    (EVALUATE + '--white-rate 0.5', ['--white-rate is for spike planes']),
    (EVALUATE + '--enlarge nearest', ['--enlarge is for spike planes']),
    (EVALUATE + '--plane-size 64x48', ['is for spike planes', '--truth-plane']),
    (EVALUATE + '--niqe-parameters {text}', ['--niqe-parameters is for the metric niqe']),
    (EVALUATE + '-q tags --skip-s 0.1', ['compare with ground truth', 'leave --skip-s out']),
    (EVALUATE + '-q mse --color guess', ['psnr_color', 'leave --color out']),
    ('bench soak --minutes 0.1', ['a soak needs 1 or more']),
    ('bench decode --recording {missing}', ['there is no file or folder']),
    ('build nothing --size 346x260', ['no network']),
    ('build two_scale_gru --size 346', ['346', 'as 346x260']),
    ('quantize nothing -d {bag} -o {out}', ['nothing']),
    ('quantize two_scale_gru -d {missing} -o {out}', ['missing']),
    ('prune nothing -d {bag} -o {out}', ['nothing']),
]
WRONG_WITH_TORCH = [
    ('simulate {missing} -o {out}', ['missing']),
    ('export {missing} -o {out}', ['missing']),
    ('train nothing --photos {empty} -o {out}', ['nothing']),
]
WRONG_WITH_ROS = [
    ('demo -m fiber -o {out}', ["no model 'fiber'"]),
    ('demo --fps 0.01 -o {out}', ['fps is 0.01']),
    ('play {missing}', ['there is no file or folder']),
    ('play {text}', ['notes.txt']),
    ('play {bag} --rate 0', ['rate', '0']),
    ('play {bag} --wait-timeout 3', ['--wait-for', 'give both']),
    ('play {bag} --rate -1', ['rate', '-1']),
    ('record {bag}', ['--overwrite']),
    ('record {out}.avi', ['.avi', '.mp4']),
    ('record {out} --topic no:topic', ['no:topic']),
    ('node --ros-args -p', ['ROS does not understand its arguments']),
    ('node --ros-args --params-file {missing}', ['does not exist']),
    ('node --ros-args --params-file {other_node}', ['none for this node, /event_camera/recon']),
]
ROS_IS_THERE = importlib.util.find_spec('rclpy') and importlib.util.find_spec('event_camera_msgs')


@pytest.fixture
def places(walk, tmp_path, monkeypatch):
    """What the arguments name; nothing may be added to it."""

    def params(name, node, line):
        path = tmp_path / name
        path.write_text(f'{node}:\n  ros__parameters:\n    {line}\n', encoding='utf-8')
        return path

    (tmp_path / 'empty').mkdir()
    (tmp_path / 'notes.txt').write_text('shopping list\n', encoding='utf-8')
    shutil.copytree(walk, tmp_path / 'bag')
    monkeypatch.chdir(tmp_path)
    return {
        'bag': tmp_path / 'bag',
        'empty': tmp_path / 'empty',
        'text': tmp_path / 'notes.txt',
        'missing': tmp_path / 'missing',
        'out': tmp_path / 'out',
        'other_node': params('other_node.yaml', '/event_camera/driver', 'fps: 50.0'),
        'misspelt': params('misspelt.yaml', '/**', 'fpss: 50.0'),
        'wrong_value': params('wrong_value.yaml', '/**', 'fps: fast'),
    }


@pytest.fixture
def answer(places, tmp_path, capfd):
    """A function that types a line and returns status and stderr; checks what is left behind."""

    def answer_to(line):
        before = _tree(tmp_path)
        try:
            status = main([word.format(**places) for word in line.split()])
        except SystemExit as end:
            status = end.code
        assert _tree(tmp_path) == before
        out, err = capfd.readouterr()
        assert not out
        assert 'Traceback' not in err
        return status, err

    return answer_to


def _tree(folder):
    files = (os.path.join(at, name) for at, _, names in os.walk(folder) for name in names)
    folders = (at for at, _, _ in os.walk(folder))
    return {*folders, *((path, os.path.getsize(path)) for path in files)}


@pytest.mark.parametrize(('line', 'words'), MISUSED, ids=[line for line, _ in MISUSED])
def test_what_cannot_be_parsed_gets_one_sentence_and_status_2(answer, line, words):
    status, err = answer(line)
    assert status == 2
    (sentence,) = err.splitlines()
    assert sentence.startswith('spike-recon')
    assert all(word in sentence for word in words), sentence


@pytest.mark.parametrize(('line', 'words'), WRONG, ids=[line for line, _ in WRONG])
def test_what_cannot_be_done_gets_one_sentence_and_status_1(answer, line, words):
    status, err = answer(line)
    assert status == 1
    sentence = err.splitlines()[-1]
    assert sentence.startswith('spike-recon ')
    assert all(word in sentence for word in words), sentence


@pytest.mark.training
@pytest.mark.parametrize(('line', 'words'), WRONG_WITH_TORCH, ids=[x for x, _ in WRONG_WITH_TORCH])
def test_what_training_cannot_do_gets_one_sentence_and_status_1(answer, line, words):
    test_what_cannot_be_done_gets_one_sentence_and_status_1(answer, line, words)


@pytest.mark.skipif(not ROS_IS_THERE, reason='rclpy or event_camera_msgs is not installed')
@pytest.mark.parametrize(('line', 'words'), WRONG_WITH_ROS, ids=[x for x, _ in WRONG_WITH_ROS])
def test_what_ros_programs_cannot_do_gets_one_sentence_and_status_1(answer, line, words):
    status, err = answer(line)
    assert status == 1
    assert any(all(word in sentence for word in words) for sentence in err.splitlines()), err


@pytest.mark.parametrize('name', ['[bold', '[red][link=x]y'])
def test_names_with_markup_are_shown_as_they_are(places, tmp_path, capfd, monkeypatch, name):
    monkeypatch.setenv('COLUMNS', '400')
    bag = tmp_path / f'{name}bag'
    out = tmp_path / f'{name}out'
    shutil.copytree(places['bag'], bag)
    assert main(['run', str(bag), '-o', str(out), '-m', 'fibar']) == 0
    assert out.name in capfd.readouterr().err
    assert main(['inspect', str(bag)]) == 0
    assert bag.name in capfd.readouterr().err
    evaluated = str(tmp_path / f'{name}e')
    assert main(['evaluate', '-d', str(bag), '-m', 'fibar', '-o', evaluated]) == 0
    err = capfd.readouterr().err
    assert evaluated in err
    assert bag.name in err


@pytest.mark.parametrize(
    ('line', 'limit', 'named'),
    [
        (RUN, 1_000, 'frame_000000.png'),
        ('run {bag} -o {out}.mp4 -m fibar --fps 1000', 10_000, 'out.mp4'),
        ('run {bag} -o {out}.mcap -m fibar --fps 1000', 20_000, 'out.mcap'),
        ('convert {bag} -o {out}', 20_000, 'out'),
        ('simulate -o {out} --duration 0.2 --size 64x48', 20_000, 'out'),
    ],
)
def test_a_full_disk_is_reported_with_the_file_and_nothing_incomplete_stays(
    answer, places, tmp_path, capfd, line, limit, named
):
    main(['run', str(places['bag']), '-o', str(tmp_path / 'compiled'), '-m', 'fibar'])
    capfd.readouterr()
    with full_after(limit):
        status, err = answer(line)
    assert status == 1
    sentence = err.splitlines()[-1]
    assert f'{named} cannot be written' in sentence


@pytest.mark.parametrize('name', ['bell\a', '\x1b[31mred', 'a\nb', 'x' * 250, '\udcff', '\u202e'])
@pytest.mark.parametrize('verb', ['inspect', 'run', 'reconstruct'])
def test_a_hostile_name_is_shown_as_one_harmless_line(capfd, tmp_path, verb, name):
    try:
        status = main(
            [verb, str(tmp_path / name), '-o', str(tmp_path / 'o'), '--topic', name * 99]
        )
    except SystemExit as end:
        status = end.code
    err = capfd.readouterr().err
    assert status in (1, 2)
    (line,) = err.splitlines()
    assert line.isprintable()
    assert len(line) < 2200


def test_a_home_folder_behind_an_option_is_found(places, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv('HOME', str(tmp_path))
    assert main(['run', '~/bag', '--out=~/frames', '-m', 'fibar']) == 0
    assert (tmp_path / 'frames').is_dir()
    assert not (tmp_path / '~').exists()
    capfd.readouterr()
