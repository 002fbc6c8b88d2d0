# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the state of spike networks adds, measured on a small clip."""

import cv2
import numpy as np
import pytest
import yaml

from spike_recon_ros.benchmarking.spikes_state import networks_with_state, spikes_state
from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.spike_planes import pack_planes

pytest.importorskip('openvino', reason='openvino is not installed: no network runs')

WIDTH, HEIGHT, PLANES = 48, 40, 120


@pytest.fixture
def clips(tmp_path):
    """Return a folder with a clip whose truths are 20 planes apart."""
    random = np.random.default_rng(0)
    light = cv2.GaussianBlur(random.random((HEIGHT, WIDTH)), (0, 0), 2)
    light = (light - light.min()) / np.ptp(light)
    charge = np.floor(np.arange(1, PLANES + 1)[:, None, None] * 0.6 * light + random.random())
    spikes = np.diff(charge, axis=0, prepend=0) > 0
    folder = tmp_path / 'clips'
    (folder / 'a_truth').mkdir(parents=True)
    (folder / 'a.dat').write_bytes(pack_planes(spikes).tobytes())
    layout = {'layout': 'planes', 'width': WIDTH, 'height': HEIGHT, 'period_ns': 50_000}
    layout |= {'flip': False, 'white_rate': 0.6}
    (folder / 'a.dat.yaml').write_text(yaml.safe_dump(layout))
    for plane in (20, 40, 60):
        cv2.imwrite(str(folder / 'a_truth' / f'plane_{plane:06d}.png'), np.rint(255 * light))
    return folder


def test_networks_of_the_zoo_with_a_state_are_measured_with_and_without_it(clips):
    assert networks_with_state() == ['spk2vid', 'spk2vid_large']
    (row,) = spikes_state(['spk2vid'], [clips], None)
    assert len(row['psnr_with_state']) == len(row['psnr_without']) == 3
    assert row['psnr_with_state'][0] == row['psnr_without'][0]
    assert row['psnr_with_state'][1:] != row['psnr_without'][1:]


def test_networks_with_super_resolution_are_refused_with_a_reason(clips):
    with pytest.raises(UserError, match=r'spk2vid_x4 makes images of 192x160, but .* 48x40'):
        list(spikes_state(['spk2vid_x4'], [clips], None))
