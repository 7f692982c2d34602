"""One question to a service and its answer, within limits of time and bytes. Step 2 of walk 2, and live in walk 1.

Every failure becomes a SourceError. It follows redirects on the same host only, never waits and never tries again,
but for a token that was refused once. Being cancelled, it gives the connection back.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from httpx import URL, Request

from connectors.rest.address import on_same_host
from connectors.rest.auth import Credentials
from connectors.rest.body import Content, read_json, receive
from connectors.rest.faults import Refused, refusal, told_apart
from connectors.rest.settings import Service
from connectors.source import SourceMisconfigured

#: Requests that one opened source has under way at once.
AT_ONCE = 8
_REDIRECTS = 3
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "tongshu"}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the service: an address with its parameters, and the object to POST where it is not GET."""

    url: URL
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service said. `link` is the address that its Link header calls next."""

    content: Content
    url: URL
    link: str | None


class Client:
    """Speaks with one service. Connects when first asked; close it when done."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._system = service.system
        self._http: httpx.AsyncClient | None = None
        self._opening = asyncio.Lock()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._credentials = Credentials(service.system, service.access, self._token_answer, time.monotonic)

    async def ask(self, question: Question, seconds: float) -> Answer:
        """The answer to a question, complete within so many seconds.

        Refused, with the SourceError in it, for another status than 200; SourceError for all else.
        """
        async with self._room:
            with told_apart(self._system, seconds):
                async with asyncio.timeout(seconds):
                    return await self._authorized(question)

    @asynccontextmanager
    async def stream(self, url: URL, seconds: float) -> AsyncIterator[httpx.Response]:
        """The answer of an address with its body still to come; it begins within so many seconds. Errors as of `ask`,
        redirects are not followed.
        """
        async with self._room:
            with told_apart(self._system, seconds):
                async with asyncio.timeout(seconds):
                    response = await self._begun(url)
            try:
                yield response
            finally:
                await response.aclose()

    async def close(self) -> None:
        """Close every connection."""
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()

    async def _begun(self, url: URL) -> httpx.Response:
        """An open answer; where the token was refused, with another one."""
        headers = await self._credentials.headers()
        response = await self._opened(url, headers)
        if response.status_code == httpx.codes.UNAUTHORIZED and self._credentials.refused(headers):
            await response.aclose()
            response = await self._opened(url, await self._credentials.headers())
        if response.status_code != httpx.codes.OK:
            await response.aclose()
            raise refusal(self._system, response, time.time)
        return response

    async def _opened(self, url: URL, headers: Mapping[str, str]) -> httpx.Response:
        plain = {**headers, "Accept": "*/*", "Accept-Encoding": "identity"}
        http = await self._client()
        return await http.send(http.build_request("GET", url, headers=plain), stream=True)

    async def _authorized(self, question: Question) -> Answer:
        """The answer; where the token was refused, with another one."""
        headers = await self._credentials.headers()
        try:
            return await self._redirected(await self._request(question, headers))
        except Refused as refused:
            if refused.status != 401 or not self._credentials.refused(headers):
                raise
        return await self._redirected(await self._request(question, await self._credentials.headers()))

    async def _redirected(self, request: Request) -> Answer:
        """The answer, at the end of a few redirects on the same host."""
        for _ in range(_REDIRECTS + 1):
            answer = await self._exchange(request)
            if isinstance(answer, Answer):
                return answer
            elsewhere = SourceMisconfigured(self._system, "sends to another address: url must be the service's own")
            if request.method != "GET":
                raise elsewhere
            request = Request("GET", on_same_host(request.url, answer, elsewhere), headers=request.headers)
        raise SourceMisconfigured(self._system, "sends from address to address without end: look at url and path")

    async def _exchange(self, request: Request) -> Answer | str:
        """One request: its answer, or where it sends to."""
        response = await (await self._client()).send(request, stream=True)
        try:
            if response.has_redirect_location:
                return str(response.headers["Location"])
            if response.status_code != httpx.codes.OK:
                raise refusal(self._system, response, time.time)
            return await self._answer(request, response)
        finally:
            await response.aclose()

    async def _answer(self, request: Request, response: httpx.Response) -> Answer:
        packed = response.headers.get("Content-Encoding", "").strip().lower()
        content = await receive(self._system, packed, response.aiter_raw(), self._service.max_bytes)
        media_type = response.headers.get("Content-Type", "").lower()
        following = response.links.get("next", {}).get("url")
        return Answer(read_json(self._system, content, media_type), request.url, following)

    async def _request(self, question: Question, headers: Mapping[str, str]) -> Request:
        method = "GET" if question.body is None else "POST"
        return (await self._client()).build_request(method, question.url, headers=headers, json=question.body)

    async def _token_answer(self, url: URL, form: Mapping[str, str], authorization: str) -> object:
        http = await self._client()
        request = http.build_request("POST", url, data=form, headers={"Authorization": authorization})
        try:
            answer = await self._exchange(request)
        except Refused as refused:
            if refused.error.retryable:
                raise refused.error from refused
            raise SourceMisconfigured(
                self._system,
                f"its token address refuses the client (HTTP {refused.status}): look at the options of auth",
            ) from refused
        if isinstance(answer, str):
            raise SourceMisconfigured(self._system, "its token address sends elsewhere: look at token_url")
        return answer.content.value

    async def _client(self) -> httpx.AsyncClient:
        """The connections, made at the first request; certificates are read off the loop."""
        async with self._opening:
            if self._http is None:
                limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
                trust = await asyncio.to_thread(_trust, self._service)
                # The environment's proxies and .netrc are no part of a system's declaration.
                self._http = httpx.AsyncClient(
                    verify=trust, trust_env=False, timeout=self._service.timeout, limits=limits, headers=_HEADERS
                )
            return self._http


def _trust(service: Service) -> ssl.SSLContext:
    """What certificates are trusted: those of `ca`, else the machine's."""
    token = service.access.client
    if service.url.scheme == "http" and (token is None or token.token_url.scheme == "http"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used: without any certificate it trusts nobody
    try:
        return ssl.create_default_context(cafile=service.ca or None)
    except (OSError, ssl.SSLError) as error:
        raise SourceMisconfigured(service.system, "option ca names no readable PEM file of certificates") from error


async def asked(client: Client, question: Question, seconds: float) -> Answer:
    """The answer, with a refusal as the SourceError that it comes to."""
    try:
        return await client.ask(question, seconds)
    except Refused as refused:
        raise refused.error from refused
