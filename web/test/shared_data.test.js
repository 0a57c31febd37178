// @ts-check
/** Tables and scripts of tests/data/signaling that the C++ client passes as well. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs } from '../src/backoff.js';
import { SessionState } from '../src/session_state.js';
import { closureOfHttp, closureOfWebSocket } from '../src/transport.js';
import { sharedData } from './support/golden.js';

test('closures mean the same as in the C++ client', () => {
  for (const row of sharedData('closures.json')) {
    const closure =
      'close_code' in row ? closureOfWebSocket(row.close_code, row.error) : closureOfHttp(row.status, row.error, row.header_ms);

    assert.deepEqual([closure.reason, closure.retryAfterMs], [row.reason, row.retry_after_ms], JSON.stringify(row));
  }
});

test('back-offs are the same as in the C++ client', () => {
  for (const { attempt, random, ms } of sharedData('backoff.json')) assert.equal(backoffMs(attempt, random), ms);
});

/** @param {SessionState} state @param {any} step what the script calls it */
function run(state, step) {
  if ('enqueue' in step) {
    for (const number of step.enqueue) {
      state.enqueue({ type: 'signal', to: 'p2', data: { number, text: 'x'.repeat(step.pad ?? 0) } });
    }
  } else if ('take' in step) {
    return state.takeUnsent(step.take ?? Infinity).map(({ n, data }) => [n, data.number]);
  } else if ('retry' in step) {
    return state.retry(step.retry) !== null;
  } else if ('rewind_to' in step) {
    return state.rewindTo(step.rewind_to);
  } else if ('confirm' in step) state.confirm(step.confirm);
  else if ('allow' in step) state.allowance = step.allow ?? Infinity;
  else if ('rewind' in step) state.rewind();
  else if ('drop_largest' in step) state.dropLargest();
  else assert.fail(`unknown step ${JSON.stringify(step)}`);
  return undefined;
}

for (const { about, steps, pending, waiting } of sharedData('numbering.json')) {
  test(`numbers of sent messages: ${about}`, () => {
    const state = new SessionState();

    for (const step of steps) assert.deepEqual(run(state, step), step.gives, JSON.stringify(step));

    assert.deepEqual([state.pending, state.waiting], [pending, waiting]);
  });
}
