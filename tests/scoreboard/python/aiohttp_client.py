"""A client of `aiohttp` that goes through the cases of a fuzzing server, whose URL is the argument, and ends it."""

import asyncio
import sys

from aiohttp import ClientError, ClientSession, WSMsgType

URL = sys.argv[1]
SETTINGS = {"max_msg_size": 64 * 1024 * 1024, "compress": 15}


async def messages(session, path):
    async with session.ws_connect(URL + path, **SETTINGS) as socket:
        return [message.data async for message in socket if message.type == WSMsgType.TEXT]


async def echo(session, path):
    async with session.ws_connect(URL + path, **SETTINGS) as socket:
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                await socket.send_str(message.data)
            elif message.type == WSMsgType.BINARY:
                await socket.send_bytes(message.data)


async def main():
    async with ClientSession() as session:
        [count] = await messages(session, "/getCaseCount")
        for number in range(1, int(count) + 1):
            try:
                await echo(session, f"/runCase?case={number}&agent=aiohttp")
            except (ClientError, OSError, TimeoutError):
                # The server breaks the protocol on purpose.
                pass
        await messages(session, "/updateReports?agent=aiohttp&shutdownOnComplete=true")


asyncio.run(main())
