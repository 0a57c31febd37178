// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SessionState } from '../src/session_state.js';

/** @param {number} count */
function stateWith(count) {
  const state = new SessionState();
  for (let i = 1; i <= count; i += 1) state.enqueue({ type: 'signal', text: `${i}` });
  return state;
}

/** @param {any[]} messages */
const numbers = (messages) => messages.map((message) => message.n);

test('a batch holds as much as fits and at least one message', () => {
  const state = stateWith(3);

  assert.deepEqual(numbers(state.takeUnsent(1)), [1]);
  assert.deepEqual(numbers(state.takeUnsent(100)), [2, 3]);
  assert.deepEqual(state.takeUnsent(), []);
});

test('rewinding sends everything unconfirmed again', () => {
  const state = stateWith(4);
  state.takeUnsent();
  state.confirm(2);

  state.rewind();

  assert.deepEqual(numbers(state.takeUnsent()), [3, 4]);
});

test('a number that was confirmed already means that the server forgot', () => {
  const state = stateWith(4);
  state.takeUnsent();
  state.confirm(3);

  assert.equal(state.rewindTo(3), false);
  assert.equal(state.rewindTo(4), true);
  assert.deepEqual(numbers(state.takeUnsent()), [4]);
});

test('a confirmation of what was never sent is ignored', () => {
  const state = stateWith(2);

  state.confirm(9);

  assert.equal(state.pending, 2);
});

test('the number of a dropped message goes to the next one', () => {
  const state = stateWith(1);
  state.enqueue({ type: 'signal', text: 'x'.repeat(500) });
  state.enqueue({ type: 'signal', text: '3' });
  state.takeUnsent();

  assert.equal(state.dropLargest()?.text.length, 500);

  const again = state.takeUnsent();
  assert.deepEqual(again.map(({ n, text }) => [n, text]), [[1, '1'], [2, '3']]);
});

test('received numbers are new once, repeated ever after, and gaps are told', () => {
  const state = new SessionState();

  assert.deepEqual([1, 2, 2, 1, 4, 3].map((seq) => state.receive(seq)), ['new', 'new', 'duplicate', 'duplicate', 'gap', 'new']);
});
