"""An echo server of Python `websockets`. Prints the port it listens on, and ends when its standard input does."""

import asyncio
import os
import sys

from websockets.asyncio.server import serve


async def echo(connection):
    async for message in connection:
        await connection.send(message)


async def main():
    # The settings of the server that Autobahn measured.
    settings = {
        "close_timeout": 10,
        "compression": "deflate",
        "max_queue": 16,
        "max_size": 64 * 1024 * 1024,
        "ping_interval": None,
        "server_header": "websockets",
    }
    async with serve(echo, "127.0.0.1", 0, **settings) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.buffer.read)
        # At once: leaving the block would wait for connections that are still closing.
        os._exit(0)


asyncio.run(main())
