"""The gate in front of every request: host, origin, session, size, and what the page may load.

The server listens on 127.0.0.1 only, but any page that the person's browser
shows could send it requests (and any name may resolve to it), so each request
must name this host, come from this origin, and carry the session's cookie. The
cookie is given once, for the token in the address that the command prints; both
are made anew at each start and kept nowhere.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from controlroom.web.errors import plain

COOKIE = "controlroom"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
JSON_LIMIT_BYTES = 1 << 20
UPLOAD_LIMIT_BYTES = 1 << 30
UPLOAD_PATHS = ("/imports", "/imports/parcels")

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
CLOSED = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Control Room</title>"
    "<h1>This door needs its key</h1><p>Open the address that <code>controlroom studio</code> printed; "
    "it carries a token that lets one browser in, once. Start it again for another.</p>"
)
OPENED = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Control Room</title>"
    '<meta http-equiv=refresh content="0;url=/"><p><a href="/">Come in</a></p>'
)
"""A page and not a redirect: a strict cookie goes along only where the page that asks is our own."""


@dataclass(eq=False)
class Session:
    """Who may come in: the token of the opened address, and the cookie that it is changed for, once."""

    port: int
    secret: str = field(default_factory=lambda: secrets.token_hex(32))
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    used: bool = False

    @property
    def hosts(self) -> tuple[str, ...]:
        """Return the names under which this server may be asked."""
        return (f"127.0.0.1:{self.port}", f"localhost:{self.port}")

    @property
    def cookie_name(self) -> str:
        """Return the cookie's name; browsers share cookies between ports."""
        return f"{COOKIE}-{self.port}"

    @property
    def cookie(self) -> str:
        """Return the cookie's value; it dies with the server."""
        return hmac.new(self.secret.encode(), b"console session", hashlib.sha256).hexdigest()

    @property
    def url(self) -> str:
        """Return the address to open."""
        return f"http://127.0.0.1:{self.port}/?{urlencode({'token': self.token})}"

    def admits(self, token: str) -> bool:
        """Return whether a token opens the door; the right one does so once."""
        right = not self.used and hmac.compare_digest(token.encode(), self.token.encode())
        self.used = self.used or right
        return right


class Gate:
    """ASGI middleware that refuses what does not belong here."""

    def __init__(self, app: ASGIApp, session: Session) -> None:
        self._app = app
        self._session = session

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        answer = self._answer(scope)
        await (answer or self._app)(scope, receive, dressed)

    def _answer(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        method, path = str(scope["method"]), str(scope["path"])
        if headers.get("host", "") not in self._session.hosts:
            return JSONResponse(plain("request.host", f"{headers.get('host')!r} is not this host"), 421)
        given = parse_qs(str(scope["query_string"], "latin-1")).get("token", [""])[0]
        if (
            method == "GET" and path == "/" and given
        ):  # its sender may be anybody: who knows the token is let in
            return self._admit(given, headers)
        origin = headers.get("origin")
        own = [f"http://{host}" for host in self._session.hosts]
        if (origin is not None and origin not in own) or headers.get("sec-fetch-site") == "cross-site":
            return JSONResponse(plain("request.origin", "requests from other sites are refused"), 403)
        if not self._known(headers):
            return _closed(headers)
        return _too_large(method, path, headers)

    def _admit(self, token: str, headers: Headers) -> Response:
        if self._known(headers):  # the address again, in the browser that is in
            return RedirectResponse("/", 303)
        if not self._session.admits(token):
            return HTMLResponse(CLOSED, 401)
        response = HTMLResponse(OPENED)
        response.set_cookie(self._session.cookie_name, self._session.cookie, httponly=True, samesite="strict")
        return response

    def _known(self, headers: Headers) -> bool:
        cookies = SimpleCookie()
        try:
            cookies.load(headers.get("cookie", ""))
        except Exception:  # noqa: BLE001 -- http.cookies raises what it likes on garbage, which is no key
            return False
        given = cookies.get(self._session.cookie_name)
        return given is not None and hmac.compare_digest(given.value.encode(), self._session.cookie.encode())


def _closed(headers: Headers) -> Response:
    if "text/html" in headers.get("accept", ""):
        return HTMLResponse(CLOSED, 401)
    return JSONResponse(
        plain("request.session", "this request has no session", "open the printed address"), 401
    )


def _too_large(method: str, path: str, headers: Headers) -> Response | None:
    """Refuse by the announced length, before a byte of the body is read."""
    if method in SAFE_METHODS:
        return None
    limit = UPLOAD_LIMIT_BYTES if path in UPLOAD_PATHS else JSON_LIMIT_BYTES
    length = headers.get("content-length", "")
    if not length.isdigit():
        known = path in UPLOAD_PATHS or headers.get("transfer-encoding") is None
        return None if known else JSONResponse(plain("request.length", "the length must be announced"), 411)
    if int(length) > limit:
        message = f"{int(length)} bytes are more than the {limit} that are taken"
        return JSONResponse(plain("upload.too-large", message, "send a shorter file"), 413)
    return None
