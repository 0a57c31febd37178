// @ts-check
/** What the scripts of tests/data/signaling/numbering.json do not reach. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SessionState } from '../src/session_state.js';

test('received numbers are new once, repeated ever after, and gaps are told', () => {
  const state = new SessionState();

  assert.deepEqual([1, 2, 2, 1, 4, 3].map((seq) => state.receive(seq)), ['new', 'new', 'duplicate', 'duplicate', 'gap', 'new']);
});
