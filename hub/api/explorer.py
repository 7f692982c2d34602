"""The explorer: GET /graphql for a browser, its assets, its questions and, for a demo on loopback, clients to ask as.

Beside walk 1, whose questions the page then sends like any client. The page is built by `hub.explorer.build`; without a
build another page says so, and shows curl. The clients of a demo, secrets included, are told only where the setting
`explorer_clients` names their file, and only to a browser of this machine that called the hub by a loopback name: a
page of another site that has its name point here (DNS rebinding) calls it by that site's name.
"""

from __future__ import annotations

import html
import re
import tomllib
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from string import Template

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

import hub.explorer
from hub.api.http import graphql, quality
from hub.api.refusals import GRAPHQL, JSON
from hub.services import Services

HTML = "text/html"
FOLDER = Path(hub.explorer.__file__).parent
#: Our own origin alone, with two exceptions. style: the dialogs write one style element, which locks scrolling, and
#: know the nonce. img: the editor's marks stand in its style sheet as data. Subscriptions are `connect-src 'self'` too.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
CLOSED = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}
PAGE_HEADERS = {
    **CLOSED,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",  # it names the assets of this build, and says whether there are clients
    "Vary": "Accept",
}
ASSET = re.compile(r"[\w.-]+-[0-9A-Z]{8}\.(js|css)", re.ASCII)
ASSET_TYPES = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}
ASSET_HEADERS = {**CLOSED, "Cache-Control": "public, max-age=31536000, immutable"}  # the name has the content's hash
LOOPBACK_NAME = re.compile(r"(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?", re.ASCII | re.IGNORECASE)
FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


async def browsed(request: Request) -> Response:
    """GET /graphql: the page for a browser; what any other GET gets is `hub.api.http`'s."""
    return _page(request) if wanted(request.headers.get("accept")) else await graphql(request)


def wanted(accept: str | None) -> bool:
    """Whether HTML is asked for by name, and no media type of GraphQL answers is liked better."""
    named: dict[str, float] = {}
    for part in (accept or "").split(","):
        name, *parameters = (p.strip().lower() for p in part.split(";"))
        named[name] = quality(parameters)
    return named.get(HTML, 0.0) > 0 and named[HTML] >= max(named.get(JSON, 0.0), named.get(GRAPHQL, 0.0))


def _page(request: Request) -> Response:
    services: Services = request.app.state.services
    nonce: str = request.state.request_id  # random, and new for every answer
    built = FOLDER / "built/page.html"
    if built.exists():
        session = "given" if _clients_of(request) else "none"
        text = built.read_text(encoding="utf-8").replace("{session}", session).replace("{nonce}", nonce)
    else:
        absent = Template((FOLDER / "absent.html").read_text(encoding="utf-8"))
        text = absent.substitute(url=html.escape(services.settings.url))
    policy = {"Content-Security-Policy": POLICY.format(nonce=nonce)}
    return HTMLResponse(text, headers=PAGE_HEADERS | policy)


async def asset(request: Request) -> Response:
    """GET /explorer/assets/{name}: a file of the build."""
    name: str = request.path_params["name"]
    path = FOLDER / "built/assets" / name
    match = ASSET.fullmatch(name)
    if match is None or not path.is_file():
        raise HTTPException(404)
    return FileResponse(path, headers=ASSET_HEADERS, media_type=ASSET_TYPES[match[1]])


async def questions(_: Request) -> Response:
    """GET /explorer/questions.json: the questions at hand, as docs/questions/questions.toml lists them."""
    place = FOLDER / "questions"
    listed = place / "questions.toml"
    entries = tomllib.loads(listed.read_text(encoding="utf-8"))["question"] if listed.exists() else []
    body = orjson.dumps({"questions": [_question(place, entry) for entry in entries]})
    return Response(body, media_type=JSON, headers={**CLOSED, "Cache-Control": "no-cache"})


def _question(place: Path, entry: Mapping[str, str]) -> dict[str, object]:
    """A listed document with its titles, who asks it, and its variables (the JSON beside it, if any)."""
    name = entry["document"]
    variables = place / f"{name}.json"
    return {
        "name": name,
        "titles": {language: entry[language] for language in ("zh", "en") if language in entry},
        **{key: entry.get(key, "") for key in ("client", "purpose", "case", "operator")},
        "document": (place / f"{name}.graphql").read_text(encoding="utf-8"),
        "variables": variables.read_text(encoding="utf-8") if variables.exists() else "",
    }


async def session(request: Request) -> Response:
    """GET /explorer/session.json: the demo's clients as READY shows them, for a browser of this machine; else 404."""
    path = _clients_of(request)
    if path is None or request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        raise HTTPException(404)
    clients = orjson.loads(path.read_bytes())
    return Response(
        orjson.dumps({"clients": clients}), media_type=JSON, headers={**CLOSED, "Cache-Control": "no-store"}
    )


def _clients_of(request: Request) -> Path | None:
    """The file of clients that this request may have."""
    services: Services = request.app.state.services
    path = services.settings.explorer_clients
    return Path(path) if path and at_home(request) else None


def at_home(request: Request) -> bool:
    """Whether a program of this machine called the hub by a loopback name, and not as a proxy for another machine."""
    hosts = request.headers.getlist("host")
    return (
        request.client is not None
        and _is_loopback(request.client.host)
        and len(hosts) == 1
        and LOOPBACK_NAME.fullmatch(hosts[0]) is not None
        and not any(name in request.headers for name in FORWARDED)
    )


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:  # a socket of the file system has no address
        return False


ROUTES = (
    Route("/graphql", browsed, methods=["GET"]),
    Route("/explorer/assets/{name}", asset),
    Route("/explorer/questions.json", questions),
    Route("/explorer/session.json", session),
)
