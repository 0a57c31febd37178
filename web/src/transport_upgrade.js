// @ts-check
/**
 * Brings a session that runs over HTTP back to WebSocket: tries at growing intervals while HTTP goes on working,
 * so a try that fails costs nothing. Also tells which WebSockets are not worth another try for now: those
 * that get through and then do not last.
 */

/** @typedef {import('./transport.js').Closure} Closure */
/** @typedef {import('./transport_race.js').TransportRace} TransportRace */

const FIRST_MS = 10_000;
const LAST_MS = 320_000;
const SHORT_SOCKETS_LIMIT = 3;

export class TransportUpgrade {
  #environment;
  #start;
  /** @type {any} */
  #timer = null;
  /** @type {TransportRace | null} */
  #race = null;
  #speaking = false;
  #attempts = 0;
  #triedAt = -Infinity;
  #shortSockets = 0;

  /**
   * @param {import('./environment.js').Environment} environment
   * @param {() => void} start makes a race and hands it to began()
   */
  constructor(environment, start) {
    this.#environment = environment;
    this.#start = start;
  }

  /** Whether the server may know of the new WebSocket already, and so end the receive over HTTP for it. */
  get speaking() {
    return this.#speaking;
  }

  get distrustsWebSocket() {
    return this.#shortSockets >= SHORT_SOCKETS_LIMIT;
  }

  /** HTTP carries the session now. */
  schedule() {
    const ceiling = Math.min(LAST_MS, FIRST_MS * 2 ** Math.min(this.#attempts, 16));
    this.#environment.clearTimeout(this.#timer);
    this.#timer = this.#environment.setTimeout(() => this.#try(), ceiling * (0.75 + this.#environment.random() / 2));
  }

  /** The network may have changed. */
  soon() {
    if (this.#timer === null || this.#environment.now() - this.#triedAt < FIRST_MS) return;
    this.#attempts = 0;
    this.#try();
  }

  /** @param {TransportRace} race */
  began(race) {
    this.#race = race;
  }

  spoke() {
    this.#speaking = true;
  }

  failed() {
    this.#race = null;
    this.#speaking = false;
  }

  cancel() {
    this.#environment.clearTimeout(this.#timer);
    this.#timer = null;
    this.#race?.cancel();
    this.failed();
  }

  /** A WebSocket was lost. @param {'steady' | 'short'} life */
  socketEnded(life) {
    this.#shortSockets = life === 'steady' ? 0 : this.#shortSockets + 1;
  }

  /** WebSocket carries the session now. */
  succeeded() {
    this.cancel();
    if (!this.distrustsWebSocket) this.#attempts = 0;
  }

  #try() {
    this.#environment.clearTimeout(this.#timer);
    this.#timer = null;
    this.#attempts += 1;
    this.#triedAt = this.#environment.now();
    this.#start();
  }
}
