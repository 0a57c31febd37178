// @ts-check
// The load driver as its parent sees it: one order at a time, one answer each.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** @typedef {import('./load.js').ClientKind} ClientKind */

const LOAD = fileURLToPath(new URL('load.js', import.meta.url));

export class Driver {
  #child = fork(LOAD);
  #limitMs;

  /** @param {number} limitMs for one order */
  constructor(limitMs = 120_000) {
    this.#limitMs = limitMs;
  }

  /** @param {{ kind: ClientKind, ports: number[], pairs: number }} order */
  connect(order) {
    return this.#give({ what: 'connect', ...order });
  }

  /** @param {{ messages: number }} order */
  exchange(order) {
    return this.#give({ what: 'exchange', ...order });
  }

  /** @param {{ perSecond: number, seconds: number }} order @returns {Promise<{ p50: number, p99: number }>} */
  paced(order) {
    return this.#give({ what: 'paced', ...order });
  }

  async stop() {
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }

  /** @param {{ what: string }} order */
  async #give(order) {
    this.#child.send(order);
    const [answer] = await once(this.#child, 'message', { signal: AbortSignal.timeout(this.#limitMs) });
    if (answer.failed) throw new Error(`${order.what}: ${answer.failed}`);
    return answer;
  }
}
