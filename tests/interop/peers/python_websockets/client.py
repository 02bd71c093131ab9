"""A client of Python `websockets` that goes through the cases of a fuzzing server, whose URL is the argument, and ends it."""

import asyncio
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

URL = sys.argv[1]
AGENT = "python_websockets_client"

# The settings of the client that Autobahn measured, but for the time that is waited for a server that still sends.
SETTINGS = {"max_size": 64 * 1024 * 1024, "open_timeout": 30, "ping_interval": None, "close_timeout": 2}


async def messages(path):
    received = []
    async with connect(URL + path, **SETTINGS) as connection:
        async for message in connection:
            received.append(message)
    return received


async def echo(path):
    async with connect(URL + path, **SETTINGS) as connection:
        async for message in connection:
            await connection.send(message)


async def main():
    [count] = await messages("/getCaseCount")
    for number in range(1, int(count) + 1):
        try:
            await echo(f"/runCase?case={number}&agent={AGENT}")
        except WebSocketException:
            # The server breaks the protocol on purpose.
            pass
    await messages(f"/updateReports?agent={AGENT}&shutdownOnComplete=true")


asyncio.run(main())
