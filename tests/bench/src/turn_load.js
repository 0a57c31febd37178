// @ts-check
// Runs turn-load (tests/bench/turn_load) once, on its own core, and gives back its figures.
import { once } from 'node:events';
import path from 'node:path';
import { pidOf } from './subjects/child.js';
import { LOAD_CORE, spawnPinned } from './subjects/pinned.js';
import { USER } from './subjects/turn_servers.js';

/** @typedef {Record<string, number>} Figures */

const LIMIT_MS = 120_000;

/**
 * @param {string} build @param {import('./subjects/turn_servers.js').DatagramServer} server @param {string[]} order
 * @param {{ limitMs?: number, showProgress?: boolean }} [options] what it says meanwhile is shown, or is its complaint
 * @returns {Promise<Figures>}
 */
export async function turnLoad(build, server, order, { limitMs = LIMIT_MS, showProgress = false } = {}) {
  const binary = path.join(build, 'tests', 'bench', 'turn_load', 'turn-load');
  const common = ['--server', `127.0.0.1:${server.port}`, '--user', USER.name, '--password', USER.password];
  const argv = [...common, '--pid', String(server.pid), ...order];
  const child = spawnPinned(LOAD_CORE, binary, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  pidOf(child);
  const late = setTimeout(() => child.kill('SIGKILL'), limitMs);
  if (showProgress) child.stderr?.pipe(process.stderr, { end: false });
  const output = [child.stdout, child.stderr].map((stream) => textOf(/** @type {import('node:stream').Readable} */ (stream)));
  const [status] = await once(child, 'close');
  clearTimeout(late);
  const [figures, complaint] = await Promise.all(output);
  if (status !== 0) throw new Error(`turn-load ${order.join(' ')}: ${complaint.trim().split('\n').pop() || `status ${status}`}`);
  return JSON.parse(figures);
}

/** @param {import('node:stream').Readable} stream */
async function textOf(stream) {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}
