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
  state.takeUnsent();

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

test('a refused message goes out again before all that came after it, under a new number', () => {
  const state = stateWith(5);
  state.allowance = 3;
  state.takeUnsent();
  state.confirm(2);

  assert.equal(state.retry(2)?.text, '2');
  assert.equal(state.retry(3)?.text, '3');
  assert.equal(state.retry(3), null);
  state.allowance = Infinity;

  assert.deepEqual(state.takeUnsent().map(({ n, text }) => [n, text]), [[4, '2'], [5, '3'], [6, '4'], [7, '5']]);
});

test('a message that is refused again keeps its place', () => {
  const state = stateWith(3);
  state.takeUnsent();
  for (const n of [1, 2, 3]) state.retry(n);
  state.allowance = 2;
  assert.deepEqual(numbers(state.takeUnsent()), [4, 5]);

  for (const n of [4, 5]) state.retry(n);
  state.allowance = 3;

  assert.deepEqual(state.takeUnsent().map(({ text }) => text), ['1', '2', '3']);
});

test('an exhausted allowance holds new messages back and repeats sent ones', () => {
  const state = stateWith(3);
  state.allowance = 1;

  assert.deepEqual(numbers(state.takeUnsent()), [1]);
  state.rewind();

  assert.deepEqual(numbers(state.takeUnsent()), [1]);
  assert.equal(state.waiting, 2);
});
