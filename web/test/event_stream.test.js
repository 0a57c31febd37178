// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventStreamReader } from '../src/event_stream.js';

const TEXT = '\uFEFFretry: 1000\r\n\r\n:\r\n\r\nid: 1\r\ndata: {"a":1}\r\n\r\ndata:one\ndata: two\n\nevent: x\r\rdata\r\rid: 2\rdata: : é 𝄞\r\rdata: cut';
const EVENTS = ['{"a":1}', 'one\ntwo', '', ': é 𝄞'];

test('an event stream means the same wherever it is cut', () => {
  for (let at = 0; at <= TEXT.length; at += 1) {
    const reader = new EventStreamReader();

    const events = [...reader.read(TEXT.slice(0, at)), ...reader.read(''), ...reader.read(TEXT.slice(at))];

    assert.deepEqual(events, EVENTS, `cut at ${at}`);
  }
  const reader = new EventStreamReader();
  assert.deepEqual([...TEXT].flatMap((character) => reader.read(character)), EVENTS);
});

test('an event without end is refused before it fills the memory', () => {
  const piece = 'x'.repeat(65_536);
  for (const start of ['data: ', ': ', '']) {
    const reader = new EventStreamReader();
    const flood = () => {
      for (let pieces = 0; pieces < 17; pieces += 1) reader.read(start === 'data: ' ? `data: ${piece}\n` : piece);
    };

    assert.throws(flood, RangeError);
  }
});

test('any number of events that end is taken', () => {
  const reader = new EventStreamReader();
  const event = `data: ${'x'.repeat(60_000)}\n\n`;

  for (let number = 0; number < 100; number += 1) assert.equal(reader.read(event).length, 1);
});
