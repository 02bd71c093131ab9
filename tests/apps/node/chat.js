// `wslab serve chat`: rooms of people who hear each other.
'use strict';

const { Client, MALFORMED, Server, assert, stamped } = require('./stage');

const joined = (username) => ({ type: 'user_joined', username });
const left = (username) => ({ type: 'user_left', username });
const said = (username, message) => ({ type: 'chat', username, message });

exports.whoever_joins_is_told_and_the_others_hear_of_it = async () => {
  const server = await Server.serve('chat');
  const ada = await Client.open(server);
  const welcome = await ada.joins('lobby', 'ada');
  assert.deepEqual(Object.keys(welcome), ['type', 'room', 'message']);
  const bob = await Client.member(server, 'lobby', 'bob');
  assert.deepEqual(stamped(await ada.hears()), joined('bob'));
  const eve = await Client.member(server, 'lobby', 'eve');
  for (const other of [ada, bob]) assert.deepEqual(stamped(await other.hears()), joined('eve'));
  for (const member of [ada, bob, eve]) await member.hearsNothing();
};

exports.everybody_in_the_room_hears_what_is_said = async () => {
  const server = await Server.serve('chat');
  const ada = await Client.member(server, 'lobby', 'ada');
  const bob = await Client.member(server, 'lobby', 'bob');
  const far = await Client.member(server, 'elsewhere', 'ada');
  await ada.hears();
  for (const words of ['hello', 'größer "quoted" \\ \n\t\u0000', '👩\u200d💻', '<b>&amp;</b>', 'x'.repeat(3000)]) {
    ada.says({ type: 'chat', message: words });
    for (const member of [ada, bob]) assert.deepEqual(stamped(await member.hears()), said('ada', words));
  }
  await far.hearsNothing();
};

exports.everybody_hears_the_same_in_the_same_order = async () => {
  const server = await Server.serve('chat', '--rate', 'none');
  const members = [];
  for (const name of ['ada', 'bob', 'eve', 'dan']) members.push(await Client.member(server, 'r', name));
  for (const [at, member] of members.entries()) {
    for (let count = at + 1; count < members.length; count += 1) await member.hears();
  }
  const each = 25;
  for (let count = 0; count < each; count += 1) {
    for (const [at, member] of members.entries()) member.says({ type: 'chat', message: `${at} ${count}` });
  }
  const heard = [];
  for (const member of members) {
    const all = [];
    for (let count = 0; count < each * members.length; count += 1) all.push((await member.hears()).message);
    heard.push(all);
  }
  for (const all of heard) assert.deepEqual(all, heard[0]);
  assert.equal(new Set(heard[0]).size, each * members.length);
};

exports.whoever_leaves_is_missed_and_no_longer_hears = async () => {
  const server = await Server.serve('chat');
  const ada = await Client.member(server, 'lobby', 'ada');
  const bob = await Client.member(server, 'lobby', 'bob');
  await ada.hears();
  bob.says({ type: 'leave' });
  assert.deepEqual(stamped(await ada.hears()), left('bob'));
  assert.deepEqual(stamped(await ada.asks({ type: 'chat', message: 'gone?' })), said('ada', 'gone?'));
  await bob.hearsNothing();
  for (const late of [{ type: 'chat', message: 'hello' }, { type: 'leave' }]) {
    assert.deepEqual(await bob.asks(late), { type: 'error', message: 'Join a room first' });
  }
  await bob.joins('lobby', 'bob');
  assert.deepEqual(stamped(await ada.hears()), joined('bob'));
};

exports.a_lost_connection_is_heard_of = async () => {
  const server = await Server.serve('chat');
  const ada = await Client.member(server, 'lobby', 'ada');
  const endings = {
    closed: (socket) => socket.close(1000, 'bye'),
    cut: (socket) => socket.terminate(),
    reset: (socket) => socket._socket.resetAndDestroy(),
  };
  for (const [name, end] of Object.entries(endings)) {
    const { socket } = await Client.member(server, 'lobby', name);
    assert.deepEqual(stamped(await ada.hears()), joined(name));
    end(socket);
    assert.deepEqual(stamped(await ada.hears()), left(name));
  }
};

exports.joining_again_moves = async () => {
  const server = await Server.serve('chat');
  const ada = await Client.member(server, 'first', 'ada');
  const bob = await Client.member(server, 'second', 'bob');
  const eve = await Client.member(server, 'first', 'eve');
  await ada.hears();
  await eve.joins('second', 'eve');
  assert.deepEqual(stamped(await ada.hears()), left('eve'));
  assert.deepEqual(stamped(await bob.hears()), joined('eve'));
  eve.says({ type: 'chat', message: 'here' });
  for (const member of [eve, bob]) assert.deepEqual(stamped(await member.hears()), said('eve', 'here'));
  await ada.hearsNothing();
};

exports.a_room_that_is_empty_is_gone = async () => {
  const server = await Server.serve('chat', '--max-rooms', '1', '--max-members', '2');
  const ada = await Client.member(server, 'one', 'ada');
  const bob = await Client.open(server);
  const elsewhere = { type: 'join', room: 'two', username: 'bob' };
  assert.match((await bob.asks(elsewhere)).message, /too many rooms/);
  await bob.joins('one', 'bob');
  await ada.hears();
  const eve = await Client.open(server);
  assert.match((await eve.asks({ type: 'join', room: 'one', username: 'eve' })).message, /full/);
  bob.says({ type: 'leave' });
  await ada.hears();
  // It answers the question when it has seen to what was said before.
  ada.says({ type: 'leave' });
  await ada.hearsNothing();
  await bob.joins('two', 'bob');
};

exports.names_have_limits = async () => {
  const server = await Server.serve('chat');
  await Client.member(server, 'lobby', 'Ada');
  const bob = await Client.open(server);
  const refused = [
    ['lobby', 'aDA'], ['lobby', 'server'], ['lobby', ''], ['lobby', ' \t'], ['lobby', 'x'.repeat(1000)],
    ['lobby', 'a\u202eb'], ['lobby', 'a\u0000b'], ['', 'bob'], ['x'.repeat(1000), 'bob'], ['a\nb', 'bob'],
  ];
  for (const [room, username] of refused) {
    const { type, message } = await bob.asks({ type: 'join', room, username });
    assert.equal(type, 'error', `${room} ${username}`);
    assert.notEqual(message, MALFORMED.message, 'it is told what is wrong');
  }
  assert.deepEqual(await bob.asks({ type: 'chat', message: 'x' }), { type: 'error', message: 'Join a room first' });
  await bob.joins('lobby', 'bob');
};

exports.what_is_malformed_is_answered_and_harms_nobody = async () => {
  const server = await Server.serve('chat', '--rate', 'none', '--max-message', '300000');
  const ada = await Client.member(server, 'lobby', 'ada');
  const bob = await Client.member(server, 'lobby', 'bob');
  await ada.hears();
  const deep = 50_000;
  const malformed = [
    '', ' ', 'hello', '{', '{}', '[]', 'null', '5', '"join"', '{"type":"join"}', '{"type":"chat"}', '{"type":"Chat","message":"x"}',
    '{"type":"chat","message":5}', '{"type":"chat","message":null}', '{"type":["chat"],"message":"x"}', '["chat","x"]',
    '{"type":"join","room":"r"}', '{"type":"join","room":{},"username":"u"}', '{"type":"nothing"}',
    '{"type":"chat","message":"\\ud800"}', "{'type':'leave'}",
    '{"type":"chat","message":"x"}}', '['.repeat(deep) + ']'.repeat(deep), '{"a":'.repeat(deep),
    Buffer.from('{"type":"leave"}'), Buffer.from([0, 255, 254]),
  ];
  for (const what of malformed) assert.deepEqual(await bob.asks(what), MALFORMED, String(what).slice(0, 60));
  await ada.hearsNothing();
  assert.deepEqual(stamped(await bob.asks({ type: 'chat', message: 'still here' })), said('bob', 'still here'));
};

exports.what_breaks_the_protocol_closes_only_that_connection = async () => {
  const server = await Server.serve('chat', '--max-message', '2000');
  const ada = await Client.member(server, 'lobby', 'ada');
  const utf8 = await Client.member(server, 'lobby', 'utf8');
  utf8.socket.send(Buffer.from([0xc3, 0x28]), { binary: false });
  assert.equal((await utf8.closed()).code, 1007);
  const big = await Client.member(server, 'lobby', 'big', { perMessageDeflate: false });
  big.says('x'.repeat(2001));
  assert.equal((await big.closed()).code, 1009);
  const heard = [];
  for (let count = 0; count < 4; count += 1) heard.push(stamped(await ada.hears()));
  assert.deepEqual(heard, [joined('utf8'), left('utf8'), joined('big'), left('big')]);
};

exports.whoever_stops_reading_is_sent_away_and_holds_nobody_up = async () => {
  const server = await Server.serve('chat', '--rate', 'none', '--max-queue', '1000000', '--no-deflate');
  const ada = await Client.member(server, 'lobby', 'ada');
  const bob = await Client.member(server, 'lobby', 'bob');
  const slow = await Client.member(server, 'lobby', 'slow');
  for (const [member, others] of [[ada, 2], [bob, 1]]) {
    for (let count = 0; count < others; count += 1) await member.hears();
  }
  slow.socket.pause();
  // More than the buffers of the systems take, and then the queue: 10 MB. It has 10 s from when it is too much.
  const words = '\u{1f40c}'.repeat(4000);
  const batches = 32;
  const batch = 20;
  for (let count = 0; count < batches; count += 1) {
    for (let at = 0; at < batch; at += 1) ada.says({ type: 'chat', message: words });
    for (let at = 0; at < batch; at += 1) {
      for (const member of [ada, bob]) assert.deepEqual(stamped(await member.hears()), said('ada', words));
    }
  }
  slow.socket.resume();
  assert.deepEqual(await slow.closed(), { code: 1013, reason: 'the client reads too slowly' });
  assert.ok(slow.messages.come.length < batches * batch, 'it has missed some');
  for (const member of [ada, bob]) assert.deepEqual(stamped(await member.hears()), left('slow'));
};
