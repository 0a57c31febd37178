// @ts-check
import { readFileSync, readdirSync } from 'node:fs';

const FOLDER = new URL('../../../tests/data/signaling/', import.meta.url);

/**
 * @param {'client' | 'server'} side
 * @returns {{ name: string, message: any }[]} the messages that the C++ tests read, too
 */
export function goldenMessages(side) {
  const folder = new URL(`${side}/`, FOLDER);
  return readdirSync(folder).flatMap((file) => {
    /** @type {{ about: string, message: any }[]} */
    const entries = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
    return entries.map(({ about, message }) => ({ name: `${message.type}: ${about}`, message }));
  });
}

/**
 * @param {string} file
 * @returns {any[]} rows or scripts that the C++ client's tests read, too
 */
export function sharedData(file) {
  return JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'));
}
