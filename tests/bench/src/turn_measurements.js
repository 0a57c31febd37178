// @ts-check
// What tests/bench/turn measures: what turn-load is told, and which of its figures count.

/** @typedef {import('./turn_load.js').Figures} Figures */
/** @typedef {'turn' | 'stun' | 'coturn' | 'stunserver'} SubjectName */
/** @typedef {{ name: string, of: (figures: Figures) => number, better: 'less' | 'more', digits?: number, aim?: number }} Row */
/**
 * @typedef {object} Measurement
 * @property {string} name
 * @property {[SubjectName, SubjectName]} subjects ours first
 * @property {(sofar: Results) => string[]} order
 * @property {Row[]} rows
 */
/** @typedef {Map<string, Record<string, Figures[]>>} Results by measurement and subject, each round's */

const SHAPES = [
  { name: 'spread', word: 'relay', flags: [], aim: 1.4 },
  { name: 'bursts', word: 'relay', flags: ['--burst', '16'], aim: 1.8 },
  { name: 'aggregates', word: 'relay', flags: ['--burst', '16', '--aggregates'], aim: 7 },
  { name: 'paced', word: 'pace', flags: ['--rate', '50000'] },
  { name: 'paced bursts', word: 'pace', flags: ['--rate', '50000', '--burst', '16'] },
];
const HUNDRED = ['--allocations', '100', '--payload', '160'];
const HIGHEST_RATE = 'highest rate';

/** @param {{ seconds: string, quick: boolean, stunserver: boolean }} options @returns {Measurement[]} */
export function measurementsOf({ seconds, quick, stunserver }) {
  const [counts, sizes] = quick ? [[100], [160]] : [[1, 100, 1000], [160, 1200]];
  const traffic = SHAPES.flatMap((shape) => sizes.flatMap((bytes) => counts.map((count) => cpuOf(shape, count, bytes, seconds))));
  return [...traffic, highestRate(), halfLoad(seconds), cycles(seconds), memory(), ...bindings(seconds, stunserver)];
}

/** @param {typeof SHAPES[number]} shape @param {number} count @param {number} bytes @param {string} seconds @returns {Measurement} */
function cpuOf({ name, word, flags, aim }, count, bytes, seconds) {
  const full = `${name}, ${count} x ${bytes} B: CPU ns/packet`;
  return {
    name: full,
    subjects: ['turn', 'coturn'],
    order: () => [word, '--allocations', String(count), '--payload', String(bytes), '--seconds', seconds, ...flags],
    // With a single one there is nothing to put together.
    rows: [{ name: full, of: (figures) => figures.cpu_ns_per_packet, better: 'less', aim: count > 1 ? aim : undefined }],
  };
}

/** @returns {Measurement} */
function highestRate() {
  return {
    name: HIGHEST_RATE,
    subjects: ['turn', 'coturn'],
    order: () => ['capacity', ...HUNDRED],
    rows: [{ name: 'highest rate with < 0.5 % loss, 100 x 160 B: k/s', of: (figures) => figures.per_second / 1000, better: 'more' }],
  };
}

/** @param {string} seconds @returns {Measurement} */
function halfLoad(seconds) {
  return {
    name: 'half load',
    subjects: ['turn', 'coturn'],
    // The same for both: half of what the slower one managed in this round.
    order: (sofar) => {
      const rates = Object.values(sofar.get(HIGHEST_RATE) ?? {}).map((rounds) => rounds[rounds.length - 1].per_second);
      const rate = rates.length > 0 ? Math.min(...rates) / 2 : 100_000;
      return ['pace', ...HUNDRED, '--seconds', seconds, '--rate', rate.toFixed(0)];
    },
    rows: [
      { name: 'latency at half load: p50 us', of: (figures) => figures.latency_p50_us, better: 'less', digits: 1 },
      { name: 'latency at half load: p99 us', of: (figures) => figures.latency_p99_us, better: 'less', digits: 1 },
    ],
  };
}

/** @param {string} seconds @returns {Measurement} */
function cycles(seconds) {
  const of = (/** @type {Figures} */ figures) => 1e9 / figures.cpu_ns_per_cycle;
  return {
    name: 'cycles',
    subjects: ['turn', 'coturn'],
    order: () => ['cycles', '--seconds', seconds],
    rows: [{ name: 'allocate-release cycles per CPU second', of, better: 'more', aim: 3 }],
  };
}

/** @returns {Measurement} */
function memory() {
  return {
    name: 'memory',
    subjects: ['turn', 'coturn'],
    order: () => ['memory', '--clients', '10000', '--seconds', '0.3'],
    rows: [{ name: 'resident bytes per allocation at 10,000', of: (figures) => figures.bytes_per_allocation, better: 'less', aim: 8 }],
  };
}

/** @param {string} seconds @param {boolean} stunserver @returns {Measurement[]} */
function bindings(seconds, stunserver) {
  const of = (/** @type {Figures} */ figures) => 1e9 / figures.cpu_ns_per_reply;
  /** @type {{ subjects: [SubjectName, SubjectName], aim?: number }[]} */
  const pairs = [
    { subjects: ['turn', 'coturn'], aim: 1.4 },
    { subjects: ['stun', 'coturn'], aim: 1.4 },
    ...(stunserver ? [{ subjects: /** @type {[SubjectName, SubjectName]} */ (['stun', 'stunserver']) }] : []),
  ];
  return pairs.map(({ subjects, aim }) => {
    const name = `Binding replies per CPU second, icebreaker-${subjects[0]} and ${subjects[1]}`;
    return {
      name,
      subjects,
      order: () => ['binding', '--clients', '100', '--seconds', seconds],
      rows: [{ name, of, better: 'more', aim }],
    };
  });
}
