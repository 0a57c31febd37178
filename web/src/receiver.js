// @ts-check
/** How messages come in over HTTP: what polls and event streams have in common. */

/** @typedef {import('./protocol.js').Message} Message */
/** @typedef {import('./http_calls.js').Reply} Reply */
/**
 * @typedef {object} ReceiverContext
 * @property {import('./environment.js').Environment} environment
 * @property {import('./http_calls.js').HttpCalls} calls
 * @property {import('./session_state.js').SessionState} state
 * @property {(message: Message) => void} onMessage
 * @property {(reply: Reply) => void} onFailed the server's answer, or that nobody answered
 */

// An intermediary that answers held requests at once must not turn the client into a flood.
const SHORTEST_EMPTY_MS = 500;
// What was heard this lately needs no other proof that it lives.
const FRESH_MS = 1_000;

/** Asks again and again until it is stopped. What asking means is its subclasses' business. */
export class Receiver {
  /** @type {import('./http_calls.js').TimeLimit | null} of the request under way */
  #limit = null;
  /** What to call at the end of a rest. @type {(() => void) | null} */
  #goOn = null;
  #resting = false;
  #stopped = false;
  #heardAt = 0;
  #again = false;

  /** @param {ReceiverContext} context */
  constructor(context) {
    this.context = context;
  }

  get stopped() {
    return this.#stopped;
  }

  async start() {
    const { environment, calls } = this.context;
    while (!this.#stopped) {
      if (this.#resting) {
        await new Promise((resolve) => (this.#goOn = () => resolve(undefined)));
        continue;
      }
      const asked = environment.now();
      this.#heardAt = asked;
      this.#again = false;
      const got = await this.ask();
      const quick = environment.now() - asked < SHORTEST_EMPTY_MS;
      if (got === 'nothing' && quick && !this.#stopped) await calls.pause(SHORTEST_EMPTY_MS);
    }
  }

  /** Starts no new request, which would take the session back from the transport that says hello meanwhile. */
  rest() {
    this.#resting = true;
  }

  /** Ends the rest. */
  wake() {
    this.#resting = false;
    this.#goOn?.();
  }

  /** The network may have changed under the request that is open: asks anew. */
  recheck() {
    const silent = this.context.environment.now() - this.#heardAt;
    if (!this.#limit || this.#resting || silent < FRESH_MS) return;
    this.#again = true;
    this.#limit.end();
  }

  stop() {
    this.#stopped = true;
    this.#limit?.end();
    this.wake();
  }

  /**
   * One request. Overridden.
   * @returns {Promise<'something' | 'nothing'>}
   */
  async ask() {
    return 'nothing';
  }

  /**
   * @template T
   * @param {number} ms
   * @param {(limit: import('./http_calls.js').TimeLimit) => Promise<T>} request
   */
  async within(ms, request) {
    const { calls } = this.context;
    const limit = calls.limit(ms);
    this.#limit = limit;
    try {
      return await request(limit);
    } finally {
      calls.lift(limit);
      this.#limit = null;
    }
  }

  heard() {
    this.#heardAt = this.context.environment.now();
  }

  /** Whether recheck() ended the request. */
  get asksAgain() {
    return this.#again;
  }

  /** @param {'messages' | 'events'} what */
  url(what) {
    const { session, epoch, lastSeq } = this.context.state;
    return `v1/sessions/${encodeURIComponent(session)}/${what}?after=${lastSeq}&epoch=${encodeURIComponent(epoch)}`;
  }

  /** @param {Reply} reply */
  fail(reply) {
    if (!this.#stopped) this.context.onFailed(reply);
  }
}
