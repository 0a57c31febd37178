// @ts-check
/** Time that moves only when a test says so. */

/** Lets everything that needs no time happen. */
export async function settle() {
  for (let round = 0; round < 20; round += 1) await new Promise((done) => setImmediate(done));
}

export class FakeClock {
  #now = 0;
  #lastId = 0;
  /** @type {Map<number, { at: number, callback: () => void }>} */
  #timers = new Map();

  now = () => this.#now;

  /** @param {() => void} callback @param {number} ms */
  setTimeout = (callback, ms) => {
    this.#lastId += 1;
    this.#timers.set(this.#lastId, { at: this.#now + Math.max(0, ms), callback });
    return this.#lastId;
  };

  /** @param {number} id */
  clearTimeout = (id) => {
    this.#timers.delete(id);
  };

  /** Milliseconds until the next timer, or null. */
  get untilNext() {
    const times = [...this.#timers.values()].map((timer) => timer.at);
    return times.length === 0 ? null : Math.min(...times) - this.#now;
  }

  /** @param {number} ms */
  async advance(ms) {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const due = [...this.#timers.entries()].filter(([, timer]) => timer.at <= end).sort((a, b) => a[1].at - b[1].at)[0];
      if (!due) break;
      this.#timers.delete(due[0]);
      this.#now = Math.max(this.#now, due[1].at);
      due[1].callback();
      await settle();
    }
    this.#now = end;
  }
}
