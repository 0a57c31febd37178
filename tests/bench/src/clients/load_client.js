// @ts-check
// What the clients of all subjects have in common: what the driver asks of them, and sending by POST.
import { HttpConnection } from '../http_connection.js';

/** One of two in a room. */
export class LoadClient {
  /** @type {(data: any) => void} */
  onSignal = () => {};
  /** @type {() => void} */
  onFailure = () => {};
  /** @type {Promise<void>} resolved when the other one is in the room too */
  met;
  /** @type {() => void} */
  meet = () => {};
  /** @type {() => void} */
  joined = () => {};

  constructor() {
    this.met = new Promise((done) => (this.meet = () => done()));
  }

  /** @param {() => void} ask @returns {Promise<void>} until joined() is called */
  entering(ask) {
    return new Promise((done) => {
      this.joined = () => done();
      ask();
    });
  }
}

/** @typedef {{ path: string, body: string, status: number }} Post `status`: of success */

/**
 * Two connections of one long-polling client: one is held, the other one sends what gathered meanwhile.
 * @template Item
 */
export class PollPair {
  #polls;
  #posts;
  /** @type {Item[]} */
  #unsent = [];
  #posting = false;
  #settling = false;
  #closed = false;
  #onFailure;

  /** @param {number} port @param {() => void} onFailure */
  constructor(port, onFailure) {
    this.#polls = new HttpConnection(port);
    this.#posts = new HttpConnection(port);
    this.#onFailure = onFailure;
  }

  /** @param {string} method @param {string} path @param {string} [body] */
  ask(method, path, body) {
    return this.#posts.request(method, path, body);
  }

  /** @param {() => string} path of the next poll @param {(body: string) => void} take */
  receive(path, take) {
    this.#receive(path, take).catch(() => this.#fail());
  }

  /** @param {Item} item @param {(items: Item[]) => Post} compose */
  send(item, compose) {
    this.#unsent.push(item);
    if (!this.#posting) this.#post(compose).catch(() => this.#fail());
  }

  /** Only the held poll stays. What it brought may come before the answer to the POST behind it. */
  settle() {
    this.#settling = this.#posting;
    if (!this.#posting) this.#posts.close();
  }

  close() {
    this.#closed = true;
    this.#polls.close();
    this.#posts.close();
  }

  /** @param {() => string} path @param {(body: string) => void} take */
  async #receive(path, take) {
    while (!this.#closed) {
      const answer = await this.#polls.request('GET', path());
      if (answer.status !== 200) throw new Error(`poll: ${answer.status} ${answer.body}`);
      take(answer.body);
    }
  }

  /** @param {(items: Item[]) => Post} compose */
  async #post(compose) {
    this.#posting = true;
    while (this.#unsent.length > 0) {
      const { path, body, status } = compose(this.#unsent.splice(0));
      const answer = await this.#posts.request('POST', path, body);
      if (answer.status !== status) throw new Error(`post: ${answer.status} ${answer.body}`);
    }
    this.#posting = false;
    if (this.#settling) this.settle();
  }

  #fail() {
    if (!this.#closed) this.#onFailure();
  }
}
