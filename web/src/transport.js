// @ts-check
/**
 * What every transport of the signaling client looks like, and how its end is described. A transport
 * is used once: it is connected, says hello, carries messages and closes.
 */

/** @typedef {import('./protocol.js').Message} Message */
/** @typedef {import('./protocol.js').Hello} Hello */
/** @typedef {import('./protocol.js').Welcome} Welcome */
/** WebSocket, HTTP with an event stream, HTTP with long-poll. @typedef {'ws' | 'sse' | 'poll'} TransportName */
/**
 * - `network`: nobody answered, or the connection broke
 * - `busy`: the server asks to come back later
 * - `goaway`: the instance drains
 * - `session_lost`, `superseded`: what the protocol calls so
 * - `too_large`: a message has to be dropped
 * - `bad`: one side broke the protocol
 * - `refused`: trying again is of no use
 * @typedef {'network' | 'busy' | 'goaway' | 'session_lost' | 'superseded' | 'too_large' | 'bad' | 'refused'} CloseReason
 */
/** @typedef {{ reason: CloseReason, code?: string, text?: string, retryAfterMs?: number }} Closure */
/**
 * @typedef {object} TransportHandlers
 * @property {() => void} onOpen hello may be said now
 * @property {(welcome: Welcome) => void} onWelcome
 * @property {(message: Message) => void} onMessage
 * @property {(n: number) => void} onConfirmed own messages up to n arrived
 * @property {() => void} onTooLarge one of the unconfirmed messages is larger than the server takes
 * @property {() => void} onRenamed it goes on under another name: long-poll instead of an event stream
 * @property {(closure: Closure) => void} onClosed once, never after close()
 */
/**
 * @typedef {object} Transport
 * @property {TransportName} name
 * @property {() => void} connect
 * @property {(hello: Hello) => void} hello
 * @property {() => void} flush sends what the session state has unsent
 * @property {() => void} delivered a numbered message was handed to the application
 * @property {() => void} [rest] starts no new receive, which would take the session back from the transport that
 *   says hello meanwhile
 * @property {() => void} [wake] ends the rest
 * @property {() => void} [recheck] the network may have changed: finds out whether what is open still lives
 * @property {() => void} end flushes and ends the session on the server
 * @property {() => void} close drops the connection; the session lives on
 */

/** @type {Record<string, CloseReason>} */
const REASON_OF_CODE = {
  superseded: 'superseded',
  session_lost: 'session_lost',
  unauthorized: 'refused',
  forbidden: 'refused',
  origin_refused: 'refused',
  unsupported_protocol: 'refused',
  too_large: 'too_large',
  bad_message: 'bad',
  unknown_type: 'bad',
  rate_limited: 'busy',
  unavailable: 'busy',
};

/** @type {Record<number, CloseReason>} */
const REASON_OF_CLOSE = {
  1009: 'too_large',
  1012: 'goaway',
  4400: 'bad',
  4401: 'refused',
  4403: 'refused',
  4404: 'session_lost',
  4409: 'superseded',
  4429: 'busy',
  4503: 'busy',
};

/** @type {Record<number, CloseReason>} */
const REASON_OF_STATUS = {
  400: 'bad',
  401: 'refused',
  403: 'refused',
  404: 'session_lost',
  409: 'superseded',
  410: 'session_lost',
  413: 'too_large',
  429: 'busy',
};

/**
 * @param {Message | undefined} error the server's `error` without a number, if there was one
 * @param {CloseReason} fallback
 * @returns {Closure}
 */
function closureFrom(error, fallback) {
  const reason = (error && REASON_OF_CODE[error.code]) || fallback;
  return { reason, code: error?.code, text: error?.message, retryAfterMs: error?.retry_after_ms };
}

/**
 * @param {number} closeCode
 * @param {Message | undefined} error
 */
export function closureOfWebSocket(closeCode, error) {
  return closureFrom(error, REASON_OF_CLOSE[closeCode] ?? 'network');
}

/**
 * @param {number} status 0 when nobody answered
 * @param {Message | undefined} error
 * @param {number | undefined} retryAfterMs
 */
export function closureOfHttp(status, error, retryAfterMs) {
  const closure = closureFrom(error, REASON_OF_STATUS[status] ?? (status === 503 ? 'busy' : 'network'));
  return { ...closure, retryAfterMs: closure.retryAfterMs ?? retryAfterMs };
}
