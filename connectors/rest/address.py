"""Addresses of a service: read from options, put together, and kept on the one host that the system names. Pure.

What a service says of where to go on (a redirect, a next page) is only followed on that host: credentials go with it.
"""

from __future__ import annotations

from httpx import URL, InvalidURL

from connectors.options import Options
from connectors.source import SourceError, SourceMisconfigured


def http_url(options: Options, name: str) -> URL:
    """An option's address of http or https, without a password in it, or SourceMisconfigured."""
    try:
        url = URL(options.text(name))
    except InvalidURL as error:
        raise SourceMisconfigured(options.system, f"option {name} is no address") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise SourceMisconfigured(options.system, f"option {name} is no address of http or https")
    if url.userinfo:
        raise SourceMisconfigured(options.system, f"option {name} may not hold a password: there is an option for it")
    return url


def behind(base: URL, path: str) -> URL:
    """The address of a path behind a service's own; the path may hold fixed parameters."""
    return URL(f"{str(base).rstrip('/')}/{path.lstrip('/')}" if path else base)


def on_same_host(base: URL, told: str, wrong: SourceError) -> URL:
    """Where the service says to go on, seen from `base`; `wrong` is raised where that is another host."""
    try:
        url = base.join(told)
    except InvalidURL as error:
        raise wrong from error
    if (url.scheme, url.host, url.port) != (base.scheme, base.host, base.port) or url.userinfo:
        raise wrong
    return url
