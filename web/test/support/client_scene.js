// @ts-check
import { SignalingClient } from '../../src/signaling_client.js';
import { FakeClock } from './fake_clock.js';
import { FakeServer } from './fake_server.js';

const BASE_URL = new URL('http://call.test/');
export const LONGEST_BACKOFF_MS = 15_000;

/**
 * A client, its server and the messages that the application got.
 * @param {{ transport?: 'auto' | 'ws' | 'poll', random?: () => number, webSocket?: FakeServer['webSocket'] }} [options]
 */
export function setUp({ transport = 'auto', random, webSocket = 'ok' } = {}) {
  const clock = new FakeClock();
  const server = new FakeServer(clock);
  server.webSocket = webSocket;
  const client = new SignalingClient({ baseUrl: BASE_URL, transport, environment: server.environment(random) });
  /** @type {any[]} */
  const messages = [];
  client.on('message', (message) => messages.push(message));
  /** @type {any[]} */
  const stopped = [];
  client.on('stopped', (why) => stopped.push(why));
  return { clock, server, client, messages, stopped };
}

/** @param {any[]} messages */
export const numbers = (messages) => messages.filter((m) => m.type === 'signal').map((m) => m.data.number);
/** @param {number} number */
export const signal = (number) => ({ type: 'signal', from: 'peer9', data: { kind: 'test', number } });
