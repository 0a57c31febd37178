// @ts-check
// What a process used, from the kernel's own accounting, and the statistics of rounds.
import { readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100; // USER_HZ, the unit of /proc/PID/stat on every Linux

/** @param {number[]} pids @returns {number} user and system time of all their threads */
export function cpuSeconds(pids) {
  return sum(pids.map(cpuSecondsOf));
}

/** @param {number[]} pids */
export function rssBytes(pids) {
  return sum(pids.map(rssBytesOf));
}

/** @param {number} pid */
function cpuSecondsOf(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** @param {number} pid */
function rssBytesOf(pid) {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (!match) throw new Error(`no VmRSS of process ${pid}`);
  return Number(match[1]) * 1024;
}

/** @param {number[]} values */
export function median(values) {
  return quantile(values, 0.5);
}

/** @param {number[]} values @param {number} share */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** @param {number[]} values */
function sum(values) {
  return values.reduce((total, each) => total + each, 0);
}
