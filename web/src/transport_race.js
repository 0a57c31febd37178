// @ts-check
/**
 * Finds a transport that works: WebSocket first, HTTP when that fails or hangs. Hello is never in
 * flight on two transports at once, since the second one would end or supersede the first one's session.
 */

/** @typedef {import('./transport.js').Transport} Transport */
/** @typedef {import('./transport.js').Closure} Closure */
/** @typedef {import('./protocol.js').Hello} Hello */

const HEAD_START_MS = 1_000;
const WELCOME_MS = 4_000;
const CONNECT_MS = 10_000;

/**
 * @typedef {object} RaceOptions
 * @property {import('./environment.js').Environment} environment
 * @property {Transport | null} webSocket
 * @property {Transport | null} http
 * @property {() => Hello} makeHello
 * @property {(closure: Closure) => void} onFailed nobody won
 */

export class TransportRace {
  #options;
  /** @type {Set<Transport>} still in the race */
  #runners = new Set();
  /** @type {Transport | null} */
  #speaker = null;
  /** @type {Transport | null} open, but somebody else is speaking */
  #ready = null;
  /** @type {any} */
  #headStart = null;
  /** @type {any} */
  #patience = null;
  #over = false;

  /** @param {RaceOptions} options */
  constructor(options) {
    this.#options = options;
  }

  start() {
    const { webSocket, http, environment } = this.#options;
    if (webSocket) this.#runners.add(webSocket);
    if (http) this.#runners.add(http);
    if (!webSocket) {
      http?.connect();
      return;
    }
    if (http) this.#headStart = environment.setTimeout(() => this.#startHttp(), HEAD_START_MS);
    this.#wait(CONNECT_MS, webSocket);
    webSocket.connect();
  }

  /** @param {Transport} transport */
  opened(transport) {
    if (this.#over || !this.#runners.has(transport)) return;
    if (this.#speaker) this.#ready = transport;
    else this.#speak(transport);
  }

  /** @param {Transport} transport */
  won(transport) {
    this.#finish();
    this.#runners.delete(transport);
    for (const runner of this.#runners) runner.close();
    this.#runners.clear();
  }

  /**
   * @param {Transport} transport
   * @param {Closure} closure
   */
  lost(transport, closure) {
    if (this.#over || !this.#runners.delete(transport)) return;
    // An answer of the server counts on every transport; only silence is worth another one.
    if (closure.reason !== 'network' || this.#runners.size === 0) {
      this.cancel();
      this.#options.onFailed(closure);
      return;
    }
    if (this.#speaker === transport) this.#speaker = null;
    if (this.#speaker) return;
    if (this.#ready && this.#runners.has(this.#ready)) this.#speak(this.#ready);
    else if (transport === this.#options.webSocket) this.#startHttp();
  }

  cancel() {
    this.#finish();
    for (const runner of this.#runners) runner.close();
    this.#runners.clear();
  }

  #startHttp() {
    const { environment, http } = this.#options;
    environment.clearTimeout(this.#headStart);
    if (!this.#over && !this.#speaker) http?.connect();
  }

  /** @param {Transport} transport */
  #speak(transport) {
    this.#speaker = transport;
    if (transport.name === 'ws') this.#wait(WELCOME_MS, transport);
    transport.hello(this.#options.makeHello());
  }

  /**
   * @param {number} ms
   * @param {Transport} transport
   */
  #wait(ms, transport) {
    const { environment } = this.#options;
    environment.clearTimeout(this.#patience);
    this.#patience = environment.setTimeout(() => {
      transport.close();
      this.lost(transport, { reason: 'network' });
    }, ms);
  }

  #finish() {
    this.#over = true;
    this.#options.environment.clearTimeout(this.#headStart);
    this.#options.environment.clearTimeout(this.#patience);
  }
}
