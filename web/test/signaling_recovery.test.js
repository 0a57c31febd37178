// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LONGEST_BACKOFF_MS, numbers, setUp, signal } from './support/client_scene.js';
import { settle } from './support/fake_clock.js';
import { error } from './support/fake_server.js';

test('a session moves from WebSocket to HTTP without losing or repeating anything', async () => {
  const { clock, server, client, messages } = setUp();
  client.start();
  await settle();
  const session = server.session;
  server.deliver(signal(1));
  await settle();
  server.webSocket = 'refused';
  server.loseConfirmations = true;
  client.signal('peer2', { kind: 'test', number: 10 });
  await settle();
  server.loseConfirmations = false;
  server.dropConnections();
  server.deliver(signal(2), session);

  await clock.advance(LONGEST_BACKOFF_MS);
  client.signal('peer2', { kind: 'test', number: 11 });
  await settle();

  assert.equal(client.transport, 'sse');
  assert.deepEqual(numbers(messages), [1, 2]);
  assert.deepEqual(numbers(server.taken), [10, 11]);
});

test('who left a match before hearing that it came to nothing is not queued again', async () => {
  const { server, client } = setUp();
  client.start();
  client.match('go');
  await settle();
  server.deliver({ type: 'matching', queue: 'go' });
  server.deliver({ type: 'matched', queue: 'go', room: 'm-1', peers: [], role: 'polite' });
  await settle();
  client.leave();

  server.deliver({ type: 'peer-left', room: 'm-1', peer: 'peer2', reason: 'unmatched' });
  server.deliver({ type: 'matching', queue: 'go' });
  await settle();

  assert.deepEqual(server.taken.map(({ type }) => type), ['match', 'leave', 'match-cancel']);
});

test('random drops in both directions keep every message once and in order', async () => {
  let state = 42;
  const random = () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  const { clock, server, client, messages } = setUp({ random });
  client.start();
  await settle();
  const { session } = server;

  for (let number = 1; number <= 60; number += 1) {
    server.webSocket = random() < 0.4 ? 'refused' : 'ok';
    server.loseConfirmations = random() < 0.3;
    client.signal('peer2', { kind: 'test', number });
    server.deliver(signal(number), session);
    if (random() < 0.5) await settle();
    if (random() < 0.4) server.dropConnections();
    if (random() < 0.7) await clock.advance(random() * 3_000);
  }
  server.loseConfirmations = false;
  await clock.advance(2 * LONGEST_BACKOFF_MS);

  const all = Array.from({ length: 60 }, (_, index) => index + 1);
  assert.deepEqual(numbers(messages), all);
  assert.deepEqual(numbers(server.taken), all);
  assert.ok(client.counters.resumed > 5);
});

test('received messages are acknowledged within a second or 32 messages', async () => {
  const { clock, server, client } = setUp({ transports: ['ws'] });
  client.start();
  await settle();

  server.deliver(signal(1));
  await clock.advance(1_000);
  assert.equal(server.session.acknowledged, 1);
  for (let number = 2; number <= 33; number += 1) server.deliver(signal(number));
  await settle();

  assert.equal(server.session.acknowledged, 33);
});

test('a WebSocket that stops confirming is given up', async () => {
  const { clock, server, client } = setUp({ transports: ['ws'] });
  client.start();
  await settle();
  server.loseConfirmations = true;
  client.signal('peer2', { kind: 'test', number: 1 });
  await clock.advance(7_999);
  assert.equal(client.state, 'open');

  server.loseConfirmations = false;
  await clock.advance(1);
  assert.equal(client.state, 'reconnecting');
  await clock.advance(LONGEST_BACKOFF_MS);

  assert.equal(client.state, 'open');
  assert.deepEqual(numbers(server.taken), [1]);
});

test('superseded three times within ten seconds is given up and told', async () => {
  const { clock, server, client, stopped } = setUp({ transports: ['ws'], random: () => 0 });
  client.start();
  await settle();

  for (let round = 0; round < 3; round += 1) {
    server.sockets.at(-1)?.serverSend(error('superseded'));
    await clock.advance(100);
  }

  assert.equal(client.state, 'stopped');
  assert.deepEqual(stopped.map((why) => why.code), ['superseded']);
});

test('superseded now and then is only a reason to come back', async () => {
  const { clock, server, client } = setUp({ transports: ['ws'] });
  client.start();
  await settle();

  for (let round = 0; round < 6; round += 1) {
    server.sockets.at(-1)?.serverClose(4409);
    await clock.advance(LONGEST_BACKOFF_MS);
  }

  assert.equal(client.state, 'open');
});

test('a goaway moves the session before the instance ends', async () => {
  const { clock, server, client } = setUp({ transports: ['ws'] });
  client.start();
  await settle();

  server.sockets[0].serverSend({ type: 'goaway', after_ms: 4_000 });
  await clock.advance(4_000);

  assert.equal(server.sockets.length, 2);
  assert.equal(client.state, 'open');
  assert.equal(client.counters.resumed, 1);
});

test('a server that asks to come back later is left alone until then', async () => {
  const { clock, server, client } = setUp({ transports: ['poll'], random: () => 0 });
  server.refusal = { ...error('unavailable'), retry_after_ms: 7_000 };
  client.start();
  await clock.advance(6_999);
  assert.equal(server.hellos.length, 1);

  server.refusal = null;
  await clock.advance(1);

  assert.equal(client.state, 'open');
});

test('a visitor whom the server refuses is told and does not try again', async () => {
  const { clock, server, client, stopped } = setUp();
  server.refusal = error('origin_refused');

  client.start();
  await clock.advance(60_000);

  assert.deepEqual(stopped.map((why) => why.code), ['origin_refused']);
  assert.equal(server.hellos.length, 1);
});

test('waits between tries grow, never past the ceiling, and start anew after a steady connection', async () => {
  const { clock, server, client } = setUp({ transports: ['poll'], random: () => 0.999 });
  server.http = 'refused';
  client.start();
  await settle();

  /** @type {number[]} */
  const waits = [];
  for (let attempt = 0; attempt < 9; attempt += 1) {
    const wait = clock.untilNext ?? 0;
    waits.push(wait);
    await clock.advance(wait);
  }
  server.http = 'ok';
  await clock.advance(LONGEST_BACKOFF_MS);
  await clock.advance(15_000);
  server.dropConnections();
  await settle();

  assert.deepEqual(waits.slice(0, 4), [499, 999, 1998, 3996]);
  assert.ok(waits.every((wait) => wait <= LONGEST_BACKOFF_MS));
  assert.equal(clock.untilNext, 499);
});

test('what a POST left out is sent again', async () => {
  const { clock, server, client } = setUp({ transports: ['poll'] });
  client.start();
  await settle();
  server.swallow = 1;
  client.signal('peer2', { kind: 'test', number: 1 });
  await settle();

  await clock.advance(1_000);

  assert.deepEqual(numbers(server.taken), [1]);
});
