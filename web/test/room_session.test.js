// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Emitter } from '../src/emitter.js';
import { RoomSession } from '../src/room_session.js';
import { FakeClock, settle } from './support/fake_clock.js';
import { FakePeerConnection } from './support/fake_peer_connection.js';

/** @extends {Emitter<Record<string, any>>} */
class FakeClient extends Emitter {
  /** @type {any[]} */
  sent = [];
  /** @type {string[]} */
  done = [];
  start = () => void this.done.push('start');
  stop = () => void this.done.push('stop');
  /** @param {string} room */
  join = (room) => void this.done.push(`join ${room}`);
  /** @param {string} to @param {any} data @param {any} options */
  signal = (to, data, options) => void this.sent.push({ to, kind: data.kind, ...options });
}

/** @param {{ refusesConnections?: boolean }} [options] */
function setUp({ refusesConnections = false } = {}) {
  const clock = new FakeClock();
  const client = new FakeClient();
  /** @type {FakePeerConnection[]} */
  const connections = [];
  const session = new RoomSession({
    client: /** @type {any} */ (client),
    room: 'lobby',
    relayOnly: true,
    createConnection: (configuration) => {
      if (refusesConnections) throw new DOMException('no credential', 'InvalidAccessError');
      connections.push(new FakePeerConnection('x', configuration));
      return /** @type {any} */ (connections.at(-1));
    },
    environment: /** @type {any} */ (clock),
  });
  /** @type {string[]} */
  const phases = [];
  session.on('phase', ({ phase, departure }) => phases.push(departure ? `${phase} ${departure}` : phase));
  /** @type {string[]} */
  const refusals = [];
  session.on('refused', ({ code }) => refusals.push(code));
  /** @param {any} message */
  const receive = (message) => client.emit('message', { room: 'lobby', ...message });
  session.start();
  return { clock, client, connections, session, phases, refusals, receive };
}

const BOB = { peer: 'bob', name: '', role: 'polite', away: false };

/** A call with Bob that is connected. */
function inCall() {
  const scene = setUp();
  scene.client.emit('ice-servers', [{ urls: 'turn:call.test' }]);
  scene.receive({ type: 'joined', peers: [BOB], role: 'impolite' });
  scene.connections[0].become('connected');
  return scene;
}

test('an empty room is waited in, and who comes is called', () => {
  const { client, connections, phases, receive } = setUp();

  receive({ type: 'joined', peers: [], role: 'impolite' });
  receive({ type: 'peer-joined', ...BOB });
  connections[0].become('connected');

  assert.deepEqual(client.done, ['start', 'join lobby']);
  assert.deepEqual(phases, ['joining', 'waiting', 'connecting', 'connected']);
});

test('the call uses the ICE servers of the welcome and of later lists', () => {
  const { client, connections } = inCall();
  assert.deepEqual(connections[0].configuration.iceServers, [{ urls: 'turn:call.test' }]);
  assert.equal(connections[0].configuration.iceTransportPolicy, 'relay');

  client.emit('ice-servers', [{ urls: 'turn:fresh.test' }]);

  assert.deepEqual(connections[0].configuration.iceServers, [{ urls: 'turn:fresh.test' }]);
});

test('towards an impolite peer this side is polite and lets it offer', async () => {
  const { client, receive } = setUp();

  receive({ type: 'joined', peers: [{ ...BOB, role: 'impolite' }], role: 'polite' });
  await settle();

  assert.deepEqual(client.sent.map((s) => s.kind), ['media']);
});

test('a peer that hangs up leaves this side waiting', () => {
  const { connections, phases, receive } = inCall();

  receive({ type: 'peer-left', peer: 'bob', reason: 'bye' });

  assert.equal(phases.at(-1), 'waiting hung-up');
  assert.ok(connections[0].closed);
});

test('a peer that the server gave up is kept while the media flows, and lost with it', () => {
  const { connections, phases, receive } = inCall();

  receive({ type: 'peer-left', peer: 'bob', reason: 'expired' });
  assert.equal(phases.at(-1), 'connected');
  connections[0].become('failed');

  assert.equal(phases.at(-1), 'waiting lost');
});

test('after a restart of the server the call goes on and is negotiated anew when the peer is back', async () => {
  const { client, connections, phases, receive } = inCall();
  await settle();
  client.sent.length = 0;

  client.emit('anew', { samePeer: true });
  receive({ type: 'joined', peers: [], role: 'impolite' });
  assert.equal(phases.at(-1), 'connected');
  receive({ type: 'peer-joined', ...BOB });
  await settle();

  assert.equal(connections.length, 1);
  assert.ok(!connections[0].closed);
  assert.equal(connections[0].restarts, 1);
  assert.deepEqual(client.sent.map((s) => s.kind), ['media', 'offer']);
});

test('a peer that does not come back after a restart is lost once the media is', async () => {
  const { clock, client, connections, phases, receive } = inCall();

  client.emit('anew', { samePeer: true });
  receive({ type: 'joined', peers: [], role: 'impolite' });
  await clock.advance(60_000);
  assert.equal(phases.at(-1), 'connected');
  connections[0].become('failed');

  assert.equal(phases.at(-1), 'waiting lost');
});

test('somebody else who comes in place of a lost peer gets a call of their own', () => {
  const { connections, phases, receive } = inCall();

  receive({ type: 'peer-left', peer: 'bob', reason: 'expired' });
  receive({ type: 'peer-joined', peer: 'carol', name: '', role: 'polite' });

  assert.equal(connections.length, 2);
  assert.ok(connections[0].closed);
  assert.equal(phases.at(-1), 'connecting');
});

test('somebody who took the place of the partner while this session was lost is called', () => {
  const { client, connections, phases, receive } = inCall();
  client.emit('anew', { samePeer: true });

  receive({ type: 'joined', peers: [{ ...BOB, peer: 'carol' }], role: 'impolite' });

  assert.equal(connections.length, 2);
  assert.ok(connections[0].closed);
  assert.equal(phases.at(-1), 'connecting');
});

test('a page that the server takes for somebody new joins from the start', () => {
  const { client, connections, phases, receive } = inCall();

  client.emit('anew', { samePeer: false });
  assert.equal(phases.at(-1), 'joining');
  receive({ type: 'joined', peers: [BOB], role: 'impolite' });

  assert.equal(connections.length, 2);
  assert.ok(connections[0].closed && !connections[1].closed);
});

test('a join that the server cannot take for now is repeated when it can', async () => {
  const { client, clock, refusals, receive } = setUp();

  receive({ type: 'error', code: 'rate_limited', message: '', n: 1, retry_after_ms: 700 });
  await clock.advance(699);
  assert.deepEqual(client.done, ['start', 'join lobby']);
  await clock.advance(1);

  assert.deepEqual(client.done, ['start', 'join lobby', 'join lobby']);
  assert.deepEqual(refusals, []);
});

test('a join is not repeated after the hang-up', async () => {
  const { client, clock, session, receive } = setUp();
  receive({ type: 'error', code: 'unavailable', message: '', n: 1 });

  session.leave();
  await clock.advance(60_000);

  assert.deepEqual(client.done, ['start', 'join lobby', 'stop']);
});

test('ICE servers that the browser refuses end the session in words', () => {
  const { client, refusals, receive } = setUp({ refusesConnections: true });

  receive({ type: 'joined', peers: [BOB], role: 'impolite' });

  assert.deepEqual(refusals, ['bad_ice_servers']);
  assert.ok(client.done.includes('stop'));
});

test('every new partner is announced', () => {
  const { session, receive } = setUp();
  let partners = 0;
  session.on('partner', () => (partners += 1));

  receive({ type: 'joined', peers: [BOB], role: 'impolite' });
  receive({ type: 'joined', peers: [BOB], role: 'impolite' });
  assert.equal(partners, 1);
  receive({ type: 'peer-left', peer: 'bob', reason: 'expired' });
  receive({ type: 'peer-joined', peer: 'carol', name: '', role: 'polite' });

  assert.equal(partners, 2);
});

test('a full room ends the session and is told', () => {
  const { client, refusals, receive } = setUp();

  receive({ type: 'error', code: 'room_full', message: 'full', n: 1 });

  assert.deepEqual(refusals, ['room_full']);
  assert.ok(client.done.includes('stop'));
});

test('an error in a running call does not end it', () => {
  const { phases, refusals, receive } = inCall();

  receive({ type: 'error', code: 'no_such_peer', message: '', n: 4 });

  assert.deepEqual(refusals, []);
  assert.equal(phases.at(-1), 'connected');
});

test('when the server dropped signals a new negotiation follows as soon as it takes some', async () => {
  const { clock, connections, receive } = inCall();
  await settle();

  receive({ type: 'error', code: 'rate_limited', message: '', n: 4, retry_after_ms: 1_500 });
  receive({ type: 'error', code: 'rate_limited', message: '', n: 5, retry_after_ms: 1_500 });
  await clock.advance(1_499);
  assert.equal(connections[0].restarts, 0);
  await clock.advance(1);

  assert.equal(connections[0].restarts, 1);
});

test('a place that was taken while the session was lost is told', () => {
  const { refusals, receive } = inCall();

  receive({ type: 'error', code: 'room_full', message: 'full' });

  assert.deepEqual(refusals, ['room_full']);
});

test('negotiations are counted on when a partner comes back after a call was given up', async () => {
  const { client, connections, receive } = inCall();
  const offers = () => client.sent.filter((signal) => signal.kind === 'offer').map((signal) => signal.gen);
  await settle();
  receive({ type: 'signal', from: 'bob', data: { kind: 'answer', sdp: 'x' }, gen: 1 });
  await settle();
  assert.equal(connections[0].signalingState, 'stable');

  receive({ type: 'peer-left', peer: 'bob', reason: 'expired' });
  connections[0].become('failed');
  receive({ type: 'peer-joined', ...BOB });
  await settle();

  assert.equal(connections.length, 2);
  assert.deepEqual(offers(), [1, 2]);
});

test('signals of strangers are not taken', async () => {
  const { connections, receive } = inCall();
  await settle();

  receive({ type: 'signal', from: 'mallory', data: { kind: 'answer', sdp: 'x' } });
  await settle();

  assert.equal(connections[0].remoteDescription, null);
});
