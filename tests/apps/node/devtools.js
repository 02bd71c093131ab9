// A browser without a screen, driven over the DevTools protocol. Elements are found by what a person who uses them is told:
// their roles and names.
'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const WebSocket = require('ws');
const { assert, scratch, soon, undone, until } = require('./stage');

const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--remote-debugging-port=0',
];

class Browser {
  static async start() {
    const folder = scratch();
    const child = spawn(process.env.WSLAB_CHROMIUM, [...FLAGS, `--user-data-dir=${folder}`, 'about:blank'], { stdio: 'ignore' });
    undone.push(() => child.kill('SIGKILL'));
    const ended = new Promise((resolve) => child.on('exit', resolve));
    const file = path.join(folder, 'DevToolsActivePort');
    const [port, at] = await until(() => {
      assert.equal(child.exitCode, null, 'the browser runs');
      const lines = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n') : [];
      return lines.length >= 2 && lines;
    }, 'the port of the browser');
    const socket = new WebSocket(`ws://127.0.0.1:${port}${at}`, { perMessageDeflate: false });
    await soon(new Promise((resolve, reject) => { socket.on('open', resolve); socket.on('error', reject); }), 'the browser');
    const browser = Object.assign(new Browser(), { socket, ended, asked: new Map(), count: 0 });
    socket.on('message', (data) => browser.hear(JSON.parse(data.toString())));
    return browser;
  }

  hear({ id, result, error }) {
    const asked = this.asked.get(id);
    if (!asked) return;
    this.asked.delete(id);
    if (error) asked.reject(new Error(`${asked.method}: ${error.message}`)); else asked.resolve(result);
  }

  ask(method, params = {}, sessionId = undefined) {
    this.count += 1;
    const id = this.count;
    this.socket.send(JSON.stringify({ id, method, params, sessionId }));
    return soon(new Promise((resolve, reject) => this.asked.set(id, { method, resolve, reject })), `the answer to ${method}`);
  }

  // A page that knows nothing of the others, as if it were another person's.
  async page(url) {
    const { browserContextId } = await this.ask('Target.createBrowserContext');
    const { targetId } = await this.ask('Target.createTarget', { url: 'about:blank', browserContextId });
    const { sessionId } = await this.ask('Target.attachToTarget', { targetId, flatten: true });
    const page = new Page((method, params) => this.ask(method, params, sessionId));
    // Each has the keyboard, whichever is in front.
    await page.ask('Emulation.setFocusEmulationEnabled', { enabled: true });
    await page.ask('Accessibility.enable');
    const { errorText } = await page.ask('Page.navigate', { url });
    assert.equal(errorText, undefined);
    await until(() => page.does('document.readyState === "complete" && location.href !== "about:blank"'), 'the page');
    return page;
  }

  // It ends by itself, so that it takes its own processes with it.
  async end() {
    this.ask('Browser.close').catch(() => {});
    await soon(this.ended, 'the end of the browser');
  }
}

class Page {
  constructor(ask) { this.ask = ask; }

  // What an expression comes to in the page.
  async does(expression) {
    const { result, exceptionDetails } = await this.ask('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    assert.equal(exceptionDetails, undefined, JSON.stringify(exceptionDetails));
    return result.value;
  }

  // All of a role that can be perceived, with these words in their names.
  async all(role, name = /(?:)/) {
    const { root } = await this.ask('DOM.getDocument', { depth: 0 });
    const { nodes } = await this.ask('Accessibility.queryAXTree', { nodeId: root.nodeId, role });
    return nodes.filter((node) => !node.ignored && name.test(node.name?.value ?? ''));
  }

  // The one of a role, as soon as there is one.
  async one(role, name) {
    const found = await until(async () => {
      const all = await this.all(role, name);
      return all.length > 0 && all;
    }, `the ${role} ${name ?? ''}`);
    assert.equal(found.length, 1, `one ${role} ${name ?? ''}: ${JSON.stringify(found.map((node) => node.name))}`);
    return found[0].backendDOMNodeId;
  }

  async call(backendNodeId, functionDeclaration) {
    const { object } = await this.ask('DOM.resolveNode', { backendNodeId });
    const { result, exceptionDetails } = await this.ask('Runtime.callFunctionOn', {
      objectId: object.objectId, functionDeclaration, returnByValue: true,
    });
    assert.equal(exceptionDetails, undefined, JSON.stringify(exceptionDetails));
    return result.value;
  }

  // Writes in a field, in place of what is there.
  async writes(name, text) {
    const field = await this.one('textbox', name);
    await this.call(field, 'function () { this.focus(); this.select(); }');
    await this.ask('Input.insertText', { text });
  }

  async presses(key) {
    const windowsVirtualKeyCode = { Enter: 13 }[key];
    for (const type of ['rawKeyDown', 'char', 'keyUp']) {
      await this.ask('Input.dispatchKeyEvent', { type, key, code: key, windowsVirtualKeyCode, text: type === 'char' ? '\r' : undefined });
    }
  }

  async clicks(name) {
    const button = await this.one('button', name);
    const point = await this.call(button, `function () {
      this.scrollIntoView({ block: 'center', behavior: 'instant' });
      const { x, y, width, height } = this.getBoundingClientRect();
      return { x: x + width / 2, y: y + height / 2 };
    }`);
    for (const type of ['mousePressed', 'mouseReleased']) {
      await this.ask('Input.dispatchMouseEvent', { type, ...point, button: 'left', clickCount: 1 });
    }
  }

  // What is to be read in the one of a role.
  async reads(role, name) { return this.call(await this.one(role, name), 'function () { return this.innerText; }'); }

  // Waits until that has these words in it.
  async shows(words, role, name) {
    let text = '';
    try {
      await until(async () => {
        text = await this.reads(role, name);
        return words instanceof RegExp ? words.test(text) : text.includes(words);
      }, `${words} in the ${role}`);
    } catch (error) {
      throw new Error(`${error.message}, where there was: ${text}`);
    }
  }
}

module.exports = { Browser };
