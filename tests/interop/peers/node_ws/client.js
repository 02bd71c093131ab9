// A client of Node `ws` that goes through the cases of a fuzzing server, whose URL is the argument, and ends it.
'use strict';

const WebSocket = require('ws');

const url = process.argv[2];
const agent = 'node_ws_client';

// Has `answer` take each message, until the connection is closed.
function converse(path, answer) {
  return new Promise((resolve) => {
    // The settings of the client that Autobahn measured.
    const socket = new WebSocket(url + path, { maxPayload: 64 * 1024 * 1024, perMessageDeflate: { threshold: 0 } });
    socket.on('message', (data, isBinary) => answer(socket, data, isBinary));
    // A server that breaks the protocol on purpose is what this is for.
    socket.on('error', () => {});
    socket.on('close', resolve);
  });
}

async function main() {
  let count = 0;
  await converse('/getCaseCount', (_, data) => { count = Number(data.toString()); });
  for (let number = 1; number <= count; number += 1) {
    await converse(`/runCase?case=${number}&agent=${agent}`, (socket, data, isBinary) => {
      socket.send(data, { binary: isBinary });
    });
  }
  await converse(`/updateReports?agent=${agent}&shutdownOnComplete=true`, () => {});
}

main();
