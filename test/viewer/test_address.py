# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The address that is printed for a browser."""

import ipaddress

import pytest

pytest.importorskip('aiohttp', reason='aiohttp is not installed; run: pip install aiohttp')

from spike_recon_ros.viewer import server
from spike_recon_ros.viewer.access import Access


def address(host, token=None):
    return server.PageServer(None, Access(host, 80, token)).address


def test_an_address_that_is_given_is_printed():
    assert address('127.0.0.1') == 'http://127.0.0.1:80/'
    assert address('::1', 'abc') == 'http://[::1]:80/?token=abc'


@pytest.mark.parametrize('found', ['192.0.2.7', ''])
def test_other_computers_get_a_number_if_there_is_one_and_a_name(monkeypatch, found):
    monkeypatch.setattr(server, '_address_in_network', lambda: found)
    monkeypatch.setattr(server.socket, 'gethostname', lambda: 'robot')
    number = 'http://192.0.2.7:80/?token=abc or ' if found else ''
    assert address('0.0.0.0', 'abc') == f'{number}http://robot:80/?token=abc'


def test_the_address_of_this_machine_is_a_number_or_nothing():
    found = server._address_in_network()
    assert found == '' or ipaddress.ip_address(found)
