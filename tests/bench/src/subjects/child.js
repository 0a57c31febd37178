// @ts-check
// Child processes that end with us, and what they need.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

/**
 * The kernel ends it with us, however we end.
 * @param {string} name @param {string[]} argv @param {import('node:child_process').SpawnOptions} options
 */
export function spawnTied(name, argv, options) {
  return spawn('setpriv', ['--pdeathsig', 'KILL', '--', name, ...argv], options);
}

/** @param {import('node:child_process').ChildProcess} child */
export async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(late);
}

/** @param {import('node:child_process').ChildProcess} child */
export function pidOf(child) {
  if (child.pid === undefined) throw new Error(`cannot start ${child.spawnfile}`);
  return child.pid;
}

/** @returns {Promise<number>} free a moment ago, for programs that cannot choose and tell */
export async function freePort() {
  const server = net.createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', () => done(undefined)));
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  await new Promise((done) => server.close(done));
  return port;
}

export function makeFolder() {
  return mkdtemp(path.join(os.tmpdir(), 'icebreaker-bench-'));
}
