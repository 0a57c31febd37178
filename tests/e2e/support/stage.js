// @ts-check
import { Browser } from './browser.js';
import { Server, freePort } from './server.js';

const TURN_SECRET = 'a secret of the browser tests';

/** Both servers and a browser, as a test needs them. */
export class Stage {
  signal = new Server('signal');
  turn = new Server('turn');
  browser = new Browser();
  #signalPort = 0;

  /** @param {{ permissions?: 'granted' | 'denied', sound?: 'allowed' | 'needs-click' }} [options] of the browser */
  async open({ permissions = 'granted', sound = 'allowed' } = {}) {
    await this.turn.start(turnConfig());
    this.#signalPort = await freePort();
    await this.startSignal();
    await this.browser.launch(permissions, sound);
  }

  /** Also again, on the same port, after it was killed. */
  startSignal() {
    return this.signal.start(signalConfig(this.#signalPort, this.turn.port('udp')));
  }

  /** @param {string} query */
  url(query) {
    return `http://127.0.0.1:${this.#signalPort}/?${query}`;
  }

  async close() {
    await this.browser.close();
    await this.signal.stop();
    await this.turn.stop();
  }
}

function turnConfig() {
  return `
realm = "e2e.test"
workers = 1
[[listen]]
transport = "udp"
address = "127.0.0.1:0"
[relay]
addresses = ["127.0.0.1"]
[auth]
secrets = ["${TURN_SECRET}"]
[peers]
allow = ["127.0.0.0/8"]
[metrics]
address = "127.0.0.1:0"
`;
}

/** @param {number} port @param {number} turnPort */
function signalConfig(port, turnPort) {
  return `
listen = "127.0.0.1:${port}"
web_root = "${new URL('../../../web', import.meta.url).pathname}"
[session]
token_secrets = ["resume tokens outlive a restart"]
[ice]
stun = ["stun:127.0.0.1:${turnPort}"]
[[ice.turn]]
urls = ["turn:127.0.0.1:${turnPort}?transport=udp"]
secret = "${TURN_SECRET}"
`;
}
