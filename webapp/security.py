"""Guards of every request: host names, tokens, origins, response headers."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from webapp.errors import ForbiddenError
from webapp.settings import ServeSettings

CSRF_HEADER = "X-Sonicat-Csrf"
COOKIE = "sonicat_token"
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_EVERYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 (compared, not bound)

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "media-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def guard(app: Flask, settings: ServeSettings) -> None:
    """Put the guards before every request of `app`, and the headers on every answer.

    The Host header must name this server (a page elsewhere may have pointed its own
    name at 127.0.0.1), the reader must know the token where one is set, and what
    changes anything must come from a page of this server.
    """
    app.config["CSRF_TOKEN"] = secrets.token_urlsafe(32)

    @app.before_request
    def check() -> BaseResponse | None:
        check_host(settings)
        answer = _check_token(settings)
        if answer is None and request.method not in {"GET", "HEAD", "OPTIONS"}:
            _check_origin()
        return answer

    @app.after_request
    def harden(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response


def check_host(settings: ServeSettings) -> None:
    """Refuse a request that calls the server by a name that is not its own.

    A server that listens everywhere may be called by any address in figures, which
    no stranger's domain can be, and by the names it was told.
    """
    name = _host_name(request.headers.get("Host", ""))
    known = {*_LOOPBACK_NAMES, settings.host.lower(), *settings.allowed_hosts} - {""}
    if name in known:
        return
    if settings.host in _EVERYWHERE and _is_address(name):
        return
    raise ForbiddenError(
        "this server does not go by that name; open it by its address, "
        "or name it with --allow-host"
    )


def _host_name(header: str) -> str:
    try:
        return (urlsplit(f"//{header}").hostname or "").lower()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _check_token(settings: ServeSettings) -> BaseResponse | None:
    """Let in whoever knows the token; keep it in a cookie rather than in addresses."""
    if settings.token is None:
        return None
    if (
        _is_same(request.args.get("token", ""), settings.token)
        and request.method == "GET"
    ):
        answer = redirect(request.path)
        answer.set_cookie(COOKIE, settings.token, httponly=True, samesite="Strict")
        return answer
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if _is_same(bearer, settings.token):
        return None
    if _is_same(request.cookies.get(COOKIE, ""), settings.token):
        return None
    raise ForbiddenError(
        "this server asks for a token: open the address that `sonicat serve` printed"
    )


def _check_origin() -> None:
    """Refuse a change that a page of another site asks a reader's browser for.

    A browser says where a request comes from (Origin, Sec-Fetch-Site) and cannot be
    kept from it by the page. Whoever says neither and holds no cookie is no browser,
    and so cannot be led astray.
    """
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site")
    if origin is None and site is None and COOKIE not in request.cookies:
        return
    ours = request.host_url.rstrip("/")
    if (origin is not None and origin != ours) or site not in {None, "same-origin"}:
        raise ForbiddenError("this request comes from another site")
    sent = request.headers.get(CSRF_HEADER, "")
    if not _is_same(sent, current_app.config["CSRF_TOKEN"]):
        raise ForbiddenError("the page is outdated; load it again")


def _is_same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
