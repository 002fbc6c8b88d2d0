# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Who may use the page."""

import pytest

from spike_recon_ros.viewer import access as rules
from spike_recon_ros.viewer.access import Access, RefusedError

LOCAL = Access.for_host('127.0.0.1', 8088)
OPEN = Access('0.0.0.0', 8088, 'right')


def _status(access, headers, token=None, path='/', method='GET'):
    try:
        access.check(method, path, headers, token)
    except RefusedError as refused:
        return refused.status
    return 200


@pytest.mark.parametrize('host', ['localhost', '127.0.0.1', '::1', '127.0.0.2'])
def test_a_page_for_this_computer_needs_no_token(host):
    assert Access.for_host(host, 1).token is None


@pytest.mark.parametrize('host', ['0.0.0.0', '::', '192.168.1.5', 'robot.local', ''])
def test_a_page_for_others_has_a_long_random_token(host):
    tokens = {Access.for_host(host, 1).token for _ in range(3)}
    assert len(tokens) == 3
    assert all(len(token) > 20 for token in tokens)


@pytest.mark.parametrize('host', ['localhost:8088', '127.0.0.1:8088', '[::1]:8088', 'localhost'])
def test_this_computer_is_answered(host):
    assert _status(LOCAL, {'Host': host}) == 200
    assert _status(LOCAL, {'Host': host, 'Origin': f'http://{host}'}, path='/socket') == 200


@pytest.mark.parametrize('host', ['evil.example', '', '[', '127.0.0.1.evil.example', '10.0.0.1'])
def test_a_name_that_leads_to_this_computer_by_rebinding_is_refused(host):
    assert _status(LOCAL, {'Host': host}) == 403


@pytest.mark.parametrize(
    'origin',
    ['http://evil.example', 'null', '', 'https://localhost:8088', 'http://localhost:9999'],
)
def test_other_origins_are_refused(origin):
    headers = {'Host': 'localhost:8088', 'Origin': origin}
    assert _status(LOCAL, headers, path='/socket') == 403
    assert _status(OPEN, headers, 'right', path='/socket') == 403


@pytest.mark.parametrize('site', ['cross-site', 'same-site'])
def test_a_page_of_another_site_may_link_here_but_not_read(site):
    headers = {'Host': 'localhost:8088', 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': 'no-cors'}
    assert _status(LOCAL, headers, path='/snapshot/image') == 403
    assert _status(LOCAL, headers) == 403
    assert _status(LOCAL, {**headers, 'Sec-Fetch-Mode': 'navigate'}) == 200


@pytest.mark.parametrize('token', [None, '', 'wrong', 'righ', 'right ', 'r\u00edght', '\udcff'])
def test_without_the_token_nothing_is_answered(token):
    assert _status(OPEN, {'Host': 'robot:8088'}, token) == 401


def test_with_the_token_any_name_of_the_robot_is_answered():
    assert _status(OPEN, {'Host': 'robot:8088'}, 'right') == 200


@pytest.mark.parametrize('method', ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])
def test_nothing_can_be_uploaded(method):
    assert _status(LOCAL, {'Host': 'localhost'}, method=method) == 405


def test_tokens_are_compared_in_constant_time(monkeypatch):
    compared = []
    monkeypatch.setattr(rules.hmac, 'compare_digest', lambda *both: compared.append(both) or True)
    OPEN.check('GET', '/', {'Host': 'robot'}, 'wrong')
    assert compared == [(b'wrong', b'right')]
