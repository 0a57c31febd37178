// @ts-check
// Starts the servers that are compared, each on a free port of loopback.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {object} Subject a running server
 * @property {number} port
 * @property {number} pid
 * @property {() => Promise<void>} tidy frees what a garbage collector would free some time
 * @property {() => Promise<void>} stop
 */

const CONFIG = `
listen = "127.0.0.1:0"
web_root = "off"
[limits]
opens_per_minute = 0
messages_per_second = 0
[drain]
seconds = 0
[metrics]
address = "127.0.0.1:0"
`;

/** @param {string} binary @returns {Promise<Subject>} */
export async function startIcebreaker(binary) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'icebreaker-bench-'));
  const file = path.join(folder, 'signal.toml');
  await writeFile(file, CONFIG);
  const env = { ...process.env, PORT: undefined };
  const child = spawn(binary, ['--config', file], { stdio: ['ignore', 'ignore', 'pipe'], env });
  const port = await new Promise((done, failed) => {
    child.once('error', failed);
    child.once('exit', () => failed(new Error(`${binary} ended before it was ready`)));
    createInterface({ input: child.stderr }).on('line', (line) => {
      const listening = / ready .*listen=http:\S*:(\d+)/.exec(line);
      if (listening) done(Number(listening[1]));
    });
  });
  const stop = async () => {
    await end(child);
    await rm(folder, { recursive: true });
  };
  return { port, pid: pidOf(child), tidy: async () => {}, stop };
}

/** @param {string} name of a file beside this one @returns {Promise<Subject>} */
export async function startNodeRelay(name) {
  const file = fileURLToPath(new URL(name, import.meta.url));
  const child = fork(file, { execArgv: ['--expose-gc'], env: { ...process.env, NODE_ENV: 'production' } });
  const [{ port }] = await once(child, 'message');
  const tidy = async () => {
    const tidied = once(child, 'message');
    child.send('tidy');
    await tidied;
  };
  return { port, pid: pidOf(child), tidy, stop: () => end(child) };
}

/** @param {import('node:child_process').ChildProcess} child */
async function end(child) {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(late);
}

/** @param {import('node:child_process').ChildProcess} child */
function pidOf(child) {
  if (child.pid === undefined) throw new Error(`cannot start ${child.spawnfile}`);
  return child.pid;
}
