// @ts-check
/** A signaling server in memory: the session rules of the protocol, over a WebSocket and a fetch that tests break. */

import { FakeStream } from './fake_stream.js';

/** @typedef {{ type: string, [field: string]: any }} Message */
/**
 * @typedef {object} Session
 * @property {string} id
 * @property {string} peer
 * @property {number} epoch
 * @property {number} seq highest sent
 * @property {number} acknowledged
 * @property {number} received
 * @property {Message[]} mailbox
 * @property {string | null} room
 * @property {FakeSocket | null} socket
 * @property {FakeStream | null} stream
 * @property {((reply: { status: number, body: any }) => void) | null} poll
 */

const HOLD_MS = 20_000;
const PING_MS = 25_000;

export class FakeServer {
  /** `mute` hears nothing, the answers of `deaf` do not arrive. @type {'ok' | 'refused' | 'hangs' | 'mute' | 'deaf'} */
  webSocket = 'ok';
  /** @type {'ok' | 'refused'} */
  http = 'ok';
  /** `kept` back by a proxy, `reset` by it, answered by it with a page of its own. @type {'ok' | 'kept' | 'reset' | 'page'} */
  events = 'ok';
  /** How long each request takes to arrive. */
  latencyMs = 0;
  /** Answers POSTs of messages until it is taken away. @type {{ status: number, body: any, headers?: Record<string, string> } | null} */
  postRefusal = null;
  /** Whether streams show signs of life. */
  pings = true;
  /** Whether the next POSTs and frames of the client arrive but their answer gets lost. */
  loseConfirmations = false;
  /** @type {Map<string, Session>} */
  sessions = new Map();
  /** What the application of the server got, in order. @type {Message[]} */
  taken = [];
  /** @type {Message[]} */
  hellos = [];
  /** @type {string[]} "GET /path" of every request */
  requests = [];
  /** @type {FakeSocket[]} */
  sockets = [];
  /** @type {Message | null} answers every hello until it is taken away */
  refusal = null;
  tokensValid = true;
  /** How many of the next messages vanish without a trace. */
  swallow = 0;
  /** How many messages are taken before each further one is refused for its rate. */
  budget = Infinity;
  retryAfterMs = 700;
  /** Who is in every room already. @type {object[]} */
  present = [];
  /** As when the page comes back to the front. @type {Set<() => void>} */
  wakers = new Set();
  #ids = 0;
  #clock;

  /** @param {import('./fake_clock.js').FakeClock} clock */
  constructor(clock) {
    this.#clock = clock;
  }

  /** @returns {import('../../src/environment.js').Environment} */
  environment(random = () => 0.5) {
    const server = this;
    const { setTimeout, clearTimeout, now } = this.#clock;
    const WebSocket = /** @type {any} */ (
      class extends FakeSocket {
        /** @param {string} url */
        constructor(url) {
          super(server, url);
        }
      }
    );
    /** @param {() => void} callback */
    const onWake = (callback) => {
      this.wakers.add(callback);
      return () => this.wakers.delete(callback);
    };
    return { setTimeout, clearTimeout, now, random, WebSocket, onWake, fetch: /** @type {any} */ (this.#fetch) };
  }

  get session() {
    const last = [...this.sessions.values()].at(-1);
    if (!last) throw new Error('no session yet');
    return last;
  }

  /** @param {Message} message @param {Session} [session] */
  deliver(message, session = this.session) {
    session.seq += 1;
    session.mailbox.push({ ...message, seq: session.seq });
    this.#push(session);
  }

  /** Forgets every session, as a killed process does. */
  crash() {
    this.dropConnections();
    this.sessions.clear();
  }

  dropConnections() {
    for (const session of this.sessions.values()) {
      session.socket?.serverClose(1006);
      session.stream?.fail();
      session.poll?.({ status: 0, body: null });
      session.socket = session.stream = session.poll = null;
    }
  }

  /** @param {Message} hello @returns {{ session: Session, welcome: Message } | Message} */
  open(hello) {
    this.hellos.push(hello);
    if (this.refusal) return this.refusal;
    const old = hello.resume && this.sessions.get(hello.resume.session);
    if (old) {
      this.acknowledge(old, hello.resume.after);
      return { session: old, welcome: this.#welcome(old, true) };
    }
    const token = hello.resume_token;
    if (token && !this.tokensValid) return error('session_lost');
    if (hello.resume && !token) return error('session_lost');
    this.#ids += 1;
    const [peer, room] = token ? token.split('/') : [`peer${this.#ids}`, ''];
    /** @type {Session} */
    const session = { id: `session${this.#ids}`, peer, epoch: this.#ids, seq: 0, acknowledged: 0, received: 0, mailbox: [], room: room || null, socket: null, stream: null, poll: null };
    this.sessions.set(session.id, session);
    const welcome = this.#welcome(session, false);
    if (session.room) this.#joined(session);
    return { session, welcome };
  }

  /** @param {Session} session @param {Message} message @returns {Message | null} an error */
  take(session, message) {
    if (message.n <= session.received) return null;
    if (this.swallow > 0) {
      this.swallow -= 1;
      return null;
    }
    if (message.n > session.received + 1) return { ...error('bad_sequence'), expected: session.received + 1 };
    session.received = message.n;
    if (this.budget <= 0) {
      this.deliver({ ...error('rate_limited'), n: message.n, retry_after_ms: this.retryAfterMs }, session);
      return null;
    }
    this.budget -= 1;
    this.taken.push(message);
    if (message.type === 'join') {
      session.room = message.room;
      this.#joined(session);
    } else if (message.type === 'bye') {
      this.sessions.delete(session.id);
    }
    return null;
  }

  /** @param {Session} session @param {number} seq */
  acknowledge(session, seq) {
    session.acknowledged = Math.max(session.acknowledged, seq);
    session.mailbox = session.mailbox.filter((message) => message.seq > session.acknowledged);
  }

  /** A new receive takes the place of what was open. @param {Session} session */
  supersede(session) {
    session.socket?.serverClose(4409);
    session.stream?.end(error('superseded'));
    session.poll?.({ status: 409, body: error('superseded') });
    session.socket = session.stream = session.poll = null;
  }

  /** @param {Session} session */
  #joined(session) {
    this.deliver({ type: 'joined', room: session.room, peers: this.present, role: 'impolite', capacity: 2, resume_token: `${session.peer}/${session.room}` }, session);
  }

  /** @param {Session} session @param {boolean} resumed */
  #welcome(session, resumed) {
    const { id, peer, epoch, acknowledged, received } = session;
    const limits = { message_bytes: 2_000, body_bytes: 5_000 };
    return { type: 'welcome', session: id, peer, epoch, seq: acknowledged, received, resumed, resume_token: `${peer}/`, ice_servers: [], hold_ms: HOLD_MS, ping_ms: PING_MS, limits };
  }

  /** @param {Session} session */
  #push(session) {
    if (session.socket?.welcomed) session.socket.serverSend(session.mailbox.at(-1));
    else if (session.stream) session.stream.event(session.mailbox.at(-1));
    else if (session.poll) this.#answerPoll(session);
  }

  /** @param {Session} session */
  #answerPoll(session) {
    const answer = session.poll;
    session.poll = null;
    answer?.({ status: 200, body: { messages: [...session.mailbox] } });
  }

  /** @param {string} url @param {RequestInit} init */
  #fetch = async (url, init) => {
    const { pathname, searchParams } = new URL(url);
    this.requests.push(`${init.method} ${pathname}`);
    if (this.http === 'refused') throw new TypeError('refused');
    if (this.latencyMs > 0) await new Promise((done) => this.#clock.setTimeout(() => done(undefined), this.latencyMs));
    const session = this.sessions.get(pathname.split('/')[3]);
    if (session && pathname.endsWith('/events')) return this.#stream(session, searchParams, init);
    const reply = await this.#route(pathname, searchParams, init);
    if (reply.status === 0) throw new TypeError('connection lost');
    const text = reply.body ? JSON.stringify(reply.body) : '';
    return { status: reply.status, headers: new Headers(reply.headers), text: async () => text };
  };

  /** @param {string} path @param {URLSearchParams} query @param {RequestInit} init @returns {Promise<{ status: number, body: any, headers?: Record<string, string> }>} */
  async #route(path, query, init) {
    const body = init.body ? JSON.parse(String(init.body)) : null;
    if (path === '/v1/sessions') {
      const opened = this.open(body);
      if (!('session' in opened)) return { status: HTTP_STATUS[/** @type {any} */ (opened).code] ?? 400, body: opened };
      return { status: opened.welcome.resumed ? 200 : 201, body: opened.welcome };
    }
    const session = this.sessions.get(path.split('/')[3]);
    if (!session) return { status: 404, body: error('session_lost') };
    if (init.method === 'DELETE') {
      this.sessions.delete(session.id);
      return { status: 204, body: null };
    }
    if (init.method === 'POST') return this.#post(session, body);
    this.acknowledge(session, Number(query.get('after')));
    return new Promise((resolve, reject) => {
      this.supersede(session);
      const hold = this.#clock.setTimeout(() => this.#answerPoll(session), HOLD_MS);
      session.poll = (reply) => {
        this.#clock.clearTimeout(hold);
        resolve(reply);
      };
      init.signal?.addEventListener('abort', () => {
        this.#clock.clearTimeout(hold);
        reject(new TypeError('aborted'));
      });
      if (session.mailbox.length > 0) this.#answerPoll(session);
    });
  }

  /** @param {Session} session @param {URLSearchParams} query @param {RequestInit} init */
  async #stream(session, query, init) {
    if (this.events === 'reset') throw new TypeError('connection reset');
    if (this.events === 'page') return new Response('<h1>Bad gateway</h1>', { status: 502 });
    this.acknowledge(session, Number(query.get('after')));
    this.supersede(session);
    const stream = new FakeStream(this.events === 'kept' ? 'kept' : 'passed');
    let ping = 0;
    const pingLater = () => {
      ping = this.#clock.setTimeout(() => {
        if (!this.pings) return;
        stream.write(':\n\n');
        pingLater();
      }, PING_MS);
    };
    session.stream = stream;
    init.signal?.addEventListener('abort', () => {
      if (session.stream === stream) session.stream = null;
      this.#clock.clearTimeout(ping);
      stream.fail();
    });
    stream.write('retry: 1000\n\n');
    pingLater();
    for (const message of session.mailbox) stream.event(message);
    return stream.response;
  }

  /** @param {Session} session @param {{ ack?: number, messages: Message[] }} body */
  #post(session, { ack, messages }) {
    if (this.postRefusal) return this.postRefusal;
    if (ack !== undefined && ack > session.seq) return { status: 410, body: error('session_lost') };
    if (ack !== undefined) this.acknowledge(session, ack);
    for (const message of messages) {
      const refused = this.take(session, message);
      if (refused) return { status: 409, body: refused };
    }
    if (this.loseConfirmations) return { status: 0, body: null };
    return { status: 202, body: { received: session.received } };
  }
}

class FakeSocket {
  /** @type {(() => void) | null} */
  onopen = null;
  /** @type {((event: { data: string }) => void) | null} */
  onmessage = null;
  /** @type {((event: { code: number }) => void) | null} */
  onclose = null;
  welcomed = false;
  closed = false;
  /** @type {Message[]} frames from the client */
  frames = [];
  /** @type {Session | null} */
  #session = null;
  #server;

  /** @param {FakeServer} server @param {string} url */
  constructor(server, url) {
    this.#server = server;
    this.url = url;
    server.sockets.push(this);
    queueMicrotask(() => this.#begin());
  }

  /** @param {string} text */
  send(text) {
    if (this.closed) return;
    const message = JSON.parse(text);
    this.frames.push(message);
    if (message.type === 'hello') this.#hello(message);
    else if (message.type === 'ack') this.#session && this.#server.acknowledge(this.#session, message.seq);
    else this.#numbered(message);
  }

  close() {
    this.closed = true;
    if (this.#session?.socket === this) this.#session.socket = null;
  }

  /** @param {any} message */
  serverSend(message) {
    if (this.#server.webSocket === 'deaf') return;
    queueMicrotask(() => this.closed || this.onmessage?.({ data: JSON.stringify(message) }));
  }

  /** @param {number} code */
  serverClose(code) {
    queueMicrotask(() => {
      if (this.closed) return;
      this.closed = true;
      this.onclose?.({ code });
    });
  }

  #begin() {
    if (this.closed) return;
    if (this.#server.webSocket === 'refused') this.serverClose(1006);
    else if (this.#server.webSocket !== 'hangs') this.onopen?.();
  }

  /** @param {Message} message */
  #hello(message) {
    if (this.#server.webSocket === 'mute') return;
    const opened = this.#server.open(message);
    if (!('session' in opened)) {
      this.serverSend(opened);
      this.serverClose(4400);
      return;
    }
    const { session } = opened;
    this.#session = session;
    this.#server.supersede(session);
    session.socket = this;
    this.welcomed = true;
    this.serverSend(opened.welcome);
    for (const kept of session.mailbox) this.serverSend(kept);
  }

  /** @param {Message} message */
  #numbered(message) {
    const session = this.#session;
    if (!session) return;
    const refused = this.#server.take(session, message);
    if (refused) this.serverSend(refused);
    else if (!this.#server.loseConfirmations) this.serverSend({ type: 'ack', n: session.received });
  }
}

/** @type {Record<string, number>} */
const HTTP_STATUS = { session_lost: 410, unauthorized: 401, unavailable: 503, unsupported_protocol: 400 };

/** @param {string} code @returns {Message} */
export function error(code) {
  return { type: 'error', code, message: `fake ${code}` };
}
