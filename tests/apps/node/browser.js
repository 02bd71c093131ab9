// The pages of the servers, in Chromium.
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const { Browser } = require('./devtools');
const { Client, Server, assert, stamped, undone, written } = require('./stage');

// What would do harm if it were taken for more than words.
const EVIL = '<script>window.ran = 1</script><img src="x" onerror="window.ran = 2"><b>bold</b>';

async function enters(page, room, name) {
  await page.writes(/room/i, room);
  await page.writes(/name/i, name);
  await page.clicks(/join/i);
  await page.shows(name, 'status');
}

async function harmless(page) {
  assert.equal(await page.does('window.ran'), undefined);
  assert.equal(await page.does('document.querySelectorAll("img, b b, pre b, h2 b, script:not(:only-of-type)").length'), 0);
}

exports.two_people_chat = async () => {
  const [server, browser] = await Promise.all([Server.serve('chat'), Browser.start()]);
  const [ada, bob] = [await browser.page(`http://${server.place}/`), await browser.page(`http://${server.place}/#tea`)];
  await enters(ada, 'tea', 'ada');
  await bob.writes(/name/i, 'bob');
  await bob.presses('Enter');
  await ada.shows(/bob\S* joined/, 'log');
  await ada.writes(/message/i, 'hello bob');
  await ada.presses('Enter');
  for (const page of [ada, bob]) await page.shows('hello bob', 'log');
  await bob.writes(/message/i, 'hello ada');
  await bob.clicks(/send/i);
  for (const page of [ada, bob]) await page.shows('hello ada', 'log');
  const other = await Client.member(server, 'tea', 'node');
  other.says({ type: 'chat', message: 'from elsewhere' });
  for (const page of [ada, bob]) await page.shows('from elsewhere', 'log');
  await bob.clicks(/leave/i);
  await ada.shows(/bob\S* left/, 'log');
  await bob.one('button', /join/i);
  assert.match(await ada.does('document.title'), /tea/);
  await browser.end();
};

exports.names_and_messages_are_only_words = async () => {
  const [server, browser] = await Promise.all([Server.serve('chat'), Browser.start()]);
  const page = await browser.page(`http://${server.place}/`);
  await enters(page, '<b>r</b>', 'ada');
  const name = '<b>x</b><img src=x>';
  const evil = await Client.member(server, '<b>r</b>', name);
  evil.says({ type: 'chat', message: EVIL });
  await evil.hears();
  evil.says({ type: 'chat', message: 'after it' });
  await page.shows('after it', 'log');
  const text = await page.reads('log');
  for (const words of [EVIL, name]) assert.ok(text.includes(words), text);
  await harmless(page);
  // Also what the page itself says of its own.
  await page.writes(/message/i, EVIL);
  await page.presses('Enter');
  assert.equal(stamped(await evil.hears()).message, 'after it');
  assert.equal(stamped(await evil.hears()).message, EVIL);
  await harmless(page);
  await browser.end();
};

exports.a_page_asks_for_a_token = async () => {
  const secret = 'x'.repeat(32);
  const [server, browser] = await Promise.all([
    Server.serve('chat', '--auth-secret-file', written('secret', secret)), Browser.start(),
  ]);
  const page = await browser.page(`http://${server.place}/`);
  await page.writes(/room/i, 'tea');
  await page.writes(/name/i, 'ada');
  await page.clicks(/join/i);
  const signed = [{ alg: 'HS256' }, { sub: '1', permissions: ['join', 'chat'], exp: Math.floor(Date.now() / 1000) + 60 }]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const { createHmac } = require('node:crypto');
  await page.writes(/token/i, `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`);
  await page.clicks(/join/i);
  await page.shows('ada', 'status');
  await page.writes(/message/i, 'let in');
  await page.presses('Enter');
  await page.shows('let in', 'log');
  await browser.end();
};

exports.a_page_shows_streams = async () => {
  const evil = `${JSON.stringify({ stream: EVIL.slice(0, 64), data: EVIL })}\n`;
  const file = written('lines.jsonl', evil);
  const [server, browser] = await Promise.all([Server.serve('feed', '--lines', file), Browser.start()]);
  const page = await browser.page(`http://${server.place}/`);
  await page.shows(/connected/i, 'status');
  await page.shows(/[A-Z]{4}\s+[0-9.,]+/, 'region', /^stocks$/);
  await page.shows(/[0-9] %/, 'region', /^system$/);
  await page.shows(/connections/i, 'region', /^activity$/);
  await page.shows('<script>', 'region', /^<script>/);
  await harmless(page);
  const before = await page.reads('region', /^stocks$/);
  await page.shows(new RegExp(`^(?!${before.replace(/[^\w\s]/g, '\\$&')}$)`), 'region', /^stocks$/);
  // What is no longer wanted goes, and comes again.
  await page.clicks(/\bsystem$/);
  assert.deepEqual(await page.all('region', /^system$/), []);
  await page.clicks(/\bsystem$/);
  await page.one('region', /^system$/);
  fs.appendFileSync(file, `${JSON.stringify({ stream: EVIL.slice(0, 64), data: { after: 12345 } })}\n`);
  await page.shows('12,345', 'region', /^<script>/);
  await harmless(page);
  await browser.end();
};

exports.pages_of_other_sites_cannot_connect = async () => {
  const [server, feed, any, browser] = await Promise.all([
    Server.serve('chat'), Server.serve('feed'), Server.serve('chat', '--origin', 'any'), Browser.start(),
  ]);
  const site = http.createServer((_, response) => response.end('<!doctype html><title>Another site</title>'));
  undone.push(() => site.close());
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
  const connects = ({ url }) => `new Promise((resolve) => {
    const socket = new WebSocket(${JSON.stringify(url)});
    socket.onopen = () => resolve('open');
    socket.onerror = () => resolve('refused');
  })`;
  const other = await browser.page(`http://127.0.0.1:${site.address().port}/`);
  for (const refusing of [server, feed]) assert.equal(await other.does(connects(refusing)), 'refused');
  assert.equal(await other.does(connects(any)), 'open');
  const own = await browser.page(`http://${server.place}/`);
  assert.equal(await own.does(connects(server)), 'open');
  assert.equal(await own.does(connects(any)), 'refused', 'and the page itself connects to nothing else');
  await browser.end();
};
