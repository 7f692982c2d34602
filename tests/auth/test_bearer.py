"""Tokens: what lets a bearer pass, and every way of not passing."""

import hmac
import json
import random
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from joserfc.jws import JWSRegistry

from auth.bearer import Bearer, Principal, TokenRefused, bearer_token, challenge
from auth.keys import new_signing_key, public_key, read_signing_key
from auth.ports import Access, Client
from auth.server.access_token import LIFETIME_SECONDS, Issuer

NOW = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)
ORIGIN = "https://hub.example"
RANDOM = random.Random(7).randbytes
KEY = read_signing_key(new_signing_key(RANDOM))
OTHER_KEY = read_signing_key(new_signing_key(RANDOM))
ISSUER = Issuer(ORIGIN, KEY, RANDOM)
CLIENT = Client("hall", "Citizen hall", "11350100003604439X", frozenset({"licence:read", "feed:subscribe"}), ())
ACCESS = Access(1, {"hall": CLIENT})
DECLARED = {
    "iss": ORIGIN,
    "sub": "hall",
    "aud": ORIGIN,
    "client_id": "hall",
    "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 600,
    "jti": "t1",
    "scope": "licence:read",
}


def bearer(**options):
    return Bearer(KeySet([public_key(KEY)]), ORIGIN, ORIGIN, **options)


def signed(claims=None, key=KEY, header=None):
    head = {"alg": "ES256", "typ": "at+jwt", "kid": KEY.kid, **(header or {})}
    return jwt.encode({k: v for k, v in head.items() if v}, {**DECLARED, **(claims or {})}, key, default_type=None)


def without(claim):
    claims = {name: value for name, value in DECLARED.items() if name != claim}
    return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": KEY.kid}, claims, KEY)


def test_a_token_of_the_hub_names_its_client_department_scopes_and_end():
    token = ISSUER.sign("hall", ["licence:read"], NOW)
    principal = bearer().principal(token, ACCESS, NOW)
    ends = NOW + timedelta(seconds=LIFETIME_SECONDS)
    assert principal == Principal("hall", CLIENT.department, frozenset({"licence:read"}), principal.jti, ends)
    assert len(principal.jti) == 22


def test_a_token_opens_no_more_than_its_client_may_now():
    judge, token = bearer(), ISSUER.sign("hall", CLIENT.scopes, NOW)
    assert judge.principal(token, ACCESS, NOW).scopes == CLIENT.scopes
    narrowed = Client("hall", "", CLIENT.department, frozenset({"licence:read", "pull:run"}), ())
    assert judge.principal(token, Access(2, {"hall": narrowed}), NOW).scopes == {"licence:read"}


@pytest.mark.parametrize("clients", [{}, {"hall": Client("hall", "", "", frozenset(), (), removed=True)}])
def test_a_token_ends_with_its_client_also_when_it_is_remembered(clients):
    judge, token = bearer(), ISSUER.sign("hall", CLIENT.scopes, NOW)
    judge.principal(token, ACCESS, NOW)
    with pytest.raises(TokenRefused, match="not registered") as refused:
        judge.principal(token, Access(2, clients), NOW)
    assert refused.value.error == "invalid_token"


def test_a_token_passes_until_the_second_it_expires_remembered_or_not():
    judge, token = bearer(), signed()
    last = NOW + timedelta(seconds=599, milliseconds=999)
    assert judge.principal(token, ACCESS, last) == bearer().principal(token, ACCESS, last)
    for one in (judge, bearer()):
        with pytest.raises(TokenRefused, match="expired"):
            one.principal(token, ACCESS, NOW + timedelta(seconds=600))


@pytest.mark.parametrize("kind", ["at+jwt", "application/at+jwt", "AT+JWT"])
def test_the_type_of_an_access_token_may_be_written_as_rfc_9068_allows(kind):
    assert bearer().principal(signed(header={"typ": kind}), ACCESS, NOW).client_id == "hall"


def encoded(raw):
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def by_hand(header, signature):
    text = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(DECLARED).encode())}"
    return f"{text}.{encoded(signature(text.encode()))}"


def es256(signed):
    return JWSRegistry.algorithms["ES256"].sign(signed, KEY)


def swapped_payload(token):
    head, _, signature = token.split(".")
    body = encoded(json.dumps({**DECLARED, "scope": "audit:read"}).encode())
    return f"{head}.{body}.{signature}"


FOREIGN = {
    "another key, same kid": lambda: signed(key=OTHER_KEY),
    "another key, own kid": lambda: signed(key=OTHER_KEY, header={"kid": OTHER_KEY.kid}),
    "another issuer": lambda: signed({"iss": "https://other.example"}),
    "another audience": lambda: signed({"aud": "https://other.example"}),
    "a payload that was not signed": lambda: swapped_payload(signed()),
    "no signature": lambda: signed().rpartition(".")[0] + ".",
    "alg none": lambda: by_hand({"alg": "none", "typ": "at+jwt", "kid": KEY.kid}, lambda signed: b""),
    "the public key as an HMAC secret": lambda: by_hand(
        {"alg": "HS256", "typ": "at+jwt", "kid": KEY.kid},
        lambda signed: hmac.digest(public_key(KEY).as_pem(), signed, "sha256"),
    ),
    "ES384": lambda: jwt.encode({"alg": "ES384", "typ": "at+jwt"}, DECLARED, ECKey.generate_key("P-384"), ["ES384"]),
    "an identity token": lambda: signed(header={"typ": "JWT"}),
    "no type": lambda: signed(header={"typ": None}),
    "a type that is no text": lambda: by_hand({"alg": "ES256", "kid": KEY.kid, "typ": ["at+jwt"]}, es256),
    "a critical header that nobody knows": lambda: by_hand(
        {"alg": "ES256", "kid": KEY.kid, "typ": "at+jwt", "crit": ["x"], "x": 1}, es256
    ),
    "issued in the future": lambda: signed({"iat": int(NOW.timestamp()) + 60}),
    "a client that is no text": lambda: signed({"client_id": 7}),
    "a scope that is no text": lambda: signed({"scope": ["audit:read"]}),
    "a token id that is no text": lambda: signed({"jti": 7}),
    "an expiry that is no number": lambda: signed({"exp": "never"}),
    "not a token": lambda: "x",
    "nothing": lambda: "",
    "too long": lambda: "a" * 100_000,
    "a lone surrogate": lambda: "\ud800.a.b",
    **{f"no {claim}": lambda claim=claim: without(claim) for claim in DECLARED if claim != "scope"},
}


@pytest.mark.parametrize("case", FOREIGN)
def test_a_foreign_or_forged_token_is_refused(case):
    with pytest.raises(TokenRefused) as refused:
        bearer().principal(FOREIGN[case](), ACCESS, NOW)
    assert refused.value.error == "invalid_token"


def test_a_token_without_scope_opens_nothing():
    assert bearer().principal(without("scope"), ACCESS, NOW).scopes == frozenset()


def test_a_clock_a_few_seconds_behind_the_issuers_is_no_reason_to_refuse():
    assert bearer().principal(signed({"iat": int(NOW.timestamp()) + 4}), ACCESS, NOW).jti == "t1"


def test_no_more_tokens_are_remembered_than_were_allowed_and_refused_ones_never():
    judge = bearer(remembered=2)
    tokens = [signed({"jti": f"t{n}"}) for n in range(4)]
    for token in tokens:
        judge.principal(token, ACCESS, NOW)
    for n in range(5):
        with pytest.raises(TokenRefused):
            judge.principal(f"x{n}", ACCESS, NOW)
    assert len(judge._known) == 2
    assert judge.principal(tokens[0], ACCESS, NOW).jti == "t0"


def test_a_rotated_key_still_checks_tokens_of_the_key_before_it():
    keys = KeySet([public_key(OTHER_KEY), public_key(KEY)])
    judge = Bearer(keys, ORIGIN, ORIGIN)
    new = Issuer(ORIGIN, OTHER_KEY, RANDOM).sign("hall", ["licence:read"], NOW)
    assert {judge.principal(token, ACCESS, NOW).client_id for token in (signed(), new)} == {"hall"}


@given(st.one_of(st.text(), st.binary().map(lambda b: encoded(b) + ".e30.e30")))
def test_whatever_text_comes_is_refused_and_breaks_nothing(token):
    with pytest.raises(TokenRefused):
        bearer().principal(token, ACCESS, NOW)


JSON = st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=3)
HEADERS = ["alg", "kid", "crit", "typ", "b64", "jwk", "x5c", "cty"]


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(HEADERS), JSON))
def test_whatever_stands_in_the_header_is_refused(header):
    with pytest.raises(TokenRefused):
        bearer().principal(by_hand({"alg": "ES256", "kid": KEY.kid, **header}, es256), ACCESS, NOW)


@given(st.integers(0, 2), JSON)
def test_whatever_json_stands_in_a_part_of_a_token_is_refused(part, value):
    parts = signed().split(".")
    parts[part] = encoded(json.dumps(value).encode())
    with pytest.raises(TokenRefused):
        bearer().principal(".".join(parts), ACCESS, NOW)


def test_the_header_gives_the_token():
    assert bearer_token("Bearer abc.def") == bearer_token(" bearer  abc.def ") == "abc.def"


@pytest.mark.parametrize(
    ("header", "error"),
    [
        (None, ""),
        ("", ""),
        ("Basic abc", ""),
        ("Bearer", "invalid_request"),
        ("Bearer a b", "invalid_request"),
        ('Bearer "a"', "invalid_request"),
        ("Bearer 令牌", "invalid_request"),
    ],
)
def test_a_header_without_a_token_is_told_apart_from_a_malformed_one(header, error):
    with pytest.raises(TokenRefused) as refused:
        bearer_token(header)
    assert refused.value.error == error


def test_the_challenge_names_the_metadata_and_the_error_only_where_a_token_was_given():
    metadata = 'resource_metadata="https://hub.example/.well-known/oauth-protected-resource"'
    assert challenge(TokenRefused("none", error=""), ORIGIN) == f"Bearer {metadata}"
    told = challenge(TokenRefused("The token has expired."), ORIGIN)
    assert told == f'Bearer error="invalid_token", error_description="The token has expired.", {metadata}'


def test_no_reason_needs_escaping_in_a_header():
    for make in FOREIGN.values():
        with pytest.raises(TokenRefused) as refused:
            bearer().principal(make(), ACCESS, NOW)
        assert refused.value.reason.isascii()
        assert not set('"\\\r\n') & set(refused.value.reason)


def test_a_signing_key_is_kept_as_a_private_p256_jwk_and_published_without_its_private_part():
    kept = json.loads(new_signing_key(RANDOM))
    assert (kept["kty"], kept["crv"], kept["alg"], kept["use"]) == ("EC", "P-256", "ES256", "sig")
    assert len(urlsafe_b64decode(kept["d"] + "=")) == 32
    assert "d" not in public_key(KEY).as_dict()
    assert read_signing_key(json.dumps(kept).encode()).kid == kept["kid"]


def test_the_same_random_bytes_make_the_same_key_and_others_another():
    assert new_signing_key(lambda n: b"a" * n) == new_signing_key(lambda n: b"a" * n)
    assert new_signing_key(lambda n: b"a" * n) != new_signing_key(lambda n: b"b" * n)
