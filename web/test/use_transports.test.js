// @ts-check
/** Moving among transports by will. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LONGEST_BACKOFF_MS, numbers, setUp, signal } from './support/client_scene.js';
import { settle } from './support/fake_clock.js';
import { error } from './support/fake_server.js';

/** @typedef {import('../src/transport.js').TransportName} TransportName */

/** @type {TransportName[]} */
const ALL = ['ws', 'sse', 'poll'];
const upTo = (/** @type {number} */ count) => Array.from({ length: count }, (_, index) => index + 1);

test('a session moves to each transport at any message, and nothing is lost, repeated or out of order', async () => {
  let state = 7;
  const random = () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  const { clock, server, client, messages } = setUp({ random });
  client.start();
  await settle();
  /** @type {Set<string | null>} */
  const used = new Set();

  for (const number of upTo(90)) {
    client.signal('peer2', { kind: 'test', number });
    server.deliver(signal(number));
    if (random() < 0.3) await settle();
    client.useTransports([ALL[number % 3]]);
    if (random() < 0.5) await settle();
    if (random() < 0.2) await clock.advance(random() * 2_000);
    used.add(client.transport);
  }
  await clock.advance(LONGEST_BACKOFF_MS);

  assert.deepEqual(numbers(messages), upTo(90));
  assert.deepEqual(numbers(server.taken), upTo(90));
  assert.equal(server.sessions.size, 1);
  assert.equal(client.counters.anew, 0);
  for (const name of ALL) assert.ok(used.has(name), name);
});

test('a pick holds, and giving it up leads back to the best', async () => {
  const { clock, server, client } = setUp();
  client.start();
  await settle();
  client.useTransports(['poll']);
  await clock.advance(60_000);
  assert.equal(client.transport, 'poll');
  assert.equal(server.sockets.length, 1);

  client.useTransports(ALL);
  await settle();

  assert.equal(client.transport, 'ws');
});

test('nothing happens when the session runs on the best of them already', async () => {
  const { server, client } = setUp();
  client.start();
  await settle();

  client.useTransports(['poll', 'ws']);
  await settle();

  assert.equal(server.hellos.length, 1);
});

test('a pick before the start and after the end connects nothing', async () => {
  const { server, client } = setUp();
  client.useTransports(['poll']);
  await settle();
  assert.equal(server.hellos.length, 0);
  client.start();
  await settle();
  assert.equal(client.transport, 'poll');
  client.stop();

  client.useTransports(['ws']);
  await settle();

  assert.equal(client.state, 'stopped');
  assert.equal(server.hellos.length, 1);
});

test('a pick during a try to go back to WebSocket ends the try', async () => {
  for (const webSocket of /** @type {const} */ (['hangs', 'mute', 'deaf'])) {
    const { clock, server, client, messages } = setUp({ transports: ['ws', 'sse'], webSocket: 'refused' });
    client.start();
    await settle();
    server.webSocket = webSocket;
    await clock.advance(10_000);

    client.useTransports(['sse']);
    server.deliver(signal(1));
    await clock.advance(LONGEST_BACKOFF_MS);

    assert.equal(client.transport, 'sse', webSocket);
    assert.ok(server.sockets.every((socket) => socket.closed), webSocket);
    assert.deepEqual(numbers(messages), [1], webSocket);
  }
});

test('a transport that does not exist is refused in words', () => {
  const { client } = setUp();

  assert.throws(() => client.useTransports([]), /ws, sse, poll/);
  assert.throws(() => setUp({ transports: [/** @type {any} */ ('smoke')] }), /ws, sse, poll/);
});

test('a page without WebSocket uses the rest', async () => {
  const { server, client } = setUp({ transports: ['ws', 'sse'], without: 'WebSocket' });

  client.start();
  await settle();

  assert.equal(client.transport, 'sse');
  assert.equal(server.sockets.length, 0);
});

for (const transport of ALL) {
  test(`a wish to be left alone holds over ${transport}, whatever wakes up`, async () => {
    const { clock, server, client } = setUp({ transports: [transport], random: () => 0 });
    server.refusal = { ...error('unavailable'), retry_after_ms: 7_000 };
    client.start();
    await settle();
    const { length } = server.hellos;

    client.wake();
    client.useTransports([transport]);
    await clock.advance(6_999);
    assert.equal(server.hellos.length, length);
    server.refusal = null;
    await clock.advance(1);

    assert.equal(client.state, 'open');
  });
}

for (const transport of /** @type {const} */ (['ws', 'sse'])) {
  test(`a goaway over ${transport} moves the session without loss`, async () => {
    const { clock, server, client, messages } = setUp({ transports: [transport] });
    client.start();
    await settle();
    const goaway = { type: 'goaway', after_ms: 4_000 };
    server.deliver(signal(1));
    if (transport === 'ws') server.sockets[0].serverSend(goaway);
    else server.session.stream?.event(goaway);
    client.signal('peer2', { kind: 'test', number: 1 });
    await clock.advance(1_999);
    assert.equal(server.hellos.length, 1);
    server.deliver(signal(2));
    client.signal('peer2', { kind: 'test', number: 2 });

    await clock.advance(1);
    server.deliver(signal(3));
    await clock.advance(60_000);

    assert.equal(server.hellos.length, 2);
    assert.deepEqual(numbers(messages), [1, 2, 3]);
    assert.deepEqual(numbers(server.taken), [1, 2]);
  });
}

test('a session that left a draining instance by itself is not moved once more', async () => {
  const { clock, server, client } = setUp({ transports: ['ws', 'sse'], webSocket: 'refused' });
  client.start();
  await clock.advance(9_000);
  server.session.stream?.event({ type: 'goaway', after_ms: 10_000 });
  server.webSocket = 'ok';

  await clock.advance(60_000);

  assert.equal(client.transport, 'ws');
  assert.equal(server.hellos.length, 2);
});

for (const transport of /** @type {const} */ (['sse', 'poll'])) {
  test(`a POST that is refused for its rate over ${transport} goes out again in order`, async () => {
    const { clock, server, client } = setUp({ transports: [transport] });
    client.start();
    await settle();
    for (const headers of [{ 'Retry-After': '3' }, undefined]) {
      server.taken = [];
      server.postRefusal = { status: 429, headers, body: { ...error('rate_limited'), retry_after_ms: 3_000 } };
      client.signal('peer2', { kind: 'test', number: 1 });
      await settle();
      client.signal('peer2', { kind: 'test', number: 2 });
      server.postRefusal = null;
      await clock.advance(2_999);
      assert.deepEqual(numbers(server.taken), []);

      await clock.advance(1);
      assert.deepEqual(numbers(server.taken), [1, 2]);
    }
  });
}
