// @ts-check
// Socket.IO's wire protocol (Engine.IO 4), for load: what its own client sends, without its cost.
import WebSocket from 'ws';
import { HttpConnection } from '../http_connection.js';

const PATH = '/socket.io/?EIO=4&transport=';
const SEPARATOR = '\x1e'; // between packets of one polling body

class SocketIoClient {
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
  #room = '';

  constructor() {
    this.met = new Promise((done) => (this.#meet = () => done()));
  }

  /** @param {string} room @returns {Promise<void>} when the room is joined */
  enter(room) {
    this.#room = room;
    return new Promise((done) => {
      this.#joined = () => done();
      this.write('40'); // connects to the main namespace
    });
  }

  /** @param {object} data */
  send(data) {
    this.write(`42${JSON.stringify(['signal', data])}`);
  }

  /** @param {string} packet */
  take(packet) {
    if (packet === '2') return this.write('3');
    if (packet.startsWith('40')) return this.write(`42${JSON.stringify(['join', this.#room])}`);
    if (!packet.startsWith('42')) return;
    const [event, data] = JSON.parse(packet.slice(2));
    if (event === 'signal') return this.onSignal(data);
    if (event === 'joined') this.#joined?.();
    if (event === 'peer-joined' || (event === 'joined' && data > 0)) this.#meet();
  }

  /** @param {string} _packet */
  write(_packet) {}
}

export class SocketIoSocketClient extends SocketIoClient {
  #port;
  /** @type {WebSocket | null} */
  #socket = null;

  /** @param {number} port */
  constructor(port) {
    super();
    this.#port = port;
  }

  /** @param {string} room */
  async open(room) {
    const socket = new WebSocket(`ws://127.0.0.1:${this.#port}${PATH}websocket`, { perMessageDeflate: false });
    this.#socket = socket;
    await new Promise((done, failed) => {
      socket.once('message', done);
      socket.once('error', failed);
    });
    socket.on('close', () => this.onFailure());
    socket.on('message', (text) => this.take(String(text)));
    await this.enter(room);
  }

  /** @param {string} packet */
  write(packet) {
    this.#socket?.send(packet);
  }

  settle() {}

  close() {
    this.onFailure = () => {};
    this.#socket?.terminate();
  }
}

export class SocketIoPollClient extends SocketIoClient {
  #polls;
  #posts;
  #path = `${PATH}polling`;
  /** @type {string[]} */
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
    const answer = await this.#polls.request('GET', this.#path);
    if (answer.status !== 200) throw new Error(`open: ${answer.status} ${answer.body}`);
    this.#path += `&sid=${JSON.parse(answer.body.slice(1)).sid}`;
    this.#receive().catch(() => this.#closed || this.onFailure());
    await this.enter(room);
  }

  async #receive() {
    while (!this.#closed) {
      const answer = await this.#polls.request('GET', this.#path);
      if (answer.status !== 200) throw new Error(`poll: ${answer.status} ${answer.body}`);
      for (const packet of answer.body.split(SEPARATOR)) this.take(packet);
    }
  }

  /** @param {string} packet */
  write(packet) {
    this.#unsent.push(packet);
    if (!this.#posting) this.#post().catch(() => this.#closed || this.onFailure());
  }

  async #post() {
    this.#posting = true;
    while (this.#unsent.length > 0) {
      const answer = await this.#posts.request('POST', this.#path, this.#unsent.splice(0).join(SEPARATOR));
      if (answer.status !== 200) throw new Error(`post: ${answer.status} ${answer.body}`);
    }
    this.#posting = false;
  }

  settle() {
    this.#posts.close();
  }

  close() {
    this.#closed = true;
    this.#polls.close();
    this.#posts.close();
  }
}
