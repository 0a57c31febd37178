// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs } from '../src/backoff.js';

test('delays lie between nothing and a ceiling that doubles from half a second to fifteen', () => {
  const ceilings = [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000];

  ceilings.forEach((ceiling, attempt) => {
    assert.equal(backoffMs(attempt, 0), 0);
    assert.equal(backoffMs(attempt, 0.5), ceiling / 2);
    assert.ok(backoffMs(attempt, 1 - 2 ** -53) <= ceiling);
  });
  assert.ok(backoffMs(10_000, 0.999) <= 15_000);
});
