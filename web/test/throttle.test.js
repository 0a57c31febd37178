// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numbers, setUp, signal } from './support/client_scene.js';
import { settle } from './support/fake_clock.js';

/** @param {number} count */
const upTo = (count) => Array.from({ length: count }, (_, index) => index + 1);

for (const transport of /** @type {const} */ (['ws', 'sse', 'poll'])) {
  test(`messages refused for their rate over ${transport} go out again in order, and nobody hears of it`, async () => {
    const { clock, server, client, messages } = setUp({ transports: [transport], random: () => 0 });
    /** @type {number[]} */
    const waits = [];
    client.on('throttled', ({ retryAfterMs }) => waits.push(retryAfterMs));
    client.start();
    await settle();
    server.budget = 3;
    client.join('lobby');
    for (const number of upTo(5)) client.signal('peer2', { kind: 'test', number });
    await settle();
    client.signal('peer2', { kind: 'test', number: 6 });
    await clock.advance(699);
    assert.deepEqual(numbers(server.taken), [1, 2]);

    server.budget = Infinity;
    await clock.advance(1);

    assert.deepEqual(numbers(server.taken), upTo(6));
    assert.deepEqual(waits, [700, 700, 700]);
    assert.deepEqual(messages.map((m) => m.type), ['joined']);
  });
}

test('a join that is refused for its rate is tried again', async () => {
  const { clock, server, client, messages } = setUp();
  client.start();
  await settle();
  server.budget = 0;
  server.retryAfterMs = 5_000;
  client.join('lobby');
  await settle();
  server.budget = 1;

  await clock.advance(7_000);

  assert.equal(server.session.room, 'lobby');
  assert.deepEqual(messages.map((m) => m.type), ['joined']);
});

test('what waited goes out in small batches until nothing waits', async () => {
  const { clock, server, client } = setUp({ random: () => 0 });
  client.start();
  await settle();
  server.budget = 0;
  for (const number of upTo(40)) client.signal('peer2', { kind: 'test', number });
  await settle();
  server.budget = Infinity;

  await clock.advance(700);
  assert.equal(server.taken.length, 16);
  await clock.advance(500);
  assert.equal(server.taken.length, 32);
  await clock.advance(1_000);
  for (const number of [41, 42]) client.signal('peer2', { kind: 'test', number });
  await settle();

  assert.deepEqual(numbers(server.taken), upTo(42));
  assert.equal(client.counters.throttled, 40);
});

test('a refusal that comes after a reconnect still finds its message', async () => {
  const { clock, server, client } = setUp({ transports: ['ws'], random: () => 0 });
  client.start();
  await settle();
  server.budget = 1;
  for (const number of upTo(3)) client.signal('peer2', { kind: 'test', number });
  server.dropConnections();
  await clock.advance(400);
  server.budget = Infinity;
  server.deliver(signal(1));

  await clock.advance(5_000);

  assert.deepEqual(numbers(server.taken), upTo(3));
});

test('a refusal of a message that nobody knows any more is told', async () => {
  const { server, client, messages } = setUp();
  client.start();
  await settle();

  server.deliver({ type: 'error', code: 'rate_limited', message: 'slower', n: 77, retry_after_ms: 10 });
  await settle();

  assert.deepEqual(messages.map((m) => m.code), ['rate_limited']);
});

test('stop during a pause still ends the session', async () => {
  const { clock, server, client } = setUp({ transports: ['ws'] });
  client.start();
  await settle();
  server.budget = 0;
  client.signal('peer2', { kind: 'test', number: 1 });
  await settle();
  server.budget = Infinity;

  client.stop();
  await settle();

  assert.equal(server.sessions.size, 0);
  assert.equal(clock.untilNext, null);
});
