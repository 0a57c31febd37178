// @ts-check
/** The signaling client in Node, where it has HTTP only, against the real server and what may be on the way. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { browserEnvironment } from '../../web/src/environment.js';
import { SignalingClient } from '../../web/src/signaling_client.js';
import { Server } from './support/server.js';
import { StreamProxy } from './support/stream_proxy.js';
import { until } from './support/wait.js';

const LIMIT = { timeout: 120_000 };
const COUNT = 200;
const ALL = Array.from({ length: COUNT }, (_, index) => index + 1);

const server = new Server('signal');
/** @type {StreamProxy} */
let proxy;
let proxyUrl = '';
/** @type {SignalingClient[]} */
let clients = [];

before(() =>
  server.start(`
listen = "127.0.0.1:0"
web_root = "off"
[metrics]
address = "127.0.0.1:0"
[limits]
messages_per_second = 0
opens_per_minute = 0
`),
);
after(() => server.stop());
beforeEach(async () => {
  proxy = new StreamProxy(server.port('http'));
  proxyUrl = await proxy.start();
});
afterEach(() => {
  for (const client of clients) client.stop();
  clients = [];
  proxy.stop();
});

/**
 * Says numbers to whoever is in the room, 5 ms apart.
 * @param {string} room @param {string} baseUrl @param {import('../../web/src/transport.js').TransportName[]} transports
 */
function chatter(room, baseUrl, transports) {
  const environment = { ...browserEnvironment(), WebSocket: undefined };
  const client = new SignalingClient({ baseUrl, transports, environment });
  clients.push(client);
  const chat = { client, heard: /** @type {number[]} */ ([]), transports: /** @type {(string | null)[]} */ ([]), said: 0 };
  let partner = '';
  client.on('state', ({ state, transport }) => state === 'open' && chat.transports.push(transport));
  client.on('message', (message) => {
    if (message.type === 'joined') partner = message.peers[0]?.peer ?? partner;
    if (message.type === 'peer-joined') partner = message.peer;
    if (message.type === 'signal') chat.heard.push(message.data.number);
  });
  client.start();
  client.join(room);
  const saying = setInterval(() => {
    if (partner) client.signal(partner, { kind: 'test', number: (chat.said += 1), pad: 'é'.repeat(200) });
    if (chat.said === COUNT || client.state === 'stopped') clearInterval(saying);
  }, 5);
  return chat;
}

/** @param {{ heard: number[] }[]} chats */
async function allHeard(...chats) {
  for (const chat of chats) {
    await until('every number arrives', () => chat.heard.length >= COUNT, 60_000);
    assert.deepEqual(chat.heard, ALL);
  }
}

test('two clients hear every number once and in order over event streams', LIMIT, async () => {
  const chats = [chatter('plain', proxyUrl, ['sse']), chatter('plain', proxyUrl, ['sse', 'poll'])];

  await allHeard(...chats);

  for (const chat of chats) assert.deepEqual(chat.transports, ['sse']);
  // Everything was acknowledged, or the mailbox of 256 messages and 256 KiB would soon be full.
  assert.equal(chats[0].client.counters.duplicates, 0);
});

test('streams that break in the middle of an event lose, repeat and reorder nothing', LIMIT, async () => {
  // The head, the first line and some events, the last of which is cut.
  proxy.breakAfter = 20_011;
  const chats = [chatter('broken', proxyUrl, ['sse', 'poll']), chatter('broken', proxyUrl, ['sse', 'poll'])];

  await allHeard(...chats);

  assert.ok(proxy.broken >= 4, `${proxy.broken} streams broke`);
  for (const { client } of chats) assert.equal(client.counters.anew, 0);
});

test('a proxy that keeps streams back is noticed within a second or so, and long-poll is used', LIMIT, async () => {
  proxy.keeps = true;
  const started = performance.now();
  const kept = chatter('kept', proxyUrl, ['sse', 'poll']);
  await until('long-poll carries the session', () => kept.client.transport === 'poll', 10_000);
  const noticedAfter = performance.now() - started;
  const direct = chatter('kept', `http://127.0.0.1:${server.port('http')}/`, ['sse', 'poll']);

  await allHeard(kept, direct);

  assert.equal(proxy.kept, 1);
  assert.deepEqual(kept.transports, ['sse', 'poll']);
  assert.deepEqual(direct.transports, ['sse']);
  // A busy machine may take as long again for the rest.
  assert.ok(noticedAfter < 2_500, `${noticedAfter} ms`);
});

test('sessions move between streams and polls at any message', LIMIT, async () => {
  const chats = [chatter('moving', proxyUrl, ['sse', 'poll']), chatter('moving', proxyUrl, ['poll'])];
  let moves = 0;
  for (const { client } of chats) {
    client.on('message', ({ type, data }) => {
      if (type !== 'signal' || data.number % 10 !== 0) return;
      moves += 1;
      client.useTransports(client.transport === 'sse' ? ['poll'] : ['sse']);
    });
  }

  await allHeard(...chats);

  assert.ok(moves >= 2 * Math.floor(COUNT / 10) - 2);
  for (const chat of chats) {
    assert.ok(chat.transports.includes('sse') && chat.transports.includes('poll'));
    assert.equal(chat.client.counters.anew, 0);
  }
});
