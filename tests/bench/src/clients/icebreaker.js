// @ts-check
// The native protocol, for load: one session in one room, over WebSocket or long-poll.
import WebSocket from 'ws';
import { HttpConnection } from '../http_connection.js';

const ACK_EVERY = 32;
const ACK_AFTER_MS = 1000;

/** What both transports do with the messages that come. */
class IcebreakerClient {
  /** @type {(data: any) => void} */
  onSignal = () => {};
  /** @type {() => void} */
  onFailure = () => {};
  /** @type {Promise<void>} resolved when the other one is in the room too */
  met;
  /** @type {() => void} */
  #meet = () => {};
  /** @type {(() => void) | null} */
  #joined = null;
  #peer = '';
  #n = 0;
  seen = 0;

  constructor() {
    this.met = new Promise((done) => (this.#meet = () => done()));
  }

  /** @param {string} room @returns {Promise<void>} */
  join(room) {
    return new Promise((done) => {
      this.#joined = () => done();
      this.write({ type: 'join', room, n: ++this.#n });
    });
  }

  /** @param {object} data */
  send(data) {
    this.write({ type: 'signal', to: this.#peer, data, n: ++this.#n });
  }

  /** @param {any} message */
  take(message) {
    if (message.seq !== undefined) this.seen = message.seq;
    switch (message.type) {
      case 'signal':
        return this.onSignal(message.data);
      case 'joined':
        this.#joined?.();
        if (message.peers.length > 0) this.#meetWith(message.peers[0].peer);
        return;
      case 'peer-joined':
        return this.#meetWith(message.peer);
      case 'error':
        throw new Error(JSON.stringify(message));
      default:
    }
  }

  /** @param {string} peer */
  #meetWith(peer) {
    this.#peer = peer;
    this.#meet();
  }

  /** @param {object} _message */
  write(_message) {}
}

export class IcebreakerSocketClient extends IcebreakerClient {
  #port;
  /** @type {WebSocket | null} */
  #socket = null;
  #acked = 0;
  /** @type {NodeJS.Timeout | null} */
  #ackTimer = null;

  /** @param {number} port */
  constructor(port) {
    super();
    this.#port = port;
  }

  /** @param {string} room */
  async open(room) {
    const socket = new WebSocket(`ws://127.0.0.1:${this.#port}/v1/ws`, ['icebreaker.v1'], { perMessageDeflate: false });
    this.#socket = socket;
    await new Promise((done, failed) => {
      socket.once('open', done);
      socket.once('error', failed);
    });
    socket.on('close', () => this.onFailure());
    await new Promise((done) => {
      socket.once('message', done);
      this.write({ type: 'hello', protocol: 1 });
    });
    socket.on('message', (text) => this.#onMessage(String(text)));
    await this.join(room);
  }

  /** @param {string} text */
  #onMessage(text) {
    this.take(JSON.parse(text));
    if (this.seen >= this.#acked + ACK_EVERY) this.#acknowledge();
    else if (this.seen > this.#acked) this.#ackTimer ??= setTimeout(() => this.#acknowledge(), ACK_AFTER_MS);
  }

  #acknowledge() {
    if (this.#ackTimer) clearTimeout(this.#ackTimer);
    this.#ackTimer = null;
    this.#acked = this.seen;
    this.write({ type: 'ack', seq: this.seen });
  }

  /** @param {object} message */
  write(message) {
    this.#socket?.send(JSON.stringify(message));
  }

  settle() {}

  close() {
    if (this.#ackTimer) clearTimeout(this.#ackTimer);
    this.onFailure = () => {};
    this.#socket?.terminate();
  }
}

export class IcebreakerPollClient extends IcebreakerClient {
  #polls;
  #posts;
  #session = '';
  #epoch = 0;
  /** @type {object[]} */
  #unsent = [];
  #posting = false;
  #closed = false;

  /** @param {number} port */
  constructor(port) {
    super();
    this.#polls = new HttpConnection(port);
    this.#posts = new HttpConnection(port);
  }

  /** @param {string} room */
  async open(room) {
    const answer = await this.#posts.request('POST', '/v1/sessions', '{"type":"hello","protocol":1}');
    if (answer.status !== 201) throw new Error(`hello: ${answer.status} ${answer.body}`);
    const welcome = JSON.parse(answer.body);
    this.#session = `/v1/sessions/${welcome.session}/messages`;
    this.#epoch = welcome.epoch;
    this.#receive().catch(() => this.#closed || this.onFailure());
    await this.join(room);
  }

  async #receive() {
    while (!this.#closed) {
      const answer = await this.#polls.request('GET', `${this.#session}?epoch=${this.#epoch}&after=${this.seen}`);
      if (answer.status !== 200) throw new Error(`poll: ${answer.status} ${answer.body}`);
      for (const message of JSON.parse(answer.body).messages) this.take(message);
    }
  }

  /** @param {object} message */
  write(message) {
    this.#unsent.push(message);
    if (!this.#posting) this.#post().catch(() => this.#closed || this.onFailure());
  }

  async #post() {
    this.#posting = true;
    while (this.#unsent.length > 0) {
      const body = JSON.stringify({ epoch: this.#epoch, messages: this.#unsent.splice(0) });
      const answer = await this.#posts.request('POST', this.#session, body);
      if (answer.status !== 202) throw new Error(`post: ${answer.status} ${answer.body}`);
    }
    this.#posting = false;
  }

  /** Only the held poll stays. */
  settle() {
    this.#posts.close();
  }

  close() {
    this.#closed = true;
    this.#polls.close();
    this.#posts.close();
  }
}
