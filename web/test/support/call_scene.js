// @ts-check
import assert from 'node:assert/strict';
import { PeerCall } from '../../src/peer_call.js';
import { settle, FakeClock } from './fake_clock.js';
import { FakePeerConnection } from './fake_peer_connection.js';

/**
 * One side of a call whose signals wait in `outbox` until a test carries them over.
 * @param {string} name @param {boolean} polite @param {number} [lastGen]
 */
export function makeSide(name, polite, lastGen = 0) {
  const clock = new FakeClock();
  /** @type {any[]} */
  const outbox = [];
  /** @type {any[]} */
  const troubles = [];
  /** @type {FakePeerConnection} */
  let connection = /** @type {any} */ (null);
  const tracks = /** @type {any} */ ({ audio: { kind: 'audio', of: name }, video: null });
  const call = new PeerCall({
    createConnection: (configuration) => /** @type {any} */ ((connection = new FakePeerConnection(name, configuration))),
    polite,
    iceServers: [{ urls: 'stun:call.test' }],
    relayOnly: false,
    tracks,
    mediaState: { audio: true, video: false },
    send: (data, gen) => outbox.push({ ...structuredClone(data), ...(gen !== undefined && { gen }) }),
    lastGen,
    environment: clock,
  });
  call.on('trouble', (error) => troubles.push(error));
  return { name, clock, call, connection, outbox, troubles, tracks };
}

/** @typedef {ReturnType<typeof makeSide>} Side */

export function makePair() {
  const impolite = makeSide('impolite', false);
  const polite = makeSide('polite', true);
  impolite.call.start();
  polite.call.start();
  return { impolite, polite };
}

/** Carries everything over until both sides are quiet. @param {Side} one @param {Side} two */
export async function exchange(one, two) {
  await settle();
  for (let rounds = 0; one.outbox.length + two.outbox.length > 0; rounds += 1) {
    assert.ok(rounds < 20, 'the two sides do not come to an end');
    const [fromOne, fromTwo] = [one.outbox.splice(0), two.outbox.splice(0)];
    for (const data of fromOne) two.call.receive(data, data.gen);
    for (const data of fromTwo) one.call.receive(data, data.gen);
    await settle();
  }
}

/** @param {Side} one @param {Side} two */
export function assertAgreed(one, two) {
  assert.equal(one.connection.signalingState, 'stable');
  assert.equal(two.connection.signalingState, 'stable');
  assert.deepEqual([...one.troubles, ...two.troubles], []);
  const offer = one.connection.localDescription?.type === 'offer' ? one : two;
  const answer = offer === one ? two : one;
  assert.deepEqual(answer.connection.remoteDescription, offer.connection.localDescription);
  assert.deepEqual(offer.connection.remoteDescription, answer.connection.localDescription);
}

/** What the server does with the numbers of negotiations, and the time that its queues take. */
export class Relay {
  #current = -1;
  /** @type {Map<Side, any[]>} by receiver */
  #queues;
  #others;

  /** @param {Side} one @param {Side} two */
  constructor(one, two) {
    this.#queues = new Map([[one, []], [two, []]]);
    this.#others = new Map([[one, two], [two, one]]);
  }

  /** The next message of this side reaches the server. @param {Side} from */
  take(from) {
    const data = from.outbox.shift();
    if (!data || data.gen < this.#current) return;
    if (data.kind === 'offer' || data.kind === 'answer') this.#current = data.gen;
    this.#queues.get(/** @type {Side} */ (this.#others.get(from)))?.push(data);
  }

  /** The next message to this side reaches it. @param {Side} to */
  give(to) {
    const data = this.#queues.get(to)?.shift();
    if (data) to.call.receive(data, data.gen);
  }

  /** Carries everything over until both sides are quiet. */
  async empty() {
    const sides = [...this.#queues.keys()];
    await settle();
    for (let rounds = 0; sides.some((side) => side.outbox.length + (this.#queues.get(side)?.length ?? 0) > 0); rounds += 1) {
      assert.ok(rounds < 200, 'the two sides do not come to an end');
      for (const side of sides) this.take(side);
      for (const side of sides) this.give(side);
      await settle();
    }
  }
}

/** Mulberry32. @param {number} seed @returns {() => number} in [0, 1) */
export function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
