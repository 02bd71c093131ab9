"""`wslab serve feed`: streams of values for whoever subscribes."""

import json
import os

from stage import MALFORMED, Client, Server, equal, stamped, until, written


def _line(stream, data):
    return json.dumps({"stream": stream, "data": data}) + "\n"


def _data(stream, data):
    return {"type": "data", "stream": stream, "data": data}


def _subscribe(*streams):
    return {"type": "subscribe", "streams": list(streams)}


async def _follow(*lines):
    """A feed of a file with these lines, all of which it has read, and what appends to that."""
    file = written("lines.jsonl", "".join([*lines, _line("ready", True)]))
    server = await Server.serve("feed", "--streams", "none", "--rate", "none", "--lines", file)
    client = await Client.open(server)

    def grow(*more):
        with open(file, "a") as lines:
            lines.write("".join(more))

    async def read():
        return "ready" in (await client.asks({"type": "streams"}))["streams"]

    await until(read, "the last line")
    return server, client, grow


async def a_subscriber_gets_the_current_value_and_every_update():
    server, client, grow = await _follow(_line("weather", {"degrees": 20}), _line("weather", {"degrees": 21}))
    equal(await client.asks(_subscribe("weather")), _data("weather", {"degrees": 21}))
    other = await Client.open(server)
    equal(await other.asks(_subscribe("weather")), _data("weather", {"degrees": 21}))
    for value in ({"degrees": 22.5, "sky": ["blue", None]}, 'größer "quoted"', 5, False, None, []):
        grow(_line("weather", value))
        for subscriber in (client, other):
            equal(await subscriber.hears(), _data("weather", value))


async def what_is_unsubscribed_from_comes_no_more():
    _, client, grow = await _follow(_line("a", 1), _line("b", 1))
    equal(await client.asks(_subscribe("a", "b")), _data("a", 1))
    equal(await client.hears(), _data("b", 1))
    await client.says({"type": "unsubscribe", "streams": ["a"]})
    await client.hears_nothing()
    grow(_line("a", 2), _line("b", 2))
    equal(await client.hears(), _data("b", 2))
    equal(await client.asks(_subscribe("a")), _data("a", 2))


async def streams_that_are_unknown_are_named():
    _, client, _ = await _follow(_line("a", 1))
    await client.says(_subscribe("nothing", "a", "more"))
    heard = [await client.hears(), await client.hears()]
    assert {"type": "error", "message": "Unknown streams: nothing, more"} in heard, heard
    assert _data("a", 1) in heard, heard


async def a_file_that_is_replaced_is_read_anew():
    file = written("lines.jsonl", _line("a", 1) + _line("a", 2))
    server = await Server.serve("feed", "--streams", "none", "--rate", "none", "--lines", file)
    client = await Client.open(server)

    async def subscribed():
        return (await client.asks(_subscribe("a")))["type"] == "data"

    await until(subscribed, "the stream")
    other = written("other.jsonl", _line("a", "new"))
    os.replace(other, file)
    value = None
    while value != "new":
        value = (await client.hears())["data"]
    os.truncate(file, 0)

    async def fresh():
        # It looks now and then, so what is written may come before it has seen that the file was cut.
        with open(file, "w") as lines:
            lines.write(_line("b", "x"))
        return (await client.asks(_subscribe("b")))["type"] == "data"

    await until(fresh, "the stream of the shorter file")


async def the_usual_streams_are_there():
    client = await Client.open(await Server.serve("feed"))
    equal(await client.asks({"type": "streams"}), {"type": "streams", "streams": ["stocks", "system", "activity"]})
    await client.says(_subscribe("stocks", "system", "activity"))
    heard = {}
    while len(heard) < 3:
        message = await client.hears()
        heard[message["stream"]] = message["data"]
    assert all(quote["price"] > 0 for quote in heard["stocks"].values()), heard["stocks"]
    machine = stamped(heard["system"])
    assert 0 <= machine["cpu"] <= 100 and machine["cpus"] >= 1, machine
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert abs(machine["memory"]["total"] - total) < total / 10, machine
    assert heard["activity"]["connections"] == 1 and heard["activity"]["messagesReceived"] >= 2, heard["activity"]


async def what_is_malformed_is_answered():
    client = await Client.open(await Server.serve("feed", "--streams", "none"))
    malformed = [
        "", "x", "[]", "{}", '{"type":"subscribe"}', '{"type":"subscribe","streams":"stocks"}', '{"type":"join"}',
        '{"type":"subscribe","streams":[1]}', "[" * 20_000, b'{"type":"streams"}',
    ]
    for what in malformed:
        equal(await client.asks(what), MALFORMED, what[:60])
