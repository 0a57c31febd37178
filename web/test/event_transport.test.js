// @ts-check
/** What only sessions over an event stream have: kept back, cut, ended, silent, acknowledged by POST. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LONGEST_BACKOFF_MS, numbers, setUp, signal } from './support/client_scene.js';
import { settle } from './support/fake_clock.js';
import { error } from './support/fake_server.js';

const TRUSTED_AGAIN_MS = 300_000;

/** A session on an event stream, over HTTP only. @param {Parameters<typeof setUp>[0]} [options] */
async function onStream(options) {
  const scene = setUp({ transports: ['sse', 'poll'], ...options });
  scene.client.start();
  await settle();
  return scene;
}

/** @param {import('./support/fake_server.js').FakeServer} server @param {string} what */
const count = (server, what) => server.requests.filter((request) => request.endsWith(what)).length;

describe('an event stream that does not get through', () => {
  test('is noticed after a second, and long-poll goes on with the session', async () => {
    const { clock, server, client, messages } = setUp({ transports: ['sse', 'poll'] });
    server.events = 'kept';
    client.start();
    client.join('lobby');
    await clock.advance(999);
    assert.equal(client.transport, 'sse');
    assert.equal(messages.length, 0);

    await clock.advance(1);
    server.deliver(signal(1));
    await settle();

    assert.equal(client.transport, 'poll');
    assert.equal(server.hellos.length, 1);
    assert.deepEqual(messages.map((m) => m.type), ['joined', 'signal']);
    assert.equal(client.counters.duplicates, 0);
  });

  for (const events of /** @type {const} */ (['reset', 'page'])) {
    test(`(${events}) leads to long-poll at once, and the page hears of it`, async () => {
      const { clock, server, client, messages } = setUp({ transports: ['sse', 'poll'] });
      /** @type {(string | null)[]} */
      const transports = [];
      client.on('state', ({ transport }) => transports.push(transport));
      server.events = events;
      client.start();
      await settle();
      server.deliver(signal(1));
      await clock.advance(1);

      assert.deepEqual(transports, [null, 'sse', 'poll']);
      assert.deepEqual(numbers(messages), [1]);
    });
  }

  test('is not tried again for five minutes', async () => {
    const { clock, server, client } = setUp({ transports: ['sse', 'poll'] });
    server.events = 'kept';
    client.start();
    await clock.advance(1_000);
    server.events = 'ok';
    server.dropConnections();
    await clock.advance(LONGEST_BACKOFF_MS);
    assert.equal(client.transport, 'poll');
    assert.equal(count(server, '/events'), 1);

    await clock.advance(TRUSTED_AGAIN_MS);
    server.dropConnections();
    await clock.advance(LONGEST_BACKOFF_MS);

    assert.equal(client.transport, 'sse');
  });

  test('is tried again after the network may have changed', async () => {
    const { clock, server, client } = setUp({ transports: ['sse', 'poll'] });
    server.events = 'kept';
    client.start();
    await clock.advance(1_000);
    server.events = 'ok';

    client.wake();
    server.dropConnections();
    await clock.advance(LONGEST_BACKOFF_MS);

    assert.equal(client.transport, 'sse');
  });

  test('fails when nothing else is allowed', async () => {
    const { clock, server, client } = setUp({ transports: ['sse'] });
    server.events = 'kept';
    client.start();
    await clock.advance(1_000);
    assert.equal(client.state, 'reconnecting');

    server.events = 'ok';
    await clock.advance(LONGEST_BACKOFF_MS);

    assert.equal(client.transport, 'sse');
    assert.equal(server.sessions.size, 1);
  });

  test('is given more time where everything is slow', async () => {
    const { clock, server, client } = setUp({ transports: ['sse', 'poll'] });
    server.latencyMs = 800;
    server.events = 'kept';
    client.start();
    await clock.advance(800 + 1_599);
    assert.equal(client.transport, 'sse');

    await clock.advance(1);

    assert.equal(client.transport, 'poll');
  });

  test('once is not yet a habit where streams got through before', async () => {
    const { clock, server, client } = await onStream();
    server.events = 'kept';
    server.dropConnections();
    await clock.advance(1_300);
    assert.equal(client.transport, null);

    server.events = 'ok';
    await clock.advance(LONGEST_BACKOFF_MS);

    assert.equal(client.transport, 'sse');
  });
});

test('a stream cut in the middle of an event goes on after the last whole one', async () => {
  const { clock, server, client, messages } = await onStream();
  const { session } = server;
  server.deliver(signal(1));
  await settle();
  session.stream?.write('id: 2\ndata: {"type":"signal","from":"peer9","seq":2,"da');
  await settle();
  server.dropConnections();
  for (const number of [2, 3]) server.deliver(signal(number), session);

  await clock.advance(LONGEST_BACKOFF_MS);

  assert.deepEqual(numbers(messages), [1, 2, 3]);
  assert.equal(client.counters.resumed, 1);
  assert.equal(client.counters.duplicates, 0);
});

test('a character cut in half is whole again', async () => {
  const { server, messages } = await onStream();
  const bytes = new TextEncoder().encode('data: {"type":"signal","from":"p","data":{"text":"é𝄞"},"seq":1}\n\n');
  const { stream } = server.session;

  for (const byte of bytes) stream?.write(new Uint8Array([byte]));
  await settle();

  assert.equal(messages[0].data.text, 'é𝄞');
});

test('a stream that ends in order is asked for again without a hello, and not in a hurry', async () => {
  const { clock, server, client, messages } = await onStream();
  for (const number of [1, 2, 3]) {
    server.session.stream?.end();
    server.session.stream = null;
    server.deliver(signal(number));
    await clock.advance(499);
    assert.equal(count(server, '/events'), number);
    await clock.advance(1);
  }

  assert.equal(client.state, 'open');
  assert.equal(server.hellos.length, 1);
  assert.deepEqual(numbers(messages), [1, 2, 3]);
});

test('what is received is acknowledged by POST within a second or 32 messages, and with what is sent', async () => {
  const { clock, server, client } = await onStream();
  server.deliver(signal(1));
  await clock.advance(999);
  assert.equal(server.session.acknowledged, 0);
  await clock.advance(1);
  assert.equal(server.session.acknowledged, 1);

  for (let number = 2; number <= 33; number += 1) server.deliver(signal(number));
  await settle();
  assert.equal(server.session.acknowledged, 33);

  server.deliver(signal(34));
  await settle();
  client.signal('peer2', { kind: 'test', number: 1 });
  await settle();
  assert.equal(server.session.acknowledged, 34);
  const posts = count(server, '/messages');
  await clock.advance(5_000);
  assert.equal(count(server, '/messages'), posts);
});

test('an acknowledgement that is refused for its rate is made up for', async () => {
  const { clock, server } = await onStream();
  server.postRefusal = { status: 429, body: { ...error('rate_limited'), retry_after_ms: 3_000 } };
  server.deliver(signal(1));
  await clock.advance(1_000);
  server.postRefusal = null;
  await clock.advance(2_999);
  assert.equal(server.session.acknowledged, 0);

  await clock.advance(1);

  assert.equal(server.session.acknowledged, 1);
});

test('a stream without a sign of life for 70 s is given up', async () => {
  const { clock, server, client } = await onStream();
  await clock.advance(200_000);
  assert.equal(client.counters.resumed, 0);
  server.pings = false;

  await clock.advance(69_000);
  assert.equal(client.counters.resumed, 0);
  await clock.advance(70_000);

  assert.equal(client.state, 'open');
  assert.ok(client.counters.resumed >= 1);
});

test('errors without a number on a stream say why it ended', async () => {
  const { clock, server, client, stopped } = await onStream();
  server.session.stream?.end(error('superseded'));
  await clock.advance(LONGEST_BACKOFF_MS);
  assert.equal(client.counters.resumed, 1);

  server.crash();
  const { peer } = client;
  await clock.advance(LONGEST_BACKOFF_MS);

  assert.equal(client.counters.anew, 1);
  assert.equal(client.peer, peer);
  assert.deepEqual(stopped, []);
});

test('what is no message of the protocol three times is given up', async () => {
  const { clock, server, client, stopped } = await onStream({ random: () => 0 });

  for (let round = 0; round < 3; round += 1) {
    server.session.stream?.write('data: <p>no</p>\n\n');
    await clock.advance(100);
  }

  assert.equal(client.state, 'stopped');
  assert.deepEqual(stopped.map((why) => why.code), ['bad_message']);
});

for (const transport of /** @type {const} */ (['sse', 'poll'])) {
  test(`waking up asks anew over ${transport}, since the open request may be dead`, async () => {
    const { clock, server, client, messages } = setUp({ transports: [transport] });
    client.start();
    await clock.advance(2_000);
    const { session } = server;
    // The way to the client is gone and nobody noticed.
    const [stream, poll] = [session.stream, session.poll];
    session.stream = session.poll = null;
    server.deliver(signal(1));
    await settle();
    assert.deepEqual(numbers(messages), []);

    for (const wake of server.wakers) wake();
    await settle();

    assert.ok(stream || poll);
    assert.deepEqual(numbers(messages), [1]);
    assert.equal(client.state, 'open');
    assert.equal(server.hellos.length, 1);
  });
}
