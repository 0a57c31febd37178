// @ts-check
import { AckPace } from './ack_pace.js';
import { HttpCalls } from './http_calls.js';
import { PollReceiver } from './poll_receiver.js';
import { isServerMessage } from './protocol.js';
import { StreamReceiver } from './stream_receiver.js';
import { closureOfHttp } from './transport.js';

/** @typedef {import('./transport.js').Transport} Transport */
/** @typedef {import('./transport.js').TransportHandlers} TransportHandlers */
/** @typedef {import('./protocol.js').Message} Message */
/** @typedef {import('./protocol.js').Welcome} Welcome */
/** @typedef {import('./http_calls.js').Reply} Reply */
/**
 * How to receive: `either` begins with an event stream and goes on with long-poll where streams do not get through.
 * @typedef {'either' | 'sse' | 'poll'} ReceiveChoice
 */

const REQUEST_MS = 10_000;
const DEFAULT_PAUSE_MS = 1_000;
const DEFAULT_HOLD_MS = 20_000;
const DEFAULT_PING_MS = 25_000;
// A stream that brings nothing for this long is kept back on its way, unless the way is slow for all.
const SHORTEST_PATIENCE_MS = 1_000;
const LONGEST_PATIENCE_MS = 5_000;

/**
 * A session over HTTP: one POST at a time sends, one request that is kept open receives.
 * @implements {Transport}
 */
export class HttpTransport {
  #environment;
  #baseUrl;
  #state;
  #handlers;
  #receive;
  #trust;
  #calls;
  #acks;
  #ackDue = false;
  /** @type {PollReceiver | StreamReceiver | null} */
  #receiver = null;
  #holdMs = DEFAULT_HOLD_MS;
  #closed = false;
  #posting = false;

  /**
   * @param {import('./environment.js').Environment} environment
   * @param {URL} baseUrl
   * @param {import('./session_state.js').SessionState} state
   * @param {TransportHandlers} handlers
   * @param {{ receive: ReceiveChoice, trust: import('./stream_trust.js').StreamTrust }} how
   */
  constructor(environment, baseUrl, state, handlers, { receive, trust }) {
    this.#environment = environment;
    this.#baseUrl = baseUrl;
    this.#state = state;
    this.#handlers = handlers;
    this.#receive = receive;
    this.#trust = trust;
    this.#calls = new HttpCalls(environment, baseUrl);
    this.#acks = new AckPace(environment, () => this.#acknowledge());
  }

  /** @returns {'sse' | 'poll'} */
  get name() {
    return this.#receiver?.name ?? (this.#receive === 'sse' ? 'sse' : 'poll');
  }

  connect() {
    this.#handlers.onOpen();
  }

  /** @param {import('./protocol.js').Hello} hello */
  async hello(hello) {
    const asked = this.#environment.now();
    const reply = await this.#calls.call('POST', 'v1/sessions', hello, REQUEST_MS);
    if (this.#closed) return;
    const opened = reply.status === 200 || reply.status === 201;
    if (!opened || !isServerMessage(reply.body) || reply.body.type !== 'welcome') {
      this.#fail(opened ? { ...reply, status: 400 } : reply);
      return;
    }
    const welcome = /** @type {Welcome} */ (reply.body);
    this.#holdMs = welcome.hold_ms ?? DEFAULT_HOLD_MS;
    this.#receiver = this.#makeReceiver(welcome, this.#environment.now() - asked);
    this.#handlers.onWelcome(welcome);
    this.#receiver.start();
    this.flush();
  }

  flush() {
    if (this.#receiver && !this.#closed && !this.#posting) this.#post();
  }

  /** The next poll's `after` acknowledges, a stream has nothing like that. */
  delivered() {
    if (this.name === 'sse') this.#acks.delivered();
  }

  rest() {
    this.#receiver?.rest();
  }

  wake() {
    this.#receiver?.wake();
  }

  recheck() {
    this.#receiver?.recheck();
  }

  end() {
    if (this.#closed) return;
    this.close();
    endSession(this.#environment, this.#baseUrl, this.#state);
  }

  close() {
    this.#closed = true;
    this.#acks.clear();
    this.#receiver?.stop();
    this.#calls.close();
  }

  /**
   * @param {Welcome} welcome
   * @param {number} answeredInMs how long hello took
   */
  #makeReceiver(welcome, answeredInMs) {
    const streams = this.#receive === 'sse' || (this.#receive === 'either' && this.#trust.trusts(this.#environment.now()));
    if (!streams) return this.#makePollReceiver();
    return new StreamReceiver(this.#receiverContext(), {
      patienceMs: Math.min(LONGEST_PATIENCE_MS, Math.max(SHORTEST_PATIENCE_MS, 2 * answeredInMs)),
      pingMs: welcome.ping_ms ?? DEFAULT_PING_MS,
      onHeard: () => this.#trust.onHeard(),
      onSilent: () => this.#onSilent(),
    });
  }

  #makePollReceiver() {
    return new PollReceiver(this.#receiverContext(), this.#holdMs);
  }

  /** @returns {import('./receiver.js').ReceiverContext} */
  #receiverContext() {
    return {
      environment: this.#environment,
      calls: this.#calls,
      state: this.#state,
      onMessage: (message) => this.#handlers.onMessage(message),
      onFailed: (reply) => this.#fail(reply),
    };
  }

  /** Nothing came of the event stream. */
  #onSilent() {
    this.#trust.onSilent(this.#environment.now());
    if (this.#receive !== 'either' || this.#trust.trusts(this.#environment.now())) {
      this.#finish({ reason: 'network', text: 'the event stream does not get through' });
      return;
    }
    // The poll acknowledges what the stream brought, and takes the session from a stream that may still be open.
    this.#acks.clear();
    this.#receiver?.stop();
    this.#receiver = this.#makePollReceiver();
    this.#handlers.onRenamed();
    this.#receiver.start();
  }

  #acknowledge() {
    this.#ackDue = true;
    this.flush();
  }

  async #post() {
    this.#posting = true;
    while (!this.#closed) {
      // The braces, epoch and commas of the body need a little of what the server takes.
      const messages = this.#state.takeUnsent(this.#state.bodyBytes - 256);
      if (messages.length === 0 && !this.#ackDue) break;
      const ack = this.name === 'sse' ? { ack: this.#state.lastSeq } : {};
      this.#ackDue = false;
      this.#acks.clear();
      const reply = await this.#calls.call('POST', this.#path(), { epoch: this.#state.epoch, ...ack, messages }, REQUEST_MS);
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
      return;
    }
    // Refused as a whole, with the acknowledgement.
    this.#ackDue = this.name === 'sse';
    if (reply.status === 409 && reply.body?.code === 'bad_sequence') {
      this.#handlers.onMessage(reply.body);
    } else if (reply.status === 413) {
      this.#handlers.onTooLarge();
    } else if (reply.status === 429) {
      await this.#sendAgainAfter(reply.retryAfterMs ?? reply.body?.retry_after_ms ?? DEFAULT_PAUSE_MS);
    } else {
      this.#fail(reply);
    }
  }

  /** @param {number} ms */
  #sendAgainAfter(ms) {
    this.#state.rewind();
    return this.#calls.pause(ms);
  }

  #path() {
    return `v1/sessions/${encodeURIComponent(this.#state.session)}/messages`;
  }

  /** @param {Reply} reply */
  #fail(reply) {
    const error = isServerMessage(reply.body) && reply.body.type === 'error' ? reply.body : undefined;
    this.#finish(closureOfHttp(reply.status, error, reply.retryAfterMs));
  }

  /** @param {import('./transport.js').Closure} closure */
  #finish(closure) {
    if (this.#closed) return;
    this.close();
    this.#handlers.onClosed(closure);
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
