// @ts-check
import { EventStreamReader } from './event_stream.js';
import { NO_REPLY, replyOf } from './http_calls.js';
import { decodeServerMessage, isServerMessage } from './protocol.js';
import { Receiver } from './receiver.js';

// The server begins a stream with a line, and sends a comment every 25 s.
const SHORTEST_SILENCE_MS = 70_000;

/**
 * One response that never ends. Read by fetch, not by EventSource: that hides the status of a refusal, comes back
 * by itself with the URL of its first time, and does not exist everywhere. The position is in the URL, since a
 * `Last-Event-ID` header would cost other origins a preflight.
 */
export class StreamReceiver extends Receiver {
  /** @type {'sse'} */
  name = 'sse';
  #patienceMs;
  #silenceMs;
  #onHeard;
  #onSilent;
  #heardOnce = false;

  /**
   * @param {import('./receiver.js').ReceiverContext} context
   * @param {object} how
   * @param {number} how.patienceMs within which something of the stream has to come
   * @param {number} how.pingMs between the server's signs of life
   * @param {() => void} how.onHeard streams get through
   * @param {() => void} how.onSilent nothing came of this one; it is not heard of again
   */
  constructor(context, { patienceMs, pingMs, onHeard, onSilent }) {
    super(context);
    this.#patienceMs = patienceMs;
    this.#silenceMs = Math.max(SHORTEST_SILENCE_MS, 2 * pingMs + 20_000);
    this.#onHeard = onHeard;
    this.#onSilent = onSilent;
  }

  /** @returns {Promise<'something' | 'nothing'>} */
  async ask() {
    this.#heardOnce = false;
    try {
      await this.within(this.#patienceMs, (limit) => this.#receive(limit));
    } catch {
      this.#onBroken();
    }
    return 'nothing';
  }

  /** @param {import('./http_calls.js').TimeLimit} limit */
  async #receive(limit) {
    const response = await this.context.calls.open('GET', this.url('events'), undefined, limit);
    const isStream = response.headers.get('Content-Type')?.startsWith('text/event-stream') && response.body;
    if (response.status !== 200 || !isStream) {
      await this.#onRefused(response);
      return;
    }
    const pieces = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
    const decoder = new TextDecoder();
    const events = new EventStreamReader();
    for (;;) {
      const { done, value } = await pieces.read();
      if (this.stopped) return;
      if (done) break;
      this.#onPiece(limit);
      for (const data of events.read(decoder.decode(value, { stream: true }))) {
        this.#take(data);
        if (this.stopped) return;
      }
    }
    // A stream that just ends is asked for again; one that ended before it began is no stream.
    if (!this.#heardOnce) throw new TypeError('an empty stream');
  }

  /** @param {import('./http_calls.js').TimeLimit} limit */
  #onPiece(limit) {
    limit.renew(this.#silenceMs);
    this.heard();
    if (this.#heardOnce) return;
    this.#heardOnce = true;
    this.#onHeard();
  }

  /** @param {string} data */
  #take(data) {
    const message = decodeServerMessage(data);
    if (!message) this.fail({ ...NO_REPLY, status: 400 });
    else if (message.type === 'error' && message.seq === undefined) this.fail({ ...NO_REPLY, body: message });
    else this.context.onMessage(message);
  }

  /** @param {Response} response */
  async #onRefused(response) {
    const reply = await replyOf(response);
    // What is not in the words of the protocol comes from something on the way that does not know streams.
    if (isServerMessage(reply.body) && reply.body.type === 'error') this.fail(reply);
    else throw new TypeError('no event stream');
  }

  #onBroken() {
    if (this.stopped || this.asksAgain) return;
    if (this.#heardOnce) this.fail(NO_REPLY);
    else this.#onSilent();
  }
}
