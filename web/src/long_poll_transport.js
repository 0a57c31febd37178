// @ts-check
import { isServerMessage } from './protocol.js';
import { closureOfHttp } from './transport.js';

/** @typedef {import('./transport.js').Transport} Transport */
/** @typedef {import('./transport.js').TransportHandlers} TransportHandlers */
/** @typedef {import('./protocol.js').Message} Message */
/** @typedef {import('./protocol.js').Welcome} Welcome */
/** @typedef {{ status: number, body: any, retryAfterMs: number | undefined }} Reply */

const REQUEST_MS = 10_000;
const HOLD_GRACE_MS = 10_000;
// An intermediary that answers held requests at once must not turn the client into a flood.
const SHORTEST_EMPTY_POLL_MS = 500;
const DEFAULT_PAUSE_MS = 1_000;

/** @implements {Transport} */
export class LongPollTransport {
  /** @type {'poll'} */
  name = 'poll';
  #environment;
  #baseUrl;
  #state;
  #handlers;
  #closed = false;
  #welcomed = false;
  #posting = false;
  /** What to call at the end of a rest. @type {(() => void) | null} */
  #goOn = null;
  #resting = false;
  #holdMs = 20_000;
  #abort = new AbortController();
  /** @type {Set<any>} */
  #timers = new Set();

  /**
   * @param {import('./environment.js').Environment} environment
   * @param {URL} baseUrl
   * @param {import('./session_state.js').SessionState} state
   * @param {TransportHandlers} handlers
   */
  constructor(environment, baseUrl, state, handlers) {
    this.#environment = environment;
    this.#baseUrl = baseUrl;
    this.#state = state;
    this.#handlers = handlers;
  }

  connect() {
    this.#handlers.onOpen();
  }

  /** @param {import('./protocol.js').Hello} hello */
  async hello(hello) {
    const reply = await this.#request('POST', 'v1/sessions', hello, REQUEST_MS);
    if (this.#closed) return;
    const opened = reply.status === 200 || reply.status === 201;
    if (!opened || !isServerMessage(reply.body) || reply.body.type !== 'welcome') {
      this.#fail(opened ? { ...reply, status: 400 } : reply);
      return;
    }
    const welcome = /** @type {Welcome} */ (reply.body);
    this.#holdMs = welcome.hold_ms ?? this.#holdMs;
    this.#welcomed = true;
    this.#handlers.onWelcome(welcome);
    this.#receive();
    this.flush();
  }

  flush() {
    if (this.#welcomed && !this.#closed && !this.#posting) this.#post();
  }

  /** The next poll's `after` acknowledges. */
  delivered() {}

  rest() {
    this.#resting = true;
  }

  wake() {
    this.#resting = false;
    this.#goOn?.();
  }

  end() {
    if (this.#closed) return;
    this.close();
    endSession(this.#environment, this.#baseUrl, this.#state);
  }

  close() {
    this.#closed = true;
    this.#abort.abort();
    for (const timer of this.#timers) this.#environment.clearTimeout(timer);
    this.#timers.clear();
  }

  async #receive() {
    while (!this.#closed) {
      if (this.#resting) {
        await new Promise((resolve) => (this.#goOn = () => resolve(undefined)));
        continue;
      }
      const asked = this.#environment.now();
      const query = `?after=${this.#state.lastSeq}&epoch=${encodeURIComponent(this.#state.epoch)}`;
      const reply = await this.#request('GET', this.#path() + query, undefined, this.#holdMs + HOLD_GRACE_MS);
      if (this.#closed) return;
      if (reply.status !== 200 || !Array.isArray(reply.body?.messages)) return this.#fail(reply);
      for (const message of reply.body.messages) {
        if (!isServerMessage(message)) return this.#fail({ ...reply, status: 400 });
        this.#handlers.onMessage(message);
        if (this.#closed) return;
      }
      const quick = this.#environment.now() - asked < SHORTEST_EMPTY_POLL_MS;
      if (reply.body.messages.length === 0 && quick) await this.#pause(SHORTEST_EMPTY_POLL_MS);
    }
  }

  async #post() {
    this.#posting = true;
    while (!this.#closed) {
      // The braces, epoch and commas of the body need a little of what the server takes.
      const messages = this.#state.takeUnsent(this.#state.bodyBytes - 256);
      if (messages.length === 0) break;
      const body = { epoch: this.#state.epoch, messages };
      const reply = await this.#request('POST', this.#path(), body, REQUEST_MS);
      if (this.#closed) return;
      await this.#onPosted(reply);
    }
    this.#posting = false;
  }

  /** @param {Reply} reply */
  async #onPosted(reply) {
    if (reply.status === 202 && typeof reply.body?.received === 'number') {
      this.#handlers.onConfirmed(reply.body.received);
      if (this.#state.inFlight > 0) await this.#sendAgainAfter(DEFAULT_PAUSE_MS);
    } else if (reply.status === 409 && reply.body?.code === 'bad_sequence') {
      this.#handlers.onMessage(reply.body);
    } else if (reply.status === 413) {
      this.#handlers.onTooLarge();
    } else if (reply.status === 429) {
      await this.#sendAgainAfter(reply.retryAfterMs ?? DEFAULT_PAUSE_MS);
    } else {
      this.#fail(reply);
    }
  }

  /** @param {number} ms */
  #sendAgainAfter(ms) {
    this.#state.rewind();
    return this.#pause(ms);
  }

  #path() {
    return `v1/sessions/${encodeURIComponent(this.#state.session)}/messages`;
  }

  /** @param {Reply} reply */
  #fail(reply) {
    if (this.#closed) return;
    this.close();
    const error = isServerMessage(reply.body) && reply.body.type === 'error' ? reply.body : undefined;
    this.#handlers.onClosed(closureOfHttp(reply.status, error, reply.retryAfterMs));
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {object | undefined} body
   * @param {number} timeoutMs
   * @returns {Promise<Reply>} status 0 when nobody answered
   */
  async #request(method, path, body, timeoutMs) {
    const abort = new AbortController();
    const stop = () => abort.abort();
    this.#abort.signal.addEventListener('abort', stop);
    const timer = this.#environment.setTimeout(stop, timeoutMs);
    this.#timers.add(timer);
    try {
      const response = await this.#environment.fetch(new URL(path, this.#baseUrl).href, {
        method,
        cache: 'no-store',
        signal: abort.signal,
        ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: parse(text), retryAfterMs: retryAfterMs(response) };
    } catch {
      return { status: 0, body: null, retryAfterMs: undefined };
    } finally {
      this.#abort.signal.removeEventListener('abort', stop);
      this.#environment.clearTimeout(timer);
      this.#timers.delete(timer);
    }
  }

  /** @param {number} ms */
  #pause(ms) {
    return new Promise((resolve) => {
      const timer = this.#environment.setTimeout(() => resolve(undefined), ms);
      this.#timers.add(timer);
    });
  }
}

/**
 * Ends a session without waiting for the answer; works while the page goes away.
 * @param {import('./environment.js').Environment} environment
 * @param {URL} baseUrl
 * @param {import('./session_state.js').SessionState} state
 */
export function endSession(environment, baseUrl, state) {
  if (!state.session) return;
  const path = `v1/sessions/${encodeURIComponent(state.session)}?epoch=${encodeURIComponent(state.epoch)}`;
  const request = { method: 'DELETE', keepalive: true };
  environment.fetch(new URL(path, baseUrl).href, request).catch(() => {});
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
