// @ts-check
// Compares icebreaker-signal with Socket.IO and plain ws; started by tests/bench/signaling.
import { parseArgs } from 'node:util';
import { Driver } from './driver.js';
import { cpuSeconds, median, rssBytes } from './measure.js';
import { startIcebreaker, startIcebreakersOnRedis, startNodeRelay } from './subjects/start.js';
import { table } from './table.js';
import { until } from './until.js';

/** @typedef {import('./load.js').ClientKind} ClientKind */

const PAIRS = 50;
const RATES = [500, 1000]; // messages per second
const KB = 1024;

const { values: options } = parseArgs({
  options: {
    binary: { type: 'string', default: '' },
    rounds: { type: 'string', default: '3' },
    messages: { type: 'string', default: '40000' },
    seconds: { type: 'string', default: '3' },
    idle: { type: 'string', default: '5000' },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
});
const [rounds, messages, seconds, idle] = [options.rounds, options.messages, options.seconds, options.idle].map(Number);

const icebreaker = () => startIcebreaker(options.binary);
const twoOnRedis = () => startIcebreakersOnRedis(options.binary, 2);
const socketIo = () => startNodeRelay('socketio_relay.js');
const plainWs = () => startNodeRelay('ws_relay.js');

/** @type {{ name: string, kind: ClientKind, start: typeof icebreaker }[]} */
const SUBJECTS = [
  { name: 'icebreaker WebSocket', kind: 'icebreaker-websocket', start: icebreaker },
  { name: 'ws', kind: 'ws-websocket', start: plainWs },
  { name: 'socket.io WebSocket', kind: 'socketio-websocket', start: socketIo },
  { name: 'icebreaker long-poll', kind: 'icebreaker-poll', start: icebreaker },
  { name: 'socket.io polling', kind: 'socketio-poll', start: socketIo },
  { name: 'icebreaker WebSocket, 2 on Redis', kind: 'icebreaker-websocket', start: twoOnRedis },
];

/** @typedef {{ perCpuSecond: number, latencies: { p50: number, p99: number }[], bytesPerClient: number }} Round */

/** @param {typeof SUBJECTS[number]} subject @returns {Promise<Omit<Round, 'bytesPerClient'>>} */
async function measureTraffic({ kind, start }) {
  const server = await start();
  const driver = new Driver();
  try {
    await driver.connect({ kind, ports: server.ports, pairs: PAIRS });
    await driver.exchange({ messages: Math.ceil(messages / 10) }); // warms caches and compilers up
    const before = cpuSeconds(server.pids);
    await driver.exchange({ messages });
    const perCpuSecond = messages / (cpuSeconds(server.pids) - before);
    const latencies = [];
    for (const perSecond of RATES) latencies.push(await driver.paced({ perSecond, seconds }));
    return { perCpuSecond, latencies };
  } finally {
    await driver.stop();
    await server.stop();
  }
}

/** What each client more costs beyond the first 100. @param {typeof SUBJECTS[number]} subject */
async function measureMemory({ kind, start }) {
  const server = await start();
  const driver = new Driver();
  try {
    await driver.connect({ kind, ports: server.ports, pairs: 50 });
    const before = await settledRss(server);
    await driver.connect({ kind, ports: server.ports, pairs: idle / 2 });
    return ((await settledRss(server)) - before) / idle;
  } finally {
    await driver.stop();
    await server.stop();
  }
}

/** @param {import('./subjects/start.js').Subject} server */
async function settledRss(server) {
  let last = 0;
  let busy = cpuSeconds(server.pids);
  // Acknowledgements are still to come, within a second; then nothing moves.
  await until('the server to come to rest', 1500, () => {
    const [rss, cpu] = [rssBytes(server.pids), cpuSeconds(server.pids)];
    const rests = rss === last && cpu - busy <= 0.05;
    [last, busy] = [rss, cpu];
    return rests;
  });
  await server.tidy();
  return rssBytes(server.pids);
}

/** @param {Map<string, Round[]>} results */
function report(results) {
  /** @param {string} name @param {(round: Round) => number} pick */
  const of = (name, pick) => median((results.get(name) ?? []).map(pick));
  const rows = [...results.keys()].map((name) => [
    name,
    of(name, (round) => round.perCpuSecond).toFixed(0),
    ...RATES.flatMap((_, i) => [
      of(name, (round) => round.latencies[i].p50).toFixed(2),
      of(name, (round) => round.latencies[i].p99).toFixed(2),
    ]),
    (of(name, (round) => round.bytesPerClient) / KB).toFixed(1),
  ]);
  const latencyHeads = RATES.flatMap((rate) => [`p50 ms @${rate}/s`, `p99 ms @${rate}/s`]);
  console.log(table(['', 'messages/CPU s', ...latencyHeads, 'KB/idle client'], rows));
  for (const [ours, theirs] of [
    ['icebreaker WebSocket', 'ws'],
    ['icebreaker WebSocket', 'socket.io WebSocket'],
    ['icebreaker long-poll', 'socket.io polling'],
  ]) {
    if (!results.has(ours) || !results.has(theirs)) continue;
    const ratio = of(ours, (round) => round.perCpuSecond) / of(theirs, (round) => round.perCpuSecond);
    console.log(`${ours}: ${ratio.toFixed(1)} times the messages per CPU second of ${theirs}`);
  }
}

/** @type {Map<string, Round[]>} */
const results = new Map();
const chosen = SUBJECTS.filter((subject) => subject.name.includes(options.only));
for (let round = 1; round <= rounds; round += 1) {
  for (const subject of chosen) {
    console.error(`round ${round} of ${rounds}: ${subject.name}`);
    const traffic = await measureTraffic(subject);
    const bytesPerClient = await measureMemory(subject);
    results.set(subject.name, [...(results.get(subject.name) ?? []), { ...traffic, bytesPerClient }]);
  }
}
if (options.json) console.log(JSON.stringify(Object.fromEntries(results)));
else report(results);
