// What every server does, whatever it serves: it asks whether clients live, says which pages may connect, and takes its leave.
'use strict';

const crypto = require('node:crypto');
const net = require('node:net');
const { Client, Queue, Server, assert, soon, undone } = require('./stage');

// A client that speaks by bytes alone: it answers no ping, and no close.
class Raw {
  static async open(server, headers = {}) {
    const socket = net.connect(server.port, '127.0.0.1');
    undone.push(() => socket.destroy());
    const fields = Object.entries({
      Host: server.place, Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': crypto.randomBytes(16).toString('base64'), ...headers,
    });
    socket.write(`GET / HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
    const raw = Object.assign(new Raw(), { socket, bytes: Buffer.alloc(0), frames: new Queue('a frame') });
    raw.ended = new Promise((resolve) => socket.on('close', resolve));
    await soon(new Promise((resolve, reject) => {
      socket.on('error', reject);
      socket.on('data', (data) => {
        raw.bytes = Buffer.concat([raw.bytes, data]);
        const end = raw.bytes.indexOf('\r\n\r\n');
        if (raw.head === undefined && end >= 0) {
          raw.head = raw.bytes.subarray(0, end).toString();
          raw.bytes = raw.bytes.subarray(end + 4);
          resolve();
        }
        if (raw.head !== undefined) raw.cut();
      });
    }), 'the answer');
    return raw;
  }

  // Frames of less than 126 bytes.
  cut() {
    while (this.bytes.length >= 2 && this.bytes.length >= 2 + this.bytes[1]) {
      const end = 2 + this.bytes[1];
      this.frames.push({ opcode: this.bytes[0] & 15, payload: this.bytes.subarray(2, end) });
      this.bytes = this.bytes.subarray(end);
    }
  }
}

exports.whoever_answers_no_ping_is_closed = async () => {
  const server = await Server.serve('chat', '--ping-interval', '200ms', '--ping-timeout', '300ms');
  const alive = await Client.member(server, 'r', 'alive');
  const raw = await Raw.open(server);
  assert.match(raw.head, /^HTTP\/1\.1 101 /);
  assert.equal((await raw.frames.next()).opcode, 9, 'a ping');
  let frame = await raw.frames.next();
  while (frame.opcode === 9) frame = await raw.frames.next();
  assert.equal(frame.opcode, 8, 'a close');
  assert.equal(frame.payload.readUInt16BE(0), 1002);
  assert.equal(frame.payload.subarray(2).toString(), 'Pong timeout');
  await soon(raw.ended, 'the end of the connection');
  // Whoever answers stays.
  for (let count = 0; count < 3; count += 1) await alive.pings.next();
  assert.equal((await alive.asks({ type: 'chat', message: 'alive' })).message, 'alive');
};

exports.pages_of_other_sites_may_not_connect = async () => {
  for (const app of ['chat', 'feed']) {
    const server = await Server.serve(app);
    for (const Origin of ['https://evil.example', `https://evil.example:${server.port}`, `http://${server.place}.evil.example`, 'null', 'http://127.0.0.1']) {
      const refusal = await Client.refused(server, { headers: { Origin } });
      assert.equal(refusal.statusCode, 403, `${app} ${Origin}`);
    }
    for (const headers of [{ Origin: `http://${server.place}` }, {}]) await (await Client.open(server, { headers })).hearsNothing();
    const any = await Server.serve(app, '--origin', 'any');
    await (await Client.open(any, { headers: { Origin: 'https://evil.example' } })).hearsNothing();
    const named = await Server.serve(app, '--origin', 'https://good.example');
    await Client.open(named, { headers: { Origin: 'https://good.example' } });
    assert.equal((await Client.refused(named, { headers: { Origin: `http://${named.place}` } })).statusCode, 403);
  }
  await Client.open(await Server.serve('echo'), { headers: { Origin: 'https://anywhere.example' } });
};

exports.it_takes_its_leave_when_it_is_told_to = async () => {
  for (const [app, signal] of [['echo', 'SIGTERM'], ['chat', 'SIGTERM'], ['chat', 'SIGINT'], ['feed', 'SIGTERM']]) {
    const server = await Server.serve(app);
    const clients = [await Client.open(server), await Client.open(server), await Client.open(server)];
    server.signal(signal);
    for (const client of clients) assert.equal((await client.closed()).code, 1001, `${app} ${signal}`);
    assert.equal(await server.end(), 0, server.said);
    await assert.rejects(server.get('/healthz'), { code: 'ECONNREFUSED' });
  }
};

exports.whoever_does_not_answer_the_leave_is_left = async () => {
  const server = await Server.serve('chat', '--grace', '300ms');
  const [raw, client] = [await Raw.open(server), await Client.open(server)];
  server.signal('SIGTERM');
  assert.equal((await client.closed()).code, 1001);
  const { opcode, payload } = await raw.frames.next();
  assert.deepEqual([opcode, payload.readUInt16BE(0)], [8, 1001]);
  assert.equal(await server.end(), 0);
  assert.match(server.said, /dropped 1 connection/);
};

exports.its_health_and_figures_are_pages = async () => {
  const server = await Server.serve('chat', '--metrics');
  const client = await Client.member(server, 'r', 'ada', { headers: { Authorization: 'Bearer x' }, path: '/?token=hidden' });
  const health = await server.get('/healthz?from=here');
  assert.equal(health.status, 200);
  assert.equal(health.headers['content-type'], 'application/json');
  assert.deepEqual(JSON.parse(health.body), { status: 'ok', connections: 1 });
  await client.asks({ type: 'chat', message: 'x' });
  const { status, headers, body } = await server.get('/metrics');
  assert.equal(status, 200);
  assert.match(headers['content-type'], /^application\/openmetrics-text; version=1\.0\.0/);
  assert.match(body, /^wslab_connections 1$/m);
  assert.match(body, /^wslab_messages_total\{direction="received",kind="text"\} 2$/m);
  assert.match(body, /^wslab_messages_total\{direction="sent",kind="text"\} 2$/m);
  assert.ok(body.endsWith('# EOF\n') && !body.includes('hidden'), body);
  for (const line of body.trimEnd().split('\n')) assert.match(line, /^(# (TYPE|HELP|UNIT|EOF)|[a-z_]+(\{.*\})? [0-9.e+-]+( #.*)?$)/);
  assert.equal((await (await Server.serve('chat')).get('/metrics')).status, 426, 'only if it is asked for');
};

exports.its_page_is_for_browsers = async () => {
  for (const app of ['chat', 'feed']) {
    const { status, headers, body } = await (await Server.serve(app)).get('/');
    assert.equal(status, 200);
    assert.match(headers['content-type'], /^text\/html; charset=utf-8$/i);
    assert.match(headers['content-security-policy'], /default-src 'none'.*connect-src 'self'.*frame-ancestors 'none'/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(Number(headers['content-length']), Buffer.byteLength(body));
    assert.match(body, /^<!doctype html>/i);
  }
  const echo = await Server.serve('echo');
  const { status, headers } = await echo.get('/');
  assert.equal(status, 426);
  assert.equal(headers.upgrade, 'websocket');
};

exports.an_echo_sends_back_what_came = async () => {
  const client = await Client.open(await Server.serve('echo'));
  for (const what of ['', 'hello', 'größer 👩\u200d💻', 'x'.repeat(1_000_000), Buffer.from([0, 255]), crypto.randomBytes(200_000)]) {
    client.socket.send(what);
    const { data, isBinary } = await client.messages.next();
    assert.equal(isBinary, Buffer.isBuffer(what));
    assert.ok(data.equals(Buffer.from(what)));
  }
  const pong = new Promise((resolve) => client.socket.on('pong', resolve));
  client.socket.ping('there?');
  assert.equal((await soon(pong, 'the pong')).toString(), 'there?');
};
