// @ts-check
/** Decides when it is of no use to try again: the server said so, or the same trouble came too often. No I/O. */

/** @typedef {import('./transport.js').Closure} Closure */

const SUPERSEDED_WINDOW_MS = 10_000;
const SUPERSEDED_LIMIT = 3;
const BAD_LIMIT = 3;

export class Verdict {
  #badRows = 0;
  /** @type {number[]} */
  #supersededAt = [];

  /** A message of the server arrived well. */
  onMessage() {
    this.#badRows = 0;
  }

  /**
   * @param {Closure} closure
   * @param {number} now milliseconds
   * @returns {{ code: string, text: string } | null} why to stop
   */
  on({ reason, code, text = '' }, now) {
    if (reason === 'refused') return { code: code ?? 'forbidden', text };
    if (reason === 'bad' && ++this.#badRows >= BAD_LIMIT) return { code: code ?? 'bad_message', text };
    if (reason === 'superseded') {
      this.#supersededAt = [...this.#supersededAt.filter((at) => now - at < SUPERSEDED_WINDOW_MS), now];
      if (this.#supersededAt.length >= SUPERSEDED_LIMIT) return { code: 'superseded', text };
    }
    return null;
  }
}
