// @ts-check
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Server, freePort } from './server.js';
import { until } from './wait.js';

/** Why a test that needs a fleet has to be skipped, if so. */
export function missingPrograms() {
  const absent = ['redis-server', 'haproxy'].filter((name) => spawnSync('which', [name]).status !== 0);
  return absent.length > 0 && `not installed: ${absent.join(', ')}`;
}

/** Three signaling servers on one Redis behind a balancer in rotation: nothing sticks to any of them. */
export class Fleet {
  port = 0;
  /** @type {{ server: Server, config: string }[]} */
  #instances = [];
  /** @type {Tool[]} */
  #tools = [];
  #folder = '';

  /** @param {(listen: string, state: string) => string} makeConfig TOML of one instance */
  async start(makeConfig) {
    this.#folder = await mkdtemp(path.join(os.tmpdir(), 'icebreaker-e2e-fleet-'));
    const redisPort = await freePort();
    await this.#run('redis-server', ['--port', String(redisPort), '--bind', '127.0.0.1', '--save', '', '--dir', this.#folder], redisPort);
    const ports = [];
    for (let i = 0; i < 3; i += 1) {
      const port = await freePort();
      const instance = { server: new Server('signal'), config: makeConfig(`127.0.0.1:${port}`, `redis://127.0.0.1:${redisPort}/0`) };
      await instance.server.start(instance.config);
      this.#instances.push(instance);
      ports.push(port);
    }
    this.port = await freePort();
    const file = path.join(this.#folder, 'haproxy.cfg');
    await writeFile(file, await balancerConfig(this.port, ports));
    await this.#run('haproxy', ['-db', '-f', file], this.port);
  }

  /** Those that somebody's WebSocket or held poll is at. */
  async inUse() {
    const used = [];
    for (const { server } of this.#instances) {
      if ((await receivesOf(server)) > 0) used.push(server);
    }
    return used;
  }

  /** How many clients are connected to those that live. */
  async receives() {
    let sum = 0;
    for (const { server } of this.#instances) sum += await receivesOf(server);
    return sum;
  }

  /** @param {Server} killed brings it back on its port */
  async restart(killed) {
    for (const { server, config } of this.#instances) {
      if (server === killed) await server.start(config);
    }
  }

  async stop() {
    for (const { server } of this.#instances) await server.stop();
    for (const tool of this.#tools) await tool.stop();
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true });
  }

  /** @param {string} name @param {string[]} argv @param {number} port */
  async #run(name, argv, port) {
    const tool = new Tool(name, argv);
    this.#tools.push(tool);
    await until(`${name} takes connections`, () => takesConnections(port), 20_000);
  }
}

/** @param {Server} server @returns {Promise<number>} 0 for one that was killed */
async function receivesOf(server) {
  const metrics = await server.metrics().catch(() => new Map());
  return metrics.get('icebreaker_signal_receives') ?? 0;
}

/** A foreign program that runs until it is stopped. */
class Tool {
  #child;

  /** @param {string} name @param {string[]} argv */
  constructor(name, argv) {
    this.#child = spawn(name, argv, { stdio: 'ignore' });
  }

  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((done) => this.#child.once('exit', done));
    this.#child.kill('SIGKILL');
    await ended;
  }
}

/** @param {number} port @returns {Promise<boolean>} */
function takesConnections(port) {
  return new Promise((done) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.destroy();
      done(true);
    });
    socket.on('error', () => done(false));
  });
}

/** @param {number} port @param {number[]} servers */
async function balancerConfig(port, servers) {
  const template = await readFile(new URL('../../support/haproxy.cfg', import.meta.url), 'utf8');
  const lines = servers.map((each, i) => `  server s${i} 127.0.0.1:${each}`);
  return template
    .replace('{port}', `${port}`)
    .replace('{balance}', 'roundrobin')
    .replace('{servers}', lines.join('\n'));
}
