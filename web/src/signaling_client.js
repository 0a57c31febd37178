// @ts-check
/**
 * The client of the signaling server, for any page: no dependency, no build step, typed by these comments. It keeps
 * one session alive over WebSocket, event stream or long-poll, whichever gets through, and across reconnects, sleeping laptops and
 * restarts of the server. web/README.md tells more. A complete use, which a test runs (web/examples/chat.js):
 *
 * ```js
 * import { SignalingClient } from '../src/signaling_client.js';
 *
 * const client = new SignalingClient({ baseUrl: 'https://signal.example.org/' });
 *
 * client.on('message', (message) => {
 *   // Those who are in the room already; those who come later say hello to us.
 *   if (message.type === 'joined') {
 *     for (const { peer } of message.peers) client.signal(peer, { kind: 'chat', text: 'hello' });
 *   }
 *   if (message.type === 'signal') console.log(message.from, message.data.text);
 * });
 * client.on('state', ({ state, transport }) => console.log(state, transport));
 * client.on('stopped', ({ code, text }) => console.error(code, text));
 *
 * client.start();
 * client.join('lobby', { name: 'Alice' });
 * addEventListener('pagehide', (event) => event.persisted || client.stop({ unloading: true }));
 * ```
 */
import { Connection, TRANSPORTS } from './connection.js';
import { Emitter } from './emitter.js';
import { browserEnvironment } from './environment.js';
import { PROTOCOL_VERSION } from './protocol.js';
import { SendPace } from './send_pace.js';
import { SessionState } from './session_state.js';
import { Wishes } from './wishes.js';

/** @typedef {import('./protocol.js').Message} Message */
/** @typedef {import('./protocol.js').IceServer} IceServer */
/** @typedef {import('./transport.js').TransportName} TransportName */
/** @typedef {import('./connection.js').ConnectionState} ClientState */
/** @typedef {{ unloading?: boolean }} Ending  unloading: the page goes away now */
/**
 * - `state`: how the connection to the server is
 * - `message`: each numbered message of the server, once and in order
 * - `anew`: the session was lost and another one took its place; what was in flight is gone, rooms, queues and
 *   watched users are asked for again
 * - `ice-servers`: a fresh list for RTCPeerConnection
 * - `throttled`: the server refused a message for its rate; it is sent again, and nothing is lost
 * - `stopped`: the client gave up; `code` says why
 * @typedef {object} ClientEvents
 * @property {{ state: ClientState, transport: TransportName | null, failures: number }} state
 * @property {Message} message
 * @property {{ samePeer: boolean }} anew
 * @property {IceServer[]} ice-servers
 * @property {{ retryAfterMs: number }} throttled
 * @property {{ code: string, text: string }} stopped
 */
/**
 * @typedef {object} ClientOptions
 * @property {URL | string} baseUrl where the server is, http or https
 * @property {TransportName[]} [transports] those that may be used, all by default: WebSocket, where that does not get
 *   through HTTP with an event stream, and where that is kept back long-poll
 * @property {string | (() => string)} [token] a JWT for servers that want one; a function is asked at each connect
 * @property {string} [user] the name that others may watch
 * @property {string} [room] what will be joined, so that the server places the session near it
 * @property {string} [queue] the same for a queue
 * @property {import('./environment.js').Environment} [environment] for tests
 */

const THROTTLED_MS = 1_000;

/**
 * A signaling session that outlives its connections: every message sent arrives once and in order, and
 * so does every message of the server, whatever happens to the transports.
 * @extends {Emitter<ClientEvents>}
 */
export class SignalingClient extends Emitter {
  #options;
  #environment;
  #session = new SessionState();
  #wishes = new Wishes();
  #connection;
  #pace;
  /** @type {(() => void) | undefined} */
  #stopWaking;
  #sent = 0;
  #throttled = 0;

  /** @param {ClientOptions} options */
  constructor(options) {
    super();
    const { transports = TRANSPORTS, environment = browserEnvironment() } = options;
    const baseUrl = new URL(options.baseUrl);
    if (!baseUrl.pathname.endsWith('/')) baseUrl.pathname += '/';
    this.#options = options;
    this.#environment = environment;
    this.#connection = new Connection({
      environment,
      baseUrl,
      transports: checked(transports),
      session: this.#session,
      handlers: {
        makeHello: () => this.#hello(),
        onState: (state) => this.#onState(state),
        onWelcome: (welcome) => welcome.ice_servers && this.emit('ice-servers', welcome.ice_servers),
        onAnew: (samePeer) => this.#onAnew(samePeer),
        onMessage: (message) => this.#onMessage(message),
        onStopped: (why) => this.emit('stopped', why),
      },
    });
    this.#pace = new SendPace(environment, this.#session, () => this.#connection.flush());
  }

  /** What happened so far, for statistics. */
  get counters() {
    return { ...this.#connection.counters, sent: this.#sent, throttled: this.#throttled };
  }

  /** How the connection to the server is; `state` tells of changes. */
  get state() {
    return this.#connection.state;
  }

  /** The own public id, empty before the first welcome. Others send to it. */
  get peer() {
    return this.#session.peer;
  }

  /** @returns {TransportName | null} what carries the session, null while nothing does */
  get transport() {
    return this.#connection.transport;
  }

  /** Connects, and stays connected until stop(). Messages may be sent before. */
  start() {
    if (this.state !== 'idle') return;
    this.#stopWaking = this.#environment.onWake?.(() => this.wake());
    this.#connection.start();
  }

  /**
   * Enters a room; the answer is a `joined` message with the peers that are there, or an `error`.
   * @param {string} room 1 to 64 of A-Z a-z 0-9 . _ -
   * @param {{ name?: string, capacity?: number }} [options] the name that others see; the capacity if we are the first
   * @returns {boolean} false when it cannot be sent: too large, or stopped
   */
  join(room, options = {}) {
    return this.#send({ type: 'join', room, ...options });
  }

  /** Leaves the room. */
  leave() {
    return this.#send({ type: 'leave' });
  }

  /**
   * Sends to one peer in the same room, who gets a `signal` message with `from` and `data`.
   * @param {string} to the peer's id
   * @param {{ kind: string, [field: string]: any }} data anything that JSON holds
   * @param {{ gen?: number }} [options] the number of the negotiation: the server then drops what is older
   * @returns {boolean} false when it cannot be sent: too large, or stopped
   */
  signal(to, data, options = {}) {
    return this.#send({ type: 'signal', to, data, ...options });
  }

  /**
   * Waits for partners; answered by `matching`, later by `matched` with a room and its peers.
   * @param {string} queue
   * @param {{ size?: number, attributes?: { equal?: Record<string, any>, rating?: number, rating_window?: number } }} [options]
   */
  match(queue, options = {}) {
    return this.#send({ type: 'match', queue, ...options });
  }

  /** @param {string} queue as given to match() */
  cancelMatch(queue) {
    return this.#send({ type: 'match-cancel', queue });
  }

  /** Asks who is online, now and at every change: `presence` messages. @param {string[]} users */
  watch(users) {
    return this.#send({ type: 'watch', users });
  }

  /** @param {string[]} users */
  unwatch(users) {
    return this.#send({ type: 'unwatch', users });
  }

  /** Asks for an `ice-servers` event; the server sends a fresh list by itself before the old one expires. */
  requestIceServers() {
    return this.#send({ type: 'ice' });
  }

  /**
   * The network may have changed: try now, and find out whether an open connection still lives. In a page
   * this happens by itself.
   */
  wake() {
    this.#connection.wake();
    if (this.state === 'open' && this.#session.pending === 0) this.requestIceServers();
  }

  /**
   * Moves the session to the best of these transports, at once if another one carries it. Nothing is lost by that.
   * @param {TransportName[]} transports as the option; what it was given before is forgotten
   */
  useTransports(transports) {
    this.#connection.use(checked(transports));
  }

  /**
   * Ends the session: others see `peer-left` at once.
   * @param {Ending} [how]
   */
  stop(how) {
    if (this.state === 'stopped') return;
    this.#pace.stop();
    this.#connection.stop(how);
  }

  /** @param {Message} message */
  #send(message) {
    if (this.state === 'stopped' || !this.#session.enqueue(message)) return false;
    this.#wishes.noteSent(message);
    this.#sent += 1;
    this.#connection.flush();
    return true;
  }

  /** @returns {import('./protocol.js').Hello} */
  #hello() {
    const { resumePoint, resumeToken } = this.#session;
    const { token, user, room, queue } = this.#options;
    const proof = typeof token === 'function' ? token() : token;
    return {
      type: 'hello',
      protocol: PROTOCOL_VERSION,
      ...(proof && { token: proof }),
      ...(user && { user }),
      ...(room && { room }),
      ...(queue && { queue }),
      ...this.#wishes.hints,
      ...(resumePoint && { resume: resumePoint }),
      ...(resumeToken && { resume_token: resumeToken }),
    };
  }

  /** @param {boolean} samePeer */
  #onAnew(samePeer) {
    for (const message of this.#wishes.again(samePeer)) this.#session.enqueue(message);
    this.emit('anew', { samePeer });
  }

  /** @param {Message} message */
  #onMessage(message) {
    if (this.#sendsAgain(message)) return;
    const answer = this.#wishes.noteReceived(message);
    if (answer) this.#send(answer);
    if (message.type === 'joined' || message.type === 'matched') {
      this.#session.resumeToken = message.resume_token ?? this.#session.resumeToken;
    } else if (message.type === 'ice-servers') {
      this.emit('ice-servers', message.ice_servers);
    }
    this.emit('message', message);
  }

  /**
   * A message over the server's rate was not looked at, so that the application need not hear of it.
   * @param {Message} message
   */
  #sendsAgain(message) {
    const overRate = message.type === 'error' && message.code === 'rate_limited' && message.n !== undefined;
    if (!overRate || !this.#session.retry(message.n)) return false;
    const retryAfterMs = message.retry_after_ms ?? THROTTLED_MS;
    this.#throttled += 1;
    this.#pace.onRefused(retryAfterMs);
    this.emit('throttled', { retryAfterMs });
    return true;
  }

  /** @param {ClientState} state */
  #onState(state) {
    if (state === 'stopped') {
      this.#pace.stop();
      this.#stopWaking?.();
    }
    this.emit('state', { state, transport: this.transport, failures: this.#connection.failures });
  }
}

/** @param {TransportName[]} transports */
function checked(transports) {
  const known = transports.length > 0 && transports.every((name) => TRANSPORTS.includes(name));
  if (!known) throw new TypeError(`transports must be some of ${TRANSPORTS.join(', ')}`);
  return transports;
}
