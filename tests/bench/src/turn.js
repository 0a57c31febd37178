// @ts-check
// Compares icebreaker-turn with coturn; started by tests/bench/turn.
import { parseArgs } from 'node:util';
import { median } from './measure.js';
import { startCoturn, startIcebreakerTurn } from './subjects/turn_servers.js';
import { table } from './table.js';
import { turnLoad } from './turn_load.js';

/** @typedef {import('./turn_load.js').Figures} Figures */
/** @typedef {{ name: string, start: () => Promise<import('./subjects/turn_servers.js').DatagramServer> }} Subject */
/** @typedef {{ name: string, order: string[], aim: number | null }} Scenario aim: coturn's time divided by ours */

const { values: options } = parseArgs({
  options: {
    build: { type: 'string', default: '' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(options.rounds);

/** @type {Subject[]} */
const SUBJECTS = [
  { name: 'icebreaker', start: () => startIcebreakerTurn(options.build) },
  { name: 'coturn', start: startCoturn },
];

const SHAPES = [
  { name: 'spread', flags: [], aim: 1.4 },
  { name: 'bursts', flags: ['--burst', '16'], aim: 1.8 },
  { name: 'aggregates', flags: ['--burst', '16', '--aggregates'], aim: 7 },
];

/** @returns {Scenario[]} */
function scenarios() {
  const [counts, sizes] = options.quick ? [[100], [160]] : [[1, 100, 1000], [160, 1200]];
  const all = SHAPES.flatMap(({ name, flags, aim }) =>
    sizes.flatMap((bytes) =>
      counts.map((count) => ({
        name: `${name}, ${count} x ${bytes} B`,
        order: ['relay', '--allocations', String(count), '--payload', String(bytes), '--seconds', options.seconds, ...flags],
        aim: count === 1 ? null : aim, // of a single one nothing can be put together
      })),
    ),
  );
  return all.filter((each) => each.name.includes(options.only));
}

/** @param {Subject} subject @param {Scenario} scenario */
async function measure(subject, scenario) {
  const server = await subject.start();
  try {
    return await turnLoad(options.build, server, scenario.order);
  } finally {
    await server.stop();
  }
}

/** @param {Map<string, Map<string, Figures[]>>} results by scenario and subject */
function report(results) {
  const rows = [...results].map(([name, bySubject]) => {
    const of = (/** @type {string} */ subject, /** @type {string} */ figure) =>
      median((bySubject.get(subject) ?? []).map((each) => each[figure]));
    const [ours, theirs] = SUBJECTS.map((subject) => of(subject.name, 'cpu_ns_per_packet'));
    const ratios = (bySubject.get('icebreaker') ?? []).map(
      (each, round) => (bySubject.get('coturn') ?? [])[round].cpu_ns_per_packet / each.cpu_ns_per_packet,
    );
    const aim = scenarios().find((each) => each.name === name)?.aim;
    return [
      name,
      ...[ours, theirs].map((each) => each.toFixed(0)),
      (theirs / ours).toFixed(2),
      `${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)}`,
      aim ? `>= ${aim}` : '',
      ...SUBJECTS.map((subject) => (of(subject.name, 'packets_per_second') / 1000).toFixed(0)),
      ...SUBJECTS.map((subject) => of(subject.name, 'lost').toFixed(0)),
    ];
  });
  const heads = ['CPU ns per relayed packet', 'icebreaker', 'coturn', 'ratio', 'rounds', 'aim', 'k/s', 'coturn', 'lost', 'coturn'];
  console.log(table(heads, rows));
}

/** @type {Map<string, Map<string, Figures[]>>} */
const results = new Map();
for (let round = 1; round <= rounds; round += 1) {
  for (const scenario of scenarios()) {
    for (const subject of SUBJECTS) {
      console.error(`round ${round} of ${rounds}: ${scenario.name}: ${subject.name}`);
      const bySubject = results.get(scenario.name) ?? new Map();
      results.set(scenario.name, bySubject);
      bySubject.set(subject.name, [...(bySubject.get(subject.name) ?? []), await measure(subject, scenario)]);
    }
  }
}
if (options.json) {
  console.log(JSON.stringify(Object.fromEntries([...results].map(([name, each]) => [name, Object.fromEntries(each)]))));
} else {
  report(results);
}
