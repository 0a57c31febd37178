// @ts-check
/** The HTTP requests of one transport: each has a time limit, and close() ends them all. */

/** @typedef {{ status: number, body: any, retryAfterMs: number | undefined }} Reply */

/** @type {Reply} */
export const NO_REPLY = { status: 0, body: null, retryAfterMs: undefined };

/** Ends a request when its time is over. */
export class TimeLimit {
  #environment;
  #abort = new AbortController();
  /** @type {any} */
  #timer = null;

  /**
   * @param {import('./environment.js').Environment} environment
   * @param {number} ms
   */
  constructor(environment, ms) {
    this.#environment = environment;
    this.renew(ms);
  }

  get signal() {
    return this.#abort.signal;
  }

  /** @param {number} ms from now on */
  renew(ms) {
    this.#environment.clearTimeout(this.#timer);
    this.#timer = this.#environment.setTimeout(() => this.end(), ms);
  }

  /** Ends the request now. */
  end() {
    this.lift();
    this.#abort.abort();
  }

  /** The request needs no limit any more. */
  lift() {
    this.#environment.clearTimeout(this.#timer);
  }
}

export class HttpCalls {
  #environment;
  #baseUrl;
  /** @type {Set<TimeLimit>} */
  #limits = new Set();
  /** @type {Set<any>} */
  #timers = new Set();

  /**
   * @param {import('./environment.js').Environment} environment
   * @param {URL} baseUrl
   */
  constructor(environment, baseUrl) {
    this.#environment = environment;
    this.#baseUrl = baseUrl;
  }

  /** @param {number} ms */
  limit(ms) {
    const limit = new TimeLimit(this.#environment, ms);
    this.#limits.add(limit);
    return limit;
  }

  /** @param {TimeLimit} limit */
  lift(limit) {
    limit.lift();
    this.#limits.delete(limit);
  }

  /**
   * Asks, and waits for the whole answer.
   * @param {string} method
   * @param {string} path
   * @param {object | undefined} body
   * @param {number | TimeLimit} limit milliseconds, or one that was made before
   * @returns {Promise<Reply>} status 0 when nobody answered
   */
  async call(method, path, body, limit) {
    const chosen = typeof limit === 'number' ? this.limit(limit) : limit;
    try {
      return await replyOf(await this.open(method, path, body, chosen));
    } catch {
      return NO_REPLY;
    } finally {
      this.lift(chosen);
    }
  }

  /**
   * Asks, and waits for the head of the answer only. The limit still holds for the rest.
   * @param {string} method
   * @param {string} path
   * @param {object | undefined} body
   * @param {TimeLimit} limit
   * @returns {Promise<Response>}
   */
  open(method, path, body, limit) {
    return this.#environment.fetch(new URL(path, this.#baseUrl).href, {
      method,
      cache: 'no-store',
      signal: limit.signal,
      ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
    });
  }

  /** @param {number} ms */
  pause(ms) {
    return new Promise((resolve) => {
      const timer = this.#environment.setTimeout(() => {
        this.#timers.delete(timer);
        resolve(undefined);
      }, ms);
      this.#timers.add(timer);
    });
  }

  close() {
    for (const limit of this.#limits) limit.end();
    this.#limits.clear();
    for (const timer of this.#timers) this.#environment.clearTimeout(timer);
    this.#timers.clear();
  }
}

/**
 * @param {Response} response
 * @returns {Promise<Reply>}
 */
export async function replyOf(response) {
  const text = await response.text();
  return { status: response.status, body: parse(text), retryAfterMs: retryAfterMs(response) };
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** @param {Response} response */
function retryAfterMs(response) {
  const seconds = Number(response.headers.get('Retry-After') ?? NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}
