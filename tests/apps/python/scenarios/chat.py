"""`wslab serve chat`: rooms of people who hear each other."""

from stage import MALFORMED, Client, Server, equal, stamped


def _joined(username):
    return {"type": "user_joined", "username": username}


def _left(username):
    return {"type": "user_left", "username": username}


def _said(username, message):
    return {"type": "chat", "username": username, "message": message}


def _chat(message):
    return {"type": "chat", "message": message}


async def whoever_joins_is_told_and_the_others_hear_of_it():
    server = await Server.serve("chat")
    ada = await Client.open(server)
    welcome = await ada.joins("lobby", "ada")
    assert list(welcome) == ["type", "room", "message"] and isinstance(welcome["message"], str), welcome
    bob = await Client.member(server, "lobby", "bob")
    equal(stamped(await ada.hears()), _joined("bob"))
    eve = await Client.member(server, "lobby", "eve")
    for other in (ada, bob):
        equal(stamped(await other.hears()), _joined("eve"))
    for member in (ada, bob, eve):
        await member.hears_nothing()


async def everybody_in_the_room_hears_what_is_said():
    server = await Server.serve("chat")
    ada = await Client.member(server, "lobby", "ada")
    bob = await Client.member(server, "lobby", "bob")
    far = await Client.member(server, "elsewhere", "ada")
    await ada.hears()
    for words in ["hello", 'größer "quoted" \\ \n\t\0', "👩\u200d💻", "<b>&amp;</b>", "x" * 3000]:
        await ada.says(_chat(words))
        for member in (ada, bob):
            equal(stamped(await member.hears()), _said("ada", words))
    await far.hears_nothing()


async def a_message_may_come_in_fragments():
    server = await Server.serve("chat")
    ada = await Client.member(server, "lobby", "ada")
    await ada.connection.send(['{"type":"chat",', '"message":"gr', "ö", 'ßer"}'])
    equal(stamped(await ada.hears()), _said("ada", "größer"))


async def whoever_leaves_is_missed_and_no_longer_hears():
    server = await Server.serve("chat")
    ada = await Client.member(server, "lobby", "ada")
    bob = await Client.member(server, "lobby", "bob")
    await ada.hears()
    await bob.says({"type": "leave"})
    equal(stamped(await ada.hears()), _left("bob"))
    equal(stamped(await ada.asks(_chat("gone?"))), _said("ada", "gone?"))
    await bob.hears_nothing()
    for late in (_chat("hello"), {"type": "leave"}):
        equal(await bob.asks(late), {"type": "error", "message": "Join a room first"})


async def a_lost_connection_is_heard_of():
    server = await Server.serve("chat")
    ada = await Client.member(server, "lobby", "ada")

    async def close(connection):
        await connection.close(1000, "bye")

    async def cut(connection):
        connection.transport.abort()

    for end in (close, cut):
        other = await Client.member(server, "lobby", end.__name__)
        equal(stamped(await ada.hears()), _joined(end.__name__))
        await end(other.connection)
        equal(stamped(await ada.hears()), _left(end.__name__))


async def joining_again_moves():
    server = await Server.serve("chat")
    ada = await Client.member(server, "first", "ada")
    bob = await Client.member(server, "second", "bob")
    eve = await Client.member(server, "first", "eve")
    await ada.hears()
    await eve.joins("second", "eve")
    equal(stamped(await ada.hears()), _left("eve"))
    equal(stamped(await bob.hears()), _joined("eve"))
    await eve.says(_chat("here"))
    for member in (eve, bob):
        equal(stamped(await member.hears()), _said("eve", "here"))
    await ada.hears_nothing()


async def what_is_malformed_is_answered_and_harms_nobody():
    server = await Server.serve("chat", "--rate", "none")
    ada = await Client.member(server, "lobby", "ada")
    bob = await Client.member(server, "lobby", "bob")
    await ada.hears()
    malformed = [
        "", "hello", "{}", "[]", "null", "NaN", '{"type":"join"}', '{"type":"chat","message":5}', '{"type":"nothing"}',
        '["chat","x"]', '{"type":"chat","message":"\\udc00"}', '{"type":"leave"', '{"type":"join","room":1,"username":"u"}',
        "[" * 50_000, b'{"type":"leave"}', b"\x00\xff",
    ]
    for what in malformed:
        equal(await bob.asks(what), MALFORMED, what[:60])
    await ada.hears_nothing()
    equal(stamped(await bob.asks(_chat("still here"))), _said("bob", "still here"))
