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

  /**
   * @param {'granted' | 'denied'} permissions what the fake device dialog answers
   * @param {'allowed' | 'needs-click'} sound
   * @param {Record<string, string>} [env] beside ours
   */
  async launch(permissions, sound, env = {}) {
    const autoplay = sound === 'allowed' ? 'no-user-gesture-required' : 'document-user-activation-required';
    const dialog = `--use-fake-ui-for-media-stream${permissions === 'denied' ? '=deny' : ''}`;
    this.#browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [...ARGUMENTS, dialog, `--autoplay-policy=${autoplay}`],
      env: { ...process.env, ...env },
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

  /** They would go on encoding video for nobody. */
  async dismissVisitors() {
    await Promise.all(this.visitors.splice(0).map((visitor) => visitor.leave()));
  }

  async close() {
    await this.#browser?.close();
    this.#browser = null;
  }
}
