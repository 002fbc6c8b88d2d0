# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Frames and colours from the command line: what is right, and the sentence for what is wrong."""

import json

import cv2
import numpy as np
import pytest

from spike_recon_ros.offline.simulated_sensors import EventSensor
from spike_recon_ros.offline.simulation import Simulation, simulate
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.sources.bag_writer import BagWriter
from spike_recon_ros.sources.images import read_images
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.topics import FRAMES

SIZE = 64, 48
S = 1_000_000_000
FILTER = '-m', 'leaky_integrator', '--fps', '100'


@pytest.fixture(scope='module')
def rig(tmp_path_factory):
    """Events and a colour camera of 30 frames per second, 0.12 s."""
    bag = tmp_path_factory.mktemp('frames') / 'rig'
    simulation = Simulation(
        EventSensor(), size=SIZE, duration_s=0.12, truth_hz=50.0, frames_hz=30.0, seed=3
    )
    simulate(bag, simulation)
    return bag


@pytest.fixture
def changed(rig, tmp_path):
    """A function that returns the rig with other frames, made from the RGB ones."""

    def with_other_frames(change, later_ns=0):
        with open_source(rig) as source, BagWriter(tmp_path / 'changed') as writer:
            for item in source:
                if isinstance(item, Packet):
                    writer.write_packet(item)
            for stamp_ns, recorded in read_images(rig, FRAMES):
                image = change(np.ascontiguousarray(recorded[:, :, ::-1]))
                encoding = 'mono8' if image.ndim == 2 else 'rgb8'
                writer.write_image(FRAMES, image, stamp_ns + later_ns, encoding, stamp_ns)
        return tmp_path / 'changed'

    return with_other_frames


def grey(image):
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def larger(image):
    return cv2.resize(image, (80, 60))


def test_run_writes_colour_images_with_the_frames_of_the_camera(rig, spike_recon, tmp_path):
    status, last, err = spike_recon('run', rig, *FILTER, '--color', 'frame', '-o', tmp_path / 'o')
    assert status == 0, err
    assert json.loads(last[0])['camera_frames']['received'] == 4
    image = cv2.imread(str(tmp_path / 'o' / 'frame_000010.png'), cv2.IMREAD_UNCHANGED)
    assert image.shape == (48, 64, 3)
    assert np.ptp(image.astype(int), axis=2).max() > 30


def test_run_and_evaluate_read_the_frames_as_anchors(rig, spike_recon, tmp_path):
    pytest.importorskip('onnxruntime', reason='onnxruntime is not installed')
    anchored = '--frames', 'anchor', '--backend', 'onnxruntime', '--threads', '1'
    status, last, err = spike_recon('run', rig, *anchored, '--fps', '50', '-o', tmp_path / 'o')
    assert status == 0, err
    assert json.loads(last[0])['model'] == 'two_scale_gru_frames'
    status, last, err = spike_recon(
        'evaluate', '-m', 'two_scale_gru', 'two_scale_gru_frames', '-d', rig, *anchored,
        '-q', 'mse', '-o', tmp_path / 'e',
    )  # fmt: skip
    assert status == 0, err
    mse = {name: row['mse'] for name, row in json.loads(last[0])['mean'].items()}
    assert mse['two_scale_gru_frames'] < mse['two_scale_gru']


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        (larger, 'have 80x60 pixels and the event sensor 64x48'),
        (grey, 'have no colour, which color:=frame needs'),
    ],
)
def test_frames_that_cannot_be_used_end_the_run_with_a_sentence(
    changed, spike_recon, tmp_path, change, sentence
):
    words = '--color', 'frame', '-o', tmp_path / 'o'
    status, _, err = spike_recon('run', changed(change), *FILTER, *words)
    assert status == 1
    assert sentence in ' '.join(err.split())


@pytest.mark.parametrize(('later_s', 'words'), [(-3600, 'behind'), (3600, 'ahead of')])
def test_frames_on_another_clock_are_counted_with_a_sentence(
    changed, spike_recon, tmp_path, later_s, words
):
    bag = changed(lambda image: image, later_s * S)
    status, last, err = spike_recon('run', bag, *FILTER, '--color', 'frame', '-o', tmp_path / 'o')
    assert status == 0, err
    assert json.loads(last[0])['camera_frames']['other_clock'] == 4
    assert (
        f'of 4 frames, 4 other clock were not used; the frames are stamped 3600.0 s {words}'
        in (' '.join(err.split()).replace('3599.9', '3600.0'))
    )


@pytest.mark.parametrize('command', ['run', 'evaluate'])
@pytest.mark.parametrize('later_s', [-3, 3])
def test_frames_that_all_come_before_or_after_the_events_are_named(
    changed, spike_recon, tmp_path, later_s, command
):
    bag, out = changed(lambda image: image, later_s * S), tmp_path / 'o'
    words = {
        'run': ['run', bag, *FILTER],
        'evaluate': ['evaluate', '-m', 'fibar', '-d', bag],
    }
    status, _, err = spike_recon(*words[command], '--color', 'frame', '-o', out)
    assert status == 0, err
    assert 'no frame was used, of 4 frames: each comes after the events, or more than 1 s' in err


def test_a_mosaic_on_a_sensor_of_an_odd_size_is_one_sentence(spike_recon, tmp_path):
    simulate(tmp_path / 'odd', Simulation(EventSensor(), size=(65, 48), duration_s=0.02))
    words = '--color', 'mosaic', '--bayer-pattern', 'rggb', '-o', tmp_path / 'o'
    status, _, err = spike_recon('run', tmp_path / 'odd', *FILTER, *words)
    assert status == 1
    assert 'a sensor of 65x48 pixels has not; set roi to 0,0,64,48' in ' '.join(err.split())
    words = '--color', 'mosaic', '-o', tmp_path / 'o'
    status, _, err = spike_recon('run', tmp_path / 'odd', *FILTER, *words)
    assert status == 1
    assert 'needs the Bayer pattern of the sensor' in ' '.join(err.split())
