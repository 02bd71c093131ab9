"""Messages that the application packs itself, unpacked and packed here by Python's `gzip` and `zlib`; and permessage-deflate
of `websockets`."""

import gzip
import json
import zlib

from stage import MALFORMED, Client, Server, equal
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

WAYS = {"gzip": (gzip.compress, gzip.decompress), "deflate": (zlib.compress, zlib.decompress)}
LARGE = "large " * 500


def _asks(*algorithms):
    return {"type": "compression_request", "algorithms": list(algorithms)}


def _chat(message):
    return {"type": "chat", "message": message}


async def large_messages_are_packed_both_ways():
    for algorithm, (pack, unpack) in WAYS.items():
        server = await Server.serve("chat", "--no-deflate")
        packing = await Client.member(server, "r", "packing")
        plain = await Client.member(server, "r", "plain")
        await packing.hears()
        agreed = {"type": "compression_response", "enabled": True, "algorithm": algorithm}
        equal(await packing.asks(_asks("br", algorithm, "gzip")), agreed)
        text = json.dumps(_chat(LARGE))
        for what in (text, pack(text.encode())):
            await packing.says(what)
            heard = await packing.hears_message()
            assert isinstance(heard, bytes) and len(heard) < len(LARGE) / 4
            equal(json.loads(unpack(heard))["message"], LARGE)
            equal((await plain.hears())["message"], LARGE)
        await packing.says(pack(json.dumps(_chat("small")).encode()))
        for member in (packing, plain):
            equal((await member.hears())["message"], "small")


async def what_cannot_be_unpacked_is_malformed():
    server = await Server.serve("chat", "--max-message", "100000")
    client = await Client.open(server)
    join = b'{"type":"join","room":"r","username":"ada"}'
    good = gzip.compress(join)
    equal(await client.asks(good), MALFORMED, "nothing was agreed yet")
    equal(await client.asks(_asks("br")), {"type": "compression_response", "enabled": False})
    equal((await client.asks(_asks("gzip")))["algorithm"], "gzip")
    bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < 100_000, "the bomb is small"
    for bad in (bomb, good[:-1], good[:-8] + bytes(8), b"", zlib.compress(join), gzip.compress(b"\xff"), good + b"x"):
        equal(await client.asks(bad), MALFORMED, bad[:60])
    equal((await client.asks(good))["type"], "joined")


async def permessage_deflate_is_agreed_on():
    server = await Server.serve("chat", "--rate", "none")
    usual = await Client.member(server, "r", "usual")
    plain = await Client.member(server, "r", "plain", compression=None)
    narrow = ClientPerMessageDeflateFactory(
        server_no_context_takeover=True, client_no_context_takeover=True, server_max_window_bits=10, client_max_window_bits=10
    )
    small = await Client.member(server, "r", "small", extensions=[narrow], compression=None)
    assert usual.extensions.startswith("permessage-deflate"), usual.extensions
    assert plain.extensions is None
    assert "server_max_window_bits=10" in small.extensions and "server_no_context_takeover" in small.extensions
    for member, others in ((usual, 2), (plain, 1)):
        for _ in range(others):
            await member.hears()
    for speaker in (usual, plain, small):
        for count in range(5):
            await speaker.says(_chat(f"{LARGE}{count}"))
            for member in (usual, plain, small):
                equal((await member.hears())["message"], f"{LARGE}{count}")
    none = await Client.open(await Server.serve("chat", "--no-deflate"))
    assert none.extensions is None
