"""What every server does, whatever it serves: it asks whether clients live, says which pages may connect, and takes its leave."""

import asyncio
import base64
import datetime
import ipaddress
import json
import os
import signal
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from stage import Client, Server, equal, soon, written


class _Raw:
    """A client that speaks by bytes alone: it answers no ping, and no close."""

    @classmethod
    async def open(cls, server):
        raw = cls()
        raw.reader, raw.writer = await asyncio.open_connection("127.0.0.1", server.port)
        key = base64.b64encode(os.urandom(16)).decode()
        raw.writer.write(
            f"GET / HTTP/1.1\r\nHost: {server.place}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        head = await soon(raw.reader.readuntil(b"\r\n\r\n"))
        assert head.startswith(b"HTTP/1.1 101 "), head
        return raw

    async def frame(self):
        """Opcode and payload of a frame of less than 126 bytes."""
        first, length = await soon(self.reader.readexactly(2))
        return first & 15, await soon(self.reader.readexactly(length))


async def whoever_answers_no_ping_is_closed():
    server = await Server.serve("feed", "--ping-interval", "200ms", "--ping-timeout", "300ms")
    alive, raw = await Client.open(server), await _Raw.open(server)
    opcode, payload = await raw.frame()
    equal(opcode, 9, "a ping")
    while opcode == 9:
        opcode, payload = await raw.frame()
    equal((opcode, payload), (8, (1002).to_bytes(2, "big") + b"Pong timeout"))
    equal(await soon(raw.reader.read()), b"")
    await alive.hears_nothing()


async def pages_of_other_sites_may_not_connect():
    for app in ("chat", "feed"):
        server = await Server.serve(app)
        others = ("https://evil.example", f"https://evil.example:{server.port}", f"http://{server.place}.evil.example", "null")
        for origin in others:
            equal((await Client.refused(server, origin=origin)).status_code, 403, f"{app} {origin}")
        for origin in (f"http://{server.place}", None):
            await (await Client.open(server, origin=origin)).hears_nothing()
        everybody = await Server.serve(app, "--origin", "any")
        await (await Client.open(everybody, origin="https://evil.example")).hears_nothing()


async def it_takes_its_leave_when_it_is_told_to():
    for app, number in (("echo", signal.SIGTERM), ("chat", signal.SIGINT), ("feed", signal.SIGTERM)):
        server = await Server.serve(app)
        clients = [await Client.open(server) for _ in range(3)]
        server.signal(number)
        for client in clients:
            code, _ = await client.closed()
            equal(code, 1001, f"{app} {number}")
        equal(await server.end(), 0, server.said)


async def its_health_and_figures_are_pages():
    server = await Server.serve("chat", "--metrics")
    _client = await Client.member(server, "r", "ada")
    status, headers, body = await server.get("/healthz")
    equal((status, headers["Content-Type"]), (200, "application/json"))
    equal(json.loads(body), {"status": "ok", "connections": 1})
    status, headers, body = await server.get("/metrics")
    assert status == 200 and headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert "\nwslab_connections 1\n" in body and body.endswith("# EOF\n"), body
    status, headers, body = await server.get("/")
    assert status == 200 and headers["Content-Type"].lower() == "text/html; charset=utf-8"
    status, headers, _ = await server.get("/other")
    equal((status, headers["Upgrade"]), (426, "websocket"))


async def it_speaks_tls():
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    place = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(hours=1))
    chain = builder.add_extension(place, False).sign(private, hashes.SHA256()).public_bytes(Encoding.PEM)
    key = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    server = await Server.serve("chat", "--tls-cert", written("cert.pem", chain), "--tls-key", written("key.pem", key))
    assert server.url.startswith("wss://"), server.url
    trust = ssl.create_default_context(cadata=chain.decode())
    ada = await Client.member(server, "r", "ada", ssl=trust, origin=f"https://{server.place}")
    equal((await ada.asks({"type": "chat", "message": "unheard"}))["message"], "unheard")
    server.signal(signal.SIGTERM)
    equal((await ada.closed())[0], 1001)
    equal(await server.end(), 0, server.said)


async def an_echo_sends_back_what_came():
    client = await Client.open(await Server.serve("echo"), max_size=None)
    for what in ("", "hello", "größer 👩\u200d💻", "x" * 1_000_000, b"\x00\xff", os.urandom(200_000)):
        await client.says(what)
        equal(await client.hears_message(), what)
    await client.connection.send(["in ", "frag", "ments"])
    equal(await client.hears_message(), "in fragments")
    await soon(await client.connection.ping("there?"))
