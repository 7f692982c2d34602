"""What a demo's store holds before it serves: the departments' descriptors, clients, grants, and a first pull.

It goes through the same ports as in earnest: descriptors are published, grants carry the approvals of two persons,
records are pulled. It starts and stops nothing.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from string import Template
from urllib.parse import urlsplit
from urllib.request import url2pathname

from auth.grant_file import grants_from_toml
from auth.ports import Purpose
from catalogue.descriptor import Text, read
from hub.demo.first_pull import pull_all
from hub.demo.running import Department
from hub.granting import Registration
from hub.services import Services, open_services
from hub.settings import Settings

DEMO = "demo"


async def prepare(settings: Settings, folder: Path, departments: Sequence[Department]) -> list[dict[str, object]]:
    """Publish, register, grant (the first time only), then pull everything; the clients as READY shows them."""
    async with open_services(settings) as services:
        kept = folder / "clients.json"
        await _publish(services, departments)
        if not kept.exists():
            _keep(kept, await _grant_access(services))
        await services.publication.confirm()
        await pull_all(settings, services)
        shown: list[dict[str, object]] = json.loads(kept.read_text(encoding="utf-8"))
        return shown


async def _publish(services: Services, departments: Sequence[Department]) -> None:
    snapshot = await services.stores.catalogue.snapshot()
    texts = [Text("consumers.toml", _resource("consumers.toml")), *map(_descriptor, departments)]
    await services.publish(read(texts, snapshot.catalogue).sound(), by=DEMO)


def _descriptor(department: Department) -> Text:
    """What a department's descriptor says, with its place and the folder of its data filled in."""
    name = f"{department.module}.toml"
    places = {"place": _path_or_url(department.url), "folder": str(department.folder)}
    text = Template(_resource(f"departments/{name}"))
    return Text(name, text.substitute({key: _in_toml(place) for key, place in places.items()}))


def _path_or_url(url: str) -> str:
    """A department's place as a descriptor says it: a folder by its path."""
    return url2pathname(urlsplit(url).path) if url.startswith("file:") else url


def _in_toml(text: str) -> str:
    """As it stands within quotes."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _keep(path: Path, clients: Sequence[Mapping[str, object]]) -> None:
    """The clients with their secrets: readable by this user alone, and there as a whole or not at all."""
    part = path.with_suffix(".part")
    part.touch(mode=0o600)
    part.write_text(json.dumps(clients, ensure_ascii=False), encoding="utf-8")
    part.replace(path)


async def _grant_access(services: Services) -> list[dict[str, object]]:
    """Register the clients and put their grants in force. What an interrupted first start left is begun again."""
    snapshot, access = await services.stores.catalogue.snapshot(), await services.stores.access.access()
    shown, registrar = [], services.registrar(DEMO)
    for one in tomllib.loads(_resource("clients.toml"))["clients"]:
        secret, digest = services.new_secret()
        purposes = tuple(Purpose(code, title) for code, title in one["purposes"].items())
        new = Registration(one["id"], one["title"], one["department"], frozenset(one["scopes"]), purposes)
        if one["id"] in access.clients:
            await registrar.remove(one["id"])
        await registrar.register(new, digest, snapshot)
        shown.append(_client(one, secret))
    await registrar.put_in_force(grants_from_toml(_resource("grants.toml"), "grants.toml", snapshot))
    return shown


def _client(one: Mapping[str, object], secret: str) -> dict[str, object]:
    scopes, purposes = one["scopes"], one["purposes"]
    assert isinstance(scopes, list)
    assert isinstance(purposes, dict)
    return {
        "client_id": one["id"], "client_secret": secret, "scope": " ".join(scopes), "purposes": list(purposes),
        "about": one["about"],
    }  # fmt: skip


def _resource(name: str) -> str:
    return files("hub.demo").joinpath(name).read_text(encoding="utf-8")
