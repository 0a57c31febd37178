// @ts-check
import { backoffMs } from './backoff.js';
import { Emitter } from './emitter.js';
import { browserEnvironment } from './environment.js';
import { LongPollTransport, endSession } from './long_poll_transport.js';
import { PROTOCOL_VERSION } from './protocol.js';
import { SessionState } from './session_state.js';
import { TransportRace } from './transport_race.js';
import { WebSocketTransport } from './websocket_transport.js';

/** @typedef {import('./protocol.js').Message} Message */
/** @typedef {import('./protocol.js').IceServer} IceServer */
/** @typedef {import('./protocol.js').Welcome} Welcome */
/** @typedef {import('./transport.js').Transport} Transport */
/** @typedef {import('./transport.js').TransportName} TransportName */
/** @typedef {import('./transport.js').Closure} Closure */
/** @typedef {'idle' | 'connecting' | 'open' | 'reconnecting' | 'stopped'} ClientState */
/**
 * - `state`: how the connection to the server is
 * - `message`: each numbered message of the server, once and in order
 * - `anew`: the session was lost and another one took its place; what was in flight is gone
 * - `ice-servers`: a fresh list
 * - `stopped`: the client gave up; `code` says why
 * @typedef {object} ClientEvents
 * @property {{ state: ClientState, transport: TransportName | null, failures: number }} state
 * @property {Message} message
 * @property {{ samePeer: boolean }} anew
 * @property {IceServer[]} ice-servers
 * @property {{ code: string, text: string }} stopped
 */
/**
 * @typedef {object} ClientOptions
 * @property {URL} baseUrl
 * @property {'auto' | 'ws' | 'poll'} [transport]
 * @property {import('./environment.js').Environment} [environment]
 */

const STEADY_MS = 10_000;
const SUPERSEDED_WINDOW_MS = 10_000;
const SUPERSEDED_LIMIT = 3;
const BAD_LIMIT = 3;

/**
 * A signaling session that outlives its connections: every message sent arrives once and in order, and
 * so does every message of the server, whatever happens to the transports.
 * @extends {Emitter<ClientEvents>}
 */
export class SignalingClient extends Emitter {
  #environment;
  #baseUrl;
  #mode;
  #session = new SessionState();
  /** @type {ClientState} */
  #state = 'idle';
  /** @type {TransportRace | null} */
  #race = null;
  /** @type {Transport | null} */
  #transport = null;
  /** @type {any} */
  #timer = null;
  /** @type {Message | null} the room to be in, joined again when the server forgot it */
  #join = null;
  #tokenKnowsRoom = false;
  #welcomedAt = 0;
  #failures = 0;
  #badRows = 0;
  /** @type {number[]} */
  #supersededAt = [];
  counters = { resumed: 0, anew: 0, duplicates: 0, gaps: 0, sent: 0, received: 0 };

  /** @param {ClientOptions} options */
  constructor({ baseUrl, transport = 'auto', environment = browserEnvironment() }) {
    super();
    this.#baseUrl = baseUrl;
    this.#mode = transport;
    this.#environment = environment;
  }

  get state() {
    return this.#state;
  }

  get peer() {
    return this.#session.peer;
  }

  get transport() {
    return this.#state === 'open' ? (this.#transport?.name ?? null) : null;
  }

  start() {
    if (this.#state === 'idle') this.#connect();
  }

  /**
   * @param {string} room
   * @param {{ name?: string, capacity?: number }} [options]
   */
  join(room, options = {}) {
    this.#join = { type: 'join', room, ...options };
    this.#tokenKnowsRoom = false;
    return this.#send(this.#join);
  }

  leave() {
    this.#join = null;
    return this.#send({ type: 'leave' });
  }

  /**
   * @param {string} to
   * @param {{ kind: string, [field: string]: any }} data
   * @returns {boolean} false when it is too large to be sent
   */
  signal(to, data) {
    return this.#send({ type: 'signal', to, data });
  }

  requestIceServers() {
    return this.#send({ type: 'ice' });
  }

  /** The network may have changed: try now, and find out whether an open connection still lives. */
  wake() {
    if (this.#state === 'reconnecting' && !this.#race) this.#connect();
    else if (this.#state === 'open' && this.#session.pending === 0) this.requestIceServers();
  }

  /** Ends the session. Works while the page goes away. */
  stop() {
    if (this.#state === 'stopped') return;
    // The end still needs its transport, which drop() would close.
    const transport = this.#transport;
    this.#transport = null;
    this.#drop();
    if (transport) {
      if (transport.name === 'ws') this.#session.enqueue({ type: 'bye' });
      transport.end();
    } else {
      endSession(this.#environment, this.#baseUrl, this.#session);
    }
    this.#setState('stopped');
  }

  /** @param {Message} message */
  #send(message) {
    if (this.#state === 'stopped' || !this.#session.enqueue(message)) return false;
    this.counters.sent += 1;
    this.#transport?.flush();
    return true;
  }

  #connect() {
    this.#drop();
    this.#setState(this.#session.session ? 'reconnecting' : 'connecting');
    /** @type {(make: typeof WebSocketTransport | typeof LongPollTransport) => Transport} */
    const make = (Make) => {
      /** @type {Transport} */
      const transport = new Make(this.#environment, this.#baseUrl, this.#session, {
        onOpen: () => race.opened(transport),
        onWelcome: (welcome) => this.#onWelcome(transport, welcome),
        onMessage: (message) => this.#onMessage(transport, message),
        onConfirmed: (n) => this.#session.confirm(n),
        onTooLarge: () => this.#session.dropLargest(),
        onClosed: (closure) => (this.#transport === transport ? this.#onLost(closure) : race.lost(transport, closure)),
      });
      return transport;
    };
    const race = new TransportRace({
      environment: this.#environment,
      webSocket: this.#mode === 'poll' ? null : make(WebSocketTransport),
      longPoll: this.#mode === 'ws' ? null : make(LongPollTransport),
      makeHello: () => this.#hello(),
      onFailed: (closure) => this.#onHelloFailed(closure),
    });
    this.#race = race;
    race.start();
  }

  /** @returns {import('./protocol.js').Hello} */
  #hello() {
    const { resumePoint, resumeToken } = this.#session;
    return {
      type: 'hello',
      protocol: PROTOCOL_VERSION,
      ...(this.#join && { room: this.#join.room }),
      ...(resumePoint && { resume: resumePoint }),
      ...(resumeToken && { resume_token: resumeToken }),
    };
  }

  /**
   * @param {Transport} transport
   * @param {Welcome} welcome
   */
  #onWelcome(transport, welcome) {
    this.#race?.won(transport);
    this.#race = null;
    this.#transport = transport;
    this.#welcomedAt = this.#environment.now();
    const peer = this.#session.peer;
    const how = this.#session.apply(welcome);
    if (how === 'resumed') this.counters.resumed += 1;
    if (how === 'anew') this.#onAnew(peer === welcome.peer);
    this.#setState('open');
    if (welcome.ice_servers) this.emit('ice-servers', welcome.ice_servers);
  }

  /** @param {boolean} samePeer */
  #onAnew(samePeer) {
    this.counters.anew += 1;
    // A token that was issued with the room brings the room back by itself.
    if (this.#join && !(samePeer && this.#tokenKnowsRoom)) this.#session.enqueue(this.#join);
    this.emit('anew', { samePeer });
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
    this.#badRows = 0;
    this.#note(message);
    this.emit('message', message);
  }

  /** @param {Message} message */
  #note(message) {
    if (message.type === 'joined' || message.type === 'matched') {
      this.#tokenKnowsRoom = typeof message.resume_token === 'string';
      if (this.#tokenKnowsRoom) this.#session.resumeToken = message.resume_token;
    } else if (message.type === 'ice-servers') {
      this.emit('ice-servers', message.ice_servers);
    } else if (message.type === 'error' && message.code === 'room_full') {
      this.#join = null;
    }
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
    const steady = this.#environment.now() - this.#welcomedAt > STEADY_MS;
    if (steady) this.#failures = 0;
    this.#drop();
    if (closure.reason === 'session_lost') this.#session.abandon();
    if (closure.reason === 'too_large') this.#session.dropLargest();
    this.#retry(closure);
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
      if (this.#join) this.#session.enqueue(this.#join);
      this.counters.anew += 1;
      this.emit('anew', { samePeer: false });
    }
    this.#retry(proofRefused ? { ...closure, reason: 'session_lost' } : closure);
  }

  /** @param {Closure} closure */
  #retry(closure) {
    const verdict = this.#verdict(closure);
    if (verdict) {
      this.#setState('stopped');
      this.emit('stopped', verdict);
      return;
    }
    const backoff = backoffMs(this.#failures, this.#environment.random());
    this.#failures += 1;
    this.#setState('reconnecting');
    const wait = Math.max(backoff, closure.retryAfterMs ?? 0);
    this.#timer = this.#environment.setTimeout(() => this.#connect(), wait);
  }

  /**
   * @param {Closure} closure
   * @returns {{ code: string, text: string } | null} why it is of no use to try again
   */
  #verdict({ reason, code, text = '' }) {
    const now = this.#environment.now();
    if (reason === 'refused') return { code: code ?? 'forbidden', text };
    if (reason === 'bad' && ++this.#badRows >= BAD_LIMIT) return { code: code ?? 'bad_message', text };
    if (reason === 'superseded') {
      this.#supersededAt = [...this.#supersededAt.filter((at) => now - at < SUPERSEDED_WINDOW_MS), now];
      if (this.#supersededAt.length >= SUPERSEDED_LIMIT) return { code: 'superseded', text };
    }
    return null;
  }

  #drop() {
    this.#environment.clearTimeout(this.#timer);
    this.#timer = null;
    this.#race?.cancel();
    this.#race = null;
    this.#transport?.close();
    this.#transport = null;
  }

  /** @param {ClientState} state */
  #setState(state) {
    this.#state = state;
    this.emit('state', { state, transport: this.transport, failures: this.#failures });
  }
}
