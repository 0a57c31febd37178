// @ts-check
import { AckPace } from './ack_pace.js';
import { SUBPROTOCOL, decodeServerMessage } from './protocol.js';
import { closureOfWebSocket } from './transport.js';

/** @typedef {import('./transport.js').Transport} Transport */
/** @typedef {import('./transport.js').TransportHandlers} TransportHandlers */
/** @typedef {import('./protocol.js').Message} Message */
/** @typedef {import('./protocol.js').Welcome} Welcome */

// The server confirms within a second; silence after a message means that the connection is dead.
const CONFIRM_MS = 8_000;
const ENDING_CODES = new Set(['superseded', 'session_lost', 'unauthorized', 'unsupported_protocol']);

/** @implements {Transport} */
export class WebSocketTransport {
  /** @type {'ws'} */
  name = 'ws';
  #environment;
  #url;
  #state;
  #handlers;
  /** @type {WebSocket | null} */
  #socket = null;
  #welcomed = false;
  #closed = false;
  /** @type {Message | undefined} */
  #lastError;
  #acks;
  /** @type {any} */
  #confirmTimer = null;

  /**
   * @param {import('./environment.js').Environment} environment
   * @param {URL} baseUrl http or https
   * @param {import('./session_state.js').SessionState} state
   * @param {TransportHandlers} handlers
   */
  constructor(environment, baseUrl, state, handlers) {
    this.#environment = environment;
    const url = new URL('v1/ws', baseUrl);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    this.#url = url.href;
    this.#state = state;
    this.#handlers = handlers;
    this.#acks = new AckPace(environment, () => this.#acknowledge());
  }

  connect() {
    try {
      const { WebSocket } = this.#environment;
      if (!WebSocket) throw new TypeError('no WebSocket here');
      this.#socket = new WebSocket(this.#url, SUBPROTOCOL);
    } catch {
      this.#finish({ reason: 'network' });
      return;
    }
    this.#socket.onopen = () => this.#closed || this.#handlers.onOpen();
    this.#socket.onmessage = (event) => this.#closed || this.#onFrame(event.data);
    this.#socket.onclose = (event) => this.#finish(closureOfWebSocket(event.code, this.#lastError));
  }

  /** @param {import('./protocol.js').Hello} hello */
  hello(hello) {
    this.#socket?.send(JSON.stringify(hello));
  }

  flush() {
    if (!this.#welcomed || this.#closed) return;
    for (const message of this.#state.takeUnsent()) this.#socket?.send(JSON.stringify(message));
    if (this.#state.pending > 0 && this.#confirmTimer === null) this.#expectConfirmation();
  }

  delivered() {
    this.#acks.delivered();
  }

  end() {
    this.flush();
    this.#stop(1000);
  }

  close() {
    this.#stop(1000);
  }

  /** @param {unknown} data */
  #onFrame(data) {
    const message = typeof data === 'string' ? decodeServerMessage(data) : null;
    if (!message) {
      this.#finish({ reason: 'bad', text: 'not a message of this protocol' });
    } else if (message.type === 'welcome') {
      this.#welcomed = true;
      this.#handlers.onWelcome(/** @type {Welcome} */ (message));
      this.flush();
    } else if (message.type === 'ack') {
      this.#handlers.onConfirmed(message.n);
      this.#clearConfirmation();
      if (this.#state.pending > 0) this.#expectConfirmation();
    } else if (message.type === 'error' && message.seq === undefined) {
      this.#onTransportError(message);
    } else {
      this.#handlers.onMessage(message);
    }
  }

  /** @param {Message} error */
  #onTransportError(error) {
    if (error.code === 'bad_sequence') {
      this.#handlers.onMessage(error);
      return;
    }
    this.#lastError = error;
    if (ENDING_CODES.has(error.code)) this.#finish(closureOfWebSocket(0, error));
  }

  #acknowledge() {
    if (!this.#closed) this.#socket?.send(JSON.stringify({ type: 'ack', seq: this.#state.lastSeq }));
  }

  #expectConfirmation() {
    this.#confirmTimer = this.#environment.setTimeout(() => this.#finish({ reason: 'network' }), CONFIRM_MS);
  }

  /** @param {import('./transport.js').Closure} closure */
  #finish(closure) {
    if (this.#closed) return;
    this.#stop(1000);
    this.#handlers.onClosed(closure);
  }

  /** @param {number} code */
  #stop(code) {
    this.#closed = true;
    this.#acks.clear();
    this.#clearConfirmation();
    this.#socket?.close(code);
  }

  #clearConfirmation() {
    this.#environment.clearTimeout(this.#confirmTimer);
    this.#confirmTimer = null;
  }
}
