// @ts-check
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import { fileURLToPath } from 'node:url';

const WEB = fileURLToPath(new URL('../../../web/', import.meta.url));

/** @param {import('node:net').Server} server */
async function listen(server) {
  await new Promise((done) => server.listen(0, '127.0.0.1', () => done(undefined)));
  return /** @type {import('node:net').AddressInfo} */ (server.address()).port;
}

/** Somebody else's site, with an empty page and a copy of the client. */
export class ForeignSite {
  origin = '';
  #server = http.createServer(async (request, response) => {
    const path = request.url ?? '/';
    const known = /^\/src\/[a-z_]+\.js$/.test(path);
    response.setHeader('Content-Type', known ? 'text/javascript' : 'text/html');
    response.end(known ? await readFile(WEB + path.slice(1)) : '<!doctype html><link rel="icon" href="data:,"><title>elsewhere</title>');
  });

  async start() {
    this.origin = `http://127.0.0.1:${await listen(this.#server)}`;
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** Passes TCP on, but keeps WebSocket upgrades waiting as long as it is told to. */
export class HangingProxy {
  hangs = true;
  /** Upgrades that were never answered. */
  swallowed = 0;
  #to;
  /** @type {Set<net.Socket>} */
  #sockets = new Set();
  #server = net.createServer((client) => {
    this.#adopt(client);
    client.once('data', (head) => {
      if (this.hangs && head.toString('latin1').startsWith('GET /v1/ws')) {
        this.swallowed += 1;
        return;
      }
      const server = this.#adopt(net.connect(this.#to, '127.0.0.1'));
      server.write(head);
      client.pipe(server).pipe(client);
    });
  });

  /** @param {number} to the port to pass on to */
  constructor(to) {
    this.#to = to;
  }

  /** @returns {Promise<string>} the base URL */
  async start() {
    return `http://127.0.0.1:${await listen(this.#server)}/`;
  }

  stop() {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  /** @param {net.Socket} socket */
  #adopt(socket) {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
    return socket;
  }
}
