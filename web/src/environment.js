// @ts-check
import { onWake } from './wake.js';

/**
 * What the signaling client needs from its surroundings; tests pass fakes.
 * @typedef {object} Environment
 * @property {(callback: () => void, ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {() => number} now monotonic milliseconds
 * @property {() => number} random in [0, 1)
 * @property {typeof globalThis.fetch} fetch
 * @property {new (url: string, protocol: string) => WebSocket} [WebSocket] absent: HTTP only
 * @property {(callback: () => void) => () => void} [onWake] calls back whenever the page may have slept or changed
 *   its network; the result stops that
 */

/** @returns {Environment} */
export function browserEnvironment() {
  return {
    setTimeout: (callback, ms) => setTimeout(callback, ms),
    clearTimeout: (timer) => clearTimeout(timer),
    now: () => performance.now(),
    random: () => Math.random(),
    fetch: (input, init) => fetch(input, init),
    WebSocket: globalThis.WebSocket,
    onWake: globalThis.document ? onWake : undefined,
  };
}
