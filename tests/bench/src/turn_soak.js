// @ts-check
// Months of a relay's life within minutes: whether it keeps anything; started by tests/bench/turn --soak.
import path from 'node:path';
import { startIcebreakerTurn } from './subjects/turn_servers.js';
import { turnLoad } from './turn_load.js';

// An hour of the server's clock passes in a minute, so that its allocations live 10 s.
const CLOCK_FACTOR = 60;

/** @param {{ build: string, minutes: number, clients: number, json: boolean }} options */
export async function soak({ build, minutes, clients, json }) {
  const clock = path.join(build, 'tests', 'bench', 'turn_load', 'fast-clock.so');
  const env = { LD_PRELOAD: clock, ICEBREAKER_CLOCK_FACTOR: String(CLOCK_FACTOR) };
  const server = await startIcebreakerTurn(build, env);
  try {
    const order = ['soak', '--minutes', String(minutes), '--clients', String(clients), '--clock-factor', String(CLOCK_FACTOR)];
    const figures = await turnLoad(build, server, order, { limitMs: (minutes + 3) * 60_000, showProgress: true });
    if (json) console.log(JSON.stringify(figures));
    else console.log('memory, descriptors and ports returned to where they started');
  } finally {
    await server.stop();
  }
}
