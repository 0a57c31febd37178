// @ts-check
// The load driver, a process of its own: pairs of clients against one server; see Driver.
import { IcebreakerPollClient, IcebreakerSocketClient } from './clients/icebreaker.js';
import { PlainWsClient } from './clients/plain_ws.js';
import { SocketIoPollClient, SocketIoSocketClient } from './clients/socketio.js';
import { quantile } from './measure.js';

const CLIENTS = {
  'icebreaker-websocket': IcebreakerSocketClient,
  'icebreaker-poll': IcebreakerPollClient,
  'socketio-websocket': SocketIoSocketClient,
  'socketio-poll': SocketIoPollClient,
  'ws-websocket': PlainWsClient,
};
/** @typedef {keyof typeof CLIENTS} ClientKind */
/** @typedef {InstanceType<typeof CLIENTS[ClientKind]>} Client */

const AT_ONCE = 32; // rooms being opened
// As long as an ICE candidate of a browser.
const CANDIDATE =
  'candidate:842163049 1 udp 1677729535 203.0.113.77 46154 typ srflx raddr 192.168.1.17 rport 46154 generation 0 ufrag EsAw network-cost 999';

/** @type {Client[][]} */
const pairs = [];

/** Of each pair one goes to the first and one to the last port. @param {{ kind: ClientKind, ports: number[], pairs: number }} order */
async function connect({ kind, ports, pairs: wanted }) {
  const first = pairs.length;
  let next = first;
  async function openSome() {
    while (next < first + wanted) {
      const room = `bench-${next++}`;
      const [ann, bob] = [new CLIENTS[kind](ports[0]), new CLIENTS[kind](ports[ports.length - 1])];
      for (const client of [ann, bob]) client.onFailure = () => fail(`a connection of ${kind} ended`);
      await ann.open(room);
      await bob.open(room);
      await Promise.all([ann.met, bob.met]);
      for (const client of [ann, bob]) client.settle();
      pairs.push([ann, bob]);
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, openSome));
  return {};
}

/**
 * Each pair plays ping-pong with one message in flight, until so many were received in all.
 * @param {{ messages: number }} order
 */
function exchange({ messages }) {
  let left = messages;
  return new Promise((done) => {
    for (const [ann, bob] of pairs) {
      for (const [here, there] of [[ann, bob], [bob, ann]]) {
        there.onSignal = (data) => {
          left -= 1;
          if (left === 0) done({});
          if (left >= pairs.length) there.send(data);
        };
      }
      ann.send({ kind: 'candidate', candidate: CANDIDATE });
    }
  });
}

/**
 * An open loop: messages are sent when they are due, however late the earlier ones are.
 * @param {{ perSecond: number, seconds: number }} order
 */
function paced({ perSecond, seconds }) {
  const total = perSecond * seconds;
  /** @type {number[]} */
  const latencies = [];
  const clients = pairs.flat();
  return new Promise((done) => {
    for (const client of clients) {
      client.onSignal = (data) => {
        latencies.push(performance.now() - data.sent);
        if (latencies.length < total) return;
        done({ p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) });
      };
    }
    const start = performance.now();
    let sent = 0;
    const timer = setInterval(() => {
      const due = Math.min(total, Math.floor(((performance.now() - start) / 1000) * perSecond));
      for (; sent < due; sent += 1) {
        const data = { kind: 'candidate', candidate: CANDIDATE, sent: performance.now() };
        clients[sent % clients.length].send(data);
      }
      if (sent === total) clearInterval(timer);
    }, 1);
  });
}

/** @param {string} why */
function fail(why) {
  process.send?.({ failed: why });
}

const ORDERS = { connect, exchange, paced };

process.on('message', async (/** @type {any} */ order) => {
  try {
    const result = await ORDERS[/** @type {keyof typeof ORDERS} */ (order.what)](order);
    process.send?.(result);
  } catch (error) {
    fail(String(error));
  }
});
process.on('disconnect', () => process.exit(0));
