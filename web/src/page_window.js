// @ts-check
/**
 * What the page needs of its window beside elements; tests pass fakes.
 * @typedef {object} PageWindow
 * @property {() => URL} address
 * @property {(href: string) => void} showAddress without loading anything
 * @property {(text: string) => Promise<void>} copy fails where the clipboard is closed, as over plain http
 * @property {() => boolean} isOnline
 * @property {(callback: () => void, ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 */

/** @returns {PageWindow} */
export function browserWindow() {
  return {
    address: () => new URL(location.href),
    showAddress: (href) => history.replaceState(null, '', href),
    copy: async (text) => navigator.clipboard.writeText(text),
    isOnline: () => navigator.onLine,
    setTimeout: (callback, ms) => setTimeout(callback, ms),
    clearTimeout: (timer) => clearTimeout(timer),
  };
}
