// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LONGEST_BACKOFF_MS, numbers, setUp, signal } from './support/client_scene.js';
import { settle } from './support/fake_clock.js';

const FIRST_TRY_MS = 12_500;
const MUTE_MS = 4_000;

/**
 * A session over HTTP whose WebSocket would work from now on.
 * @param {'sse' | 'poll'} http @param {{ random?: () => number }} [options]
 */
async function onHttp(http, options) {
  const scene = setUp({ ...options, transports: ['ws', http], webSocket: 'refused' });
  scene.client.start();
  await settle();
  assert.equal(scene.client.transport, http);
  return scene;
}

for (const http of /** @type {const} */ (['sse', 'poll'])) {
  test(`a session on ${http} goes back to WebSocket and nothing is lost, repeated or out of order`, async () => {
    const { clock, server, client, messages } = await onHttp(http);
    server.deliver(signal(1));
    client.signal('peer2', { kind: 'test', number: 1 });
    await settle();
    server.webSocket = 'ok';
    server.deliver(signal(2));
    client.signal('peer2', { kind: 'test', number: 2 });

    await clock.advance(FIRST_TRY_MS);
    server.deliver(signal(3));
    client.signal('peer2', { kind: 'test', number: 3 });
    await settle();

    assert.equal(client.transport, 'ws');
    assert.equal(client.counters.resumed, 1);
    assert.equal(server.sockets.at(-1)?.closed, false);
    assert.equal(server.sessions.size, 1);
    assert.equal(client.counters.anew, 0);
    assert.deepEqual(numbers(messages), [1, 2, 3]);
    assert.deepEqual(numbers(server.taken), [1, 2, 3]);
  });

  test(`${http} works on while WebSocket is tried at growing intervals`, async () => {
    const { clock, server, client, messages } = await onHttp(http, { random: () => 0.5 });
    /** @type {number[]} */
    const tries = [];
    let known = server.sockets.length;

    for (let second = 1; second <= 700; second += 1) {
      await clock.advance(1_000);
      if (server.sockets.length > known) tries.push(second);
      known = server.sockets.length;
    }
    server.deliver(signal(1));
    await settle();

    assert.deepEqual(tries, [10, 30, 70, 150, 310, 630]);
    assert.deepEqual(numbers(messages), [1]);
    assert.equal(client.counters.resumed, 0);
  });

  test(`a WebSocket that opens and then passes nothing leaves the session on ${http}`, async () => {
    const { clock, server, client, messages } = await onHttp(http);
    server.webSocket = 'mute';

    await clock.advance(FIRST_TRY_MS);
    server.deliver(signal(1));
    client.signal('peer2', { kind: 'test', number: 1 });
    await clock.advance(MUTE_MS);
    server.deliver(signal(2));
    await settle();

    assert.equal(client.transport, http);
    assert.equal(server.sessions.size, 1);
    assert.ok(server.sockets.every((socket) => socket.closed));
    assert.deepEqual(numbers(messages), [1, 2]);
    assert.deepEqual(numbers(server.taken), [1]);
  });

  test(`no new ${http} takes the session back while hello is said`, async () => {
    const { clock, server, client, messages } = await onHttp(http);
    server.webSocket = 'deaf';
    await clock.advance(10_000);
    const polls = server.requests.filter((request) => request.startsWith('GET')).length;

    server.deliver(signal(1));
    await clock.advance(3_999);
    assert.equal(server.requests.filter((request) => request.startsWith('GET')).length, polls);
    server.webSocket = 'ok';
    await clock.advance(LONGEST_BACKOFF_MS);

    assert.equal(client.state, 'open');
    assert.deepEqual(numbers(messages), [1]);
  });

  test(`${http} receives again after a hello that nobody heard`, async () => {
    const { clock, server, client, messages } = await onHttp(http);
    server.webSocket = 'mute';
    await clock.advance(10_000);
    server.deliver(signal(1));
    await settle();
    server.deliver(signal(2));
    await clock.advance(MUTE_MS);

    assert.equal(client.transport, http);
    assert.deepEqual(numbers(messages), [1, 2]);
    assert.equal(client.counters.resumed, 0);
  });

  test(`a hello that ends ${http} and is never answered costs one reconnect`, async () => {
    const { clock, server, client, messages, stopped } = await onHttp(http);
    const { session } = server;
    server.webSocket = 'deaf';

    await clock.advance(FIRST_TRY_MS);
    server.deliver(signal(1), session);
    client.signal('peer2', { kind: 'test', number: 1 });
    await clock.advance(MUTE_MS + LONGEST_BACKOFF_MS);

    assert.equal(client.transport, http);
    assert.deepEqual(stopped, []);
    assert.deepEqual(numbers(messages), [1]);
    assert.deepEqual(numbers(server.taken), [1]);
  });

  test(`waking up tries WebSocket at once`, async () => {
    const { server, client } = await onHttp(http);
    server.webSocket = 'ok';

    for (const wake of server.wakers) wake();
    await settle();

    assert.equal(client.transport, 'ws');
  });

  test(`stop during a try ends the session and leaves nothing running`, async () => {
    const { clock, server, client } = await onHttp(http);
    server.webSocket = 'hangs';
    await clock.advance(FIRST_TRY_MS);

    client.stop();
    await settle();

    assert.equal(server.sessions.size, 0);
    assert.ok(server.sockets.every((socket) => socket.closed));
    assert.equal(server.wakers.size, 0);
    assert.equal(clock.untilNext, null);
  });
}

test('a WebSocket that never lasts gives way to HTTP for a while', async () => {
  const { clock, server, client } = setUp({ random: () => 0.01 });
  client.start();
  await settle();

  for (let round = 0; round < 3; round += 1) {
    assert.equal(client.transport, 'ws');
    server.dropConnections();
    await clock.advance(1_000);
  }

  assert.equal(client.transport, 'sse');
  await clock.advance(FIRST_TRY_MS);
  assert.equal(client.transport, 'ws');
  await clock.advance(10_001);
  server.dropConnections();
  await clock.advance(1_000);
  assert.equal(client.transport, 'ws');
});

for (const mode of /** @type {const} */ (['ws', 'sse', 'poll'])) {
  test(`transport=${mode} is kept for good`, async () => {
    const { clock, client, server } = setUp({ transports: [mode] });
    client.start();
    await clock.advance(60_000);
    server.dropConnections();
    await clock.advance(60_000);

    assert.equal(client.transport, mode);
    assert.equal(mode === 'ws' ? server.requests.length : server.sockets.length, 0);
  });
}
