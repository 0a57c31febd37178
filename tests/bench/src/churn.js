// @ts-check
// Sessions that are opened, polled and abandoned again and again: what remains of them; started by tests/bench/churn.
import { parseArgs } from 'node:util';
import { Driver } from './driver.js';
import { rssBytes } from './measure.js';
import { startIcebreaker } from './subjects/start.js';
import { table } from './table.js';

const RESUME_WINDOW_MS = 1000;
const ROUNDS = 5;

const { values: options } = parseArgs({
  options: { binary: { type: 'string', default: '' }, sessions: { type: 'string', default: '20000' } },
});
const perRound = Math.ceil(Number(options.sessions) / ROUNDS / 2) * 2;

const server = await startIcebreaker(options.binary, { resumeWindowMs: RESUME_WINDOW_MS });
const rows = [['0', megabytes()]];
for (let round = 1; round <= ROUNDS; round += 1) {
  const driver = new Driver();
  await driver.connect({ kind: 'icebreaker-poll', ports: server.ports, pairs: perRound / 2 });
  await driver.stop(); // which says goodbye to nobody
  await new Promise((done) => setTimeout(done, 4 * RESUME_WINDOW_MS)); // window, tombstone, and to spare
  rows.push([String(round * perRound), megabytes()]);
}
console.log(table(['sessions abandoned', 'resident MB'], rows));
await server.stop();

function megabytes() {
  return (rssBytes(server.pids) / 1024 ** 2).toFixed(1);
}
