// `wslab serve feed`: streams of values for whoever subscribes.
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const { Client, MALFORMED, Server, assert, stamped, until, written } = require('./stage');

const line = (stream, data) => `${JSON.stringify({ stream, data })}\n`;
const data = (stream, value) => ({ type: 'data', stream, data: value });
const subscribe = (...streams) => ({ type: 'subscribe', streams });
const unsubscribe = (...streams) => ({ type: 'unsubscribe', streams });

// A feed of a file with these lines, all of which it has read.
async function follow(...lines) {
  const file = written('lines.jsonl', [...lines, line('ready', true)].join(''));
  const server = await Server.serve('feed', '--streams', 'none', '--rate', 'none', '--lines', file);
  const client = await Client.open(server);
  const grow = (...more) => fs.appendFileSync(file, more.join(''));
  await until(async () => (await client.asks({ type: 'streams' })).streams.includes('ready'), 'the last line');
  return { server, client, grow };
}

exports.a_subscriber_gets_the_current_value_and_every_update = async () => {
  const { server, client, grow } = await follow(line('weather', { degrees: 20 }), line('weather', { degrees: 21 }));
  assert.deepEqual(await client.asks(subscribe('weather')), data('weather', { degrees: 21 }));
  const other = await Client.open(server);
  assert.deepEqual(await other.asks(subscribe('weather', 'weather')), data('weather', { degrees: 21 }));
  await other.hearsNothing();
  for (const value of [{ degrees: 22, sky: ['blue', null] }, 'größer "quoted"', 5, false, null, []]) {
    grow(line('weather', value));
    for (const subscriber of [client, other]) assert.deepEqual(await subscriber.hears(), data('weather', value));
  }
};

exports.what_is_unsubscribed_from_comes_no_more = async () => {
  const { client, grow } = await follow(line('a', 1), line('b', 1));
  client.says(subscribe('a', 'b'));
  assert.deepEqual(await client.hears(), data('a', 1));
  assert.deepEqual(await client.hears(), data('b', 1));
  client.says(unsubscribe('a'));
  await client.hearsNothing();
  grow(line('a', 2), line('b', 2));
  assert.deepEqual(await client.hears(), data('b', 2));
  assert.deepEqual(await client.asks(subscribe('a')), data('a', 2));
};

exports.streams_that_are_unknown_are_named = async () => {
  const { client, grow } = await follow(line('a', 1));
  const heard = [await client.asks(subscribe('nothing', 'a', 'no\u202emore'))];
  heard.push(await client.hears());
  const error = heard.find((message) => message.type === 'error');
  assert.match(error.message, /^Unknown streams: nothing, no/);
  assert.ok(!error.message.includes('\u202e'), 'what would disturb is not repeated');
  assert.deepEqual(heard.find((message) => message !== error), data('a', 1), 'the others are subscribed to');
  assert.equal((await client.asks(unsubscribe('nothing'))).message, 'Unknown streams: nothing');
  // One that comes to be is known then.
  grow(line('nothing', 'something'));
  await until(async () => (await client.asks({ type: 'streams' })).streams.includes('nothing'), 'the stream');
  assert.deepEqual(await client.asks(subscribe('nothing')), data('nothing', 'something'));
};

exports.lines_that_are_none_are_told_of_and_passed_over = async () => {
  const { server, client, grow } = await follow(line('a', 1), '{"stream":"a"}\n', 'nonsense\n', '{"stream":"","data":1}\n');
  assert.deepEqual(await client.asks(subscribe('a')), data('a', 1));
  await until(() => (server.said.match(/lines\.jsonl:[234]: /g) ?? []).length === 3, 'the warnings');
  // A line may come in pieces.
  const whole = line('a', { pieces: 'x'.repeat(500) });
  grow(whole.slice(0, 100));
  grow(whole.slice(100));
  assert.deepEqual(await client.hears(), data('a', { pieces: 'x'.repeat(500) }));
};

exports.lines_come_from_the_input = async () => {
  const server = await Server.serve('feed', '--streams', 'none', '--rate', 'none', '--lines', '-');
  const client = await Client.open(server);
  server.child.stdin.write(line('a', 1));
  await until(async () => (await client.asks({ type: 'streams' })).streams.includes('a'), 'the stream');
  assert.deepEqual(await client.asks(subscribe('a')), data('a', 1));
  server.child.stdin.end('{"stream":"a","data":2}');
  assert.deepEqual(await client.hears(), data('a', 2), 'the last line needs no end, and the feed goes on');
  await client.hearsNothing();
};

exports.stocks_move_every_second = async () => {
  const server = await Server.serve('feed', '--seed', '7');
  const client = await Client.open(server);
  assert.deepEqual(await client.asks({ type: 'streams' }), { type: 'streams', streams: ['stocks', 'system', 'activity'] });
  const first = await client.asks(subscribe('stocks'));
  assert.deepEqual([first.type, first.stream], ['data', 'stocks']);
  for (const [symbol, quote] of Object.entries(first.data)) {
    assert.ok(quote.price > 0 && Number.isFinite(quote.change) && quote.volume >= 0, symbol);
  }
  const second = await client.hears();
  assert.deepEqual(Object.keys(second.data), Object.keys(first.data));
  assert.notDeepEqual(second.data, first.data);
};

exports.system_is_this_machine = async () => {
  const client = await Client.open(await Server.serve('feed', '--streams', 'system'));
  const { data: machine } = await client.asks(subscribe('system'));
  const { cpu, cpus, memory, disk, load } = stamped(machine);
  assert.ok(cpu >= 0 && cpu <= 100 && memory.percent > 0 && memory.percent <= 100, JSON.stringify(machine));
  assert.ok(cpus >= 1 && load.length === 3);
  assert.ok(Math.abs(memory.total - os.totalmem()) < os.totalmem() / 10, `${memory.total} is near ${os.totalmem()}`);
  const { blocks, bsize } = fs.statfsSync('/');
  assert.ok(disk === null || Math.abs(disk.total - blocks * bsize) < disk.total / 10, JSON.stringify(disk));
};

exports.activity_is_of_this_server = async () => {
  const server = await Server.serve('feed', '--streams', 'activity');
  const [one, two] = [await Client.open(server), await Client.open(server)];
  await two.hearsNothing();
  const { data: activity } = await one.asks(subscribe('activity'));
  assert.equal(activity.connections, 2);
  assert.equal(activity.opened, 2);
  assert.ok(activity.messagesReceived >= 2 && activity.messagesSent >= 1, JSON.stringify(activity));
  assert.ok(activity.bytesReceived > 0 && activity.bytesSent > 0, JSON.stringify(activity));
};

exports.what_is_malformed_is_answered = async () => {
  const client = await Client.open(await Server.serve('feed', '--streams', 'none'));
  const malformed = [
    '', 'x', '[]', '{}', '{"type":"subscribe"}', '{"type":"subscribe","streams":"stocks"}', '{"type":"join"}',
    '{"type":"subscribe","streams":[1]}', '{"type":"subscribe","streams":null}', '{"streams":["stocks"]}',
    '['.repeat(20_000), Buffer.from('{"type":"streams"}'),
  ];
  for (const what of malformed) assert.deepEqual(await client.asks(what), MALFORMED, String(what).slice(0, 60));
  const many = await client.asks(subscribe(...Array.from({ length: 101 }, (_, at) => `s${at}`)));
  assert.match(many.message, /^Too many streams/);
};
