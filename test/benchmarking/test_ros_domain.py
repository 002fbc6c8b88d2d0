# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Programs that start nodes of their own share no ROS domain."""

import socket
import subprocess
import sys

import pytest

from spike_recon_ros.benchmarking import ros_domain
from spike_recon_ros.benchmarking.ros_domain import claim_ros_domain, isolate_from_other_nodes
from spike_recon_ros.errors import UserError


@pytest.fixture(autouse=True)
def few_domains(monkeypatch, tmp_path):
    """Leave two domains to choose from, in a folder of lock files that only this test uses."""
    monkeypatch.setattr(ros_domain, 'DOMAINS', range(99, 101))
    monkeypatch.setattr(ros_domain.tempfile, 'gettempdir', lambda: str(tmp_path))
    monkeypatch.setattr(ros_domain, '_locks', [])
    monkeypatch.setattr(ros_domain, '_PORT', 27_000)  # no participant has such a port
    monkeypatch.setattr(ros_domain, '_PORTS_PER_DOMAIN', 4)
    monkeypatch.setattr(ros_domain, '_PARTICIPANTS', 2)


def test_no_domain_is_given_twice():
    assert {claim_ros_domain(), claim_ros_domain()} == {99, 100}
    with pytest.raises(UserError, match='every ROS domain from 99 to 100 is in use'):
        claim_ros_domain()


def test_another_process_does_not_get_a_claimed_domain(tmp_path):
    claimed = claim_ros_domain()
    code = (
        'from spike_recon_ros.benchmarking import ros_domain\n'
        'ros_domain.DOMAINS, ros_domain._PORT = range(99, 101), 27_000\n'
        'ros_domain._PORTS_PER_DOMAIN, ros_domain._PARTICIPANTS = 4, 2\n'
        'print(ros_domain.claim_ros_domain())'
    )
    environment = {**ros_domain.os.environ, 'TMPDIR': str(tmp_path)}
    command = [sys.executable, '-c', code]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert {claimed, int(done.stdout)} == {99, 100}


@pytest.mark.parametrize('number', [0, 1], ids=['first', 'second'])
def test_a_domain_in_which_a_participant_runs_is_skipped(number):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as participant:
        participant.bind(('', 27_000 + 4 * 99 + 2 * number))
        assert claim_ros_domain() == 100


def test_a_lock_file_that_cannot_be_opened_is_skipped(tmp_path):
    (tmp_path / 'spike_recon_ros_domain_100.lock').mkdir()
    assert claim_ros_domain() == 99


def test_a_domain_that_the_user_chose_is_kept(monkeypatch):
    monkeypatch.setenv('ROS_DOMAIN_ID', '42')
    monkeypatch.delenv('ROS_AUTOMATIC_DISCOVERY_RANGE', raising=False)
    isolate_from_other_nodes()
    assert ros_domain.os.environ['ROS_DOMAIN_ID'] == '42'
    assert ros_domain.os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'LOCALHOST'
