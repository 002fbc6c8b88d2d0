# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The server with a real HTTP client: pages, access, pictures, back-pressure."""

import asyncio
import json
import socket

import cv2
import numpy as np
import pytest

pytest.importorskip('aiohttp', reason='aiohttp is not installed; run: pip install aiohttp')

import aiohttp

from spike_recon_ros.errors import UserError
from spike_recon_ros.viewer.access import Access
from spike_recon_ros.viewer.live import HEALTH, Actions, LiveShow
from spike_recon_ros.viewer.pictures import LARGEST_WIDTH, Picture
from spike_recon_ros.viewer.server import FILES, MOST_VIEWERS, PageServer
from spike_recon_ros.viewer.show import MOST_ROUNDS_UNSEEN

IMAGE = np.tile(np.arange(60, dtype=np.uint8) * 4, (40, 1))


class Asked:
    """Actions that note what they are asked for."""

    def __init__(self):
        self.looks, self.calls = [], []
        self.actions = Actions(
            self.looks.append,
            lambda name, value: self.calls.append((name, value)),
            lambda: self.calls.append('reset'),
            lambda on: self.calls.append(('record', on)),
        )


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


@pytest.fixture
def asked():
    return Asked()


@pytest.fixture
def show(asked):
    return LiveShow('/event_camera/recon', {'samples': 'input', 'image': 'result'}, asked.actions)


@pytest.fixture
def serve(show):
    """A function that serves the show and returns the server and its address."""
    servers = []

    def start(token=None):
        access = Access('127.0.0.1', free_port(), token)
        servers.append(PageServer(show, access))
        servers[-1].start()
        return f'http://127.0.0.1:{access.port}'

    yield start
    for server in servers:
        server.stop()


def browse(coroutine):
    """Run what a browser does."""

    async def run():
        async with aiohttp.ClientSession() as session:
            await coroutine(session)

    asyncio.run(asyncio.wait_for(run(), 20))


async def _text(websocket, key):
    while True:
        received = await websocket.receive()
        if received.type is aiohttp.WSMsgType.TEXT and key in (found := json.loads(received.data)):
            return found[key]


async def _picture(websocket):
    while True:
        received = await websocket.receive()
        if received.type is aiohttp.WSMsgType.BINARY:
            header, _, jpeg = received.data.partition(b'\n')
            return json.loads(header), cv2.imdecode(np.frombuffer(jpeg, np.uint8), -1)


async def _until(condition):
    while not condition():
        await asyncio.sleep(0.01)


def test_the_page_and_its_files_come_from_this_server_alone(serve):
    address = serve()

    async def visit(session):
        for name in ('', *FILES):
            async with session.get(f'{address}/{name}') as response:
                text = await response.text()
                assert response.status == 200
                assert "default-src 'none'" in response.headers['Content-Security-Policy']
                assert 'http://' not in text.replace('http://www.w3.org', '')
                assert 'https://' not in text
                assert 'style="' not in text
        async with session.get(f'{address}/../pictures.py') as response:
            assert response.status == 404

    browse(visit)


def test_a_browser_gets_pictures_and_what_it_asks_for_is_done(serve, show, asked):
    address = serve()

    async def visit(session):
        async with session.ws_connect(f'{address}/socket', origin=address) as websocket:
            hello = await _text(websocket, 'hello')
            assert [pane['name'] for pane in hello['panes']] == ['samples', 'image']
            assert asked.looks == [frozenset({'samples', 'image', HEALTH})]
            show.offer('image', Picture(IMAGE, 123456789012345678))
            header, image = await _picture(websocket)
            assert header == {'pane': 'image', 'stamp_ns': '123456789012345678', 'round': 1}
            assert np.abs(image.astype(int) - IMAGE).max() < 12
            for message in ({'set': 'gamma', 'value': 2}, {'do': 'reset'}, {'do': 'record'}):
                await websocket.send_json(message)
            await websocket.send_json({'do': 'record', 'on': True})
            await websocket.send_json({'ping': 1})
            await _text(websocket, 'pong')
            assert asked.calls == [('gamma', 2.0), 'reset', ('record', False), ('record', True)]
            await websocket.send_json({'panes': ['samples', 'nonsense']})
            await websocket.send_json({'ping': 1})
            await _text(websocket, 'pong')
            assert asked.looks[-1] == {'samples', HEALTH}

    browse(visit)


@pytest.mark.parametrize(
    'message',
    ['{', '[]', '[' * 3000, '{"set": "fps", "value": 1}', '{"do": "harm"}', '{"set": 1}'],
)
def test_a_wrong_message_does_no_harm(serve, asked, message):
    address = serve()

    async def visit(session):
        async with session.ws_connect(f'{address}/socket', origin=address) as websocket:
            await websocket.send_str(message)
            await websocket.send_json({'do': 'reset'})
            await _until(lambda: asked.calls)
            assert asked.calls == ['reset']

    browse(visit)


def test_nothing_is_looked_at_compressed_or_kept_without_a_viewer(serve, show, asked):
    address = serve()
    unseen = Picture(IMAGE, 1)
    show.offer('image', unseen)

    async def visit(session):
        async with session.ws_connect(f'{address}/socket', origin=address) as websocket:
            await _text(websocket, 'hello')
            show.offer('image', Picture(IMAGE, 2))
            await _picture(websocket)
        await _until(lambda: not show.viewers)
        async with session.get(f'{address}/snapshot/image') as response:
            assert response.status == 404

    browse(visit)
    assert unseen._jpeg is None
    assert asked.looks[-1] == frozenset()


def test_two_viewers_share_one_compression(serve, show, monkeypatch):
    address = serve()
    compressed = []
    real = cv2.imencode
    monkeypatch.setattr(cv2, 'imencode', lambda *a: compressed.append(a[0]) or real(*a))

    async def visit(session):
        async with (
            session.ws_connect(f'{address}/socket', origin=address) as one,
            session.ws_connect(f'{address}/socket', origin=address) as two,
        ):
            await _text(one, 'hello')
            await _text(two, 'hello')
            show.offer('image', Picture(IMAGE, 1))
            await _picture(one)
            await _picture(two)

    browse(visit)
    assert compressed == ['.jpg']


def test_a_slow_browser_gets_the_newest_pictures_instead_of_late_ones(serve, show):
    address = serve()

    async def visit(session):
        async with session.ws_connect(f'{address}/socket', origin=address) as websocket:
            await _text(websocket, 'hello')
            seen = []
            for stamp in range(1, 31):
                show.offer('image', Picture(IMAGE, stamp))
                if stamp <= MOST_ROUNDS_UNSEEN:
                    seen.append((await _picture(websocket))[0])
            await websocket.send_json({'ping': 1})
            await _text(websocket, 'pong')
            await websocket.send_json({'seen': seen[0]['round']})
            header, _ = await _picture(websocket)
            assert header['stamp_ns'] == '30'
            assert show.viewers[0].skipped == 30 - MOST_ROUNDS_UNSEEN - 1

    browse(visit)


@pytest.mark.parametrize('origin', ['http://evil.example', None])
def test_a_websocket_from_another_origin_is_refused(serve, origin):
    address = serve()

    async def visit(session):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(f'{address}/socket', origin=origin)
        assert refused.value.status == 403

    browse(visit)


def test_the_token_opens_the_page_and_becomes_a_cookie(serve):
    address = serve(token='secret')

    async def visit(session):
        for path in ('/', '/page.js', '/snapshot/image', '/socket', '/?token=wrong'):
            async with session.get(address + path) as response:
                assert response.status == 401
                assert 'secret' not in await response.text()
        async with session.get(f'{address}/?token=secret', allow_redirects=False) as response:
            assert response.status == 303
            cookie = next(iter(response.cookies.values()))
            assert cookie['httponly']
            assert cookie['samesite'] == 'Lax'
        cookies = {cookie.key: cookie.value}
        async with session.get(f'{address}/', cookies=cookies) as response:
            assert response.status == 200
        async with session.ws_connect(
            f'{address}/socket', origin=address, headers={'Cookie': f'{cookie.key}=secret'}
        ) as websocket:
            await _text(websocket, 'hello')

    browse(visit)


def test_only_so_many_browsers_are_served(serve, show):
    address = serve()

    async def visit(session):
        sockets = [
            await session.ws_connect(f'{address}/socket', origin=address)
            for _ in range(MOST_VIEWERS)
        ]
        await _until(lambda: len(show.viewers) == MOST_VIEWERS)
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(f'{address}/socket', origin=address)
        assert refused.value.status == 503
        for websocket in sockets:
            await websocket.close()

    browse(visit)


def test_a_snapshot_is_a_lossless_picture_in_full_size(serve, show):
    address = serve()
    wide = np.tile(np.arange(4 * LARGEST_WIDTH, dtype=np.uint16) * 10, (4, 1))

    async def visit(session):
        async with session.ws_connect(f'{address}/socket', origin=address) as websocket:
            await _text(websocket, 'hello')
            show.offer('image', Picture(wide, 5))
            _, small = await _picture(websocket)
            assert small.shape == (1, LARGEST_WIDTH)
            async with session.get(f'{address}/snapshot/image') as response:
                assert 'image_5.png' in response.headers['Content-Disposition']
                body = np.frombuffer(await response.read(), np.uint8)
            assert (cv2.imdecode(body, -1) == wide >> 8).all()

    browse(visit)


def test_a_port_that_is_taken_is_named_with_the_cure(serve, show):
    port = int(serve().rpartition(':')[2])
    with pytest.raises(UserError, match=f'port {port} .*--port'):
        PageServer(show, Access('127.0.0.1', port, None)).start()
