"""What scenarios have in common: servers that end with them, clients of `websockets`, and patience that ends."""

import asyncio
import json
import os
import pathlib
import re
import shutil
import signal
import tempfile
import time
import urllib.error
import urllib.request

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

# So long may anything take that has to come, in seconds.
PATIENCE = 10

MALFORMED = {"type": "error", "message": "Invalid message format"}

_undone = []
_servers = []


def undo():
    while _undone:
        try:
            _undone.pop()()
        except Exception as error:
            # The others are to be undone all the same.
            print(f"cannot be undone: {error!r}")


def tell_what_servers_said():
    for server in _servers:
        if server.said:
            print(f"a server said:\n{server.said}")


def soon(awaitable):
    return asyncio.wait_for(awaitable, PATIENCE)


async def until(test, what):
    """Waits until `test` gives something that is true, and gives that. It is for what nobody tells."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = test()
        found = await found if asyncio.iscoroutine(found) else found
        if found:
            return found
        await asyncio.sleep(0.02)
    raise TimeoutError(f"{what} did not come within {PATIENCE} s")


def scratch():
    """A folder that is gone when the scenario is over."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="wslab-apps-"))
    _undone.append(lambda: shutil.rmtree(folder, ignore_errors=True))
    return folder


def written(name, content):
    file = scratch() / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(file)


class Server:
    """`wslab serve` on a free port."""

    @classmethod
    async def serve(cls, app, *options):
        server = cls()
        _servers.append(server)
        pipe = asyncio.subprocess.PIPE
        server.process = await asyncio.create_subprocess_exec(
            os.environ["WSLAB"], "serve", app, "--listen", "127.0.0.1:0", *options, stdin=pipe, stdout=pipe, stderr=pipe
        )
        _undone.append(server.kill)
        server.said = ""
        server.listening = asyncio.create_task(server._listen())
        line = (await soon(server.process.stdout.readline())).decode()
        found = re.match(r"listening on (wss?)://127\.0\.0\.1:(\d+)", line)
        if not found:
            raise AssertionError(f"it does not say that it listens: {line}{server.said}")
        server.port = int(found[2])
        server.place = f"127.0.0.1:{server.port}"
        server.url = f"{found[1]}://{server.place}"
        return server

    async def _listen(self):
        while line := await self.process.stderr.readline():
            self.said += line.decode()

    async def get(self, path):
        """Its answer to `GET path`: status, headers, body."""

        def ask():
            try:
                with urllib.request.urlopen(f"http://{self.place}{path}", timeout=PATIENCE) as answer:
                    return answer.status, answer.headers, answer.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, error.headers, error.read().decode()

        return await asyncio.to_thread(ask)

    def kill(self):
        if self.process.returncode is None:
            os.kill(self.process.pid, signal.SIGKILL)

    def signal(self, number):
        self.process.send_signal(number)

    async def end(self):
        """Its exit code."""
        code = await soon(self.process.wait())
        await soon(self.listening)
        return code


class Client:
    """A client that is connected."""

    @classmethod
    async def open(cls, server, path="/", headers=None, **options):
        client = cls()
        # No proxy stands between a scenario and its server.
        options = {"ping_interval": None, "close_timeout": PATIENCE, "proxy": None, **options}
        client.connection = await soon(connect(server.url + path, additional_headers=headers, **options))
        return client

    @staticmethod
    async def refused(server, **options):
        """The answer to a handshake that must not succeed."""
        try:
            await Client.open(server, **options)
        except InvalidStatus as error:
            return error.response
        raise AssertionError("it was let in")

    @classmethod
    async def member(cls, server, room, username, **options):
        client = await cls.open(server, **options)
        await client.joins(room, username)
        return client

    async def joins(self, room, username):
        joined = await self.asks({"type": "join", "room": room, "username": username})
        assert (joined["type"], joined["room"]) == ("joined", room), joined
        return joined

    async def says(self, what):
        """Text, bytes, or what becomes JSON."""
        await self.connection.send(what if isinstance(what, (str, bytes)) else json.dumps(what))

    async def hears_message(self):
        return await soon(self.connection.recv())

    async def hears(self):
        """The next message: text of JSON."""
        message = await self.hears_message()
        assert isinstance(message, str), "what is not packed is text"
        return json.loads(message)

    async def asks(self, what):
        await self.says(what)
        return await self.hears()

    async def hears_nothing(self):
        """Nothing came, and nothing comes before the answer to a question."""
        answer = await self.asks({"type": "user_info"})
        assert answer["type"] == "user_info", answer

    async def closed(self):
        """How it is closed: code and reason."""
        try:
            message = await soon(self.connection.recv())
        except ConnectionClosed as closed:
            return closed.rcvd.code, closed.rcvd.reason
        raise AssertionError(f"it is not closed, but told {message}")

    @property
    def extensions(self):
        return self.connection.response.headers.get("Sec-WebSocket-Extensions")


def stamped(message):
    """The message without its timestamp, which is of now, in ms."""
    timestamp = message.pop("timestamp")
    assert isinstance(timestamp, int) and abs(time.time() * 1000 - timestamp) < PATIENCE * 1000, timestamp
    return message


def equal(found, wanted, about=None):
    """That they are; with what was found, where they are not."""
    if found != wanted:
        # Large messages need not be seen whole.
        found, wanted = (repr(what)[:500] for what in (found, wanted))
        raise AssertionError(f"{about or 'not as it has to be'}:\n  found  {found}\n  wanted {wanted}")


def milliseconds():
    return time.time() * 1000
