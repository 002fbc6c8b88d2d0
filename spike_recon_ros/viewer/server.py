# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The HTTP server: the files of the page, a WebSocket for pictures and messages, snapshots.

It runs on a thread of its own and costs nothing while nobody is connected.
"""

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from spike_recon_ros.errors import UserError, one_line
from spike_recon_ros.joined_thread import JoinedThread
from spike_recon_ros.viewer.access import Access, RefusedError
from spike_recon_ros.viewer.show import Show, Viewer

PAGE = Path(__file__).parent / 'page'
FILES = {'page.js': 'text/javascript', 'charts.js': 'text/javascript', 'page.css': 'text/css'}
MOST_VIEWERS = 8
LARGEST_MESSAGE = 4096
HEADERS = {
    'Content-Security-Policy': "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cache-Control': 'no-store',
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class PageServer:
    """Serves a page until it is stopped.

    Args:
        show: what the page shows.
        access: where the server is bound, and who may use it.
    """

    def __init__(self, show: Show, access: Access) -> None:
        self._show, self._access = show, access
        self._sockets: set[web.WebSocketResponse] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = JoinedThread(self._run, 'page')
        self._started = threading.Event()
        self._failure: OSError | None = None
        self._runner: web.AppRunner | None = None

    @property
    def address(self) -> str:
        """The address for a browser, with the token if there is one.

        There are two if the page is served on all addresses of this machine, because a phone
        often cannot resolve the name of a computer.
        """
        hosts = [self._access.host]
        if hosts[0] in ('0.0.0.0', '::'):
            hosts = list(filter(None, (_address_in_network(), socket.gethostname())))
        token = f'?token={self._access.token}' if self._access.token else ''
        return ' or '.join(
            f'http://{f"[{host}]" if ":" in host else host}:{self._access.port}/{token}'
            for host in hosts
        )

    def start(self) -> None:
        """Bind and serve.

        Raises:
            UserError: the address cannot be bound.
        """
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            raise UserError(
                f'the page cannot be served on {self._access.host} port {self._access.port} '
                f'({self._failure.strerror or self._failure}); choose others with --host and '
                '--port'
            )

    def stop(self) -> None:
        """Disconnect everybody and end the thread."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._bind())
        except OSError as error:
            self._failure = error
        else:
            self._show.loop = self._loop
            self._started.set()
            self._loop.run_forever()
            self._show.loop = None
        finally:
            self._loop.run_until_complete(self._close())
            self._loop.close()
            self._started.set()

    async def _bind(self) -> None:
        application = web.Application(middlewares=[self._guard], client_max_size=1)
        application.router.add_get('/', self._page)
        application.router.add_get('/socket', self._socket)
        application.router.add_get('/snapshot/{pane}', self._snapshot)
        for name in FILES:
            application.router.add_get(f'/{name}', self._file)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._access.host, self._access.port).start()

    async def _close(self) -> None:
        for websocket in [*self._sockets]:
            await websocket.close(code=WSCloseCode.GOING_AWAY)
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer only what the access rules allow, and add the headers that protect the page."""
        given = request.query.get('token') or request.cookies.get(self._access.cookie)
        try:
            self._access.check(request.method, request.path, request.headers, given)
            response = await handler(request)
        except RefusedError as refused:
            response = web.Response(status=refused.status, text=f'{refused}\n')
        except web.HTTPException as error:
            response = web.Response(status=error.status, text=f'{error.reason}\n')
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    async def _page(self, request: web.Request) -> web.StreamResponse:
        token = self._access.token
        if token is not None and 'token' in request.query:
            # The token moves from the address, which others may see, into a cookie.
            response: web.StreamResponse = web.Response(status=303, headers={'Location': '/'})
            response.set_cookie(self._access.cookie, token, httponly=True, samesite='Lax')
            return response
        text = (PAGE / 'index.html').read_text(encoding='utf-8')
        return web.Response(text=text, content_type='text/html')

    async def _file(self, request: web.Request) -> web.StreamResponse:
        name = request.path.strip('/')
        text = (PAGE / name).read_text(encoding='utf-8')
        return web.Response(text=text, content_type=FILES[name])

    async def _snapshot(self, request: web.Request) -> web.StreamResponse:
        frame = request.query.get('frame', '')
        picture = self._show.snapshot(
            request.match_info['pane'], int(frame) if frame.isdecimal() else None
        )
        if picture is None:
            return web.Response(status=404, text='there is no such picture yet\n')
        body, kind = picture.file()
        name = (
            f'{request.match_info["pane"]}_{picture.stamp_ns}.{"jpg" if kind == "jpeg" else kind}'
        )
        headers = {'Content-Disposition': f'attachment; filename="{name}"'}
        return web.Response(body=body, content_type=f'image/{kind}', headers=headers)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get('Origin') is None and self._access.token is None:
            # Every browser sends it; without one, the rule about other sites would not hold.
            raise RefusedError(403, 'a WebSocket needs the header Origin')
        if len(self._show.viewers) >= MOST_VIEWERS:
            return web.Response(
                status=503, text=f'{MOST_VIEWERS} browsers show this page already; close one\n'
            )
        websocket = web.WebSocketResponse(
            heartbeat=10.0, max_msg_size=LARGEST_MESSAGE, compress=False
        )
        await websocket.prepare(request)
        viewer = Viewer()
        viewer.tell({'hello': self._show.hello()})
        self._sockets.add(websocket)
        self._show.opened(viewer)
        sender = asyncio.ensure_future(_send(websocket, viewer))
        try:
            await self._receive(websocket, viewer)
        finally:
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await sender
            self._show.closed(viewer)
            self._sockets.discard(websocket)
        return websocket

    async def _receive(self, websocket: web.WebSocketResponse, viewer: Viewer) -> None:
        async for received in websocket:
            if received.type is not WSMsgType.TEXT:
                continue
            message = _object_in(received.data)
            if type(seen := message.get('seen')) is int:
                viewer.has_seen(seen)
                continue
            if 'ping' in message:
                viewer.tell({'pong': 1})
                continue
            try:
                self._show.request(viewer, message)
            except UserError as error:
                viewer.tell({'error': one_line(error)})


async def _send(websocket: web.WebSocketResponse, viewer: Viewer) -> None:
    """Send what the viewer is to show, as fast as its connection takes it.

    A picture is one binary message: a line of JSON, then the JPEG.
    """
    while not websocket.closed:
        texts, number, pictures = await viewer.next()
        for text in texts:
            await websocket.send_str(json.dumps(text))
        for left, (pane, picture) in enumerate(pictures.items(), 1 - len(pictures)):
            header: dict[str, Any] = {'pane': pane, 'stamp_ns': str(picture.stamp_ns)}
            if left == 0:
                header['round'] = number
            await websocket.send_bytes(json.dumps(header).encode() + b'\n' + picture.jpeg())


def _object_in(text: str) -> dict[str, Any]:
    """Return the JSON object in a text; an empty one if it holds none."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}


def _address_in_network() -> str:
    """Return this machine's address in the network of its default route; '' if it has none."""
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe,
    ):
        probe.connect(('192.0.2.1', 9))  # reserved for documentation; nothing is sent
        return str(probe.getsockname()[0])
    return ''
