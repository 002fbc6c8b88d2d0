# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from rosbags.rosbag2 import Reader
from rosbags.typesys import Stores, get_typestore

from spike_recon_ros.errors import UserError
from spike_recon_ros.sinks.open_sink import open_sink

GRADIENT = np.tile(np.linspace(0, 255, 64, dtype=np.uint8), (48, 1))
IMAGES = {
    'mono8': GRADIENT,
    'mono16': GRADIENT.astype(np.uint16) * 257,
    '32FC1': GRADIENT.astype(np.float32) / 255,
}
T_NS, STAMP_NS = 5_000_000_000, 1_700_000_000_000_000_005


def write_three(path, image, fps=50, **options):
    with open_sink(path, fps, **options) as sink:
        for index in range(3):
            sink.write(image, T_NS + index * 20_000_000, STAMP_NS + index * 20_000_000)


@pytest.mark.parametrize('encoding', IMAGES)
def test_folder_holds_each_frame_exactly(tmp_path, encoding):
    image = IMAGES[encoding]
    write_three(tmp_path / 'out', image)
    suffix = 'tiff' if encoding == '32FC1' else 'png'
    names = sorted(path.name for path in (tmp_path / 'out').iterdir())
    assert names == [*(f'frame_00000{i}.{suffix}' for i in range(3)), 'frames.csv']
    read = cv2.imread(str(tmp_path / 'out' / f'frame_000001.{suffix}'), cv2.IMREAD_UNCHANGED)
    assert read.dtype == image.dtype
    np.testing.assert_array_equal(read, image)


def test_folder_has_a_table_of_times(tmp_path):
    write_three(tmp_path / 'deep' / 'out', GRADIENT)
    lines = (tmp_path / 'deep' / 'out' / 'frames.csv').read_text().splitlines()
    assert lines[0] == 'index,t_ns,stamp_ns'
    assert lines[1] == f'0,{T_NS},{STAMP_NS}'
    assert lines[3] == f'2,{T_NS + 40_000_000},{STAMP_NS + 40_000_000}'


def test_folder_is_complete_after_each_frame_even_if_never_closed(tmp_path):
    sink = open_sink(tmp_path / 'out', 50)
    sink.write(GRADIENT, 1, 2)
    assert (tmp_path / 'out' / 'frames.csv').read_text().splitlines() == [
        'index,t_ns,stamp_ns',
        '0,1,2',
    ]
    assert cv2.imread(str(tmp_path / 'out' / 'frame_000000.png')) is not None
    sink.close()


def test_overwriting_a_folder_removes_only_old_frames(tmp_path):
    write_three(tmp_path / 'out', IMAGES['32FC1'])
    (tmp_path / 'out' / 'notes.txt').write_text('mine')
    with open_sink(tmp_path / 'out', 50, overwrite=True) as sink:
        sink.write(GRADIENT, 1, 2)
    names = sorted(path.name for path in (tmp_path / 'out').iterdir())
    assert names == ['frame_000000.png', 'frames.csv', 'notes.txt']


@pytest.mark.parametrize('name', ['out', 'out.mp4', 'out.mcap'])
def test_existing_output_is_kept_unless_overwriting(tmp_path, name):
    write_three(tmp_path / name, GRADIENT)
    with pytest.raises(UserError, match='--overwrite'):
        open_sink(tmp_path / name, 50)
    write_three(tmp_path / name, GRADIENT, overwrite=True)


def test_empty_folder_may_be_written(tmp_path):
    (tmp_path / 'out').mkdir()
    write_three(tmp_path / 'out', GRADIENT)
    assert (tmp_path / 'out' / 'frame_000002.png').exists()


def test_unknown_suffix_lists_what_can_be_written(tmp_path):
    with pytest.raises(UserError, match=r'\.avi cannot be written.*\.mp4.*\.mcap'):
        open_sink(tmp_path / 'a.avi', 50)


def test_file_in_the_place_of_a_folder_is_a_user_error(tmp_path):
    (tmp_path / 'out').write_text('')
    with pytest.raises(UserError, match='is a file'):
        open_sink(tmp_path / 'out', 50, overwrite=True)
    (tmp_path / 'dir.mp4').mkdir()
    with pytest.raises(UserError, match='is a folder'):
        open_sink(tmp_path / 'dir.mp4', 50, overwrite=True)


def read_bag(path):
    store = get_typestore(Stores.ROS2_HUMBLE)
    with Reader(path) as reader:
        for connection, t_ns, raw in reader.messages():
            yield connection, t_ns, store.deserialize_cdr(raw, connection.msgtype)


@pytest.mark.parametrize('encoding', IMAGES)
def test_bag_holds_each_frame_exactly(tmp_path, encoding):
    image = IMAGES[encoding]
    write_three(tmp_path / 'out.mcap', image)
    messages = list(read_bag(tmp_path / 'out.mcap'))
    assert len(messages) == 3
    connection, t_ns, message = messages[1]
    assert connection.topic == '/event_camera/recon/image_raw'
    assert connection.msgtype == 'sensor_msgs/msg/Image'
    stamp = message.header.stamp
    assert stamp.sec * 10**9 + stamp.nanosec == t_ns == STAMP_NS + 20_000_000
    assert (message.height, message.width, message.encoding) == (48, 64, encoding)
    assert message.step == 64 * image.itemsize
    np.testing.assert_array_equal(message.data.view(image.dtype).reshape(48, 64), image)


def test_bag_takes_images_whose_rows_are_not_contiguous(tmp_path):
    image = np.arange(48, dtype=np.uint16).reshape(6, 8)[::2, ::2]
    write_three(tmp_path / 'out.mcap', image)
    _, _, message = next(read_bag(tmp_path / 'out.mcap'))
    np.testing.assert_array_equal(message.data.view(np.uint16).reshape(3, 4), image)


def decoded_video(path):
    av = pytest.importorskip('av')
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [
            (float(frame.pts * stream.time_base), frame.to_ndarray(format='gray'))
            for frame in container.decode(stream)
        ]
        return stream.codec_context, stream.average_rate, container.duration, frames


@pytest.mark.parametrize('encoding', IMAGES)
def test_video_shows_the_frames_in_eight_bits(tmp_path, encoding):
    pytest.importorskip('av')
    write_three(tmp_path / 'out.mp4', IMAGES[encoding])
    codec, _, _, frames = decoded_video(tmp_path / 'out.mp4')
    assert (codec.name, codec.pix_fmt) == ('h264', 'yuv420p')
    assert len(frames) == 3
    for _, shown in frames:
        difference = np.abs(shown.astype(int) - GRADIENT)
        assert difference.max() <= 6
        assert difference.mean() < 2


def test_video_of_odd_size_is_padded_by_one(tmp_path):
    pytest.importorskip('av')
    write_three(tmp_path / 'out.mp4', GRADIENT[:47, :63])
    codec, _, _, _ = decoded_video(tmp_path / 'out.mp4')
    assert (codec.width, codec.height) == (64, 48)


def test_video_frames_appear_at_their_sensor_times(tmp_path):
    pytest.importorskip('av')
    times_ms = [0, 20, 25, 100, 150]
    with open_sink(tmp_path / 'out.mp4', 50) as sink:
        for t_ms in times_ms:
            sink.write(GRADIENT, T_NS + t_ms * 1_000_000, 0)
    *_, frames = decoded_video(tmp_path / 'out.mp4')
    shown_ms = [round(1000 * seconds, 1) for seconds, _ in frames]
    assert shown_ms == pytest.approx(times_ms, abs=0.2)


def test_video_continues_at_its_rate_where_time_goes_back_or_jumps(tmp_path):
    pytest.importorskip('av')
    with open_sink(tmp_path / 'out.mp4', 50) as sink:
        for t_ms in [1000, 1010, 0, 10, 10, 3_600_000, 3_600_010]:
            sink.write(GRADIENT, T_NS + t_ms * 1_000_000, 0)
    *_, frames = decoded_video(tmp_path / 'out.mp4')
    shown_ms = [round(1000 * seconds, 1) for seconds, _ in frames]
    assert shown_ms == pytest.approx([0, 10, 30, 40, 60, 80, 90], abs=0.2)


def test_video_of_images_that_change_their_size_ends_with_a_sentence_and_what_it_has(tmp_path):
    pytest.importorskip('av')
    with open_sink(tmp_path / 'out.mp4', 50) as sink:
        sink.write(GRADIENT, T_NS, 0)
        with pytest.raises(UserError, match='a video has one size'):
            sink.write(GRADIENT[:20, :20], T_NS + 20_000_000, 0)
    *_, frames = decoded_video(tmp_path / 'out.mp4')
    assert len(frames) == 1


def test_video_at_constant_rate_lasts_as_long_as_its_frames(tmp_path):
    pytest.importorskip('av')
    with open_sink(tmp_path / 'out.mp4', 50) as sink:
        for index in range(50):
            sink.write(GRADIENT, T_NS + index * 20_000_000, 0)
    _, rate, duration_us, frames = decoded_video(tmp_path / 'out.mp4')
    assert len(frames) == 50
    assert float(rate) == pytest.approx(50, rel=0.03)
    assert duration_us == pytest.approx(1_000_000, rel=0.03)


@pytest.mark.parametrize('name', ['out', 'out.mp4', 'out.mcap'])
def test_interrupted_run_keeps_its_frames_and_leaves_nothing_unfinished(tmp_path, name):
    if name == 'out.mp4':
        pytest.importorskip('av')

    def interrupted():
        with open_sink(tmp_path / name, 50) as sink:
            sink.write(GRADIENT, T_NS, STAMP_NS)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [path.name for path in tmp_path.iterdir()] == [name]
    path: Path = tmp_path / name
    if name == 'out':
        assert (path / 'frame_000000.png').exists()
    elif name == 'out.mp4':
        assert len(decoded_video(path)[-1]) == 1
    else:
        assert len(list(read_bag(path))) == 1


def test_run_without_frames_leaves_no_video(tmp_path):
    pytest.importorskip('av')
    with open_sink(tmp_path / 'out.mp4', 50):
        pass
    assert list(tmp_path.iterdir()) == []


def test_missing_video_library_names_the_command_that_brings_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'av', None)
    with pytest.raises(UserError, match='pip install av'):
        open_sink(tmp_path / 'out.mp4', 50)


def test_closing_twice_does_nothing(tmp_path):
    for name in ('out', 'out.mcap'):
        sink = open_sink(tmp_path / name, 50)
        sink.write(GRADIENT, 1, 2)
        sink.close()
        sink.close()


@pytest.mark.parametrize('name', ['out', 'out.mp4', 'out.mcap'])
def test_a_closed_sink_refuses_frames_in_one_sentence(tmp_path, name):
    with open_sink(tmp_path / name, 50) as sink:
        sink.write(GRADIENT, 1, 2)
    with pytest.raises(UserError, match='is closed; open a sink again'):
        sink.write(GRADIENT, 3, 4)


@pytest.mark.parametrize('fps', [0, -1, float('nan'), float('inf'), None, 'fast'])
def test_a_rate_that_is_none_is_refused(tmp_path, fps):
    with pytest.raises(UserError, match='give the frames per second'):
        open_sink(tmp_path / 'out.mp4', fps)
