// @ts-check
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './wait.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const LISTENING = /listening transport=(\S+) address=(\S+):(\d+)/;

/** One of our servers as a process, with a configuration of its own. */
export class Server {
  #name;
  /** @type {import('node:child_process').ChildProcess | null} */
  #process = null;
  #folder = '';
  #output = '';

  /** @param {'signal' | 'turn'} name */
  constructor(name) {
    this.#name = name;
  }

  get output() {
    return this.#output;
  }

  /** @param {string} config TOML */
  async start(config) {
    this.#folder ||= await mkdtemp(path.join(os.tmpdir(), 'icebreaker-e2e-'));
    const file = path.join(this.#folder, 'config.toml');
    await writeFile(file, config);
    this.#output = '';
    const env = { ...process.env, PORT: undefined, ICEBREAKER_TURN_SECRET: undefined };
    const child = spawn(binaryOf(this.#name), ['--config', file], { stdio: ['ignore', 'pipe', 'pipe'], env });
    this.#process = child;
    child.on('error', (error) => (this.#output += String(error)));
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (this.#output += data));
    await until(`icebreaker-${this.#name} is ready`, () => this.#isReady(), 20_000);
  }

  /** @param {string} transport as in the log line of the listener @param {string} [host] of several, which one */
  port(transport, host) {
    for (const line of this.#output.split('\n')) {
      const match = LISTENING.exec(line);
      if (match && match[1] === transport && match[2] === (host ?? match[2])) return Number(match[3]);
    }
    throw new Error(`no ${transport} listener in:\n${this.#output}`);
  }

  /** @returns {Promise<Map<string, number>>} sums over the labels, by metric name */
  async metrics() {
    const response = await fetch(`http://127.0.0.1:${this.port('metrics')}/metrics`);
    /** @type {Map<string, number>} */
    const sums = new Map();
    for (const line of (await response.text()).split('\n')) {
      const match = /^([a-z_]+)(?:\{.*\})? (\S+)$/.exec(line);
      if (match) sums.set(match[1], (sums.get(match[1]) ?? 0) + Number(match[2]));
    }
    return sums;
  }

  kill() {
    return this.#end('SIGKILL');
  }

  async stop() {
    await this.#end('SIGTERM');
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true });
  }

  #isReady() {
    if (this.#process?.exitCode !== null) throw new Error(`icebreaker-${this.#name} ended:\n${this.#output}`);
    return /: ready( |$)/m.test(this.#output);
  }

  /** @param {NodeJS.Signals} signal */
  async #end(signal) {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await ended;
    clearTimeout(late);
  }
}

/** A port that was free a moment ago, for servers that have to come back on the same one. */
export async function freePort() {
  const server = net.createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', () => done(undefined)));
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  await new Promise((done) => server.close(done));
  return port;
}

/** @param {string} name */
function binaryOf(name) {
  const builds = [process.env.ICEBREAKER_BUILD, path.join(ROOT, 'build/test'), path.join(ROOT, 'build')];
  for (const build of builds) {
    const file = build && path.join(build, name === 'signal' ? 'signaling' : name, 'server', `icebreaker-${name}`);
    if (file && existsSync(file)) return file;
  }
  throw new Error(`icebreaker-${name} is not built; set ICEBREAKER_BUILD to a meson build directory`);
}
