// @ts-check
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LONGEST_BACKOFF_MS, numbers, setUp, signal } from './support/client_scene.js';
import { settle } from './support/fake_clock.js';

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

  test('a refused WebSocket leads to an event stream at once', async () => {
    const { server, client } = setUp({ webSocket: 'refused' });

    client.start();
    await settle();

    assert.equal(client.transport, 'sse');
    assert.equal(server.hellos.length, 1);
  });

  test('a hanging WebSocket leads to an event stream after a second and is closed', async () => {
    const { clock, server, client } = setUp({ webSocket: 'hangs' });

    client.start();
    await clock.advance(999);
    assert.equal(client.state, 'connecting');
    await clock.advance(1);

    assert.equal(client.transport, 'sse');
    assert.ok(server.sockets[0].closed);
  });

  test('a WebSocket that opens and then passes nothing leads to HTTP with one session only', async () => {
    const { clock, server, client } = setUp({ webSocket: 'mute' });

    client.start();
    await clock.advance(5_000);

    assert.equal(client.transport, 'sse');
    assert.equal(server.sessions.size, 1);
  });

  test('ws alone never asks over HTTP, poll alone never opens a WebSocket', async () => {
    const onlyWs = setUp({ transports: ['ws'], webSocket: 'refused' });
    const onlyPoll = setUp({ transports: ['poll'] });

    onlyWs.client.start();
    onlyPoll.client.start();
    await settle();

    assert.deepEqual(onlyWs.server.requests, []);
    assert.equal(onlyPoll.client.transport, 'poll');
    assert.equal(onlyPoll.server.sockets.length, 0);
  });
});

for (const transport of /** @type {const} */ (['ws', 'sse', 'poll'])) {
  describe(`a session over ${transport}`, () => {
    test('messages from before the connection arrive in order', async () => {
      const { server, client } = setUp({ transports: [transport] });
      client.start();
      client.join('lobby');
      client.signal('peer2', { kind: 'offer', sdp: 'v=0' });

      await settle();

      assert.deepEqual(server.taken.map((m) => [m.type, m.n]), [['join', 1], ['signal', 2]]);
    });

    test('what the server sent and the client did not get comes once after a drop', async () => {
      const { clock, server, client, messages } = setUp({ transports: [transport] });
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
      const { clock, server, client } = setUp({ transports: [transport] });
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
      const { clock, server, client, messages } = setUp({ transports: [transport] });
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
      const { clock, server, client, messages } = setUp({ transports: [transport] });
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
      const { clock, server, client } = setUp({ transports: [transport] });
      client.start();
      await settle();
      server.swallow = 1;
      client.signal('peer2', { kind: 'test', number: 1 });
      await settle();
      client.signal('peer2', { kind: 'test', number: 2 });
      await clock.advance(1_000);

      assert.deepEqual(numbers(server.taken), [1, 2]);
      assert.equal(client.state, 'open');
    });

    test('a server that forgot what it had confirmed has lost the session', async () => {
      const { clock, server, client } = setUp({ transports: [transport] });
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
      const { server, client } = setUp({ transports: [transport] });
      client.start();
      await settle();

      client.stop();
      await settle();

      assert.equal(server.sessions.size, 0);
      assert.equal(client.state, 'stopped');
    });

    test('stop while the page goes away ends the session, whatever gets lost with the page', async () => {
      const { server, client } = setUp({ transports: [transport] });
      client.start();
      await settle();
      server.swallow = 1;

      client.stop({ unloading: true });
      await settle();

      assert.equal(server.sessions.size, 0);
    });

    test('stop while the connection is lost ends the session, too', async () => {
      const { server, client } = setUp({ transports: [transport] });
      client.start();
      await settle();
      server.dropConnections();
      await settle();

      client.stop();
      await settle();

      assert.equal(server.sessions.size, 0);
    });

    test('a message larger than the server takes is refused here and uses no number', async () => {
      const { server, client } = setUp({ transports: [transport] });
      client.start();
      await settle();

      assert.equal(client.signal('peer2', { kind: 'test', text: 'x'.repeat(3_000) }), false);
      client.signal('peer2', { kind: 'test', number: 1 });
      await settle();

      assert.deepEqual(server.taken.map((m) => m.n), [1]);
    });

    test('coming online ends the wait for the next try', async () => {
      const { server, client } = setUp({ transports: [transport], random: () => 0.99 });
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
