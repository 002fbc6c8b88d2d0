# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.registry import decoder_for
from spike_recon_ros.packets.spike_planes import SpikePlanes, pack_planes, unpack_planes
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.sources.spike_file import write_dat
from spike_recon_ros.sources.spike_layout import SpikeLayout, layout_of, sidecar_of
from spike_recon_ros.sources.spike_m1 import PLANE_BYTES, TAGS, whole_planes

VIDAR = SpikeLayout()


def random_spikes(count, height=250, width=400, seed=0):
    return np.random.default_rng(seed).integers(0, 2, (count, height, width), np.uint8)


def planes_of(spikes):
    return SpikePlanes(pack_planes(spikes), np.arange(len(spikes)) * 50_000)


def read(source):
    packets = list(source)
    first = packets[0]
    decoder = decoder_for(first.encoding, first.width, first.height)
    planes = SpikePlanes.concatenate([decoder.decode(packet) for packet in packets])
    assert source.n_packets == len(packets)
    return unpack_planes(planes.bits, first.width), planes.t_ns


def m1_bytes(spikes):
    """Planes [n, 1000, 1000] as an M1 camera sends them."""
    halves = spikes.reshape(-1, 500)
    tag = (np.tile(TAGS, len(spikes)) >> 4)[:, None] >> np.arange(12) & 1
    return np.packbits(np.concatenate((halves, tag), 1), axis=1, bitorder='little').reshape(-1)


def test_dat_of_250_rows_is_stored_upside_down(tmp_path):
    spikes = random_spikes(21)
    np.packbits(spikes[:, ::-1], bitorder='little').tofile(tmp_path / 'a.dat')
    found, t_ns = read(open_source(tmp_path / 'a.dat'))
    np.testing.assert_array_equal(found, spikes)
    assert t_ns.tolist() == list(range(0, 21 * 50_000, 50_000))


def test_dat_of_1000_rows_is_stored_upright(tmp_path):
    spikes = random_spikes(2, 1000, 1000)
    np.packbits(spikes, bitorder='little').tofile(tmp_path / 'a.dat')
    sidecar_of(tmp_path / 'a.dat').write_text('width: 1000\nheight: 1000\nperiod_ns: 25000\n')
    found, t_ns = read(open_source(tmp_path / 'a.dat'))
    np.testing.assert_array_equal(found, spikes)
    assert t_ns.tolist() == [0, 25_000]


def test_size_may_be_given_instead_of_a_sidecar(tmp_path):
    spikes = random_spikes(3, 7, 20)
    np.packbits(spikes, axis=-1, bitorder='little').tofile(tmp_path / 'a.dat')
    found, _ = read(open_source(tmp_path / 'a.dat', planes={'width': 20, 'height': 7}))
    np.testing.assert_array_equal(found, spikes)


@pytest.mark.parametrize('layout', [VIDAR, SpikeLayout(width=13, height=5, flip=True)])
def test_written_dat_reads_back_by_its_sidecar_alone(tmp_path, layout):
    spikes = random_spikes(5, layout.height, layout.width)
    parts = [planes_of(spikes[:2]), planes_of(spikes[2:])]
    write_dat(tmp_path / 'a.dat', parts, layout)
    source = open_source(tmp_path / 'a.dat')
    np.testing.assert_array_equal(read(source)[0], spikes)
    assert source.warnings == ()


def test_bytes_after_the_last_whole_plane_are_left_out_and_reported(tmp_path):
    data = np.packbits(random_spikes(2), bitorder='little')
    np.concatenate((data, data[:321])).tofile(tmp_path / 'a.dat')
    source = open_source(tmp_path / 'a.dat')
    assert len(read(source)[0]) == 2
    [warning] = source.warnings
    assert 'ends with 321 bytes' in warning
    assert 'with --plane-size' in warning


def test_file_of_less_than_a_plane_asks_for_its_size(tmp_path):
    (tmp_path / 'a.dat').write_bytes(bytes(100))
    with pytest.raises(UserError, match=r'less than a plane of 400x250.*a\.dat\.yaml'):
        open_source(tmp_path / 'a.dat')


def test_the_header_of_k10_rows_is_removed(tmp_path):
    spikes = random_spikes(3)
    rows = np.packbits(spikes[:, ::-1], axis=-1, bitorder='little')
    np.concatenate((rows, np.full((3, 250, 2), 0xA5, np.uint8)), 2).tofile(tmp_path / 'a.raw')
    sidecar_of(tmp_path / 'a.raw').write_text('layout: k10\n')
    np.testing.assert_array_equal(read(open_source(tmp_path / 'a.raw'))[0], spikes)


def test_m1_halves_are_joined_without_their_tags(tmp_path):
    spikes = random_spikes(3, 1000, 1000)
    m1_bytes(spikes).tofile(tmp_path / 'a.bin')
    sidecar_of(tmp_path / 'a.bin').write_text('layout: m1\n')
    source = open_source(tmp_path / 'a.bin')
    np.testing.assert_array_equal(read(source)[0], spikes)
    assert source.warnings == ()


@pytest.mark.parametrize('missing', [1, 64, 5000])
def test_m1_with_a_gap_continues_at_the_next_plane(tmp_path, missing):
    spikes = random_spikes(4, 1000, 1000)
    data = m1_bytes(spikes)
    hole = PLANE_BYTES + 3000
    np.concatenate((data[:hole], data[hole + missing :])).tofile(tmp_path / 'a.bin')
    sidecar_of(tmp_path / 'a.bin').write_text('layout: m1\n')
    source = open_source(tmp_path / 'a.bin')
    found, t_ns = read(source)
    np.testing.assert_array_equal(found, spikes[[0, 2, 3]])
    assert t_ns.tolist() == [0, 100_000, 150_000]
    assert f'has {PLANE_BYTES - missing} bytes' in source.warnings[0]


def test_m1_that_begins_within_a_plane_starts_at_the_next():
    spikes = random_spikes(2, 1000, 1000)
    [(number, bits, _)] = whole_planes(m1_bytes(spikes)[777:], 20)
    assert number == 1
    np.testing.assert_array_equal(unpack_planes(bits, 1000), spikes[1:])


def test_file_without_tags_is_no_m1_file(tmp_path):
    (tmp_path / 'a.bin').write_bytes(bytes(2 * PLANE_BYTES))
    sidecar_of(tmp_path / 'a.bin').write_text('layout: m1\n')
    with pytest.raises(UserError, match='no plane with the tags of an M1 camera'):
        open_source(tmp_path / 'a.bin')


def test_npz_holds_upright_spikes_of_any_size(tmp_path):
    spikes = random_spikes(30, 9, 21)
    np.savez_compressed(tmp_path / 'a.npz', spk=spikes, label='seven')
    np.testing.assert_array_equal(read(open_source(tmp_path / 'a.npz'))[0], spikes)


@pytest.mark.parametrize('arrays', [{'other': np.zeros((2, 3, 4), np.uint8)}, {'spk': np.ones(3)}])
def test_npz_without_spikes_names_what_it_holds(tmp_path, arrays):
    np.savez(tmp_path / 'a.npz', **arrays)
    with pytest.raises(UserError, match=f'array spk.*{next(iter(arrays))}'):
        open_source(tmp_path / 'a.npz')


@pytest.mark.parametrize('scale', [1, 255, True, np.int8(1)])
def test_npz_may_hold_one_value_beside_0(tmp_path, scale):
    spikes = (np.random.default_rng(4).random((50, 6, 9)) < 0.4).astype(type(scale)) * scale
    np.savez(tmp_path / 'a.npz', spk=spikes)
    np.testing.assert_array_equal(read(open_source(tmp_path / 'a.npz'))[0], spikes > 0)


@pytest.mark.parametrize('values', [range(256), [0, 1, 2], [-1, 1]])
def test_npz_of_packed_planes_counts_or_signs_is_refused(tmp_path, values):
    planes = np.random.default_rng(4).choice(np.array(values), (50, 6, 9))
    np.savez(tmp_path / 'a.npz', spk=planes)
    with pytest.raises(
        UserError, match=r'spk in .* holds values from -?\d+ to \d+; it must hold 0'
    ):
        read(open_source(tmp_path / 'a.npz'))


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=300), st.sampled_from(['a.dat', 'a.npz']), st.booleans())
def test_any_bytes_are_read_or_refused_in_a_sentence(tmp_path_factory, data, name, like_zip):
    path = tmp_path_factory.mktemp('any') / name
    path.write_bytes(b'PK\x03\x04' * like_zip + data)
    refusal = str(path)
    with suppress(UserError), open_source(path, planes={'width': 10, 'height': 7}) as source:
        assert sum(packet.data.size for packet in source) <= path.stat().st_size
    try:
        open_source(path, planes={'width': 10, 'height': 7}).close()
    except UserError as error:
        refusal = str(error)
    assert str(path) in refusal


@pytest.mark.parametrize(
    'text',
    ['width: 0', 'height: x', 'layout: z', 'period_ns: 0.5', 'flip: 3', 'wide: 4', '8', '{'],
)
def test_an_impossible_sidecar_is_named(tmp_path, text):
    path = tmp_path / 'a.dat'
    path.write_bytes(bytes(12_500))
    sidecar_of(path).write_text(text)
    with pytest.raises(UserError, match=r'a\.dat\.yaml'):
        open_source(path)


def test_options_override_the_sidecar(tmp_path):
    spikes = random_spikes(4, 7, 16)
    path = tmp_path / 'a.bin'
    path.write_bytes(np.packbits(spikes, axis=-1, bitorder='little').tobytes())
    sidecar_of(path).write_text('width: 8\nheight: 14\nperiod_ns: 7\nflip: true\n')
    options = {'width': 16, 'height': 7, 'period_ns': 9, 'flip': False}
    found, t_ns = read(open_source(path, planes=options))
    np.testing.assert_array_equal(found, spikes)
    assert t_ns.tolist() == [0, 9, 18, 27]


def test_a_file_of_any_name_is_read_as_planes_with_the_options_of_planes(tmp_path):
    path = tmp_path / 'a.raw'
    path.write_bytes(bytes(250 * 52 * 2))
    assert len(read(open_source(path, planes={'layout': 'k10'}))[1]) == 2


@pytest.mark.parametrize(
    'options', [{'width': 0}, {'height': 10**9}, {'period_ns': 0}, {'period_ns': -5}]
)
def test_impossible_options_of_planes_are_refused(tmp_path, options):
    (tmp_path / 'a.dat').write_bytes(bytes(12_500))
    with pytest.raises(UserError, match=f'cannot have {next(iter(options))}'):
        open_source(tmp_path / 'a.dat', planes=options)


def test_options_of_planes_are_refused_for_other_formats(tmp_path):
    path = tmp_path / 'a.raw'
    path.write_bytes(b'% evt 3.0\n% end\n' + bytes(8))
    with pytest.raises(UserError, match=r'is a Prophesee RAW and states its own layout.*: flip'):
        open_source(path, planes={'flip': True})


def test_camera_layouts_have_one_size(tmp_path):
    sidecar_of(tmp_path / 'a.raw').write_text('layout: k10\nwidth: 1000\n')
    with pytest.raises(UserError, match='layout k10 has 400x250 pixels'):
        layout_of(tmp_path / 'a.raw')


@pytest.mark.parametrize(
    ('name', 'planes', 'rate'),
    [
        ('real_car_250x400.dat', 200, 0.366),
        ('real_lowlight_uhsr_250x250.npz', 200, 0.031),
        ('160_part1_key_id21.dat', 41, 0.190),
    ],
)
def test_real_file_has_its_planes_and_rate(recordings, name, planes, rate):
    spikes, _ = read(open_source(recordings(f'spike/{name}')))
    assert len(spikes) == planes
    assert spikes.mean() == pytest.approx(rate, abs=5e-4)
