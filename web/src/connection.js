// @ts-check
/**
 * Keeps a session connected: races the transports, reconnects with back-off, moves from HTTP to WebSocket, and
 * hands on each numbered message once and in order. What the messages mean is the client's business.
 */
import { backoffMs } from './backoff.js';
import { HttpTransport, endSession } from './http_transport.js';
import { StreamTrust } from './stream_trust.js';
import { TransportRace } from './transport_race.js';
import { TransportUpgrade } from './transport_upgrade.js';
import { Verdict } from './verdict.js';
import { WebSocketTransport } from './websocket_transport.js';

/** @typedef {import('./protocol.js').Message} Message */
/** @typedef {import('./protocol.js').Hello} Hello */
/** @typedef {import('./protocol.js').Welcome} Welcome */
/** @typedef {import('./transport.js').Transport} Transport */
/** @typedef {import('./transport.js').TransportName} TransportName */
/** @typedef {import('./transport.js').Closure} Closure */
/** @typedef {'idle' | 'connecting' | 'open' | 'reconnecting' | 'stopped'} ConnectionState */
/**
 * @typedef {object} ConnectionHandlers
 * @property {() => Hello} makeHello
 * @property {(state: ConnectionState) => void} onState
 * @property {(welcome: Welcome) => void} onWelcome the session state has it already
 * @property {(samePeer: boolean) => void} onAnew the numbering starts anew, nothing is in flight
 * @property {(message: Message) => void} onMessage numbered
 * @property {(why: { code: string, text: string }) => void} onStopped it is of no use to try again
 */
/**
 * @typedef {object} ConnectionOptions
 * @property {import('./environment.js').Environment} environment
 * @property {URL} baseUrl
 * @property {TransportName[]} transports those that may be used
 * @property {import('./session_state.js').SessionState} session
 * @property {ConnectionHandlers} handlers
 */

const STEADY_MS = 10_000;
/** Best first. @type {TransportName[]} */
export const TRANSPORTS = ['ws', 'sse', 'poll'];

export class Connection {
  #environment;
  #baseUrl;
  /** @type {Set<TransportName>} */
  #allowed = new Set();
  #session;
  #handlers;
  #verdict = new Verdict();
  #streams = new StreamTrust();
  #upgrade;
  /** @type {ConnectionState} */
  #state = 'idle';
  /** @type {TransportRace | null} */
  #race = null;
  /** @type {Transport | null} */
  #transport = null;
  /** Why the transport ended while a better one was about to take over. @type {Closure | null} */
  #parked = null;
  /** @type {any} */
  #timer = null;
  #welcomedAt = 0;
  /** The server asked not to be called before. */
  #welcomeFrom = -Infinity;
  failures = 0;
  counters = { resumed: 0, anew: 0, duplicates: 0, gaps: 0, received: 0 };

  /** @param {ConnectionOptions} options */
  constructor({ environment, baseUrl, transports, session, handlers }) {
    this.#environment = environment;
    this.#baseUrl = baseUrl;
    this.#session = session;
    this.#handlers = handlers;
    this.#upgrade = new TransportUpgrade(environment, () => this.#startUpgrade());
    this.#allow(transports);
  }

  get state() {
    return this.#state;
  }

  /** @returns {TransportName | null} */
  get transport() {
    return this.#state === 'open' ? (this.#transport?.name ?? null) : null;
  }

  start() {
    if (this.#state === 'idle') this.#connect();
  }

  /** Sends what the session state has unsent. */
  flush() {
    this.#transport?.flush();
  }

  /** The network may have changed. */
  wake() {
    this.#streams.forget();
    if (this.#state === 'open') {
      this.#transport?.recheck?.();
      this.#upgrade.soon();
    } else if (this.#state === 'reconnecting' && !this.#race && !this.#isUnwelcome) {
      this.#connect();
    }
  }

  /**
   * Goes on with the best of these transports, at once if another one carries the session.
   * @param {TransportName[]} transports
   */
  use(transports) {
    this.#allow(transports);
    this.#streams.forget();
    const best = TRANSPORTS.find((name) => this.#allowed.has(name));
    const settled = this.#state === 'open' && this.transport === best && !this.#parked;
    if (settled) this.#transport?.wake?.();
    if (settled || this.#state === 'idle' || this.#state === 'stopped' || this.#isUnwelcome) return;
    this.#connect();
  }

  /**
   * Ends the session, too.
   * @param {import('./signaling_client.js').Ending} [how]
   */
  stop({ unloading = false } = {}) {
    // The end still needs its transport, which drop() would close.
    const transport = this.#parked ? null : this.#transport;
    this.#transport = null;
    this.#drop();
    if (transport) {
      if (transport.name === 'ws') this.#session.enqueue({ type: 'bye' });
      transport.end();
    }
    // What a WebSocket sends while its page goes away may never leave the browser.
    if (!transport || (unloading && transport.name === 'ws')) {
      endSession(this.#environment, this.#baseUrl, this.#session);
    }
    this.#setState('stopped');
  }

  #connect() {
    this.#drop();
    this.#setState(this.#session.session ? 'reconnecting' : 'connecting');
    const http = this.#receiveChoice !== null;
    this.#race = this.#makeRace({
      webSocket: this.#allowed.has('ws') && !(http && this.#upgrade.distrustsWebSocket),
      http,
      makeHello: () => this.#handlers.makeHello(),
      onFailed: (closure) => this.#onHelloFailed(closure),
    });
    this.#race.start();
  }

  /** HTTP goes on while a WebSocket is tried. */
  #startUpgrade() {
    const race = this.#makeRace({
      webSocket: true,
      http: false,
      makeHello: () => {
        this.#upgrade.spoke();
        this.#transport?.rest?.();
        return this.#handlers.makeHello();
      },
      onFailed: () => this.#onUpgradeFailed(),
    });
    this.#upgrade.began(race);
    race.start();
  }

  /** @param {{ webSocket: boolean, http: boolean, makeHello: () => Hello, onFailed: (closure: Closure) => void }} plan */
  #makeRace({ webSocket, http, makeHello, onFailed }) {
    /** @param {(handlers: import('./transport.js').TransportHandlers) => Transport} construct */
    const make = (construct) => {
      /** @type {Transport} */
      const transport = construct({
        onOpen: () => race.opened(transport),
        onWelcome: (welcome) => this.#onWelcome(race, transport, welcome),
        onMessage: (message) => this.#onMessage(transport, message),
        onConfirmed: (n) => this.#session.confirm(n),
        onTooLarge: () => this.#session.dropLargest(),
        onRenamed: () => this.#transport === transport && this.#setState('open'),
        onClosed: (closure) => (this.#transport === transport ? this.#onLost(closure) : race.lost(transport, closure)),
      });
      return transport;
    };
    const [environment, baseUrl, session] = [this.#environment, this.#baseUrl, this.#session];
    const [receive, trust] = [this.#receiveChoice, this.#streams];
    const race = new TransportRace({
      environment,
      webSocket: webSocket ? make((handlers) => new WebSocketTransport(environment, baseUrl, session, handlers)) : null,
      http: http && receive ? make((handlers) => new HttpTransport(environment, baseUrl, session, handlers, { receive, trust })) : null,
      makeHello,
      onFailed,
    });
    return race;
  }

  /**
   * @param {TransportRace} race
   * @param {Transport} transport
   * @param {Welcome} welcome
   */
  #onWelcome(race, transport, welcome) {
    race.won(transport);
    this.#race = null;
    // What a goaway of the transport before had put off is done.
    this.#environment.clearTimeout(this.#timer);
    this.#timer = null;
    this.#parked = null;
    this.#transport?.close();
    this.#transport = transport;
    this.#welcomedAt = this.#environment.now();
    const peer = this.#session.peer;
    const how = this.#session.apply(welcome);
    if (how === 'resumed') this.counters.resumed += 1;
    if (how === 'anew') this.#onAnew(peer === welcome.peer);
    if (transport.name === 'ws') this.#upgrade.succeeded();
    else if (this.#allowed.has('ws')) this.#upgrade.schedule();
    this.#setState('open');
    this.#handlers.onWelcome(welcome);
  }

  /** @param {boolean} samePeer */
  #onAnew(samePeer) {
    this.counters.anew += 1;
    this.#handlers.onAnew(samePeer);
  }

  /**
   * @param {Transport} transport
   * @param {Message} message
   */
  #onMessage(transport, message) {
    if (transport !== this.#transport) return;
    if (message.seq === undefined) return this.#onUnnumbered(message);
    const arrival = this.#session.receive(message.seq);
    if (arrival === 'gap') {
      this.counters.gaps += 1;
      transport.close();
      return this.#onLost({ reason: 'network' });
    }
    transport.delivered();
    if (arrival === 'duplicate') {
      this.counters.duplicates += 1;
      return;
    }
    this.counters.received += 1;
    this.#verdict.onMessage();
    this.#handlers.onMessage(message);
  }

  /** @param {Message} message */
  #onUnnumbered(message) {
    if (message.type === 'goaway') {
      // Leaving before the instance does spares the peer an "away".
      this.#environment.clearTimeout(this.#timer);
      const wait = message.after_ms * this.#environment.random();
      this.#timer = this.#environment.setTimeout(() => this.#connect(), wait);
    } else if (message.type === 'error' && message.code === 'bad_sequence') {
      if (this.#session.rewindTo(message.expected)) this.#transport?.flush();
      else this.#onLost({ reason: 'session_lost' });
    }
  }

  /**
   * The running transport broke.
   * @param {Closure} closure
   */
  #onLost(closure) {
    if (this.#upgrade.speaking) {
      this.#parked = closure;
      return;
    }
    const steady = this.#environment.now() - this.#welcomedAt > STEADY_MS;
    if (steady) this.failures = 0;
    if (this.#transport?.name === 'ws' && closure.reason === 'network') this.#upgrade.socketEnded(steady ? 'steady' : 'short');
    this.#drop();
    if (closure.reason === 'session_lost') this.#session.abandon();
    if (closure.reason === 'too_large') this.#session.dropLargest();
    this.#retry(closure);
  }

  #onUpgradeFailed() {
    this.#upgrade.failed();
    const parked = this.#parked;
    this.#parked = null;
    // It was our own hello that ended the receive over HTTP.
    if (parked) return this.#onLost(parked.reason === 'superseded' ? { reason: 'network' } : parked);
    this.#transport?.wake?.();
    this.#upgrade.schedule();
  }

  /**
   * No transport got a welcome.
   * @param {Closure} closure
   */
  #onHelloFailed(closure) {
    this.#race = null;
    const proof = this.#session.resumeToken !== '' || this.#session.session !== '';
    const proofRefused = proof && (closure.reason === 'session_lost' || closure.code === 'unauthorized');
    if (proofRefused) {
      this.#session.forget();
      this.#onAnew(false);
    }
    this.#retry(proofRefused ? { ...closure, reason: 'session_lost' } : closure);
  }

  /** @param {Closure} closure */
  #retry(closure) {
    const verdict = this.#verdict.on(closure, this.#environment.now());
    if (verdict) {
      this.#setState('stopped');
      this.#handlers.onStopped(verdict);
      return;
    }
    const backoff = backoffMs(this.failures, this.#environment.random());
    this.failures += 1;
    const wait = Math.max(backoff, closure.retryAfterMs ?? 0);
    this.#welcomeFrom = this.#environment.now() + (closure.retryAfterMs ?? 0);
    this.#setState('reconnecting');
    this.#timer = this.#environment.setTimeout(() => this.#connect(), wait);
  }

  #drop() {
    this.#environment.clearTimeout(this.#timer);
    this.#timer = null;
    this.#race?.cancel();
    this.#race = null;
    this.#upgrade.cancel();
    this.#parked = null;
    this.#transport?.close();
    this.#transport = null;
  }

  /** @param {TransportName[]} transports */
  #allow(transports) {
    const usable = transports.filter((name) => name !== 'ws' || this.#environment.WebSocket);
    // With nothing left that could work, what was asked for fails and says so.
    this.#allowed = new Set(usable.length > 0 ? usable : transports);
    if (!this.#allowed.has('ws')) this.#upgrade.cancel();
  }

  /** @returns {import('./http_transport.js').ReceiveChoice | null} */
  get #receiveChoice() {
    const [stream, poll] = [this.#allowed.has('sse'), this.#allowed.has('poll')];
    return stream && poll ? 'either' : stream ? 'sse' : poll ? 'poll' : null;
  }

  /** Whether the server asked not to be called yet. */
  get #isUnwelcome() {
    return this.#state === 'reconnecting' && !this.#race && this.#environment.now() < this.#welcomeFrom;
  }

  /** @param {ConnectionState} state */
  #setState(state) {
    this.#state = state;
    this.#handlers.onState(state);
  }
}
