// @ts-check
/** The signaling client in pages of another origin, as its README shows it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Browser } from './support/browser.js';
import { ForeignSite, HangingProxy } from './support/foreign_site.js';
import { Server } from './support/server.js';
import { until } from './support/wait.js';

const LIMIT = { timeout: 120_000 };
const COUNT = 300;
// The head start of WebSocket, and as much again for a busy machine.
const HTTP_MS = 2_000;

const browser = new Browser();
const site = new ForeignSite();
const server = new Server('signal');
/** @type {HangingProxy} */
let proxy;
let proxyUrl = '';

before(async () => {
  await site.start();
  await server.start(`
listen = "127.0.0.1:0"
web_root = "off"
allowed_origins = ["${site.origin}"]
[metrics]
address = "127.0.0.1:0"
[limits]
messages_per_second = 0
`);
  proxy = new HangingProxy(server.port('http'));
  proxyUrl = await proxy.start();
  await browser.launch('granted', 'allowed');
});

after(async () => {
  await browser.close();
  proxy.stop();
  site.stop();
  await server.stop();
});

/**
 * A page of the foreign site that says numbers to whoever is in the room, 20 ms apart.
 * @param {string} baseUrl
 */
async function chatter(baseUrl) {
  const visitor = await browser.visitor();
  await visitor.open(`${site.origin}/`);
  await visitor.page.evaluate(
    async ({ baseUrl, count }) => {
      const { SignalingClient } = await import(`${location.origin}/src/signaling_client.js`);
      const client = new SignalingClient({ baseUrl });
      /** @type {any} */
      const scope = globalThis;
      const started = performance.now();
      scope.chat = { client, heard: [], transports: [], openedAfter: 0, partner: '' };
      client.on('state', (/** @type {any} */ { state, transport }) => {
        if (state !== 'open') return;
        scope.chat.openedAfter ||= performance.now() - started;
        scope.chat.transports.push(transport);
      });
      client.on('message', (/** @type {any} */ message) => {
        if (message.type === 'joined') scope.chat.partner = message.peers[0]?.peer ?? '';
        if (message.type === 'peer-joined') scope.chat.partner = message.peer;
        if (message.type === 'signal') scope.chat.heard.push(message.data.number);
      });
      client.start();
      client.join('elsewhere');
      let said = 0;
      const saying = setInterval(() => {
        if (scope.chat.partner) client.signal(scope.chat.partner, { kind: 'test', number: (said += 1) });
        if (said === count) clearInterval(saying);
      }, 20);
    },
    { baseUrl, count: COUNT },
  );
  return visitor.page;
}

/** @param {import('playwright-core').Page} page @param {string} what a field of the chat */
const ask = (page, what) => page.evaluate((field) => /** @type {any} */ (globalThis).chat[field], what);

test('an event stream answers while WebSocket hangs, WebSocket takes over when it works, and no number is lost', LIMIT, async () => {
  const hanging = await chatter(proxyUrl);
  await until('the client is open', () => ask(hanging, 'openedAfter'));
  const direct = await chatter(`http://127.0.0.1:${server.port('http')}`);
  await until('numbers arrive', async () => (await ask(hanging, 'heard')).length > 20);

  proxy.hangs = false;
  await hanging.evaluate(() => /** @type {any} */ (globalThis).dispatchEvent(new Event('online')));
  await until('WebSocket takes over', async () => (await ask(hanging, 'transports')).at(-1) === 'ws');
  for (const page of [hanging, direct]) {
    await until('all numbers arrive', async () => (await ask(page, 'heard')).length >= COUNT);
  }

  const all = Array.from({ length: COUNT }, (_, index) => index + 1);
  assert.ok(proxy.swallowed >= 1);
  assert.ok((await ask(hanging, 'openedAfter')) < HTTP_MS, `open after ${await ask(hanging, 'openedAfter')} ms`);
  assert.deepEqual(await ask(hanging, 'transports'), ['sse', 'ws']);
  assert.deepEqual(await ask(direct, 'transports'), ['ws']);
  assert.deepEqual(await ask(hanging, 'heard'), all);
  assert.deepEqual(await ask(direct, 'heard'), all);
});
