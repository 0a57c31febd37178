// @ts-check
/** Waiting for conditions with a bound, never for time alone. */

const DEFAULT_MS = 30_000;

/**
 * Asks again until the answer is truthy.
 * @template T
 * @param {string} what named when it does not happen
 * @param {() => T | Promise<T>} ask
 * @param {number} [ms]
 * @returns {Promise<NonNullable<T>>}
 */
export async function until(what, ask, ms = DEFAULT_MS) {
  const end = Date.now() + ms;
  /** @type {unknown} */
  let last;
  do {
    last = await ask();
    if (last) return /** @type {NonNullable<T>} */ (last);
    await new Promise((done) => setTimeout(done, 50));
  } while (Date.now() < end);
  throw new Error(`${what}: not within ${ms} ms (last: ${JSON.stringify(last)})`);
}
