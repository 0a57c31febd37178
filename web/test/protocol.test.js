// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeServerMessage, isRoomName } from '../src/protocol.js';
import { SignalingClient } from '../src/signaling_client.js';
import { FakeClock, settle } from './support/fake_clock.js';
import { FakeServer } from './support/fake_server.js';
import { goldenMessages } from './support/golden.js';

const serverMessages = goldenMessages('server');
const clientMessages = goldenMessages('client');

test('there is a golden message of every type that the server sends', () => {
  const types = new Set(serverMessages.map(({ message }) => message.type));

  assert.ok(types.size >= 15, [...types].join(' '));
});

for (const { name, message } of serverMessages) {
  test(`decodes ${name}`, () => {
    assert.deepEqual(decodeServerMessage(JSON.stringify(message)), message);
  });

  test(`refuses ${name} when a needed field has another type`, () => {
    const needed = { welcome: 'session', joined: 'peers', signal: 'data', goaway: 'after_ms', error: 'code', ack: 'n' };
    const field = /** @type {Record<string, string>} */ (needed)[message.type] ?? 'type';

    assert.equal(decodeServerMessage(JSON.stringify({ ...message, [field]: true })), null);
  });
}

test('refuses what is no message', () => {
  for (const text of ['', '[]', 'null', '1', '{}', '{"type":1}', '{"type":"signal"', '{"type":"x","seq":-1}', '{"type":"x","seq":1.5}']) {
    assert.equal(decodeServerMessage(text), null, text);
  }
});

test('passes a type of a newer server, so that its number can be acknowledged', () => {
  assert.deepEqual(decodeServerMessage('{"type":"weather","seq":4}'), { type: 'weather', seq: 4 });
  assert.ok(decodeServerMessage('{"type":"constructor","seq":4}'));
});

test('what the client sends has the fields of the golden messages and no others', async () => {
  const server = new FakeServer(new FakeClock());
  const client = new SignalingClient({ baseUrl: new URL('http://call.test/'), environment: server.environment() });

  client.start();
  client.join('lobby', { name: 'Zoë', capacity: 2 });
  client.signal('peer2', { kind: 'offer', sdp: 'v=0' });
  client.requestIceServers();
  client.leave();
  await settle();
  client.stop();

  const sent = [...server.hellos, ...server.taken];
  assert.deepEqual(sent.map((m) => m.type), ['hello', 'join', 'signal', 'ice', 'leave', 'bye']);
  for (const message of sent) {
    const golden = clientMessages.filter((entry) => entry.message.type === message.type);
    const fields = new Set(golden.flatMap((entry) => Object.keys(entry.message)));
    assert.deepEqual(Object.keys(message).filter((field) => !fields.has(field)), [], message.type);
  }
});

test('room names are 1 to 64 of the allowed characters', () => {
  for (const name of ['a', 'A.b_c-9', 'x'.repeat(64)]) assert.ok(isRoomName(name), name);
  for (const name of ['', 'x'.repeat(65), 'a b', 'ü', 'a/b', 'a\n']) assert.ok(!isRoomName(name), name);
});
