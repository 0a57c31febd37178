// @ts-check
// The client of the relay on plain `ws`.
import WebSocket from 'ws';
import { LoadClient } from './load_client.js';

export class PlainWsClient extends LoadClient {
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
    const socket = new WebSocket(`ws://127.0.0.1:${this.#port}/`, { perMessageDeflate: false });
    this.#socket = socket;
    await new Promise((done, failed) => {
      socket.once('open', done);
      socket.once('error', failed);
    });
    socket.on('close', () => this.onFailure());
    socket.on('message', (text) => this.#take(JSON.parse(String(text))));
    await this.entering(() => this.#socket?.send(JSON.stringify({ type: 'join', room })));
  }

  /** @param {any} message */
  #take(message) {
    if (message.type === 'signal') return this.onSignal(message.data);
    if (message.type === 'joined') this.joined();
    if (message.type === 'peer-joined' || message.peers > 0) this.meet();
  }

  /** @param {object} data */
  send(data) {
    this.#socket?.send(JSON.stringify({ type: 'signal', data }));
  }

  settle() {}

  close() {
    this.onFailure = () => {};
    this.#socket?.terminate();
  }
}
