// Messages that the application packs itself, unpacked and packed here by Node's `zlib`; and permessage-deflate of `ws`.
'use strict';

const zlib = require('node:zlib');
const { Client, MALFORMED, Server, assert, until, written } = require('./stage');

const WAYS = {
  gzip: { pack: zlib.gzipSync, unpack: zlib.gunzipSync },
  deflate: { pack: zlib.deflateSync, unpack: zlib.inflateSync },
};
const LARGE = 'large '.repeat(500);
const asks = (...algorithms) => ({ type: 'compression_request', algorithms });
const chat = (message) => ({ type: 'chat', message });

exports.large_messages_are_packed_both_ways = async () => {
  for (const [algorithm, { pack, unpack }] of Object.entries(WAYS)) {
    const server = await Server.serve('chat', '--no-deflate');
    const packing = await Client.member(server, 'r', 'packing');
    const plain = await Client.member(server, 'r', 'plain');
    await packing.hears();
    const agreed = { type: 'compression_response', enabled: true, algorithm };
    assert.deepEqual(await packing.asks(asks('br', algorithm, 'gzip')), agreed);
    const text = JSON.stringify(chat(LARGE));
    for (const what of [text, pack(text)]) {
      packing.says(what);
      const heard = await packing.hearsBinary();
      assert.ok(heard.length < LARGE.length / 4, `${heard.length} bytes are few`);
      assert.equal(JSON.parse(unpack(heard).toString()).message, LARGE);
      assert.equal((await plain.hears()).message, LARGE);
    }
    packing.says(pack(JSON.stringify(chat('small'))));
    for (const member of [packing, plain]) assert.equal((await member.hears()).message, 'small');
  }
};

exports.raw_deflate_is_understood_too = async () => {
  const client = await Client.open(await Server.serve('chat'));
  await client.asks(asks('deflate'));
  const packed = zlib.deflateRawSync(JSON.stringify({ type: 'join', room: 'r', username: 'ada' }));
  assert.equal((await client.asks(packed)).type, 'joined');
};

exports.values_of_a_feed_are_packed = async () => {
  const lines = written('lines.jsonl', `${JSON.stringify({ stream: 'large', data: LARGE })}\n`);
  const client = await Client.open(await Server.serve('feed', '--streams', 'none', '--rate', 'none', '--lines', lines));
  await until(async () => (await client.asks({ type: 'streams' })).streams.includes('large'), 'the stream');
  assert.equal((await client.asks(asks('gzip'))).enabled, true);
  client.says({ type: 'subscribe', streams: ['large'] });
  const value = JSON.parse(zlib.gunzipSync(await client.hearsBinary()).toString());
  assert.deepEqual(value, { type: 'data', stream: 'large', data: LARGE });
};

exports.what_cannot_be_unpacked_is_malformed = async () => {
  const server = await Server.serve('chat', '--max-message', '100000');
  const client = await Client.open(server);
  const join = JSON.stringify({ type: 'join', room: 'r', username: 'ada' });
  assert.deepEqual(await client.asks(zlib.gzipSync(join)), MALFORMED, 'nothing was agreed yet');
  assert.deepEqual(await client.asks(asks('br', 'zstd')), { type: 'compression_response', enabled: false });
  assert.deepEqual(await client.asks(zlib.gzipSync(join)), MALFORMED, 'nothing was agreed');
  for (const nonsense of [{ type: 'compression_request' }, asks(5), { ...asks(), algorithms: 'gzip' }]) {
    assert.deepEqual(await client.asks(nonsense), MALFORMED);
  }
  assert.equal((await client.asks(asks('gzip'))).algorithm, 'gzip');
  const bomb = zlib.gzipSync(Buffer.alloc(50_000_000, 0x20));
  assert.ok(bomb.length < 100_000, 'the bomb is small');
  const good = zlib.gzipSync(join);
  const wrong = Buffer.from(good);
  wrong[wrong.length - 8] ^= 1;
  for (const bad of [bomb, good.subarray(0, -1), wrong, Buffer.alloc(0), zlib.deflateSync(join), zlib.gzipSync(Buffer.from([255]))]) {
    assert.deepEqual(await client.asks(bad), MALFORMED);
  }
  assert.equal((await client.asks(good)).type, 'joined');
};

exports.permessage_deflate_is_agreed_on = async () => {
  const server = await Server.serve('chat', '--rate', 'none');
  const small = await Client.member(server, 'r', 'small', { perMessageDeflate: { threshold: 0 } });
  const plain = await Client.member(server, 'r', 'plain', { perMessageDeflate: false });
  const context = await Client.member(server, 'r', 'context', {
    perMessageDeflate: { clientNoContextTakeover: true, serverNoContextTakeover: true, threshold: 0 },
  });
  assert.match(small.extensions, /^permessage-deflate/);
  assert.match(context.extensions, /server_no_context_takeover/);
  assert.equal(plain.extensions, undefined);
  for (let count = 0; count < 2; count += 1) await small.hears();
  await plain.hears();
  const read = (client) => client.socket._socket.bytesRead;
  const before = [small, plain].map(read);
  for (let count = 0; count < 10; count += 1) {
    small.says(chat(`${LARGE}${count}`));
    for (const member of [small, plain, context]) assert.equal((await member.hears()).message, `${LARGE}${count}`);
  }
  const [compressed, whole] = [small, plain].map((client, at) => read(client) - before[at]);
  assert.ok(whole > 10 * LARGE.length && compressed < whole / 10, `${compressed} of ${whole} bytes`);
  const none = await Client.open(await Server.serve('chat', '--no-deflate'));
  assert.equal(none.extensions, undefined);
};
