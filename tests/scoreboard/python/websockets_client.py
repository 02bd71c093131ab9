"""A client of Python `websockets` that goes through the cases of a fuzzing server, whose URL is the argument, and ends it."""

import asyncio
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

URL = sys.argv[1]
SETTINGS = {"max_size": 64 * 1024 * 1024, "close_timeout": 2}


async def messages(path):
    async with connect(URL + path, **SETTINGS) as connection:
        return [message async for message in connection]


async def echo(path):
    async with connect(URL + path, **SETTINGS) as connection:
        async for message in connection:
            await connection.send(message)


async def main():
    [count] = await messages("/getCaseCount")
    for number in range(1, int(count) + 1):
        try:
            await echo(f"/runCase?case={number}&agent=websockets")
        except (WebSocketException, OSError, EOFError, TimeoutError):
            # The server breaks the protocol on purpose.
            pass
    await messages("/updateReports?agent=websockets&shutdownOnComplete=true")


asyncio.run(main())
