// @ts-check
import { SignalingClient } from '../../src/signaling_client.js';
import { FakeClock } from './fake_clock.js';
import { FakeServer } from './fake_server.js';

const BASE_URL = new URL('http://call.test/');
export const LONGEST_BACKOFF_MS = 15_000;

/**
 * A client, its server and the messages that the application got.
 * @param {{ transports?: import('../../src/transport.js').TransportName[], random?: () => number, webSocket?: FakeServer['webSocket'], without?: 'WebSocket' }} [options]
 */
export function setUp({ transports, random, webSocket = 'ok', without } = {}) {
  const clock = new FakeClock();
  const server = new FakeServer(clock);
  server.webSocket = webSocket;
  const environment = { ...server.environment(random), ...(without && { [without]: undefined }) };
  const client = new SignalingClient({ baseUrl: BASE_URL, transports, environment });
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
