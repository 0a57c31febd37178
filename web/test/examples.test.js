// @ts-check
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { FakeClock, settle } from './support/fake_clock.js';
import { FakeServer } from './support/fake_server.js';

/** @param {string} path from web/ */
const textOf = (path) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const header = textOf('src/signaling_client.js').split('*/')[0].replace(/^ \* ?/gm, '');

/** @param {string} text @returns {string[]} */
const snippets = (text) => [...text.matchAll(/^```js\n(.*?)^```$/gms)].map((match) => match[1]);

test('the page about the client shows the same example', () => {
  assert.deepEqual(snippets(textOf('README.md')), [textOf('examples/chat.js')]);
});

test('the example in the header of the client is the one that is run here', () => {
  assert.deepEqual(snippets(header), [textOf('examples/chat.js')]);
});

test('the chat example greets who is there, prints what is said and ends with the page', async (t) => {
  const server = new FakeServer(new FakeClock());
  const { WebSocket, fetch } = server.environment();
  /** @type {any[]} */
  const printed = [];
  /** @type {Map<string, (event: any) => void>} */
  const listeners = new Map();
  /** @type {any} */
  const page = { WebSocket, fetch, addEventListener: (/** @type {string} */ type, /** @type {any} */ call) => listeners.set(type, call) };
  for (const [name, value] of Object.entries(page)) {
    const before = Object.getOwnPropertyDescriptor(globalThis, name) ?? { value: undefined, configurable: true, writable: true };
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    t.after(() => Object.defineProperty(globalThis, name, before));
  }
  t.mock.method(console, 'log', (/** @type {any[]} */ ...words) => printed.push(words));
  server.present = [{ peer: 'peer2', name: 'Bob', role: 'impolite', away: false }];

  await import('../examples/chat.js');
  await settle();
  server.deliver({ type: 'signal', from: 'peer2', data: { kind: 'chat', text: 'good morning' } });
  await settle();

  assert.deepEqual(server.taken.map((m) => [m.type, m.room ?? m.to]), [['join', 'lobby'], ['signal', 'peer2']]);
  assert.deepEqual(printed, [['connecting', null], ['open', 'ws'], ['peer2', 'good morning']]);
  listeners.get('pagehide')?.({ persisted: true });
  assert.equal(server.sessions.size, 1);
  listeners.get('pagehide')?.({ persisted: false });
  await settle();
  assert.equal(server.sessions.size, 0);
});
