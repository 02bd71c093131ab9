// A client of Node `ws` that goes through the cases of a fuzzing server, whose URL is the argument, and ends it.
'use strict';

const WebSocket = require('ws');

const url = process.argv[2];
const SETTINGS = { maxPayload: 64 * 1024 * 1024, perMessageDeflate: { threshold: 0 } };

// Has `answer` take each message, until the connection is closed.
function converse(path, answer) {
  return new Promise((resolve) => {
    const socket = new WebSocket(url + path, SETTINGS);
    socket.on('message', (data, isBinary) => answer(socket, data, isBinary));
    // The server breaks the protocol on purpose.
    socket.on('error', () => {});
    socket.on('close', resolve);
  });
}

async function main() {
  let count = 0;
  await converse('/getCaseCount', (_, data) => { count = Number(data.toString()); });
  for (let number = 1; number <= count; number += 1) {
    await converse(`/runCase?case=${number}&agent=ws`, (socket, data, isBinary) => {
      socket.send(data, { binary: isBinary });
    });
  }
  await converse('/updateReports?agent=ws&shutdownOnComplete=true', () => {});
}

main();
