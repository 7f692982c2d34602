"""The OAuth endpoints, from bytes to bytes: tokens for clients, what is refused and how, introspection, metadata."""

import base64
import json
import logging
import random
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import KeySet

from auth.bearer import Bearer
from auth.keys import TOKEN_KEY, new_signing_key, public_key, read_signing_key, signing_key
from auth.ports import Access, Client
from auth.server.access_token import Issuer
from auth.server.client_secret import hashed, matches, new_secret
from auth.server.endpoints import OAuth
from auth.server.metadata import authorization_server, jwks, protected_resource

NOW = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
ORIGIN = "https://hub.example"
RANDOM = random.Random(7).randbytes
KEY = read_signing_key(new_signing_key(RANDOM))
KEYS = KeySet([public_key(KEY)])
SECRET, HASH = new_secret(RANDOM)
OLD_SECRET, OLD_HASH = new_secret(RANDOM)
SCOPES = frozenset({"licence:read", "person:read", "feed:subscribe"})
CLIENT = Client("hall", "Citizen hall", "11350100003604439X", SCOPES, (HASH, OLD_HASH))
GONE = Client("gone", "", "", SCOPES, (HASH,), removed=True)
BARE = Client("bare", "", "", frozenset(), (HASH,))
ODD = Client("odd:名", "", "", SCOPES, (hashed("p+w%:d 密"),))
ACCESS = Access(1, {client.id: client for client in (CLIENT, GONE, BARE, ODD)})
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def oauth():
    return OAuth(Issuer(ORIGIN, KEY, RANDOM), Bearer(KEYS, ORIGIN, ORIGIN))


def basic(client="hall", secret=SECRET):
    both = f"{quote(client, safe='')}:{quote(secret, safe='')}"
    return {**FORM, "authorization": "Basic " + base64.b64encode(both.encode()).decode()}


def form(*pairs, **fields):
    return urlencode([*fields.items(), *pairs]).encode()


async def token(oauth, headers, *pairs, **fields):
    fields = {"grant_type": "client_credentials", **fields}
    answer = await oauth.token("POST", headers, form(*pairs, **fields), ACCESS, NOW)
    return answer.status, json.loads(answer.body), dict(answer.headers)


async def test_a_client_that_sends_its_secret_in_the_header_gets_a_token_of_ten_minutes(oauth):
    status, body, headers = await token(oauth, basic(), scope="licence:read feed:subscribe")
    assert status == 200
    assert {k: v for k, v in body.items() if k != "access_token"} == {
        "token_type": "Bearer",
        "expires_in": 600,
        "scope": "feed:subscribe licence:read",
    }
    assert headers == {"Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache"}


async def test_the_token_says_what_rfc_9068_asks_for_and_is_signed_with_the_published_key(oauth):
    _, body, _ = await token(oauth, basic(), scope="licence:read")
    published = KeySet.import_key_set(jwks(KEYS))
    read = jwt.decode(body["access_token"], published, algorithms=["ES256"])
    assert read.header == {"alg": "ES256", "typ": "at+jwt", "kid": KEY.kid}
    issued = int(NOW.timestamp())
    assert read.claims == {
        "iss": ORIGIN,
        "sub": "hall",
        "aud": ORIGIN,
        "client_id": "hall",
        "iat": issued,
        "exp": issued + 600,
        "jti": read.claims["jti"],
        "scope": "licence:read",
    }


async def test_the_token_passes_the_bearer_check(oauth):
    _, body, _ = await token(oauth, basic(), scope="licence:read")
    principal = Bearer(KEYS, ORIGIN, ORIGIN).principal(body["access_token"], ACCESS, NOW)
    assert (principal.client_id, principal.scopes) == ("hall", {"licence:read"})


async def test_no_two_tokens_are_the_same(oauth):
    first, second = [(await token(oauth, basic()))[1]["access_token"] for _ in range(2)]
    assert first != second


async def test_a_client_may_send_its_secret_in_the_form_and_unasked_scopes_are_all_it_has(oauth):
    status, body, _ = await token(oauth, FORM, client_id="hall", client_secret=SECRET)
    assert (status, body["scope"]) == (200, "feed:subscribe licence:read person:read")


async def test_both_secrets_work_while_one_is_rotated(oauth):
    assert (await token(oauth, basic(secret=OLD_SECRET)))[0] == 200
    assert (await token(oauth, basic()))[0] == 200


async def test_a_client_without_scopes_gets_a_token_that_opens_nothing(oauth):
    status, body, _ = await token(oauth, basic("bare"))
    assert (status, body["scope"]) == (200, "")


async def test_id_and_secret_are_form_decoded_inside_basic_as_rfc_6749_says(oauth):
    assert (await token(oauth, basic("odd:名", "p+w%:d 密")))[0] == 200


@pytest.mark.parametrize("origin", [ORIGIN, ORIGIN + "/"])
async def test_the_resource_may_be_named_and_is_the_audience(oauth, origin):
    status, body, _ = await token(oauth, basic(), ("resource", origin), ("resource", ORIGIN))
    assert status == 200
    assert jwt.decode(body["access_token"], KEYS).claims["aud"] == ORIGIN


WRONG_CLIENTS = {
    "wrong secret": (basic(secret=OLD_SECRET[::-1]), {}),
    "unknown client": (basic("nobody"), {}),
    "removed client": (basic("gone"), {}),
    "empty secret": (basic(secret=""), {}),
    "no credentials": (FORM, {}),
    "only an id": (FORM, {"client_id": "hall"}),
    "wrong secret in the form": (FORM, {"client_id": "hall", "client_secret": "x"}),
    "unknown client in the form": (FORM, {"client_id": "nobody", "client_secret": SECRET}),
    "the hash in place of the secret": (basic(secret=HASH), {}),
}


@pytest.mark.parametrize("case", WRONG_CLIENTS)
async def test_a_client_that_does_not_prove_itself_is_told_nothing_but_the_scheme(oauth, case):
    headers, fields = WRONG_CLIENTS[case]
    status, body, headers = await token(oauth, headers, **fields)
    assert (status, body["error"]) == (401, "invalid_client")
    assert headers["WWW-Authenticate"] == 'Basic realm="oauth", charset="UTF-8"'
    assert headers["Cache-Control"] == "no-store"
    assert body == (await token(oauth, FORM))[1]


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer abc",
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"hall").decode(),
        "Basic /////w==",
        "Basic 令牌",
        "x",
    ],
)
async def test_a_header_that_holds_no_basic_credentials_is_an_unproved_client(oauth, authorization):
    status, body, headers = await token(oauth, {**FORM, "authorization": authorization})
    assert (status, body["error"]) == (401, "invalid_client")
    assert "WWW-Authenticate" in headers


@pytest.mark.parametrize("scope", ["audit:read", "licence:read audit:read", 'a"b\\c', "LICENCE:READ", "名"])
async def test_a_scope_that_the_client_does_not_have_is_refused_not_dropped(oauth, scope):
    status, body, _ = await token(oauth, basic(), scope=scope)
    assert (status, body["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize("resource", ["https://other.example", ORIGIN + "/graphql", "hub.example", ORIGIN + "#x"])
async def test_a_token_for_another_resource_is_refused(oauth, resource):
    status, body, _ = await token(oauth, basic(), ("resource", ORIGIN), ("resource", resource))
    assert (status, body["error"]) == (400, "invalid_target")


@pytest.mark.parametrize("grant", ["password", "authorization_code", "refresh_token", 'x"\\名'])
async def test_a_grant_that_is_not_offered_is_refused_in_printable_words(oauth, grant):
    status, body, _ = await token(oauth, basic(), grant_type=grant)
    assert (status, body["error"]) == (400, "unsupported_grant_type")
    described = body.get("error_description", "")
    assert described.isascii()
    assert not {'"', "\\"} & set(described)


GOOD = form(grant_type="client_credentials")
MALFORMED = {
    "no grant type": (FORM, form(scope="licence:read")),
    "an empty grant type": (FORM, b"grant_type="),
    "a parameter twice": (FORM, form(("scope", "a"), ("scope", "a"), grant_type="client_credentials")),
    "two ways of authenticating": (basic(), form(grant_type="client_credentials", client_secret=SECRET)),
    "JSON": ({"content-type": "application/json"}, b'{"grant_type": "client_credentials"}'),
    "no media type": ({}, GOOD),
    "bytes that are no UTF-8": (FORM, b"grant_type=client_credentials&scope=\xff"),
    "escapes that are no UTF-8": (FORM, b"grant_type=client_credentials&scope=%ff"),
    "a thousand parameters": (FORM, b"a=1&" * 1000 + GOOD),
}


@pytest.mark.parametrize("case", MALFORMED)
async def test_a_malformed_request_is_an_invalid_request(oauth, case):
    headers, body = MALFORMED[case]
    answer = await oauth.token("POST", headers, body, ACCESS, NOW)
    assert (answer.status, json.loads(answer.body)["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD"])
async def test_only_post_is_served(oauth, method):
    for endpoint in (oauth.token, oauth.introspect):
        status, headers, _ = await endpoint(method, basic(), GOOD, ACCESS, NOW)
        assert (status, dict(headers)["Allow"]) == (405, "POST")


async def test_header_names_and_media_type_parameters_may_be_written_in_any_case(oauth):
    headers = {
        "Content-Type": "Application/X-WWW-Form-Urlencoded; charset=UTF-8",
        "Authorization": "bAsIc" + basic()["authorization"][5:],
    }
    assert (await token(oauth, headers))[0] == 200


@given(st.dictionaries(st.sampled_from(["content-type", "authorization", "x"]), st.text()), st.binary())
async def test_whatever_comes_is_answered_with_a_json_error(headers, body):
    endpoints = OAuth(Issuer(ORIGIN, KEY, RANDOM), Bearer(KEYS, ORIGIN, ORIGIN))
    for head in (headers, {**FORM, **headers}):
        for endpoint in (endpoints.token, endpoints.introspect):
            answer = await endpoint("POST", head, body, ACCESS, NOW)
            assert answer.status in {400, 401}
            assert json.loads(answer.body)["error"]


async def introspected(oauth, headers, access=ACCESS, now=NOW, **fields):
    answer = await oauth.introspect("POST", headers, form(**fields), access, now)
    return answer.status, json.loads(answer.body)


async def test_a_client_sees_what_its_token_opens_now(oauth):
    _, body, _ = await token(oauth, basic(), scope="licence:read person:read")
    narrowed = Client("hall", "", "", frozenset({"licence:read"}), (HASH,))
    status, told = await introspected(oauth, basic(), Access(2, {"hall": narrowed}), token=body["access_token"])
    assert status == 200
    assert told == {
        "active": True,
        "scope": "licence:read",
        "client_id": "hall",
        "sub": "hall",
        "token_type": "Bearer",
        "exp": int(NOW.timestamp()) + 600,
        "iss": ORIGIN,
        "aud": ORIGIN,
        "jti": told["jti"],
    }


async def test_an_ended_a_foreign_and_another_clients_token_are_all_just_inactive(oauth):
    _, body, _ = await token(oauth, basic())
    own = body["access_token"]
    inactive = (200, {"active": False})
    assert await introspected(oauth, basic(), now=NOW + timedelta(seconds=600), token=own) == inactive
    assert await introspected(oauth, basic("bare"), token=own) == inactive
    assert await introspected(oauth, basic(), token="x.y.z", token_type_hint="anything") == inactive
    assert await introspected(oauth, basic("bare"), Access(2, {"bare": BARE}), token=own) == inactive


async def test_introspection_is_for_clients_that_prove_themselves_and_needs_a_token(oauth):
    assert (await introspected(oauth, FORM, token="x"))[0] == 401
    status, body = await introspected(oauth, basic())
    assert (status, body["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("origin", ["http://hub.example", "http://10.0.0.8:8000", "hub.example", ""])
def test_no_token_is_issued_where_the_secret_would_travel_in_the_clear(origin):
    with pytest.raises(ValueError, match="https"):
        OAuth(Issuer(origin, KEY, RANDOM), Bearer(KEYS, origin, origin))


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"])
def test_the_loopback_address_may_go_without_tls(origin):
    OAuth(Issuer(origin, KEY, RANDOM), Bearer(KEYS, origin, origin))


async def test_no_token_and_no_secret_is_ever_logged(oauth, caplog):
    caplog.set_level(logging.DEBUG)
    _, body, _ = await token(oauth, basic())
    await token(oauth, basic(secret="wrong-secret"))
    assert body["access_token"] not in caplog.text
    assert SECRET not in caplog.text
    assert "wrong-secret" not in caplog.text


def test_a_secret_is_256_random_bits_kept_as_their_hash_only():
    secret, kept = new_secret(RANDOM)
    assert len(base64.urlsafe_b64decode(secret + "=")) == 32
    assert len(kept) == 64
    assert matches(secret, (HASH, kept))
    assert not matches(secret, (HASH,))
    assert not matches(secret, ())
    assert not matches(kept, (kept,))


def test_the_server_metadata_holds_rfc_8414_and_names_what_is_served():
    told = authorization_server(ORIGIN, ["pull:run", "licence:read"])
    # Authlib wants one response type at least; RFC 8414 wants the list, and a hub without consent pages has none.
    AuthorizationServerMetadata({**told, "response_types_supported": ["none"]}).validate()
    assert told["response_types_supported"] == []
    assert told["issuer"] == ORIGIN
    assert told["token_endpoint"] == f"{ORIGIN}/oauth/token"
    assert told["jwks_uri"] == f"{ORIGIN}/oauth/jwks"
    assert told["introspection_endpoint"] == f"{ORIGIN}/oauth/introspect"
    assert told["grant_types_supported"] == ["client_credentials"]
    assert told["scopes_supported"] == ["licence:read", "pull:run"]
    assert "authorization_endpoint" not in told


def test_the_resource_metadata_names_the_audience_of_the_tokens():
    told = protected_resource(ORIGIN, ["licence:read"])
    assert told["resource"] == ORIGIN
    assert told["authorization_servers"] == [ORIGIN]
    assert told["bearer_methods_supported"] == ["header"]


def test_the_published_keys_hold_nothing_private():
    (published,) = jwks(KeySet([KEY]))["keys"]
    assert set(published) == {"kty", "crv", "x", "y", "use", "alg", "kid"}


class Kept:
    """A key store as small as one can be."""

    def __init__(self):
        self.keys = {}

    async def key(self, name, fresh):
        return self.keys.setdefault(name, fresh)


async def test_a_signing_key_is_made_once_and_kept():
    store = Kept()
    first, again = [await signing_key(store, TOKEN_KEY, RANDOM) for _ in range(2)]
    assert first.kid == again.kid
    assert first.as_dict(private=True) == json.loads(store.keys[TOKEN_KEY])


def test_the_endpoints_publish_their_key_and_every_scope_of_the_published_resources(oauth):
    assert oauth.jwks() == jwks(KEYS)
    for told in (oauth.server_metadata(["licence"]), oauth.resource_metadata({"licence": None})):
        assert {"licence:read", "licence:write", "audit:read"} <= set(told["scopes_supported"])
        assert "person:read" not in told["scopes_supported"]
