# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The pipeline with frames of an aligned camera, run with the shipped network."""

import numpy as np
import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.frames.camera_frame import CameraFrame
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.mono import encode_mono
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.reconstructor import Reconstructor, ResetReason
from spike_recon_ros.settings import EVENT_MODEL, FRAME_MODEL, Settings

pytest.importorskip('onnxruntime', reason='onnxruntime is not installed')

WIDTH, HEIGHT = 70, 52
MS = 1_000_000
EXACT = {'backend': 'onnxruntime', 'device': 'cpu', 'threads': 1, 'precision': 'fp32'}
RANDOM = np.random.default_rng(4)
PICTURE = np.kron(RANDOM.integers(0, 256, (13, 14)), np.ones((4, 5))).astype(np.uint8)


def packet(number: int, count: int = 400) -> Packet:
    random = np.random.default_rng(number)
    start_ns = (1 + 10 * number) * MS
    events = Events(
        random.integers(0, WIDTH, count).astype(np.uint16),
        random.integers(0, HEIGHT, count).astype(np.uint16),
        random.integers(0, 2, count).astype(np.uint8),
        np.sort(random.integers(start_ns, start_ns + 10 * MS, count)) // 1000 * 1000,
        Triggers.empty(),
    )
    base_ns = int(events.t_ns[0])
    data = encode_mono(events, base_ns)
    return Packet('mono', WIDTH, HEIGHT, number, base_ns, base_ns, data)


def images(pushed: dict[int, list[CameraFrame]], **settings) -> list[np.ndarray]:
    """Return the intensities of 12 packets; frames are pushed before the packet of that number."""
    chosen = Settings(**{'fps': 100.0, **EXACT, **settings})
    reconstructor, made = Reconstructor(chosen), []
    try:
        for number in range(12):
            for frame in pushed.get(number, []):
                assert not list(reconstructor.stream(frame))
            made += reconstructor.push(packet(number))
        made += reconstructor.flush()
    finally:
        reconstructor.close()
    return [frame.intensity for frame in made]


def test_without_frames_the_images_are_those_of_the_default_network_bit_for_bit():
    with_input, alone = images({}, frames='anchor'), images({}, model=EVENT_MODEL)
    assert len(with_input) == len(alone) >= 11
    assert all(np.array_equal(*pair) for pair in zip(with_input, alone, strict=True))


def test_a_frame_changes_the_images_from_its_time_on_and_not_before():
    alone = images({}, frames='anchor')
    frame = CameraFrame(61 * MS, PICTURE)
    helped = images({2: [frame]}, frames='anchor')  # long before a window needs it
    same = [np.array_equal(*pair) for pair in zip(helped, alone, strict=True)]
    assert same[:5] == [True] * 5
    assert not any(same[6:])


def test_a_frame_brings_the_image_nearer_to_itself():
    truth = PICTURE.astype(np.float32) / 255
    helped = images({0: [CameraFrame(5 * MS, PICTURE)]}, frames='anchor')
    alone = images({}, frames='anchor')
    error = [float(np.mean((one[3] - truth) ** 2)) for one in (helped, alone)]
    assert error[0] < error[1] / 2


def test_black_frames_change_nothing():
    black = CameraFrame(5 * MS, np.zeros((HEIGHT, WIDTH), np.uint8))
    pairs = zip(images({0: [black]}, frames='anchor'), images({}, frames='anchor'), strict=True)
    assert all(np.array_equal(*pair) for pair in pairs)


def test_frames_are_cropped_and_binned_like_the_events():
    shown = {'frames': 'anchor', 'roi': '10,4,48,40', 'scale': 2}
    helped = images({0: [CameraFrame(5 * MS, PICTURE)]}, **shown)
    assert helped[3].shape == (20, 24)
    assert not np.array_equal(helped[3], images({}, **shown)[3])


def test_a_reset_forgets_the_frames():
    reconstructor = Reconstructor(Settings(fps=100.0, frames='anchor', **EXACT))
    reconstructor.push(packet(0))
    list(reconstructor.stream(CameraFrame(5 * MS, PICTURE)))
    reconstructor.reset(ResetReason.REQUESTED)
    assert len(reconstructor.frames) == 0
    reconstructor.close()


@pytest.mark.parametrize('model', ['fibar', EVENT_MODEL])
def test_a_model_that_reads_no_frames_is_refused_in_one_sentence(model: str):
    reconstructor = Reconstructor(Settings(model=model, frames='anchor'))
    with pytest.raises(UserError, match=f'{model} does not read frames; set model to'):
        reconstructor.push(packet(0))


def test_auto_selects_the_network_that_reads_frames():
    reconstructor = Reconstructor(Settings(frames='anchor', **EXACT))
    reconstructor.push(packet(0))
    assert reconstructor.model_name == FRAME_MODEL
    reconstructor.close()
