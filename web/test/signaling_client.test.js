// @ts-check
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SignalingClient } from '../src/signaling_client.js';
import { FakeClock, settle } from './support/fake_clock.js';
import { FakeServer, error } from './support/fake_server.js';

const BASE_URL = new URL('http://call.test/');
const LONGEST_BACKOFF_MS = 15_000;

/** @param {{ transport?: 'auto' | 'ws' | 'poll', random?: () => number, webSocket?: FakeServer['webSocket'] }} [options] */
function setUp({ transport = 'auto', random, webSocket = 'ok' } = {}) {
  const clock = new FakeClock();
  const server = new FakeServer(clock);
  server.webSocket = webSocket;
  const client = new SignalingClient({ baseUrl: BASE_URL, transport, environment: server.environment(random) });
  /** @type {any[]} */
  const messages = [];
  client.on('message', (message) => messages.push(message));
  /** @type {any[]} */
  const stopped = [];
  client.on('stopped', (why) => stopped.push(why));
  return { clock, server, client, messages, stopped };
}

/** @param {any[]} messages */
const numbers = (messages) => messages.filter((m) => m.type === 'signal').map((m) => m.data.number);
/** @param {number} number */
const signal = (number) => ({ type: 'signal', from: 'peer9', data: { kind: 'test', number } });

describe('choosing a transport', () => {
  test('a WebSocket that works carries the session alone', async () => {
    const { server, client } = setUp();

    client.start();
    await settle();

    assert.equal(client.state, 'open');
    assert.equal(client.transport, 'ws');
    assert.equal(server.sockets[0].url, 'ws://call.test/v1/ws');
    assert.deepEqual(server.requests, []);
  });

  test('a refused WebSocket leads to long-poll at once', async () => {
    const { server, client } = setUp({ webSocket: 'refused' });

    client.start();
    await settle();

    assert.equal(client.transport, 'poll');
    assert.equal(server.hellos.length, 1);
  });

  test('a hanging WebSocket leads to long-poll after a second and is closed', async () => {
    const { clock, server, client } = setUp({ webSocket: 'hangs' });

    client.start();
    await clock.advance(999);
    assert.equal(client.state, 'connecting');
    await clock.advance(1);

    assert.equal(client.transport, 'poll');
    assert.ok(server.sockets[0].closed);
  });

  test('a WebSocket that opens and then passes nothing leads to long-poll with one session only', async () => {
    const { clock, server, client } = setUp({ webSocket: 'mute' });

    client.start();
    await clock.advance(5_000);

    assert.equal(client.transport, 'poll');
    assert.equal(server.sessions.size, 1);
  });

  test('transport=ws never asks over HTTP, transport=poll never opens a WebSocket', async () => {
    const onlyWs = setUp({ transport: 'ws', webSocket: 'refused' });
    const onlyPoll = setUp({ transport: 'poll' });

    onlyWs.client.start();
    onlyPoll.client.start();
    await settle();

    assert.deepEqual(onlyWs.server.requests, []);
    assert.equal(onlyPoll.client.transport, 'poll');
    assert.equal(onlyPoll.server.sockets.length, 0);
  });
});

for (const transport of /** @type {const} */ (['ws', 'poll'])) {
  describe(`a session over ${transport}`, () => {
    test('messages from before the connection arrive in order', async () => {
      const { server, client } = setUp({ transport });
      client.start();
      client.join('lobby');
      client.signal('peer2', { kind: 'offer', sdp: 'v=0' });

      await settle();

      assert.deepEqual(server.taken.map((m) => [m.type, m.n]), [['join', 1], ['signal', 2]]);
    });

    test('what the server sent and the client did not get comes once after a drop', async () => {
      const { clock, server, client, messages } = setUp({ transport });
      client.start();
      await settle();
      server.deliver(signal(1));
      await settle();
      const session = server.session;
      server.dropConnections();
      server.deliver(signal(2), session);
      server.deliver(signal(3), session);

      await clock.advance(LONGEST_BACKOFF_MS);
      server.deliver(signal(4), session);
      await settle();

      assert.deepEqual(numbers(messages), [1, 2, 3, 4]);
      assert.equal(client.counters.resumed, 1);
      assert.equal(server.sessions.size, 1);
    });

    test('what the server did not confirm is sent again and taken once', async () => {
      const { clock, server, client } = setUp({ transport });
      client.start();
      await settle();
      server.loseConfirmations = true;
      client.signal('peer2', { kind: 'test', number: 1 });
      await settle();
      server.dropConnections();
      server.loseConfirmations = false;
      client.signal('peer2', { kind: 'test', number: 2 });

      await clock.advance(LONGEST_BACKOFF_MS);

      assert.deepEqual(numbers(server.taken), [1, 2]);
    });

    test('a lost session comes back with the same peer and room and numbers from one', async () => {
      const { clock, server, client, messages } = setUp({ transport });
      let anew = 0;
      client.on('anew', ({ samePeer }) => (anew += samePeer ? 1 : 100));
      client.start();
      client.join('lobby');
      await settle();
      const peer = client.peer;
      server.crash();

      await clock.advance(LONGEST_BACKOFF_MS);
      client.signal('peer2', { kind: 'test', number: 7 });
      await settle();

      assert.equal(client.peer, peer);
      assert.equal(anew, 1);
      assert.equal(server.session.room, 'lobby');
      assert.equal(messages.filter((m) => m.type === 'joined').length, 2);
      assert.deepEqual(server.taken.map((m) => [m.type, m.n]), [['join', 1], ['signal', 1]]);
    });

    test('a resume token that is not taken leads to a new session that joins again', async () => {
      const { clock, server, client, messages } = setUp({ transport });
      client.start();
      client.join('lobby');
      await settle();
      server.tokensValid = false;
      server.crash();

      await clock.advance(2 * LONGEST_BACKOFF_MS);

      assert.equal(client.state, 'open');
      assert.equal(messages.filter((m) => m.type === 'joined').length, 2);
      assert.equal(server.taken.filter((m) => m.type === 'join').length, 2);
    });

    test('bad_sequence is answered from the number that the server expects', async () => {
      const { server, client } = setUp({ transport });
      client.start();
      await settle();
      server.swallow = 1;
      client.signal('peer2', { kind: 'test', number: 1 });
      await settle();
      client.signal('peer2', { kind: 'test', number: 2 });
      await settle();

      assert.deepEqual(numbers(server.taken), [1, 2]);
      assert.equal(client.state, 'open');
    });

    test('a server that forgot what it had confirmed has lost the session', async () => {
      const { clock, server, client } = setUp({ transport });
      client.start();
      client.join('lobby');
      client.signal('peer2', { kind: 'test', number: 1 });
      await settle();
      const { peer } = client;
      server.session.received = 1;

      client.signal('peer2', { kind: 'test', number: 2 });
      await clock.advance(LONGEST_BACKOFF_MS);

      assert.equal(client.state, 'open');
      assert.equal(client.peer, peer);
      assert.equal(client.counters.anew, 1);
      assert.equal(server.hellos.at(-1)?.resume, undefined);
    });

    test('stop ends the session on the server', async () => {
      const { server, client } = setUp({ transport });
      client.start();
      await settle();

      client.stop();
      await settle();

      assert.equal(server.sessions.size, 0);
      assert.equal(client.state, 'stopped');
    });

    test('stop while the connection is lost ends the session, too', async () => {
      const { server, client } = setUp({ transport });
      client.start();
      await settle();
      server.dropConnections();
      await settle();

      client.stop();
      await settle();

      assert.equal(server.sessions.size, 0);
    });

    test('a message larger than the server takes is refused here and uses no number', async () => {
      const { server, client } = setUp({ transport });
      client.start();
      await settle();

      assert.equal(client.signal('peer2', { kind: 'test', text: 'x'.repeat(3_000) }), false);
      client.signal('peer2', { kind: 'test', number: 1 });
      await settle();

      assert.deepEqual(server.taken.map((m) => m.n), [1]);
    });

    test('coming online ends the wait for the next try', async () => {
      const { server, client } = setUp({ transport, random: () => 0.99 });
      client.start();
      await settle();
      server.dropConnections();
      await settle();
      assert.equal(client.state, 'reconnecting');

      client.wake();
      await settle();

      assert.equal(client.state, 'open');
    });
  });
}

test('a session moves from WebSocket to long-poll without losing or repeating anything', async () => {
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

  assert.equal(client.transport, 'poll');
  assert.deepEqual(numbers(messages), [1, 2]);
  assert.deepEqual(numbers(server.taken), [10, 11]);
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
  const { clock, server, client } = setUp({ transport: 'ws' });
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
  const { clock, server, client } = setUp({ transport: 'ws' });
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
  const { clock, server, client, stopped } = setUp({ transport: 'ws', random: () => 0 });
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
  const { clock, server, client } = setUp({ transport: 'ws' });
  client.start();
  await settle();

  for (let round = 0; round < 6; round += 1) {
    server.sockets.at(-1)?.serverClose(4409);
    await clock.advance(LONGEST_BACKOFF_MS);
  }

  assert.equal(client.state, 'open');
});

test('a goaway moves the session before the instance ends', async () => {
  const { clock, server, client } = setUp({ transport: 'ws' });
  client.start();
  await settle();

  server.sockets[0].serverSend({ type: 'goaway', after_ms: 4_000 });
  await clock.advance(4_000);

  assert.equal(server.sockets.length, 2);
  assert.equal(client.state, 'open');
  assert.equal(client.counters.resumed, 1);
});

test('a server that asks to come back later is left alone until then', async () => {
  const { clock, server, client } = setUp({ transport: 'poll', random: () => 0 });
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
  const { clock, server, client } = setUp({ transport: 'poll', random: () => 0.999 });
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
