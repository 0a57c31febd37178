// @ts-check
/** Reconnect delays: exponential with full jitter, so that the clients of a lost server do not return in step. */

const FIRST_CEILING_MS = 500;
const LAST_CEILING_MS = 15_000;

/**
 * @param {number} attempt 0 for the first try after a loss
 * @param {number} random in [0, 1)
 * @returns {number} milliseconds
 */
export function backoffMs(attempt, random) {
  const ceiling = Math.min(LAST_CEILING_MS, FIRST_CEILING_MS * 2 ** Math.min(attempt, 16));
  return Math.floor(ceiling * random);
}
