// @ts-check
// The native protocol, for load: one session in one room, over WebSocket or long-poll.
import WebSocket from 'ws';
import { LoadClient, PollPair } from './load_client.js';

const ACK_EVERY = 32;
const ACK_AFTER_MS = 1000;

/** What both transports do with the messages that come. */
class IcebreakerClient extends LoadClient {
  #peer = '';
  #n = 0;
  seen = 0;

  /** @param {string} room @returns {Promise<void>} */
  join(room) {
    return this.entering(() => this.write({ type: 'join', room, n: ++this.#n }));
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
        this.joined();
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
    this.meet();
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
  /** @type {PollPair<object>} */
  #http;
  #session = '';
  #epoch = 0;

  /** @param {number} port */
  constructor(port) {
    super();
    this.#http = new PollPair(port, () => this.onFailure());
  }

  /** @param {string} room */
  async open(room) {
    const answer = await this.#http.ask('POST', '/v1/sessions', '{"type":"hello","protocol":1}');
    if (answer.status !== 201) throw new Error(`hello: ${answer.status} ${answer.body}`);
    const welcome = JSON.parse(answer.body);
    this.#session = `/v1/sessions/${welcome.session}/messages`;
    this.#epoch = welcome.epoch;
    this.#http.receive(
      () => `${this.#session}?epoch=${this.#epoch}&after=${this.seen}`,
      (body) => {
        for (const message of JSON.parse(body).messages) this.take(message);
      },
    );
    await this.join(room);
  }

  /** @param {object} message */
  write(message) {
    this.#http.send(message, (messages) => ({
      path: this.#session,
      body: JSON.stringify({ epoch: this.#epoch, messages }),
      status: 202,
    }));
  }

  settle() {
    this.#http.settle();
  }

  close() {
    this.#http.close();
  }
}
