// @ts-check
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { test } from 'node:test';
import { addressIn, inviteLink, readParams } from '../src/page_params.js';
import { suggestRoomName, toRoomName } from '../src/room_name.js';
import { isRoomName } from '../src/protocol.js';
import { explainRefusal } from '../src/text.js';

// Node 18 has no global one.
globalThis.crypto ??= /** @type {any} */ (webcrypto);

/** @param {string} query */
const read = (query) => readParams(new URL(`https://call.test/${query}`));

test('a link names room, transport, relay and whether to join', () => {
  assert.deepEqual(read('?room=a.b&join=1&relay=1&transport=sse'), { room: 'a.b', badRoom: false, join: true, relayOnly: true, transports: ['sse'] });
  assert.deepEqual(read(''), { room: '', badRoom: false, join: false, relayOnly: false, transports: ['ws', 'sse', 'poll'] });
});

test('what a link must not say is not taken, and a bad room is told apart from none', () => {
  assert.deepEqual(read('?room=%3Cb%3E&join=yes&transport=smoke'), { room: '', badRoom: true, join: false, relayOnly: false, transports: ['ws', 'sse', 'poll'] });
});

test('the link to send holds the room alone, the own address keeps the rest', () => {
  const url = new URL('https://call.test/sub/?relay=1&join=1#x');

  assert.equal(inviteLink(url, 'r1'), 'https://call.test/sub/?room=r1');
  assert.equal(addressIn(url, 'r1'), 'https://call.test/sub/?relay=1&join=1&room=r1');
});

test('suggested names are room names that differ', () => {
  const names = Array.from({ length: 200 }, () => suggestRoomName());

  assert.ok(names.every((name) => isRoomName(name) && /^[a-z]+-[a-z]+-[a-z]+-\d{4}$/.test(name)));
  assert.ok(new Set(names).size > 195);
});

test('typed text becomes a room name', () => {
  assert.equal(toRoomName('  Team meeting! '), 'Team-meeting');
  assert.equal(toRoomName('Zoë'), 'Zoe');
  assert.equal(toRoomName('日本'), '');
  assert.equal(toRoomName('x'.repeat(99)).length, 64);
});

test('refusals are said in words, unknown ones with those of the server', () => {
  assert.match(explainRefusal({ code: 'room_full', text: '' }).title, /full/);
  assert.equal(explainRefusal({ code: 'constructor', text: 'No entry.' }).advice, 'No entry.');
});
