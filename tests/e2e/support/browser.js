// @ts-check
import { chromium } from 'playwright-core';
import { Visitor } from './visitor.js';

const ARGUMENTS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
  '--autoplay-policy=no-user-gesture-required',
  '--use-fake-device-for-media-stream=fps=10',
  // Two pages that are never in front must run as if they were.
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];

/** Debian's Chromium with fake devices. */
export class Browser {
  /** @type {import('playwright-core').Browser | null} */
  #browser = null;
  /** @type {Visitor[]} */
  visitors = [];

  /** @param {'granted' | 'denied'} permissions */
  async launch(permissions) {
    const dialog = `--use-fake-ui-for-media-stream${permissions === 'denied' ? '=deny' : ''}`;
    this.#browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [...ARGUMENTS, dialog],
      timeout: 60_000,
    });
  }

  /**
   * Somebody with a browser profile of their own.
   * @param {import('playwright-core').BrowserContextOptions} [options]
   */
  async visitor(options = {}) {
    if (!this.#browser) throw new Error('the browser is not running');
    const context = await this.#browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    const visitor = new Visitor(context, await context.newPage());
    await visitor.watch();
    this.visitors.push(visitor);
    return visitor;
  }

  async close() {
    await this.#browser?.close();
    this.#browser = null;
  }
}
