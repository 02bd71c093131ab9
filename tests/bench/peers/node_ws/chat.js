// A chat of Node `ws` that speaks what `wslab serve chat` does. Prints the port it listens on, and ends when its
// standard input does.
'use strict';

const { WebSocketServer } = require('ws');

const rooms = new Map();
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, clientTracking: true });

// What goes to many is encoded once.
function tell(members, word, except) {
  const data = Buffer.from(JSON.stringify(word));
  for (const member of members) {
    if (member !== except) member.send(data, { binary: false });
  }
}

function leave(socket) {
  const members = rooms.get(socket.room);
  if (members === undefined) return;
  members.delete(socket);
  if (members.size === 0) rooms.delete(socket.room);
  socket.room = undefined;
  tell(members, { type: 'user_left', username: socket.username, timestamp: Date.now() });
}

function isName(value, most) {
  return typeof value === 'string' && value.length > 0 && value.length <= most;
}

function understand(socket, data, isBinary) {
  if (isBinary) return false;
  let wish;
  try {
    wish = JSON.parse(data.toString());
  } catch {
    return false;
  }
  if (typeof wish !== 'object' || wish === null) return false;
  switch (wish.type) {
    case 'join': {
      if (!isName(wish.room, 64) || !isName(wish.username, 32)) return false;
      leave(socket);
      let members = rooms.get(wish.room);
      if (members === undefined) rooms.set(wish.room, (members = new Set()));
      members.add(socket);
      socket.room = wish.room;
      socket.username = wish.username;
      socket.send(JSON.stringify({ type: 'joined', room: wish.room, message: `Welcome to ${wish.room}` }));
      tell(members, { type: 'user_joined', username: wish.username, timestamp: Date.now() }, socket);
      return true;
    }
    case 'chat':
      if (!isName(wish.message, 4096) || socket.room === undefined) return false;
      tell(rooms.get(socket.room), {
        type: 'chat', username: socket.username, message: wish.message, timestamp: Date.now(),
      });
      return true;
    case 'leave':
      leave(socket);
      return true;
    default:
      return false;
  }
}

server.on('connection', (socket) => {
  socket.isAlive = true;
  socket.on('pong', () => { socket.isAlive = true; });
  socket.on('message', (data, isBinary) => {
    if (!understand(socket, data, isBinary)) {
      socket.send('{"type":"error","message":"Invalid message format"}');
    }
  });
  socket.on('close', () => leave(socket));
  // Without a listener, a client that breaks the protocol would end the process.
  socket.on('error', () => {});
});

// As the documentation of `ws` has it.
setInterval(() => {
  for (const socket of server.clients) {
    if (!socket.isAlive) {
      socket.terminate();
      continue;
    }
    socket.isAlive = false;
    socket.ping();
  }
}, 30000);

server.on('listening', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit(0)).resume();
