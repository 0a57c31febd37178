// @ts-check
/**
 * Sends gently after the server refused a message for its rate: nothing for as long as the server asks, then small
 * batches until nothing waits. The messages of a batch arrive together, so what is refused of it is its tail, and
 * sending that again keeps the order.
 */

const SHORTEST_PAUSE_MS = 500;
const BATCH_MESSAGES = 16;

export class SendPace {
  #environment;
  #state;
  #flush;
  /** @type {any} */
  #timer = null;

  /**
   * @param {import('./environment.js').Environment} environment
   * @param {import('./session_state.js').SessionState} state
   * @param {() => void} flush
   */
  constructor(environment, state, flush) {
    this.#environment = environment;
    this.#state = state;
    this.#flush = flush;
  }

  /** @param {number} retryAfterMs */
  onRefused(retryAfterMs) {
    this.#state.allowance = 0;
    // A quarter of jitter: clients behind one address were refused together.
    const wait = Math.max(SHORTEST_PAUSE_MS, retryAfterMs) * (1 + this.#environment.random() / 4);
    this.#schedule(wait);
  }

  stop() {
    this.#environment.clearTimeout(this.#timer);
    this.#timer = null;
    this.#state.allowance = Infinity;
  }

  /** @param {number} ms */
  #schedule(ms) {
    this.#environment.clearTimeout(this.#timer);
    this.#timer = this.#environment.setTimeout(() => this.#goOn(), ms);
  }

  #goOn() {
    this.#timer = null;
    if (this.#state.waiting === 0) {
      this.#state.allowance = Infinity;
      return;
    }
    this.#state.allowance = BATCH_MESSAGES;
    this.#schedule(SHORTEST_PAUSE_MS);
    this.#flush();
  }
}
