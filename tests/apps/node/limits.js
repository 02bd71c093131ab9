// How much a server takes of each.
'use strict';

const crypto = require('node:crypto');
const { Client, PATIENCE, Server, assert, written } = require('./stage');

const rate = { type: 'rate_limit' };
const nothing = { type: 'leave' };

// That the message was refused for being one too many, and until when.
function isExceeded({ type, message, retryAfter, blockedUntil }) {
  assert.deepEqual([type, message], ['error', 'Rate limit exceeded']);
  assert.ok(retryAfter > 0, `${retryAfter} ms are left`);
  assert.ok(Math.abs(Date.now() + retryAfter - blockedUntil) < PATIENCE, `${blockedUntil} is ${retryAfter} ms from now`);
}

exports.what_is_left_can_be_asked_and_more_is_refused = async () => {
  const server = await Server.serve('chat', '--rate', '3/60s');
  const client = await Client.open(server);
  for (const remaining of [3, 2, 1]) {
    const answer = await client.asks(rate);
    assert.deepEqual([answer.type, answer.limit, answer.remaining], ['rate_limit', 3, remaining]);
    assert.equal((await client.asks(nothing)).message, 'Join a room first');
  }
  for (let count = 0; count < 3; count += 1) isExceeded(await client.asks(nothing));
  const { remaining, resetsAt } = await client.asks(rate);
  assert.equal(remaining, 0);
  assert.ok(resetsAt > Date.now() && resetsAt <= Date.now() + 61_000, `${resetsAt}`);
  const other = await Client.open(server);
  assert.equal((await other.asks(nothing)).message, 'Join a room first', 'others are not blocked');
};

exports.a_hundred_messages_a_minute_are_the_usual = async () => {
  const client = await Client.open(await Server.serve('chat'));
  assert.equal((await client.asks(rate)).limit, 100);
  for (let count = 0; count < 101; count += 1) client.says(nothing);
  for (let count = 0; count < 100; count += 1) assert.equal((await client.hears()).message, 'Join a room first');
  isExceeded(await client.hears());
  const echo = await Client.open(await Server.serve('echo'));
  for (let count = 0; count < 200; count += 1) echo.says(String(count));
  for (let count = 0; count < 200; count += 1) assert.equal(await echo.hears(), count);
};

exports.whoever_was_blocked_is_heard_again_when_it_was_said = async () => {
  const client = await Client.open(await Server.serve('chat', '--rate', '1/500ms'));
  assert.equal((await client.asks(nothing)).message, 'Join a room first');
  let blocked = 0;
  for (;;) {
    const answer = await client.asks(nothing);
    if (answer.message === 'Join a room first') break;
    isExceeded(answer);
    blocked = answer.blockedUntil;
  }
  assert.ok(blocked === 0 || Date.now() >= blocked - 50, 'and not before');
};

exports.more_may_wait = async () => {
  const client = await Client.open(await Server.serve('chat', '--rate', '2/200ms', '--over', 'delay'));
  const start = Date.now();
  await client.joins('r', 'ada');
  for (let count = 0; count < 5; count += 1) client.says({ type: 'chat', message: String(count) });
  for (let count = 0; count < 5; count += 1) assert.equal((await client.hears()).message, String(count));
  assert.ok(Date.now() - start >= 350, 'six messages need three times');
};

exports.more_may_close = async () => {
  const client = await Client.open(await Server.serve('chat', '--rate', '1/60s', '--over', 'close'));
  await client.asks(nothing);
  client.says(nothing);
  assert.deepEqual(await client.closed(), { code: 1008, reason: 'Rate limit exceeded' });
};

exports.connections_of_an_address_share_its_rate = async () => {
  const server = await Server.serve('chat', '--rate', 'none', '--rate-per-address', '2/60s');
  const clients = [await Client.open(server), await Client.open(server), await Client.open(server)];
  for (const client of clients.slice(1)) assert.equal((await client.asks(nothing)).message, 'Join a room first');
  isExceeded(await clients[0].asks(nothing));
};

exports.connections_of_a_user_share_its_rate = async () => {
  const secret = 'x'.repeat(32);
  const server = await Server.serve(
    'chat', '--rate', 'none', '--rate-per-user', '1/60s', '--auth-secret-file', written('secret', secret),
  );
  const as = (sub) => {
    const parts = [{ alg: 'HS256' }, { sub, exp: Math.floor(Date.now() / 1000) + 60 }];
    const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    const signature = crypto.createHmac('sha256', secret).update(signed).digest('base64url');
    return Client.open(server, { headers: { Authorization: `Bearer ${signed}.${signature}` } });
  };
  const [one, two, other] = [await as('1'), await as('1'), await as('2')];
  for (const client of [one, two, other]) assert.equal((await client.hears()).type, 'auth_success');
  assert.equal((await one.asks(nothing)).type, 'error');
  isExceeded(await two.asks(nothing));
  assert.equal((await other.asks(rate)).remaining, 1);
};

exports.an_address_has_so_many_connections = async () => {
  const server = await Server.serve('chat', '--max-per-address', '2');
  const first = await Client.open(server);
  await Client.open(server);
  assert.equal((await Client.refused(server)).statusCode, 429);
  first.socket.close();
  await first.closed();
  // The place is free once the server has seen the end, which is a moment later.
  for (let tries = 0; ; tries += 1) {
    try {
      await (await Client.open(server)).hearsNothing();
      return;
    } catch (error) {
      assert.ok(error.response?.statusCode === 429 && tries < 1000, error);
    }
  }
};

exports.an_address_connects_so_often = async () => {
  const server = await Server.serve('echo', '--handshakes', '2/60s');
  for (let count = 0; count < 2; count += 1) await Client.open(server);
  const { statusCode, headers } = await Client.refused(server);
  assert.equal(statusCode, 429);
  assert.ok(headers['retry-after'] >= 1 && headers['retry-after'] <= 61, headers['retry-after']);
};
