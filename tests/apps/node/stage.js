// What scenarios have in common: servers that end with them, clients of `ws` that remember what they heard, and patience
// that ends.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const readline = require('node:readline');
const WebSocket = require('ws');

// So long may anything take that has to come, in ms.
const PATIENCE = 10_000;

const MALFORMED = { type: 'error', message: 'Invalid message format' };

// What there is to be undone, whatever happens.
const undone = [];
process.on('exit', () => {
  for (const undo of undone.reverse()) {
    // The others are to be undone all the same.
    try { undo(); } catch (error) { console.error(error); }
  }
});

// What `promise` comes to, which has to be soon.
function soon(promise, what) {
  let timer;
  const error = new Error(`${what} did not come within ${PATIENCE} ms`);
  const late = new Promise((_, reject) => { timer = setTimeout(reject, PATIENCE, error); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// Waits until `test` gives something that is true, and gives that. It is for what nobody tells.
async function until(test, what) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const found = await test();
    if (found) return found;
    if (Date.now() > end) throw new Error(`${what} did not come within ${PATIENCE} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

// Things that come one after another, and whoever waits for the next.
class Queue {
  constructor(what) { Object.assign(this, { what, come: [], waiting: [], over: null }); }

  push(thing) {
    const next = this.waiting.shift();
    if (next) next.resolve(thing); else this.come.push(thing);
  }

  // Nothing more comes.
  end(why) {
    this.over = why;
    for (const { reject } of this.waiting) reject(new Error(`${this.what} did not come: ${why}`));
  }

  next() {
    if (this.come.length > 0) return Promise.resolve(this.come.shift());
    if (this.over) return Promise.reject(new Error(`${this.what} did not come: ${this.over}`));
    return soon(new Promise((resolve, reject) => this.waiting.push({ resolve, reject })), this.what);
  }
}

// A folder that is gone when the scenario is over.
function scratch() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wslab-apps-'));
  undone.push(() => remove(folder));
  return folder;
}

// Removes a folder in which processes that are ending may still write.
function remove(folder) {
  for (let tries = 0; tries < 50; tries += 1) {
    try {
      return fs.rmSync(folder, { recursive: true, force: true });
    } catch {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}

// A file in such a folder.
function written(name, text) {
  const file = path.join(scratch(), name);
  fs.writeFileSync(file, text);
  return file;
}

const servers = [];

class Server {
  // `wslab serve` on a free port.
  static async serve(app, ...options) {
    const child = spawn(process.env.WSLAB, ['serve', app, '--listen', '127.0.0.1:0', ...options]);
    undone.push(() => child.kill('SIGKILL'));
    const server = new Server();
    servers.push(server);
    Object.assign(server, { child, said: '', ended: new Promise((resolve) => child.on('exit', resolve)) });
    child.stderr.on('data', (data) => { server.said += data; });
    const lines = readline.createInterface({ input: child.stdout });
    const first = new Promise((resolve) => { lines.once('line', resolve); lines.once('close', () => resolve('')); });
    const line = await soon(first, 'the word of the server that it listens');
    const [, port] = /^listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(line) ?? assert.fail(`${line}\n${server.said}`);
    server.port = Number(port);
    server.place = `127.0.0.1:${port}`;
    server.url = `ws://${server.place}/`;
    return server;
  }

  // Its answer to `GET path`.
  async get(path, headers = {}) {
    const answer = new Promise((resolve, reject) => {
      http.get(`http://${this.place}${path}`, { agent: false, headers }, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () => {
          resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() });
        });
      }).on('error', reject);
    });
    return soon(answer, `the answer to GET ${path}`);
  }

  signal(name) { this.child.kill(name); }

  // Its exit code.
  async end() { return soon(this.ended, 'the end of the server'); }
}

function tellWhatServersSaid() {
  for (const { said } of servers) if (said) console.error(`a server said:\n${said}`);
}

class Client {
  // A client of `server` that is connected.
  static async open(server, { path = '/', protocols = [], ...options } = {}) {
    const client = new Client();
    const socket = new WebSocket(`ws://${server.place}${path}`, protocols, options);
    const messages = new Queue('a message');
    Object.assign(client, { socket, messages, pings: new Queue('a ping') });
    socket.on('message', (data, isBinary) => messages.push({ data, isBinary }));
    socket.on('upgrade', (response) => { client.extensions = response.headers['sec-websocket-extensions']; });
    socket.on('ping', (data) => client.pings.push(data));
    client.gone = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        messages.end(`closed with ${code} ${reason}`);
        resolve({ code, reason: reason.toString() });
      });
    });
    const opened = new Promise((resolve, reject) => {
      socket.on('open', resolve);
      socket.on('error', reject);
      socket.on('unexpected-response', (_, response) => reject(Object.assign(new Error('refused'), { response })));
    });
    undone.push(() => socket.terminate());
    await soon(opened, 'the connection');
    return client;
  }

  // The refusal of a handshake that must not succeed.
  static async refused(server, options) {
    try {
      await Client.open(server, options);
    } catch (error) {
      return error.response ?? assert.fail(error);
    }
    return assert.fail('it was let in');
  }

  // A member of a room.
  static async member(server, room, username, options) {
    const client = await Client.open(server, options);
    await client.joins(room, username);
    return client;
  }

  async joins(room, username) {
    const joined = await this.asks({ type: 'join', room, username });
    assert.equal(joined.type, 'joined', JSON.stringify(joined));
    assert.equal(joined.room, room);
    assert.equal(typeof joined.message, 'string');
    return joined;
  }

  // Text, bytes, or what becomes JSON.
  says(what) { this.socket.send(typeof what === 'string' || Buffer.isBuffer(what) ? what : JSON.stringify(what)); }

  // The next message: text of JSON.
  async hears() {
    const { data, isBinary } = await this.messages.next();
    assert.equal(isBinary, false, 'what is not packed is text');
    return JSON.parse(data.toString());
  }

  async hearsBinary() {
    const { data, isBinary } = await this.messages.next();
    assert.equal(isBinary, true, data.toString());
    return data;
  }

  async asks(what) {
    this.says(what);
    return this.hears();
  }

  // Nothing came, and nothing comes before the answer to a question.
  async hearsNothing() {
    const answer = await this.asks({ type: 'user_info' });
    assert.equal(answer.type, 'user_info', JSON.stringify(answer));
  }

  // How it is closed.
  async closed() { return soon(this.gone, 'the close'); }
}

// The message without its timestamp, which is of now, in ms.
function stamped({ timestamp, ...message }) {
  assert.ok(Number.isInteger(timestamp), `${timestamp} is a timestamp`);
  assert.ok(Math.abs(Date.now() - timestamp) < PATIENCE, `${timestamp} is now`);
  return message;
}

module.exports = {
  Client, MALFORMED, PATIENCE, Queue, Server, assert, scratch, soon, stamped, tellWhatServersSaid, undone, until, written,
};
