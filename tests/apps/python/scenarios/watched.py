"""What a server tells of itself: to Prometheus, and to those who may watch."""

import datetime
import json

import jwt
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from stage import Client, Server, equal, until, written

SECRET = "a secret that is long enough for every hash: it has to have 64 of them"
SUBPROTOCOL = "wslab.snapshot.v1"


async def _scrape(server):
    """Families by their name, as Prometheus reads them."""
    status, headers, body = await server.get("/metrics")
    equal((status, headers.get_content_type()), (200, "application/openmetrics-text"))
    return {family.name: family for family in text_string_to_metric_families(body)}


def _value(families, family, sample=None, **labels):
    """The one value with these labels."""
    name = sample or family
    found = [each.value for each in families[family].samples if each.name == name and each.labels == labels]
    equal(len(found), 1, f"{name} {labels} in {families[family].samples}")
    return found[0]


def _count(families, family, **labels):
    return _value(families, family, f"{family}_total", **labels)


def _are_of_their_kinds(families):
    for name, family in families.items():
        assert name.startswith("wslab_") and family.documentation, name
        assert not family.unit or name.endswith(f"_{family.unit}"), f"{name} is in {family.unit}"
        assert family.type in ("counter", "gauge", "histogram", "info"), f"{name} is a {family.type}"
    for name in ("messages", "frames", "payload_bytes", "faults", "closes", "deflated_bytes", "inflated_bytes"):
        equal(families[f"wslab_{name}"].type, "counter", name)
    for name in ("connections", "queued_bytes", "uptime_seconds"):
        equal(families[f"wslab_{name}"].type, "gauge", name)
    for name, unit in (("message_size_bytes", "bytes"), ("echo_duration_seconds", "seconds"), ("ping_round_trip_seconds", "seconds")):
        family = families[f"wslab_{name}"]
        equal((family.type, family.unit), ("histogram", unit), name)


async def the_figures_of_an_echo_are_what_was_sent():
    server = await Server.serve("echo", "--metrics")
    client = await Client.open(server, compression=None)
    sent = ["", "hello", "größer", b"\x00" * 1000]
    for message in sent:
        await client.says(message)
        equal(await client.hears_message(), message)
    families = await _scrape(server)
    _are_of_their_kinds(families)
    size = sum(len(message.encode() if isinstance(message, str) else message) for message in sent)
    equal(_value(families, "wslab_connections"), 1)
    for direction in ("received", "sent"):
        equal(_count(families, "wslab_messages", direction=direction, kind="text"), 3, direction)
        equal(_count(families, "wslab_messages", direction=direction, kind="binary"), 1, direction)
        equal(_count(families, "wslab_payload_bytes", direction=direction), size, direction)
        histogram = "wslab_message_size_bytes"
        equal(_value(families, histogram, f"{histogram}_count", direction=direction), len(sent), direction)
        equal(_value(families, histogram, f"{histogram}_sum", direction=direction), size, direction)
        # So many are not longer.
        for bound, count in ((16, 3), (1024, 4)):
            buckets = [each for each in families[histogram].samples if each.labels.get("direction") == direction and "le" in each.labels]
            equal([each.value for each in buckets if float(each.labels["le"]) == bound], [count], f"{direction} {bound}")
    # A masked head with 16 bits of length and one without, and two of them that are not masked.
    equal(_count(families, "wslab_frame_head_bytes", direction="received"), 3 * 6 + 8)
    equal(_count(families, "wslab_frame_head_bytes", direction="sent"), 3 * 2 + 4)
    echoes = "wslab_echo_duration_seconds"
    assert 1 <= _value(families, echoes, f"{echoes}_count") <= len(sent)
    await client.connection.close()

    async def is_closed():
        families = await _scrape(server)
        return families if _value(families, "wslab_connections") == 0 else None

    families = await until(is_closed, "the end of the connection")
    equal(_count(families, "wslab_closes", code="1000"), 1)


async def the_figures_of_a_chat_are_of_both_ways():
    server = await Server.serve("chat", "--metrics")
    ada = await Client.member(server, "r", "ada")
    bob = await Client.member(server, "r", "bob")
    await ada.hears()
    words = "the same again and again " * 100
    for client in (ada, bob):
        await ada.says({"type": "chat", "message": words})
        for member in (ada, bob):
            equal((await member.hears())["message"], words, client)
    families = await _scrape(server)
    _are_of_their_kinds(families)
    equal(_value(families, "wslab_connections"), 2)
    # Two have joined, and one has spoken twice.
    equal(_count(families, "wslab_messages", direction="received", kind="text"), 4)
    assert _count(families, "wslab_messages", direction="sent", kind="text") >= 6
    for direction in ("received", "sent"):
        deflated, inflated = (_count(families, f"wslab_{name}_bytes", direction=direction) for name in ("deflated", "inflated"))
        assert 0 < deflated * 5 < inflated, f"{direction}: {deflated} of {inflated}"


def _token(permissions):
    expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    return jwt.encode({"sub": "7", "permissions": permissions, "exp": expires}, SECRET, algorithm="HS256")


async def _refusal(server, **options):
    options = {"path": "/_wslab", "subprotocols": [SUBPROTOCOL], **options}
    return (await Client.refused(server, **options)).status_code


async def _watches(server, **options):
    watcher = await Client.open(server, "/_wslab", subprotocols=[SUBPROTOCOL], **options)
    equal(watcher.connection.subprotocol, SUBPROTOCOL)
    equal(await watcher.hears(), {"type": "state", "news": {"state": "live"}})
    news = await watcher.hears()
    equal(news["type"], "snapshot")
    return watcher, news["news"]


async def strangers_may_not_watch():
    server = await Server.serve("echo", "--watch")
    equal(await _refusal(server, origin="https://evil.example"), 403)
    equal(await _refusal(server, origin=f"http://{server.place}"), 403, "no page may")
    equal(await _refusal(server, headers={"X-Forwarded-For": "203.0.113.9"}), 403)
    equal(await _refusal(server, subprotocols=["other"]), 400)
    _, snapshot = await _watches(server)
    equal(snapshot["open"], 0)
    _, _, health = await server.get("/healthz")
    equal(json.loads(health)["connections"], 0, "who watches is no client")
    client = await Client.open(server, subprotocols=[SUBPROTOCOL])
    equal(client.connection.subprotocol, None, "it is spoken by who watches alone")


async def where_clients_are_known_it_takes_a_good_token_to_watch():
    server = await Server.serve("echo", "--watch", "--auth-secret-file", written("secret", SECRET))
    bearer = lambda token: {"Authorization": f"Bearer {token}"}
    equal(await _refusal(server), 401)
    equal(await _refusal(server, headers=bearer("nonsense")), 401)
    other = jwt.encode({"sub": "7", "permissions": ["watch"]}, SECRET[::-1], algorithm="HS256")
    equal(await _refusal(server, headers=bearer(other)), 401)
    equal(await _refusal(server, headers=bearer(_token(["chat"]))), 403)
    await _watches(server, headers=bearer(_token(["watch"])))
