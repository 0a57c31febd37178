// @ts-check
/** A response of a server that never ends by itself, and what can happen to it on its way. */

const encoder = new TextEncoder();

export class FakeStream {
  /** @type {Promise<Response>} */
  response;
  /** @type {any} */
  #controller = null;
  #open = true;
  #passed;
  /** @type {(reason: Error) => void} */
  #refuse = () => {};

  /** @param {'passed' | 'kept'} fate whether a proxy passes it on as it comes, or keeps all of it back */
  constructor(fate) {
    this.#passed = fate === 'passed';
    const body = new ReadableStream({ start: (controller) => void (this.#controller = controller) });
    const head = { headers: { 'Content-Type': 'text/event-stream' } };
    this.response = this.#passed
      ? Promise.resolve(new Response(body, head))
      : new Promise((_, reject) => (this.#refuse = reject));
  }

  /** @param {string | Uint8Array} piece */
  write(piece) {
    if (!this.#open || !this.#passed) return;
    this.#controller.enqueue(typeof piece === 'string' ? encoder.encode(piece) : piece);
  }

  /** @param {any} message */
  event(message) {
    const id = message.seq === undefined ? '' : `id: ${message.seq}\n`;
    this.write(`${id}data: ${JSON.stringify(message)}\n\n`);
  }

  /** In order, after a last event. @param {any} [last] */
  end(last) {
    if (last) this.event(last);
    if (this.#open && this.#passed) this.#controller.close();
    this.#open = false;
  }

  /** In the middle of whatever it carries. */
  fail() {
    const reason = new TypeError('connection lost');
    if (this.#open && this.#passed) this.#controller.error(reason);
    this.#refuse(reason);
    this.#open = false;
  }
}
