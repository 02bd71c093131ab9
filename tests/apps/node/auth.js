// Whoever has to be known says so with a JSON Web Token, made here by Node's own `crypto`.
'use strict';

const crypto = require('node:crypto');
const { Client, Server, assert, written } = require('./stage');

const SECRET = 'a secret that is long enough: 32+';
const FAILED = { type: 'auth_failed', message: 'Invalid token' };
const ERROR = { type: 'auth_error', message: 'Authentication error' };

const base64 = (what) => Buffer.from(typeof what === 'string' ? what : JSON.stringify(what)).toString('base64url');
const seconds = () => Math.floor(Date.now() / 1000);
const success = (userId) => ({ type: 'auth_success', userId });

// Claims that are good for an hour.
const claims = (more = {}) => ({ sub: '7', username: 'ada', permissions: ['join', 'chat', 'subscribe'], exp: seconds() + 3600, ...more });

// How each algorithm signs (RFC 7518, sections 3.2 to 3.4; RFC 8037, section 3.1).
const SIGN = {
  HS256: (text, key) => crypto.createHmac('sha256', key).update(text).digest(),
  HS384: (text, key) => crypto.createHmac('sha384', key).update(text).digest(),
  HS512: (text, key) => crypto.createHmac('sha512', key).update(text).digest(),
  RS256: (text, key) => crypto.sign('sha256', text, key),
  ES256: (text, key) => crypto.sign('sha256', text, { key, dsaEncoding: 'ieee-p1363' }),
  EdDSA: (text, key) => crypto.sign(null, text, key),
  none: () => '',
};

function token(payload, { alg = 'HS256', key = SECRET, header = {} } = {}) {
  const signed = `${base64({ alg, typ: 'JWT', ...header })}.${base64(payload)}`;
  return `${signed}.${Buffer.from(SIGN[alg](Buffer.from(signed), key)).toString('base64url')}`;
}

// A new pair of keys, the public one in a file of PEM.
function keys(kind, options = {}) {
  const { publicKey, privateKey } = crypto.generateKeyPairSync(kind, options);
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  return { privateKey, pem, file: written('public.pem', pem) };
}

const secretFile = () => written('secret', `${SECRET}\n`);
const guarded = (...options) => Server.serve('chat', '--auth-secret-file', secretFile(), ...options);
const publicly = (file, ...options) => Server.serve('chat', '--auth-public-key-file', file, ...options);

exports.a_shared_secret_makes_tokens = async () => {
  const server = await guarded();
  for (const alg of ['HS256', 'HS384', 'HS512']) {
    const client = await Client.open(server);
    assert.deepEqual(await client.asks({ token: token(claims(), { alg }) }), success('7'), alg);
    await client.joins(alg, 'ada');
  }
};

exports.public_keys_check_tokens = async () => {
  const kinds = { RS256: ['rsa', { modulusLength: 2048 }], ES256: ['ec', { namedCurve: 'P-256' }], EdDSA: ['ed25519'] };
  for (const [alg, kind] of Object.entries(kinds)) {
    // Made before anybody is connected, who would have to wait.
    const [pair, other] = [keys(...kind), keys(...kind)];
    const server = await publicly(pair.file);
    const client = await Client.open(server);
    assert.deepEqual(await client.asks({ token: token(claims(), { alg, key: other.privateKey }) }), FAILED, alg);
    assert.deepEqual(await client.asks({ token: token(claims(), { alg, key: pair.privateKey }) }), success('7'), alg);
    await client.joins('lobby', 'ada');
  }
};

exports.a_token_may_be_in_the_request = async () => {
  const server = await guarded();
  const good = token(claims());
  const ways = {
    header: { headers: { Authorization: `Bearer ${good}` } },
    query: { path: `/?room=1&token=${good}` },
    subprotocol: { protocols: ['bearer', good] },
  };
  for (const [way, options] of Object.entries(ways)) {
    const client = await Client.open(server, options);
    assert.deepEqual(await client.hears(), success('7'), way);
    assert.equal(client.socket.protocol, way === 'subprotocol' ? 'bearer' : '', 'the token is not repeated');
    await client.joins(way, 'ada');
  }
  const client = await Client.open(server, { path: '/?token=bad' });
  assert.deepEqual(await client.hears(), FAILED);
  assert.deepEqual(await client.asks({ type: 'auth', token: good }), success('7'), 'it may try again');
};

exports.tokens_that_are_not_good_are_refused = async () => {
  const server = await guarded('--auth-audience', 'chat', '--auth-issuer', 'me', '--auth-tries', '100');
  const client = await Client.open(server);
  const good = (more) => claims({ aud: 'chat', iss: 'me', ...more });
  const [head, body, signature] = token(good()).split('.');
  const bad = {
    'of another secret': token(good(), { key: 'another secret, which is as long as' }),
    'not signed': token(good(), { alg: 'none' }),
    'not signed, by another name': `${base64({ alg: 'NONE' })}.${body}.`,
    'signed, and said not to be': `${base64({ alg: 'none' })}.${body}.${signature}`,
    changed: `${head}.${base64(good({ sub: '8' }))}.${signature}`,
    expired: token(good({ exp: seconds() - 1 })),
    'of no end': token(good({ exp: undefined })),
    'not yet valid': token(good({ nbf: seconds() + 600 })),
    'for others': token(good({ aud: 'feed' })),
    'for several others': token(good({ aud: ['feed', 'echo'] })),
    'for nobody': token(good({ aud: undefined })),
    'of another issuer': token(good({ iss: 'you' })),
    'of nobody': token(good({ sub: undefined })),
    critical: token(good(), { header: { crit: ['b64'], b64: false } }),
    'with a time in words': token(good({ exp: 'tomorrow' })),
    'cut off': token(good()).slice(0, -2),
    'in two parts': `${head}.${body}`,
    empty: '',
    nonsense: 'nonsense',
    'too long': 'x'.repeat(17_000),
  };
  for (const [what, bytes] of Object.entries(bad)) assert.deepEqual(await client.asks({ token: bytes }), FAILED, what);
  assert.deepEqual(await client.asks({ token: 'x'.repeat(20_000) }), ERROR, 'it is not even looked at');
  assert.deepEqual(await client.asks({ token: token(good({ aud: ['feed', 'chat'] })) }), success('7'));
};

exports.a_public_key_is_no_secret = async () => {
  const { pem, file, privateKey } = keys('rsa', { modulusLength: 2048 });
  const brought = { jwk: keys('ed25519').privateKey.export({ format: 'jwk' }) };
  const server = await publicly(file, '--auth-tries', '100');
  const client = await Client.open(server);
  for (const key of [pem, pem.trim(), Buffer.from(pem.replace(/-----.*-----|\n/g, ''), 'base64')]) {
    for (const alg of ['HS256', 'HS384', 'HS512']) {
      assert.deepEqual(await client.asks({ token: token(claims(), { alg, key }) }), FAILED, alg);
    }
  }
  assert.deepEqual(await client.asks({ token: token(claims(), { alg: 'none', header: brought }) }), FAILED);
  assert.deepEqual(await client.asks({ token: token(claims(), { alg: 'RS256', key: privateKey }) }), success('7'));
};

exports.nothing_goes_through_before_a_token = async () => {
  const server = await guarded('--auth-tries', '100');
  const client = await Client.open(server);
  const early = [
    { type: 'join', room: 'r', username: 'ada' }, { type: 'user_info' }, { type: 'auth' }, { token: 5 },
    'hello', '', Buffer.from(JSON.stringify({ token: token(claims()) })),
  ];
  for (const what of early) assert.deepEqual(await client.asks(what), ERROR, JSON.stringify(what));
  assert.deepEqual(await client.asks({ token: token(claims()) }), success('7'));
  await client.joins('r', 'ada');
};

exports.a_refused_client_may_try_a_few_times = async () => {
  const server = await guarded();
  const client = await Client.open(server);
  assert.deepEqual(await client.asks({ token: 'bad' }), FAILED);
  assert.deepEqual(await client.asks({ type: 'chat', message: 'x' }), ERROR);
  assert.deepEqual(await client.asks({ token: 'bad' }), FAILED);
  assert.deepEqual(await client.closed(), { code: 1008, reason: 'Authentication failed' });
};

exports.nobody_stays_unknown = async () => {
  const server = await guarded('--auth-timeout', '300ms');
  const [silent, known] = [await Client.open(server), await Client.open(server)];
  assert.deepEqual(await known.asks({ token: token(claims()) }), success('7'));
  assert.deepEqual(await silent.closed(), { code: 1008, reason: 'Authentication timeout' });
  await known.joins('r', 'ada');
};

exports.nobody_stays_when_the_token_has_expired = async () => {
  const server = await guarded();
  const client = await Client.open(server);
  const renewed = await Client.open(server);
  const exp = Date.now() / 1000 + 1;
  for (const each of [client, renewed]) assert.deepEqual(await each.asks({ token: token(claims({ exp })) }), success('7'));
  assert.deepEqual(await renewed.asks({ token: token(claims({ sub: '8' })) }), FAILED, 'nobody becomes another');
  assert.deepEqual(await renewed.asks({ token: token(claims()) }), success('7'));
  assert.deepEqual(await client.closed(), { code: 1008, reason: 'Token expired' });
  assert.ok(Date.now() / 1000 >= exp - 0.01, 'not before it has');
  await renewed.joins('r', 'ada');
};

exports.permissions_guard_what_they_name = async () => {
  const server = await guarded();
  const denied = { type: 'error', message: 'Permission denied' };
  const client = await Client.open(server);
  await client.asks({ token: token(claims({ permissions: ['join'] })) });
  await client.joins('r', 'ada');
  assert.deepEqual(await client.asks({ type: 'chat', message: 'x' }), denied);
  await client.asks({ token: token(claims({ permissions: ['join', 'chat'] })) });
  assert.equal((await client.asks({ type: 'chat', message: 'x' })).message, 'x');
  // What is permitted no longer ends.
  await client.asks({ token: token(claims({ permissions: ['chat'] })) });
  assert.deepEqual(await client.hears(), denied);
  assert.equal((await client.asks({ type: 'chat', message: 'x' })).message, 'Join a room first');
  assert.deepEqual(await client.asks({ type: 'join', room: 's', username: 'ada' }), denied);
  const feed = await Server.serve('feed', '--auth-secret-file', secretFile());
  for (const [permissions, type] of [[[], 'error'], [['subscribe'], 'data']]) {
    const reader = await Client.open(feed, { headers: { Authorization: `Bearer ${token(claims({ permissions }))}` } });
    assert.equal((await reader.hears()).type, 'auth_success');
    assert.equal((await reader.asks({ type: 'subscribe', streams: ['stocks'] })).type, type);
  }
};

exports.what_is_known_of_a_user_can_be_asked = async () => {
  const server = await guarded();
  const client = await Client.open(server);
  const good = claims();
  await client.asks({ token: token(good) });
  const info = { type: 'user_info', userId: '7', username: 'ada', permissions: good.permissions, expires: good.exp * 1000 };
  assert.deepEqual(await client.asks({ type: 'user_info' }), info);
  const open = await Client.open(await Server.serve('chat'));
  const nobody = { type: 'user_info', userId: null, username: null, permissions: [], expires: null };
  assert.deepEqual(await open.asks({ type: 'user_info' }), nobody);
};
