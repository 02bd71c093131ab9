// An echo server of Node `ws`. Prints the port it listens on.
'use strict';

const { WebSocketServer } = require('ws');

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  maxPayload: 64 * 1024 * 1024,
  perMessageDeflate: { threshold: 0 },
});

server.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  // Without a listener, a client that breaks the protocol would end the process.
  socket.on('error', () => {});
});
server.on('listening', () => console.log(server.address().port));
