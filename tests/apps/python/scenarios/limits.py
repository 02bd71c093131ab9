"""How much a server takes of each."""

from stage import PATIENCE, Client, Server, equal, milliseconds

RATE = {"type": "rate_limit"}
NOTHING = {"type": "leave"}
HEARD = {"type": "error", "message": "Join a room first"}


def _exceeded(answer):
    """That the message was refused for being one too many, and until when."""
    equal((answer["type"], answer["message"]), ("error", "Rate limit exceeded"), answer)
    assert answer["retryAfter"] > 0, answer
    assert abs(milliseconds() + answer["retryAfter"] - answer["blockedUntil"]) < PATIENCE * 1000, answer


async def what_is_left_can_be_asked_and_more_is_refused():
    server = await Server.serve("chat", "--rate", "3/60s")
    client = await Client.open(server)
    for remaining in (3, 2, 1):
        answer = await client.asks(RATE)
        equal((answer["type"], answer["limit"], answer["remaining"]), ("rate_limit", 3, remaining), answer)
        equal(await client.asks(NOTHING), HEARD)
    for _ in range(3):
        _exceeded(await client.asks(NOTHING))
    answer = await client.asks(RATE)
    assert answer["remaining"] == 0 and milliseconds() < answer["resetsAt"] <= milliseconds() + 61_000, answer
    equal(await (await Client.open(server)).asks(NOTHING), HEARD, "others are not blocked")


async def a_hundred_messages_a_minute_are_the_usual():
    client = await Client.open(await Server.serve("feed"))
    for _ in range(101):
        await client.says(NOTHING)
    for _ in range(100):
        equal((await client.hears())["message"], "Invalid message format")
    _exceeded(await client.hears())


async def more_may_wait():
    client = await Client.open(await Server.serve("chat", "--rate", "2/200ms", "--over", "delay"))
    start = milliseconds()
    await client.joins("r", "ada")
    for count in range(5):
        await client.says({"type": "chat", "message": str(count)})
    for count in range(5):
        equal((await client.hears())["message"], str(count))
    assert milliseconds() - start >= 350, "six messages need three times"


async def more_may_close():
    client = await Client.open(await Server.serve("chat", "--rate", "1/60s", "--over", "close"))
    equal(await client.asks(NOTHING), HEARD)
    await client.says(NOTHING)
    equal(await client.closed(), (1008, "Rate limit exceeded"))


async def connections_of_an_address_share_its_rate():
    server = await Server.serve("chat", "--rate", "none", "--rate-per-address", "1/60s")
    one, two = await Client.open(server), await Client.open(server)
    equal(await one.asks(NOTHING), HEARD)
    _exceeded(await two.asks(NOTHING))


async def an_address_has_so_many_connections_and_so_often():
    server = await Server.serve("chat", "--max-per-address", "1")
    _only = await Client.open(server)
    equal((await Client.refused(server)).status_code, 429)
    server = await Server.serve("chat", "--handshakes", "1/60s")
    _first = await Client.open(server)
    refusal = await Client.refused(server)
    assert refusal.status_code == 429 and 1 <= int(refusal.headers["Retry-After"]) <= 61
