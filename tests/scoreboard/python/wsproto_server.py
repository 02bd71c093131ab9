"""An echo server of `wsproto`, which does no I/O: asyncio's streams carry its bytes. Prints the port it listens on."""

import asyncio

from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Ping, RejectConnection, Request, TextMessage
from wsproto.extensions import PerMessageDeflate
from wsproto.utilities import LocalProtocolError, RemoteProtocolError


class Echo:
    """One connection. Messages come in pieces from wsproto, and are put together here, to be sent back whole."""

    def __init__(self):
        self.connection = WSConnection(ConnectionType.SERVER)
        self.pieces = []

    def answers(self, event):
        """The bytes that answer an event, as the examples of wsproto have it."""
        if isinstance(event, Request):
            return self.connection.send(AcceptConnection(extensions=[PerMessageDeflate()]))
        if isinstance(event, (Ping, CloseConnection)):
            if isinstance(event, CloseConnection) and self.connection.state is ConnectionState.CLOSED:
                return b""
            return self.connection.send(event.response())
        if isinstance(event, (TextMessage, BytesMessage)):
            self.pieces.append(event.data)
            if event.message_finished:
                whole = event.data[:0].join(self.pieces)
                self.pieces = []
                return self.connection.send(type(event)(data=whole))
        return b""

    def receive(self, data):
        """The bytes that answer these, and whether the connection has ended."""
        out = b""
        try:
            self.connection.receive_data(data or None)
            for event in self.connection.events():
                out += self.answers(event)
        except RemoteProtocolError as error:
            if self.connection.state is ConnectionState.CONNECTING:
                rejection = error.event_hint or RejectConnection()
                try:
                    out += self.connection.send(rejection)
                except LocalProtocolError:
                    out += b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            elif error.event_hint is not None:
                out += self.connection.send(error.event_hint)
            return out, True
        # LOCAL_CLOSING is what a violation of the client's leads to here: the connection has been failed.
        over = (ConnectionState.CLOSED, ConnectionState.LOCAL_CLOSING, ConnectionState.REJECTING)
        return out, self.connection.state in over or not data


async def serve(reader, writer):
    echo = Echo()
    over = False
    try:
        while not over:
            out, over = echo.receive(await reader.read(65536))
            writer.write(out)
            await writer.drain()
    except (OSError, LocalProtocolError):
        # The client has gone, or wslab's close frame came in between.
        pass
    writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
