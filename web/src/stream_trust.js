// @ts-check
/**
 * Whether event streams get through to this client. Some proxies keep a response back until it ends: then nothing of
 * a stream arrives, and long-poll is used for a while without asking again at each connect. No I/O.
 */

const DISTRUST_MS = 300_000;
const STRIKES_LIMIT = 2;

export class StreamTrust {
  #proven = false;
  #strikes = 0;
  #distrustedUntil = -Infinity;

  /** @param {number} now milliseconds */
  trusts(now) {
    return now >= this.#distrustedUntil;
  }

  /** Something of a stream arrived. */
  onHeard() {
    this.#proven = true;
    this.#strikes = 0;
  }

  /**
   * A stream brought nothing. Where streams got through before, once may be the server's trouble.
   * @param {number} now milliseconds
   */
  onSilent(now) {
    this.#strikes += 1;
    if (!this.#proven || this.#strikes >= STRIKES_LIMIT) this.#distrustedUntil = now + DISTRUST_MS;
  }

  /** The network may have changed. */
  forget() {
    this.#proven = false;
    this.#strikes = 0;
    this.#distrustedUntil = -Infinity;
  }
}
