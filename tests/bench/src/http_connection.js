// @ts-check
// A cheap HTTP/1.1 client: one kept connection, one request at a time, bodies with a length.
import net from 'node:net';

/** @typedef {{ status: number, body: string }} Answer */

export class HttpConnection {
  #port;
  /** @type {net.Socket | null} */
  #socket = null;
  /** @type {Buffer} */
  #received = Buffer.alloc(0);
  /** @type {{ done: (answer: Answer) => void, failed: (error: Error) => void } | null} */
  #waiting = null;

  /** @param {number} port on 127.0.0.1 */
  constructor(port) {
    this.#port = port;
  }

  /** @param {string} method @param {string} path @param {string} [body] @returns {Promise<Answer>} */
  request(method, path, body) {
    const length = body === undefined ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
    const type = body === undefined ? '' : 'Content-Type: text/plain;charset=UTF-8\r\n';
    const head = `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${this.#port}\r\nAccept: */*\r\n${type}${length}\r\n`;
    return new Promise((done, failed) => {
      this.#waiting = { done, failed };
      (this.#socket ?? this.#connect()).write(head + (body ?? ''));
    });
  }

  close() {
    const waiting = this.#waiting;
    this.#waiting = null;
    this.#socket?.destroy();
    this.#socket = null;
    waiting?.failed(new Error('closed'));
  }

  #connect() {
    const socket = net.connect({ host: '127.0.0.1', port: this.#port, noDelay: true });
    this.#socket = socket;
    this.#received = Buffer.alloc(0);
    socket.on('data', (chunk) => this.#onData(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (this.#socket === socket) this.close();
    });
    return socket;
  }

  /** @param {Buffer} chunk */
  #onData(chunk) {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const end = this.#received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.#received.toString('latin1', 0, end);
    const start = end + 4;
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    if (this.#received.length < start + length) return;
    const body = this.#received.toString('utf8', start, start + length);
    this.#received = Buffer.alloc(0);
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.done({ status: Number(head.slice(9, 12)), body });
  }
}
