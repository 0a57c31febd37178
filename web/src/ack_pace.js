// @ts-check
/** When to acknowledge what was received: after 32 messages, or a second after the first of them. */

const EVERY_MESSAGES = 32;
const EVERY_MS = 1_000;

export class AckPace {
  #environment;
  #acknowledge;
  #unacknowledged = 0;
  /** @type {any} */
  #timer = null;

  /**
   * @param {import('./environment.js').Environment} environment
   * @param {() => void} acknowledge
   */
  constructor(environment, acknowledge) {
    this.#environment = environment;
    this.#acknowledge = acknowledge;
  }

  delivered() {
    this.#unacknowledged += 1;
    if (this.#unacknowledged >= EVERY_MESSAGES) this.#end();
    else this.#timer ??= this.#environment.setTimeout(() => this.#end(), EVERY_MS);
  }

  /** It was acknowledged, or nobody is left who wants to know. */
  clear() {
    this.#environment.clearTimeout(this.#timer);
    this.#timer = null;
    this.#unacknowledged = 0;
  }

  #end() {
    this.clear();
    this.#acknowledge();
  }
}
