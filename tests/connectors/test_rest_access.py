import base64
import importlib.util
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.source import (
    SourceBroken,
    SourceMisconfigured,
    SourceUnavailable,
)


def load(name):
    """A module beside this file: tests are no package."""
    spec = importlib.util.spec_from_file_location(f"connector_tests_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


service = load("rest_service")
Reply, codes, company, error_of, office, opened, read = (
    service.Reply,
    service.codes,
    service.company,
    service.error_of,
    service.office,
    service.opened,
    service.read,
)


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("options", "header", "value"),
    [
        ({"auth": "basic", "user": "甲", "password": "p:w"}, "Authorization", basic("甲", "p:w")),
        ({"auth": "api_key", "secret": "k-1"}, "X-API-Key", "k-1"),
        ({"auth": "api_key", "secret": "k-1", "header": "Ocp-Key"}, "Ocp-Key", "k-1"),
    ],
)
async def test_credentials_go_with_every_request_and_into_no_message(office, options, header, value):
    stand = office("page")
    stand.fill([company(1)])
    stand.service.guard = lambda asked: None if asked.headers.get(header) == value else Reply.of({}, 401)
    assert codes(await read(stand.open(system=options.items()))) == ["k0001"]
    error, _ = await error_of(stand.open(system={**options, "secret": "wrong-7", "password": "wrong-7"}.items()))
    assert type(error) is SourceMisconfigured
    assert "refuses the credentials" in str(error)
    assert "wrong-7" not in str(error)


class Tokens:
    """A token endpoint, and the guard of the service behind it."""

    def __init__(self, service, lives=3600):
        self.given, self.good, self.lives, self.asked = 0, None, lives, []
        service.routes["/token"] = self.token
        service.guard = self.guard

    def token(self, asked):
        self.asked.append((asked.headers.get("Authorization"), asked.form))
        self.given += 1
        self.good = f"t{self.given}"
        return Reply.of({"access_token": self.good, "token_type": "Bearer", "expires_in": self.lives})

    def guard(self, asked):
        if asked.path == "/token" or asked.headers.get("Authorization") == f"Bearer {self.good}":
            return None
        return Reply.of({}, 401)


def oauth(url):
    return {
        "auth": "oauth",
        "token_url": f"{url}/token",
        "client_id": "hub",
        "client_secret": "s/7",
        "scope": "read",
    }.items()


async def test_a_token_is_got_once_for_all_requests_of_an_opened_source(office):
    stand = office("page")
    tokens = Tokens(stand.service)
    stand.fill([company(i) for i in range(250)])
    source = stand.open(system=oauth(stand.url))
    found = await source.fetch(("code",), [(f"k{i:04d}",) for i in range(20)])
    assert len(found) == 20
    assert len(codes(await read(source))) == 250
    assert tokens.asked == [(basic("hub", "s%2F7"), {"grant_type": "client_credentials", "scope": "read"})]


async def test_a_token_that_is_refused_after_an_hour_is_renewed_and_the_pull_goes_on(office):
    stand = office("page")
    tokens = Tokens(stand.service)
    stand.fill([company(i) for i in range(250)])
    source = stand.open(system=oauth(stand.url))
    stream = source.pull(None)
    pages = [await anext(stream)]
    tokens.good = None
    pages += [page async for page in stream]
    await source.close()
    assert len(codes(pages)) == 250
    assert pages[-1].complete
    assert tokens.given == 2


async def test_a_token_that_is_about_to_end_is_renewed_before(office):
    stand = office("page")
    tokens = Tokens(stand.service, lives=0)
    stand.fill([company(i) for i in range(150)])
    assert len(codes(await read(stand.open(system=oauth(stand.url))))) == 150
    assert tokens.given == 3


async def test_a_token_that_is_refused_twice_is_misconfigured_and_not_asked_for_without_end(office):
    stand = office("page")
    tokens = Tokens(stand.service)
    stand.service.guard = lambda asked: None if asked.path == "/token" else Reply.of({}, 401)
    error, _ = await error_of(stand.open(system=oauth(stand.url)))
    assert type(error) is SourceMisconfigured
    assert tokens.given == 2


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply.of({"error": "invalid_client"}, 401), SourceMisconfigured),
        (Reply.of({}, 503, **{"Retry-After": "3"}), SourceUnavailable),
        (Reply.of({"token": "x"}), SourceBroken),
        (Reply.of({"access_token": "a\nb"}), SourceBroken),
        (Reply(b"<html>", headers={"Content-Type": "text/html"}), SourceBroken),
        (Reply(b"", 302, {"Location": "http://elsewhere.invalid/"}), SourceMisconfigured),
        (Reply(b"{" * 9, how="cut"), SourceUnavailable),
    ],
)
async def test_a_token_address_that_gives_none_is_a_named_error(office, reply, kind):
    stand = office("page")
    Tokens(stand.service)
    stand.service.script = [reply]
    error, _ = await error_of(stand.open(system=oauth(stand.url)))
    assert type(error) is kind
    assert "s/7" not in str(error)


def certified(folder, days=30, name="127.0.0.1"):
    """A TLS context of a server whose certificate signs itself, and its PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(name))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, keys = folder / "office.pem", folder / "office.key"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    keys.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, keys)
    return context, str(pem)


async def test_a_certificate_that_the_system_declares_is_trusted(office, tmp_path):
    context, ca = certified(tmp_path)
    stand = office("page", context)
    stand.fill([company(1)])
    assert codes(await read(stand.open(ca=ca))) == ["k0001"]


@pytest.mark.parametrize(
    ("days", "name", "declared", "words"),
    [(-1, "127.0.0.1", True, "expired"), (30, "127.0.0.1", False, "self-signed"), (30, "127.0.0.9", True, "mismatch")],
)
async def test_a_certificate_that_expired_is_unknown_or_another_s_is_named(
    office, tmp_path, days, name, declared, words
):
    context, ca = certified(tmp_path, days, name)
    stand = office("page", context)
    error, _ = await error_of(stand.open(**({"ca": ca} if declared else {})))
    assert type(error) is SourceMisconfigured
    assert "certificate is not accepted" in str(error)
    assert words in str(error)


async def test_a_file_that_holds_no_certificates_is_named(tmp_path):
    (tmp_path / "x.pem").write_text("nothing")
    for path in ("x.pem", "nowhere.pem"):
        error, _ = await error_of(opened("https://127.0.0.1:1", ca=str(tmp_path / path), path="/x"))
        assert type(error) is SourceMisconfigured
        assert "option ca" in str(error)
