// @ts-check
// Compares icebreaker-turn with coturn; started by tests/bench/turn.
import { parseArgs } from 'node:util';
import { median } from './measure.js';
import { isInstalled, startCoturn, startIcebreakerStun, startIcebreakerTurn, startStunserver } from './subjects/turn_servers.js';
import { table } from './table.js';
import { turnLoad } from './turn_load.js';
import { measurementsOf } from './turn_measurements.js';
import { soak } from './turn_soak.js';

/** @typedef {import('./turn_measurements.js').Measurement} Measurement */
/** @typedef {import('./turn_measurements.js').SubjectName} SubjectName */

const { values: options } = parseArgs({
  options: {
    build: { type: 'string', default: '' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    soak: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '10' },
    clients: { type: 'string', default: '1000' },
  },
});

const START = {
  turn: () => startIcebreakerTurn(options.build),
  stun: () => startIcebreakerStun(options.build),
  coturn: startCoturn,
  stunserver: startStunserver,
};

/** @typedef {import('./turn_load.js').Figures} Figures */

const STEADY = 1.15; // the slowest look at the machine's speed beside the fastest
const ATTEMPTS = 4;

/** @type {Map<string, number>} rounds of a measurement during which the machine's speed changed */
const unsteady = new Map();
/** @type {import('./turn_measurements.js').Results} */
const results = new Map();

/** @param {Measurement} measurement @param {SubjectName} subject */
async function measure(measurement, subject) {
  const server = await START[subject]();
  try {
    return await turnLoad(options.build, server, measurement.order(results));
  } finally {
    await server.stop();
  }
}

/**
 * All subjects, while the machine was equally fast (turn-load measures that, too) if possible.
 * @param {Measurement} measurement @returns {Promise<Figures[]>} in the order of its subjects
 */
async function measureTogether(measurement) {
  for (let attempt = 1; ; attempt += 1) {
    const figures = [];
    for (const subject of measurement.subjects) figures.push(await measure(measurement, subject));
    const times = figures.flatMap((each) => [each.reference_ns_before, each.reference_ns_after]).filter((time) => time > 0);
    const steady = Math.max(...times, 0) <= STEADY * Math.min(...times, Infinity);
    if (steady || attempt === ATTEMPTS) {
      if (!steady) unsteady.set(measurement.name, (unsteady.get(measurement.name) ?? 0) + 1);
      return figures;
    }
    console.error('  again: the speed of the machine has changed meanwhile');
  }
}

/** @param {Measurement} measurement @returns {string[][]} */
function rowsOf({ name, subjects, rows }) {
  const bySubject = results.get(name) ?? {};
  return rows.map((row) => {
    const [ours, theirs] = subjects.map((subject) => bySubject[subject].map(row.of));
    const gains = ours.map((own, round) => (row.better === 'less' ? theirs[round] / own : own / theirs[round]));
    return [
      row.name,
      ...[ours, theirs].map((each) => median(each).toFixed(row.digits ?? 0)),
      median(gains).toFixed(2),
      `${Math.min(...gains).toFixed(2)}-${Math.max(...gains).toFixed(2)}`,
      row.aim === undefined ? '' : `>= ${row.aim}`,
    ];
  });
}

/** @param {Measurement[]} measurements */
function reportTroubles(measurements) {
  for (const [name, count] of unsteady) console.log(`${name}: the machine's speed changed during ${count} rounds`);
  for (const { name, subjects } of measurements) {
    for (const subject of subjects) {
      const rounds = results.get(name)?.[subject] ?? [];
      const limited = rounds.filter((figures) => figures.limited_by_load === 1).length;
      if (limited > 0) console.log(`${name}: ${subject} could have done more than the load generator in ${limited} rounds`);
      if (name.includes('highest rate')) continue; // which looks for losses
      const lost = rounds.reduce((sum, figures) => sum + (figures.lost ?? 0), 0);
      const sent = rounds.reduce((sum, figures) => sum + (figures.sent ?? 0), 0);
      if (lost > 0) console.log(`${name}: ${subject} lost ${lost} of ${sent} packets`);
    }
  }
}

/** @param {string} name @param {string} text */
function positive(name, text) {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} needs a number above 0, not "${text}"`);
  return value;
}

async function main() {
  if (options.soak) {
    const [minutes, clients] = [positive('minutes', options.minutes), positive('clients', options.clients)];
    return soak({ build: options.build, minutes, clients, json: options.json });
  }
  const stunserver = isInstalled('stunserver');
  if (!isInstalled('turnserver')) throw new Error('coturn is not installed: deploy/install-packages test');
  positive('seconds', options.seconds);
  const rounds = Math.ceil(positive('rounds', options.rounds));
  const all = measurementsOf({ seconds: options.seconds, quick: options.quick, stunserver });
  const chosen = all.filter((each) => [each.name, ...each.rows.map((row) => row.name)].some((name) => name.includes(options.only)));
  if (chosen.length === 0) throw new Error(`nothing that is measured has "${options.only}" in its name`);
  for (let round = 1; round <= rounds; round += 1) {
    for (const measurement of chosen) {
      const bySubject = results.get(measurement.name) ?? {};
      results.set(measurement.name, bySubject);
      console.error(`round ${round} of ${rounds}: ${measurement.name}: ${measurement.subjects.join(', ')}`);
      const figures = await measureTogether(measurement);
      measurement.subjects.forEach((subject, i) => (bySubject[subject] = [...(bySubject[subject] ?? []), figures[i]]));
    }
  }
  if (options.json) {
    console.log(JSON.stringify(Object.fromEntries(results)));
    return;
  }
  console.log(table(['', 'ours', 'theirs', 'gain', 'rounds', 'aim'], chosen.flatMap(rowsOf)));
  reportTroubles(chosen);
  if (!stunserver) console.log('stunserver is not installed, so Binding was compared with coturn only');
}

main().catch((error) => {
  console.error(`tests/bench/turn: ${error.message}`);
  process.exitCode = 1;
});
