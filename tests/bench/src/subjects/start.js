// @ts-check
// Starts the servers that are compared, and what they need, each on a free port of loopback.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from '../until.js';
import { end, freePort, makeFolder, pidOf, spawnTied } from './child.js';

/**
 * @typedef {object} Subject what runs: one server, or several that are one service
 * @property {number[]} ports
 * @property {number[]} pids
 * @property {() => Promise<void>} tidy frees what a garbage collector would free some time
 * @property {() => Promise<void>} stop
 */

/** @typedef {{ state?: string, resumeWindowMs?: number }} Settings as in signal.toml */

/** @param {Settings} settings */
const configOf = ({ state = 'memory', resumeWindowMs = 60_000 }) => `
listen = "127.0.0.1:0"
web_root = "off"
state = "${state}"
[session]
token_secrets = ["the secret of all instances"]
resume_window_ms = ${resumeWindowMs}
[limits]
opens_per_minute = 0
messages_per_second = 0
[drain]
seconds = 0
[metrics]
address = "127.0.0.1:0"
`;

const NOTHING_TO_TIDY = async () => {};

/** @param {string} binary @param {Settings} [settings] @returns {Promise<Subject>} */
export async function startIcebreaker(binary, settings = {}) {
  const folder = await makeFolder();
  const file = path.join(folder, 'signal.toml');
  await writeFile(file, configOf(settings));
  const env = { ...process.env, PORT: undefined };
  const child = spawnTied(binary, ['--config', file], { stdio: ['ignore', 'ignore', 'pipe'], env });
  const port = await new Promise((done, failed) => {
    let last = '';
    child.once('error', failed);
    child.once('exit', () => failed(new Error(`${binary} ended before it was ready: ${last}`)));
    createInterface({ input: /** @type {import('node:stream').Readable} */ (child.stderr) }).on('line', (line) => {
      last = line;
      const listening = / ready .*listen=http:\S*:(\d+)/.exec(line);
      if (listening) done(Number(listening[1]));
    });
  });
  const stop = async () => {
    await end(child);
    await rm(folder, { recursive: true });
  };
  return { ports: [port], pids: [pidOf(child)], tidy: NOTHING_TO_TIDY, stop };
}

/** @param {string} binary @param {number} count @returns {Promise<Subject>} */
export async function startIcebreakersOnRedis(binary, count) {
  const redis = await startRedis();
  const state = `redis://127.0.0.1:${redis.port}/0`;
  const service = await several(count, () => startIcebreaker(binary, { state }));
  const stop = async () => {
    await service.stop();
    await redis.stop();
  };
  return { ...service, stop };
}

/** Relays that know nothing of each other. @param {string} name @param {number} count */
export function startNodeRelays(name, count) {
  return several(count, () => startNodeRelay(name));
}

/** @param {number} count @param {() => Promise<Subject>} start @returns {Promise<Subject>} */
async function several(count, start) {
  /** @type {Subject[]} */
  const all = [];
  while (all.length < count) all.push(await start());
  const stop = async () => {
    for (const each of all) await each.stop();
  };
  const [ports, pids] = [all.flatMap((each) => each.ports), all.flatMap((each) => each.pids)];
  return { ports, pids, tidy: NOTHING_TO_TIDY, stop };
}

async function startRedis() {
  const folder = await makeFolder();
  const port = await freePort();
  const argv = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--save', ''];
  return startTool('redis-server', argv, port, folder);
}

/** Each request goes to an instance by chance. @param {number[]} ports */
export async function startRandomBalancer(ports) {
  const folder = await makeFolder();
  const port = await freePort();
  const file = path.join(folder, 'haproxy.cfg');
  const servers = ports.map((each, i) => `  server s${i} 127.0.0.1:${each}`).join('\n');
  await writeFile(
    file,
    `defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
frontend front
  bind 127.0.0.1:${port}
  default_backend instances
backend instances
  balance random
${servers}
`,
  );
  return startTool('haproxy', ['-db', '-f', file], port, folder);
}

/** @param {string} name @param {string[]} argv @param {number} port @param {string} folder removed at the end */
async function startTool(name, argv, port, folder) {
  const child = spawnTied(name, argv, { stdio: 'ignore' });
  await once(child, 'spawn');
  await until(`${name} on port ${port}`, 50, () => takesConnections(port));
  const stop = async () => {
    await end(child);
    await rm(folder, { recursive: true });
  };
  return { port, stop };
}

/** @param {number} port @returns {Promise<boolean>} */
function takesConnections(port) {
  return new Promise((done) => {
    const socket = net.connect(port, '127.0.0.1', () => (socket.destroy(), done(true)));
    socket.on('error', () => done(false));
  });
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
  return { ports: [port], pids: [pidOf(child)], tidy, stop: () => end(child) };
}
