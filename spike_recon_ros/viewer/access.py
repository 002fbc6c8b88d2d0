# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Who may use the page: the rules, separate from the server so that each can be tested alone."""

import hmac
import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

DEFAULT_HOST, DEFAULT_PORT = '127.0.0.1', 8088
_UNAUTHORISED, _FORBIDDEN, _NOT_ALLOWED = 401, 403, 405


class RefusedError(Exception):
    """A request that is not answered.

    Attributes:
        status: of HTTP.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class Access:
    """Decides whether a request is answered.

    A page that only this machine reaches needs no token, but must be addressed as this machine:
    otherwise a page of another site, whose name resolves to 127.0.0.1, could read it.

    Attributes:
        host: address that the server is bound to.
        port: port that it is bound to.
        token: what a request must carry; None = no token is needed.
    """

    host: str
    port: int
    token: str | None

    @staticmethod
    def for_host(host: str, port: int) -> 'Access':
        """Return the rules for a server on an address; other machines need a new random token."""
        return Access(host, port, None if _is_loopback(host) else secrets.token_urlsafe(16))

    @property
    def cookie(self) -> str:
        """Name of the cookie with the token; browsers share cookies between ports of a host."""
        return f'spike_recon_{self.port}'

    def check(
        self, method: str, path: str, headers: Mapping[str, str], given_token: str | None
    ) -> None:
        """Return if a request may be answered.

        Args:
            method: of HTTP.
            path: that is asked for.
            headers: of the request; a mapping that ignores case, as that of aiohttp.
            given_token: from the cookie or the query; None = there is none.

        Raises:
            RefusedError: it may not; nothing of the page is shown.
        """
        if method not in ('GET', 'HEAD'):
            raise RefusedError(_NOT_ALLOWED, 'nothing can be sent to this page')
        host = headers.get('Host', '')
        if self.token is None and not _is_loopback(_name_of(host)):
            raise RefusedError(
                _FORBIDDEN, f'address this page as http://localhost:{self.port} on this computer'
            )
        origin = headers.get('Origin')
        if origin is not None and (not host or origin.lower() != f'http://{host}'.lower()):
            raise RefusedError(_FORBIDDEN, 'a page of another site may not use this one')
        opens_page = path == '/' and headers.get('Sec-Fetch-Mode') == 'navigate'
        if headers.get('Sec-Fetch-Site') in ('cross-site', 'same-site') and not opens_page:
            raise RefusedError(_FORBIDDEN, 'a page of another site may not use this one')
        if self.token is not None and not _equal(given_token or '', self.token):
            raise RefusedError(
                _UNAUTHORISED,
                'open the address that `spike-recon view` printed; it holds the token',
            )


def _equal(given: str, token: str) -> bool:
    """Compare in constant time, so that the time of the answer does not give the token away."""
    return hmac.compare_digest(given.encode('utf-8', 'replace'), token.encode())


def _name_of(host: str) -> str:
    """Return the name in a Host header, without the port; '' if it is malformed."""
    try:
        return urlsplit(f'//{host}').hostname or ''
    except ValueError:
        return ''


def _is_loopback(name: str) -> bool:
    if name.lower() == 'localhost':
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
