// @ts-check

const LIMIT_MS = 60_000;

/** Looks every so often, within a bound. @param {string} what @param {number} everyMs @param {() => boolean | Promise<boolean>} holds */
export async function until(what, everyMs, holds) {
  const end = Date.now() + LIMIT_MS;
  do {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((done) => setTimeout(done, everyMs));
  } while (!(await holds()));
}
