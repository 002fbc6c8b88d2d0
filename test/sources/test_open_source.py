# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.sources.bag_writer import BagWriter
from spike_recon_ros.sources.mono_packets import mono_packets
from spike_recon_ros.sources.open_source import open_source


def test_a_missing_path_is_named(tmp_path):
    with pytest.raises(UserError, match=r'no file or folder .*nope\.raw'):
        open_source(tmp_path / 'nope.raw')


def test_folder_without_a_bag_is_named(tmp_path):
    with pytest.raises(UserError, match='holds no rosbag2 bag'):
        open_source(tmp_path)


def test_a_data_set_folder_names_a_clip_and_the_command_for_all(tmp_path):
    (tmp_path / 'test' / 'input').mkdir(parents=True)
    (tmp_path / 'test' / 'input' / 'a.dat').touch()
    with pytest.raises(UserError, match=r'such as .*input/a\.dat, or .* spike-recon evaluate'):
        open_source(tmp_path)


@pytest.mark.parametrize('name', ['a.mcap', 'a.db3', 'a.bag', 'a.raw', 'a.aedat4', 'a.txt'])
def test_an_empty_file_is_reported_as_empty(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(UserError, match=f'{name} is empty'):
        open_source(tmp_path / name)


def test_unknown_kind_lists_what_can_be_read(tmp_path):
    (tmp_path / 'a.log').write_text('hello')
    with pytest.raises(UserError, match=r'not a recording of a known kind.*\.mcap.*\.aedat4'):
        open_source(tmp_path / 'a.log')


def test_prophesee_dat_with_a_damaged_header_is_named(tmp_path):
    (tmp_path / 'a.dat').write_bytes(b'% Data file containing CD events\n% Version 2\n')
    with pytest.raises(UserError, match='damaged DAT header'):
        open_source(tmp_path / 'a.dat')


def test_bag_under_another_name_asks_to_be_renamed(tmp_path):
    (tmp_path / 'a.log').write_bytes(b'\x89MCAP0\r\n' + bytes(99))
    with pytest.raises(UserError, match=r'rename it so that it ends in \.mcap'):
        open_source(tmp_path / 'a.log')


def test_raw_file_is_known_by_its_content(tmp_path):
    (tmp_path / 'recording').write_bytes(b'% evt 3.0\n% end\n' + bytes(8))
    assert len(list(open_source(tmp_path / 'recording'))) == 1


@pytest.mark.parametrize('name', ['a.h5', 'a.hdf5'])
def test_a_file_that_is_hdf5_by_name_only_is_reported_as_damaged(tmp_path, name):
    pytest.importorskip('h5py', reason='h5py is not installed: no HDF5 is read')
    (tmp_path / name).write_text('hello')
    with pytest.raises(UserError, match=r'is damaged: the HDF5 file cannot be read'):
        open_source(tmp_path / name)


def test_topics_are_refused_where_there_are_none(tmp_path):
    path = tmp_path / 'a.raw'
    path.write_bytes(b'% evt 3.0\n% end\n' + bytes(8))
    with pytest.raises(UserError, match='has no topics; leave out the topic /events'):
        open_source(path, topic='/events')
    with pytest.raises(UserError, match='no bag and has no topic /image'):
        open_source(path, reference_topic='/image')


def test_a_bag_that_ends_before_its_first_message_is_not_called_empty(tmp_path):
    path = tmp_path / 'a.mcap'
    header = bytes(8)  # two empty strings
    path.write_bytes(b'\x89MCAP0\r\n\x01' + len(header).to_bytes(8, 'little') + header)
    with pytest.raises(UserError, match='never finished: it holds no whole message'):
        open_source(path)


def test_a_folder_of_recordings_names_one_of_them(tmp_path):
    (tmp_path / 'notes.md').touch()
    (tmp_path / 'a.raw.tmp_index').touch()
    (tmp_path / 'b').mkdir()
    (tmp_path / 'b' / 'b_0.mcap').touch()
    with pytest.raises(UserError, match=r'a recording in it, such as .*/b$'):
        open_source(tmp_path)
    (tmp_path / 'a.raw').touch()
    with pytest.raises(UserError, match=r'a recording in it, such as .*/a\.raw$'):
        open_source(tmp_path)


@pytest.mark.parametrize(
    'name', ['zurich/events/left/events.h5', 'a/events_ts.npy', 'a/b/events.txt']
)
def test_a_folder_of_a_data_set_names_a_recording_below_it(tmp_path, name):
    (tmp_path / 'readme.txt').touch()
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).touch()
    recording = name if name.endswith('.h5') else name.rpartition('/')[0]
    with pytest.raises(UserError, match=rf'a recording in it, such as .*/{recording}$'):
        open_source(tmp_path)


@pytest.mark.parametrize('name', ['a.raw.tmp_index', 'a.bias', 'a.json'])
def test_a_file_beside_a_recording_names_the_recording(tmp_path, name):
    (tmp_path / 'a.raw').write_bytes(b'% evt 3.0\n% end\n' + bytes(8))
    (tmp_path / name).write_bytes(b'\x01\x02 settings')
    with pytest.raises(UserError, match=r'did you mean .*/a\.raw\?$'):
        open_source(tmp_path / name)


def test_the_description_of_a_bag_names_its_folder(tmp_path):
    (tmp_path / 'metadata.yaml').write_text('rosbag2_bagfile_information: {}\n')
    with pytest.raises(UserError, match=rf'name its folder: {tmp_path}$'):
        open_source(tmp_path / 'metadata.yaml')


@pytest.fixture(params=['bag', 'events.npz'])
def recording(request, tmp_path):
    """Return the path of three packets, or of a data set whose file stays open."""
    t_us = np.arange(0, 300_000, 1000)
    x, p = np.arange(300, dtype=np.uint16) % 8, np.ones(300, np.uint8)
    path = tmp_path / request.param
    if path.suffix:
        np.savez(path, x=x, y=x, t=t_us, p=p)
        return path
    events = Events(x, x, p, t_us * 1000, Triggers.empty())
    with BagWriter(path) as bag:
        for packet in (one for i in range(3) for one in mono_packets(events[i::3], 8, 8, i, 0)):
            bag.write_packet(packet)
    return path


def test_a_closed_source_says_so_instead_of_giving_nothing(recording):
    source = open_source(recording)
    assert list(source)
    source.close()
    source.close()
    with pytest.raises(UserError, match='is closed; open it again to read it'):
        list(source)


def test_a_source_that_is_closed_while_it_is_read_does_not_look_damaged(recording):
    source = open_source(recording)
    packets = iter(source)
    next(packets)
    source.close()
    before, sentences = source.warnings, []
    try:  # what was read ahead may still come
        list(packets)
    except UserError as error:
        sentences.append(str(error))
    assert all('is closed; open it again' in sentence for sentence in sentences)
    assert source.warnings == before
