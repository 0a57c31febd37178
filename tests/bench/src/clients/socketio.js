// @ts-check
// Socket.IO's wire protocol (Engine.IO 4), for load: what its own client sends, without its cost.
import WebSocket from 'ws';
import { LoadClient, PollPair } from './load_client.js';

const PATH = '/socket.io/?EIO=4&transport=';
const SEPARATOR = '\x1e'; // between packets of one polling body

class SocketIoClient extends LoadClient {
  #room = '';

  /** @param {string} room @returns {Promise<void>} when the room is joined */
  enter(room) {
    this.#room = room;
    return this.entering(() => this.write('40')); // connects to the main namespace
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
    if (event === 'joined') this.joined();
    if (event === 'peer-joined' || (event === 'joined' && data > 0)) this.meet();
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
  /** @type {PollPair<string>} */
  #http;
  #path = `${PATH}polling`;

  /** @param {number} port */
  constructor(port) {
    super();
    this.#http = new PollPair(port, () => this.onFailure());
  }

  /** @param {string} room */
  async open(room) {
    const answer = await this.#http.ask('GET', this.#path);
    if (answer.status !== 200) throw new Error(`open: ${answer.status} ${answer.body}`);
    this.#path += `&sid=${JSON.parse(answer.body.slice(1)).sid}`;
    this.#http.receive(
      () => this.#path,
      (body) => {
        for (const packet of body.split(SEPARATOR)) this.take(packet);
      },
    );
    await this.enter(room);
  }

  /** @param {string} packet */
  write(packet) {
    this.#http.send(packet, (packets) => ({ path: this.#path, body: packets.join(SEPARATOR), status: 200 }));
  }

  settle() {
    this.#http.settle();
  }

  close() {
    this.#http.close();
  }
}
