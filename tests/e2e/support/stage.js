// @ts-check
import { Browser } from './browser.js';
import { Fleet } from './fleet.js';
import { Server, freePort } from './server.js';

const TURN_SECRET = 'a secret of the browser tests';

/** The servers and a browser, as a test needs them. */
export class Stage {
  signal = new Server('signal');
  fleet = new Fleet();
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

  /** Three signaling servers behind a balancer instead of one. */
  async openFleet() {
    await this.turn.start(turnConfig());
    await this.fleet.start((listen, state) => signalConfig(listen, this.turn.port('udp'), state));
    this.#signalPort = this.fleet.port;
    await this.browser.launch('granted', 'allowed');
  }

  /** Also again, on the same port, after it was killed. */
  startSignal() {
    return this.signal.start(signalConfig(`127.0.0.1:${this.#signalPort}`, this.turn.port('udp')));
  }

  /** @param {string} query */
  url(query) {
    return `http://127.0.0.1:${this.#signalPort}/?${query}`;
  }

  async close() {
    await this.browser.close();
    await this.signal.stop();
    await this.fleet.stop();
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
[drain]
seconds = 0
`;
}

/** @param {string} listen @param {number} turnPort @param {string} [state] */
function signalConfig(listen, turnPort, state = 'memory') {
  return `
listen = "${listen}"
state = "${state}"
web_root = "${new URL('../../../web', import.meta.url).pathname}"
[session]
token_secrets = ["resume tokens outlive a restart"]
[metrics]
address = "127.0.0.1:0"
[ice]
stun = ["stun:127.0.0.1:${turnPort}"]
[[ice.turn]]
urls = ["turn:127.0.0.1:${turnPort}?transport=udp"]
secret = "${TURN_SECRET}"
`;
}
