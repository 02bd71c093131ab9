"""Whoever has to be known says so with a JSON Web Token, made here by PyJWT."""

import base64
import json
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from stage import Client, Server, equal, written

SECRET = "a secret that is long enough for every hash: it has to have 64 of them"
FAILED = {"type": "auth_failed", "message": "Invalid token"}
ERROR = {"type": "auth_error", "message": "Authentication error"}


def _success(user_id):
    return {"type": "auth_success", "userId": user_id}


def _claims(**more):
    permissions = ["join", "chat", "subscribe"]
    claims = {"sub": "7", "username": "ada", "permissions": permissions, "exp": int(time.time()) + 3600, **more}
    return {name: claim for name, claim in claims.items() if claim is not None}


def _token(claims=None, algorithm="HS256", key=SECRET, headers=None):
    return jwt.encode(claims or _claims(), key, algorithm=algorithm, headers=headers)


def _pem(private):
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _guarded(*options):
    return Server.serve("chat", "--auth-secret-file", written("secret", SECRET + "\n"), *options)


async def a_shared_secret_makes_tokens():
    server = await _guarded()
    for algorithm in ("HS256", "HS384", "HS512"):
        client = await Client.open(server)
        equal(await client.asks({"token": _token(algorithm=algorithm)}), _success("7"), algorithm)
        await client.joins(algorithm, "ada")


async def public_keys_check_tokens():
    makers = {
        "RS256": lambda: rsa.generate_private_key(65537, 2048),
        "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "EdDSA": ed25519.Ed25519PrivateKey.generate,
    }
    for algorithm, make in makers.items():
        private, other = make(), make()
        pem = _pem(private)
        server = await Server.serve("chat", "--auth-public-key-file", written("public.pem", pem), "--auth-tries", "100")
        client = await Client.open(server)
        equal(await client.asks({"token": _token(algorithm=algorithm, key=other)}), FAILED, algorithm)
        for confused in (pem, pem.strip()):
            # PyJWT itself refuses to be confused.
            head, body = _part({"alg": "HS256", "typ": "JWT"}), _part(_claims())
            signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
            signed = f"{head}.{body}"
            tag = base64.urlsafe_b64encode(signature.sign(signed.encode(), confused)).rstrip(b"=").decode()
            equal(await client.asks({"token": f"{signed}.{tag}"}), FAILED, algorithm)
        equal(await client.asks({"token": _token(algorithm=algorithm, key=private)}), _success("7"), algorithm)
        await client.joins("lobby", "ada")


def _part(what):
    return base64.urlsafe_b64encode(json.dumps(what).encode()).rstrip(b"=").decode()


async def a_token_may_be_in_the_request():
    server = await _guarded()
    good = _token()
    ways = {
        "header": {"headers": {"Authorization": f"bearer {good}"}},
        "query": {"path": f"/?token={good}&room=1"},
        "subprotocol": {"subprotocols": ["bearer", good]},
    }
    for way, options in ways.items():
        client = await Client.open(server, **options)
        equal(await client.hears(), _success("7"), way)
        equal(client.connection.subprotocol, "bearer" if way == "subprotocol" else None)
        await client.joins(way, "ada")
    client = await Client.open(server, headers={"Authorization": "Bearer bad"})
    equal(await client.hears(), FAILED)
    equal(await client.asks({"type": "auth", "token": good}), _success("7"), "it may try again")


async def tokens_that_are_not_good_are_refused():
    server = await _guarded("--auth-audience", "chat", "--auth-issuer", "me", "--auth-tries", "100")
    client = await Client.open(server)

    def good(**more):
        return _claims(**{"aud": "chat", "iss": "me", **more})

    bad = {
        "of another secret": _token(good(), key=SECRET[::-1]),
        "not signed": _token(good(), algorithm="none", key=None),
        "expired": _token(good(exp=int(time.time()) - 1)),
        "of no end": _token(good(exp=None)),
        "not yet valid": _token(good(nbf=int(time.time()) + 600)),
        "for others": _token(good(aud="feed")),
        "for nobody": _token(good(aud=None)),
        "of another issuer": _token(good(iss="you")),
        "cut off": _token(good())[:-2],
        "nonsense": "nonsense",
    }
    for what, token in bad.items():
        equal(await client.asks({"token": token}), FAILED, what)
    equal(await client.asks({"token": _token(good(aud=["feed", "chat"]))}), _success("7"))


async def nothing_goes_through_before_a_token():
    server = await _guarded("--auth-tries", "3")
    client = await Client.open(server)
    equal(await client.asks({"type": "join", "room": "r", "username": "ada"}), ERROR)
    equal(await client.asks("hello"), ERROR)
    equal(await client.asks({"token": "bad"}), FAILED)
    equal(await client.closed(), (1008, "Authentication failed"))


async def nobody_stays_unknown():
    server = await _guarded("--auth-timeout", "300ms")
    silent, known = await Client.open(server), await Client.open(server)
    equal(await known.asks({"token": _token()}), _success("7"))
    equal(await silent.closed(), (1008, "Authentication timeout"))
    await known.joins("r", "ada")


async def nobody_stays_when_the_token_has_expired():
    server = await _guarded()
    client = await Client.open(server)
    exp = time.time() + 1
    equal(await client.asks({"token": _token(_claims(exp=exp))}), _success("7"))
    equal(await client.closed(), (1008, "Token expired"))
    assert time.time() >= exp - 0.01, "not before it has"


async def permissions_guard_what_they_name():
    denied = {"type": "error", "message": "Permission denied"}
    client = await Client.open(await _guarded(), headers={"Authorization": f"Bearer {_token(_claims(permissions=['join']))}"})
    equal(await client.hears(), _success("7"))
    await client.joins("r", "ada")
    equal(await client.asks({"type": "chat", "message": "x"}), denied)
    info = await client.asks({"type": "user_info"})
    equal((info["userId"], info["username"], info["permissions"]), ("7", "ada", ["join"]), info)
    feed = await Server.serve("feed", "--auth-secret-file", written("secret", SECRET))
    reader = await Client.open(feed, path=f"/?token={_token(_claims(permissions=[]))}")
    equal(await reader.hears(), _success("7"))
    equal(await reader.asks({"type": "subscribe", "streams": ["stocks"]}), denied)
