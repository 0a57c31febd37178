// @ts-check
// Programs that have a core to themselves, as far as we may say so.
import { readFileSync } from 'node:fs';
import { spawnTied } from './child.js';

// The first two cores that we may use: one for the server, one for the load.
export const [SERVER_CORE, LOAD_CORE] = firstTwoCores();

// A session of its own, because the kernel shares time between sessions first (autogroup), and above others in it, so
// that a compiler running beside the benchmark does not show in its figures. Only root may; others measure as they are.
const FIRST_OF_ALL = 'echo -20 >/proc/self/autogroup; exec nice -n -20 "$@"';

/** @param {number} core @param {string} name @param {string[]} argv @param {import('node:child_process').SpawnOptions} options */
export function spawnPinned(core, name, argv, options) {
  const pinned = ['taskset', '-c', String(core), name, ...argv];
  if (process.getuid?.() !== 0) return spawnTied(pinned[0], pinned.slice(1), options);
  return spawnTied('setsid', ['sh', '-c', FIRST_OF_ALL, 'sh', ...pinned], options);
}

/** @returns {number[]} */
function firstTwoCores() {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  const cores = list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
  if (cores.length < 2) throw new Error('two cores are needed, one for the server and one for the load');
  return cores.slice(0, 2);
}
