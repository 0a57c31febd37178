// @ts-check
import net from 'node:net';

const STREAM_REQUEST = /^GET \S+\/events\?/m;

/** Passes TCP on, and does to event streams what proxies on the way do: keeps them back, or breaks them. */
export class StreamProxy {
  /** Whether the responses that are streams are kept back. */
  keeps = false;
  /** After how many bytes a stream breaks, whatever it is in the middle of. */
  breakAfter = Infinity;
  broken = 0;
  kept = 0;
  #to;
  /** @type {Set<net.Socket>} */
  #sockets = new Set();
  #server = net.createServer((client) => this.#connect(this.#adopt(client)));

  /** @param {number} to the port to pass on to */
  constructor(to) {
    this.#to = to;
  }

  /** @returns {Promise<string>} the base URL */
  async start() {
    await new Promise((done) => this.#server.listen(0, '127.0.0.1', () => done(undefined)));
    return `http://127.0.0.1:${/** @type {net.AddressInfo} */ (this.#server.address()).port}/`;
  }

  stop() {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  /** @param {net.Socket} client */
  #connect(client) {
    const server = this.#adopt(net.connect(this.#to, '127.0.0.1'));
    let [isStream, passed] = [false, 0];
    client.on('data', (data) => {
      isStream = STREAM_REQUEST.test(data.toString('latin1'));
      passed = 0;
      if (isStream && this.keeps) this.kept += 1;
      server.write(data);
    });
    server.on('data', (data) => {
      if (!isStream) return void client.write(data);
      if (this.keeps) return;
      const piece = data.subarray(0, this.breakAfter - passed);
      passed += data.length;
      client.write(piece);
      if (passed <= this.breakAfter) return;
      this.broken += 1;
      server.destroy();
      client.end(() => client.destroy());
    });
    client.on('close', () => server.destroy());
    server.on('close', () => client.destroy());
  }

  /** @param {net.Socket} socket */
  #adopt(socket) {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
    return socket;
  }
}
