// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Wishes } from '../src/wishes.js';

/** @param {import('../src/protocol.js').Message[]} messages */
const types = (messages) => messages.map((message) => message.type);
const joined = { type: 'joined', room: 'lobby', peers: [], role: 'polite', resume_token: 't' };
const matched = { type: 'matched', queue: 'go', room: 'm-1', peers: [{}], role: 'polite', resume_token: 't' };
const unmatched = { type: 'peer-left', room: 'm-1', peer: 'p2', reason: 'unmatched' };

test('a room that the token does not bring is joined again', () => {
  const wishes = new Wishes();
  wishes.noteSent({ type: 'join', room: 'lobby', name: 'Zoë' });
  assert.deepEqual(wishes.again(true), [{ type: 'join', room: 'lobby', name: 'Zoë' }]);

  wishes.noteReceived(joined);

  assert.deepEqual(wishes.again(true), []);
  assert.deepEqual(types(wishes.again(false)), ['join']);
});

test('a room that was left is left again when the token brings it back', () => {
  const wishes = new Wishes();
  wishes.noteSent({ type: 'join', room: 'lobby' });
  wishes.noteReceived(joined);
  wishes.noteSent({ type: 'leave' });

  assert.deepEqual(types(wishes.again(true)), ['leave']);
  assert.deepEqual(types(wishes.again(false)), []);
});

test('a full room is not asked for again', () => {
  const wishes = new Wishes();
  wishes.noteSent({ type: 'join', room: 'lobby' });

  wishes.noteReceived({ type: 'error', code: 'room_full' });

  assert.deepEqual(wishes.again(false), []);
  assert.deepEqual(wishes.hints, {});
});

test('waiting in a queue starts again until a match is found or cancelled', () => {
  const wishes = new Wishes();
  const match = { type: 'match', queue: 'go', attributes: { rating: 7 } };
  wishes.noteSent(match);
  assert.deepEqual(wishes.hints, { queue: 'go' });
  assert.deepEqual(wishes.again(true), [match]);

  wishes.noteReceived(matched);
  assert.deepEqual(wishes.again(true), []);
  assert.deepEqual(wishes.hints, { room: 'm-1' });
  wishes.noteReceived({ type: 'matching', queue: 'go' });
  assert.deepEqual(types(wishes.again(false)), ['match']);
  wishes.noteSent({ type: 'match-cancel', queue: 'go' });

  assert.deepEqual(wishes.again(false), []);
});

test('a match that came to nothing is waited for again, outside of its room', () => {
  const wishes = new Wishes();
  const match = { type: 'match', queue: 'go' };
  wishes.noteSent(match);
  wishes.noteReceived(matched);

  assert.equal(wishes.noteReceived(unmatched), null);
  assert.deepEqual(wishes.hints, { queue: 'go' });
  assert.deepEqual(types(wishes.again(true)), ['leave', 'match']);
  assert.equal(wishes.noteReceived({ type: 'matching', queue: 'go' }), null);

  assert.deepEqual(types(wishes.again(false)), ['match']);
});

for (const type of ['leave', 'match-cancel']) {
  test(`who said ${type} meanwhile is not queued again`, () => {
    const wishes = new Wishes();
    wishes.noteSent({ type: 'match', queue: 'go' });
    wishes.noteReceived(matched);
    wishes.noteSent({ type, queue: 'go' });
    wishes.noteReceived(unmatched);

    const answer = wishes.noteReceived({ type: 'matching', queue: 'go' });

    assert.deepEqual(answer, { type: 'match-cancel', queue: 'go' });
    assert.deepEqual(wishes.again(false), []);
  });
}

test('a queue that was left and entered again at once is waited in', () => {
  const wishes = new Wishes();
  for (const type of ['match', 'match-cancel', 'match']) wishes.noteSent({ type, queue: 'go' });

  assert.equal(wishes.noteReceived({ type: 'matching', queue: 'go' }), null);
  assert.equal(wishes.noteReceived({ type: 'match-cancelled', queue: 'go' }), null);

  assert.deepEqual(types(wishes.again(false)), ['match']);
});

test('watched users are watched again, but those unwatched', () => {
  const wishes = new Wishes();
  wishes.noteSent({ type: 'watch', users: ['ann', 'bob'] });
  wishes.noteSent({ type: 'watch', users: ['cid', 'ann'] });
  wishes.noteSent({ type: 'unwatch', users: ['bob'] });

  assert.deepEqual(wishes.again(true), [{ type: 'watch', users: ['ann', 'cid'] }]);
});
