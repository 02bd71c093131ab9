// An echo server of Node `ws`. Prints the port it listens on, and ends when its standard input does.
'use strict';

const { WebSocketServer } = require('ws');

// The settings of the server that Autobahn measured.
const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  maxPayload: 64 * 1024 * 1024,
  perMessageDeflate: { threshold: 0, concurrencyLimit: 4 },
  skipUTF8Validation: false,
});

server.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  // Without a listener, a client that breaks the protocol would end the process.
  socket.on('error', (error) => console.error(error.message));
});
server.on('listening', () => console.log(server.address().port));

process.stdin.on('end', () => process.exit(0)).resume();
