// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Relay, assertAgreed, exchange, makePair, makeSide, randomNumbers } from './support/call_scene.js';
import { settle } from './support/fake_clock.js';

/** @typedef {import('./support/call_scene.js').Side} Side */

/** @param {Side} side */
const kinds = (side) => side.outbox.map((data) => data.kind);

test('the impolite side makes the first offer and both agree on one audio and one video section', async () => {
  const { impolite, polite } = makePair();
  await settle();
  assert.deepEqual(kinds(polite), ['media']);

  await exchange(impolite, polite);

  assertAgreed(impolite, polite);
  for (const { connection, tracks } of [impolite, polite]) {
    assert.deepEqual(connection.transceivers.map((t) => t.receiver.track.kind), ['audio', 'video']);
    assert.ok(connection.transceivers.every((t) => t.direction === 'sendrecv'));
    assert.equal(connection.transceivers[0].sender.track, tracks.audio);
  }
});

test('when both offer at once the polite side gives way', async () => {
  const { impolite, polite } = makePair();
  await exchange(impolite, polite);
  impolite.connection.restartIce();
  polite.connection.restartIce();
  await settle();
  assert.deepEqual([kinds(impolite), kinds(polite)], [['offer'], ['offer']]);
  const offer = impolite.outbox[0].sdp;

  await exchange(impolite, polite);

  assertAgreed(impolite, polite);
  // What the polite side had to offer follows in an offer of its own.
  assert.notEqual(impolite.connection.localDescription?.sdp, offer);
});

test('each negotiation has a number of its own, and its answer and candidates the same', async () => {
  const { impolite, polite } = makePair();
  await settle();
  const gens = (/** @type {Side} */ side) => side.outbox.map(({ kind, gen }) => [kind, gen]);
  assert.deepEqual(gens(impolite), [['media', undefined], ['offer', 1]]);
  const [, offer] = impolite.outbox.splice(0);
  polite.outbox.length = 0;

  await polite.call.receive(offer, 1);
  polite.connection.onicecandidate({ candidate: null });
  assert.deepEqual(gens(polite), [['answer', 1], ['end-of-candidates', 1]]);
  await exchange(impolite, polite);
  polite.connection.restartIce();
  await settle();

  assert.deepEqual(gens(polite), [['offer', 2]]);
});

test('of two offers at once the higher number counts, as it does at the server', async () => {
  const impolite = makeSide('impolite', false, 3);
  const polite = makeSide('polite', true, 7);
  for (const side of [impolite, polite]) side.connection.addTransceiver('audio', { direction: 'sendrecv' });
  await settle();
  const [low, high] = [impolite.outbox.splice(0)[0], polite.outbox.splice(0)[0]];
  assert.deepEqual([low.gen, high.gen], [4, 8]);

  await polite.call.receive(low, low.gen);
  assert.equal(polite.connection.signalingState, 'have-local-offer');
  await impolite.call.receive(high, high.gen);
  await exchange(impolite, polite);

  assertAgreed(impolite, polite);
});

test('whatever the server drops as outdated and in whatever order both offer, they agree', async () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const random = randomNumbers(seed);
    const below = (/** @type {number} */ max) => Math.floor(random() * max);
    const [one, two] = [makeSide('one', false, below(3)), makeSide('two', true, below(3))];
    const relay = new Relay(one, two);
    one.call.start();
    two.call.start();

    for (let step = 0; step < 25; step += 1) {
      const act = below(10);
      const side = below(2) === 0 ? one : two;
      if (act === 0) side.connection.restartIce();
      else if (act === 1) for (const each of [one, two]) each.call.resync(each.call.polite);
      else if (act < 6) relay.take(side);
      else relay.give(side);
      if (below(2) === 0) await settle();
    }
    await relay.empty();

    try {
      assertAgreed(one, two);
    } catch (error) {
      throw new Error(`with seed ${seed}`, { cause: error });
    }
  }
});

test('candidates that come before the description wait for it', async () => {
  const side = makeSide('polite', true);
  side.call.start();

  side.call.receive({ kind: 'candidate', candidate: { candidate: 'c1', sdpMid: '0' } });
  side.call.receive({ kind: 'candidate', candidate: { candidate: 'c2', sdpMid: '0' } });
  await settle();
  assert.deepEqual(side.connection.candidates, []);
  side.call.receive({ kind: 'offer', sdp: 'offer' }, 1);
  side.call.receive({ kind: 'candidate', candidate: { candidate: 'c3', sdpMid: '0' } });
  await settle();

  assert.deepEqual(side.connection.candidates, ['c1', 'c2', 'c3']);
  assert.deepEqual(side.troubles, []);
});

test('own candidates go out one by one, and then their end', async () => {
  const side = makeSide('impolite', false);
  const candidate = { candidate: 'c1', sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'u' };

  side.connection.onicecandidate({ candidate: { ...candidate, toJSON: () => candidate } });
  side.connection.onicecandidate({ candidate: null });

  assert.deepEqual(side.outbox, [{ kind: 'candidate', candidate, gen: 0 }, { kind: 'end-of-candidates', gen: 0 }]);
});

test('an answer to an offer that was rolled back is not taken', async () => {
  const { impolite, polite } = makePair();
  await settle();
  const stale = { kind: 'answer', sdp: 'stale' };
  impolite.call.resync(false);
  await settle();

  await impolite.call.receive(stale, 1);
  assert.equal(impolite.connection.signalingState, 'have-local-offer');
  await exchange(impolite, polite);
  await impolite.call.receive({ kind: 'answer', sdp: 'nobody asked' });

  assertAgreed(impolite, polite);
});

test('after lost signals a resync of both sides agrees again, even with swapped roles', async () => {
  const { impolite, polite } = makePair();
  await settle();
  impolite.outbox.length = polite.outbox.length = 0;

  impolite.call.resync(true);
  polite.call.resync(false);
  await exchange(impolite, polite);

  assertAgreed(impolite, polite);
  assert.ok(polite.connection.restarts + impolite.connection.restarts > 0);
});

test('a failed connection is restarted by the impolite side, and again until it works', async () => {
  const { impolite, polite } = makePair();
  await exchange(impolite, polite);

  impolite.connection.become('failed');
  await impolite.clock.advance(0);
  assert.equal(impolite.connection.restarts, 1);
  await exchange(impolite, polite);
  await impolite.clock.advance(8_000);
  assert.equal(impolite.connection.restarts, 2);
  await exchange(impolite, polite);
  impolite.connection.become('connected');
  await impolite.clock.advance(60_000);

  assert.equal(impolite.connection.restarts, 2);
  assertAgreed(impolite, polite);
});

test('an offer that nobody answers is made anew', async () => {
  const { impolite, polite } = makePair();
  await settle();
  const lost = impolite.outbox.splice(0);
  assert.deepEqual(lost.map((data) => data.kind), ['media', 'offer']);

  await impolite.clock.advance(20_000);
  assert.deepEqual(kinds(impolite), []);
  await impolite.clock.advance(8_000);
  await exchange(impolite, polite);

  assertAgreed(impolite, polite);
});

test('an answer that failed is made to the next offer, whoever is polite', async () => {
  for (const role of ['polite', 'impolite']) {
    const { impolite, polite } = makePair();
    await exchange(impolite, polite);
    const [offering, answering] = role === 'polite' ? [impolite, polite] : [polite, impolite];
    answering.connection.failsNext = true;
    offering.connection.restartIce();
    await exchange(offering, answering);
    assert.equal(answering.connection.signalingState, 'have-remote-offer');
    assert.equal(answering.troubles.splice(0).length, 1);

    await offering.call.resync(offering.call.polite);
    await exchange(offering, answering);

    assertAgreed(offering, answering);
  }
});

test('a resync ends an exchange whose answer failed', async () => {
  const { impolite, polite } = makePair();
  await exchange(impolite, polite);
  impolite.connection.failsNext = true;
  polite.connection.restartIce();
  await exchange(impolite, polite);
  assert.equal(impolite.connection.signalingState, 'have-remote-offer');
  impolite.troubles.length = 0;

  impolite.call.resync(false);
  polite.call.resync(true);
  await exchange(impolite, polite);

  assertAgreed(impolite, polite);
});

test('an ICE server list that the browser refuses leaves the one before', () => {
  const { impolite } = makePair();
  impolite.connection.setConfiguration = () => {
    throw new DOMException('', 'InvalidAccessError');
  };

  impolite.call.setIceServers([{ urls: 'turn:no.credential' }]);

  assert.deepEqual(impolite.connection.configuration.iceServers, [{ urls: 'stun:call.test' }]);
  assert.equal(impolite.troubles.length, 1);
});

test('the polite side asks for the restart instead of making it', async () => {
  const { impolite, polite } = makePair();
  await exchange(impolite, polite);

  polite.connection.become('failed');
  await polite.clock.advance(0);
  assert.deepEqual(kinds(polite), ['restart']);
  await exchange(impolite, polite);

  assert.equal(polite.connection.restarts, 0);
  assert.equal(impolite.connection.restarts, 1);
  assertAgreed(impolite, polite);
});

test('only the impolite side does what a restart asks for', async () => {
  const { impolite, polite } = makePair();
  await exchange(impolite, polite);

  await polite.call.receive({ kind: 'restart' });

  assert.equal(polite.connection.restarts, 0);
  assert.deepEqual(kinds(polite), []);
});

test('a short disconnect heals without a restart', async () => {
  const { impolite, polite } = makePair();
  await exchange(impolite, polite);

  impolite.connection.become('disconnected');
  await impolite.clock.advance(2_999);
  impolite.connection.become('connected');
  await impolite.clock.advance(60_000);

  assert.equal(impolite.connection.restarts, 0);
});

test('a microphone that comes later is sent without a new negotiation', async () => {
  const { impolite, polite } = makePair();
  await exchange(impolite, polite);
  const camera = /** @type {any} */ ({ kind: 'video' });

  await polite.call.setTracks({ ...polite.tracks, video: camera });

  assert.equal(polite.connection.transceivers[1].sender.track, camera);
  assert.deepEqual(kinds(polite), []);
});

test('fresh ICE servers replace the old ones and keep the policy', () => {
  const { impolite } = makePair();
  const servers = [{ urls: 'turn:call.test', username: 'u', credential: 'c' }];

  impolite.call.setIceServers(servers);

  assert.deepEqual(impolite.connection.configuration, { iceServers: servers, iceTransportPolicy: 'all', bundlePolicy: 'max-bundle' });
});

test('nothing is sent or restarted after the end', async () => {
  const { impolite, polite } = makePair();
  await exchange(impolite, polite);
  impolite.connection.become('failed');

  impolite.call.close();
  await impolite.clock.advance(60_000);
  await impolite.call.receive({ kind: 'restart' });

  assert.deepEqual(kinds(impolite), []);
  assert.equal(impolite.connection.restarts, 0);
  assert.deepEqual(impolite.troubles, []);
});
