// @ts-check
// TURN and STUN servers for comparison, each on one core, on 127.0.0.1, with one user and without limits.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { until } from '../until.js';
import { end, freePort, makeFolder, pidOf } from './child.js';
import { SERVER_CORE, spawnPinned } from './pinned.js';

/** @typedef {{ port: number, pid: number, stop: () => Promise<void> }} DatagramServer */

export const USER = { name: 'bench', password: 'bench' };
const RELAY_PORTS = { first: 30000, last: 65535 };
const BINDING_REQUEST = Buffer.from('000100002112a442' + '00'.repeat(12), 'hex');

const TURN_CONFIG = `
realm = "bench"
workers = 1
[[listen]]
transport = "udp"
address = "127.0.0.1:0"
[relay]
addresses = ["127.0.0.1"]
ports = "${RELAY_PORTS.first}-${RELAY_PORTS.last}"
[auth]
users = [{ name = "${USER.name}", password = "${USER.password}" }]
[peers]
allow = ["127.0.0.0/8"]
[limits]
allocations_per_user = 0
challenges_per_second = 0
[drain]
seconds = 0
[metrics]
address = "127.0.0.1:0"
`;

const STUN_CONFIG = `
workers = 1
[[listen]]
transport = "udp"
address = "127.0.0.1:0"
`;

/** @param {string} build */
export function startIcebreakerStun(build) {
  return startOurs(path.join(build, 'stun', 'server', 'icebreaker-stun'), STUN_CONFIG);
}

/** @param {string} build @param {Record<string, string>} [env] */
export function startIcebreakerTurn(build, env = {}) {
  return startOurs(path.join(build, 'turn', 'server', 'icebreaker-turn'), TURN_CONFIG, env);
}

/** @param {string} binary @param {string} config @param {Record<string, string>} [env] of the server alone @returns {Promise<DatagramServer>} */
async function startOurs(binary, config, env = {}) {
  const folder = await makeFolder();
  const file = path.join(folder, 'server.toml');
  await writeFile(file, config);
  const withEnv = ['env', ...Object.entries(env).map(([name, value]) => `${name}=${value}`), binary, '--config', file];
  const child = spawnPinned(SERVER_CORE, withEnv[0], withEnv.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] });
  const port = await new Promise((done, failed) => {
    let last = '';
    let found = 0;
    child.once('error', failed);
    child.once('exit', () => failed(new Error(`${binary} ended before it was ready: ${last}`)));
    createInterface({ input: /** @type {import('node:stream').Readable} */ (child.stderr) }).on('line', (line) => {
      last = line;
      const listening = / listening .*transport=udp .*address=\S*:(\d+)/.exec(line);
      if (listening) found = Number(listening[1]);
      if (/: ready( |$)/.test(line)) done(found);
    });
  });
  return { port, pid: pidOf(child), stop: () => stop(child, folder) };
}

/**
 * Debian's coturn with everything off that costs time. One relay thread for its one core: none (-m 0) and two take as
 * long, and of the other network engines --ne=1 takes 7 % less in bursts but 10 % more in spread traffic. The user comes
 * from the command line, so that no database is asked.
 * @param {number} port @param {string} folder
 */
const coturnArguments = (port, folder) => [
  '-n',
  ...['-L', '127.0.0.1', '-E', '127.0.0.1', '-p', String(port)],
  ...[`--min-port=${RELAY_PORTS.first}`, `--max-port=${RELAY_PORTS.last}`, '-m', '1'],
  ...['--lt-cred-mech', '-u', `${USER.name}:${USER.password}`, '-r', 'bench', '--allow-loopback-peers'],
  ...['--no-cli', '--no-tls', '--no-dtls', '--no-tcp', '--no-tcp-relay', '--no-rfc5780', '--no-software-attribute'],
  ...['--no-dynamic-ip-list', '--no-dynamic-realms', '--no-stdout-log', '--simple-log', '-l', '/dev/null'],
  ...['--userdb', path.join(folder, 'turndb'), '--pidfile', path.join(folder, 'pid')],
];

/** @returns {Promise<DatagramServer>} */
export async function startCoturn() {
  const folder = await makeFolder();
  const port = await freePort();
  return startForeign('turnserver', coturnArguments(port, folder), port, folder);
}

/** Stuntman's server, which Debian 12 does not have. @returns {Promise<DatagramServer>} */
export async function startStunserver() {
  const folder = await makeFolder();
  const port = await freePort();
  const argv = ['--mode', 'basic', '--primaryinterface', '127.0.0.1', '--primaryport', String(port), '--verbosity', '0'];
  return startForeign('stunserver', argv, port, folder);
}

/** @param {string} program */
export function isInstalled(program) {
  return (process.env.PATH ?? '').split(':').some((folder) => existsSync(path.join(folder, program)));
}

/** @param {string} name @param {string[]} argv @param {number} port @param {string} folder @returns {Promise<DatagramServer>} */
async function startForeign(name, argv, port, folder) {
  const child = spawnPinned(SERVER_CORE, name, argv, { stdio: 'ignore', cwd: folder });
  await once(child, 'spawn');
  await until(`${name} on port ${port}`, 20, async () => {
    if (child.exitCode !== null) throw new Error(`${name} ended with status ${child.exitCode} before it was ready`);
    return answersBinding(port);
  });
  return { port, pid: pidOf(child), stop: () => stop(child, folder) };
}

/** @param {number} port @returns {Promise<boolean>} within 100 ms */
function answersBinding(port) {
  return new Promise((done) => {
    const socket = createSocket('udp4');
    const finish = (/** @type {boolean} */ answered) => {
      clearTimeout(late);
      socket.close();
      done(answered);
    };
    const late = setTimeout(finish, 100, false);
    socket.once('message', () => finish(true));
    socket.once('error', () => finish(false)); // refused: not there yet
    socket.connect(port, '127.0.0.1', () => socket.send(BINDING_REQUEST));
  });
}

/** @param {import('node:child_process').ChildProcess} child @param {string} folder */
async function stop(child, folder) {
  await end(child);
  await rm(folder, { recursive: true });
}
