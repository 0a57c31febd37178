// @ts-check
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Stage } from './support/stage.js';

const LIMIT = { timeout: 120_000 };

describe('an EventSource of a browser', () => {
  /** @type {Stage} */
  let stage;
  beforeEach(async () => {
    stage = new Stage();
    await stage.open();
  });
  afterEach(() => stage.close());

  test('receives a session and learns that another one took over', LIMIT, async () => {
    const visitor = await stage.browser.visitor();
    await visitor.page.goto(stage.url('').replace('/?', '/healthz'));

    const seen = await visitor.page.evaluate(receiveTwice);

    assert.deepEqual(seen, [
      ['first', '1', 'joined'],
      ['first', '1', 'superseded'],
      ['second', '2', 'ice-servers'],
    ]);
  });
});

/**
 * Runs in the page: a session in a room, received by one EventSource and then by another.
 * @returns {Promise<string[][]>} who got which last id and message
 */
async function receiveTwice() {
  /** @type {string[][]} */
  const seen = [];
  const json = { headers: { 'content-type': 'application/json' }, method: 'POST' };
  const opened = await fetch('/v1/sessions', { ...json, body: JSON.stringify({ type: 'hello', protocol: 1 }) });
  const { session, epoch } = await opened.json();

  /** @param {object} message */
  const send = async (message) => {
    const body = JSON.stringify({ epoch, messages: [message] });
    const sent = await fetch(`/v1/sessions/${session}/messages`, { ...json, body });
    if (sent.status !== 202) throw new Error(`sending was answered with ${sent.status}`);
  };

  /**
   * The next message.
   * @param {string} name @param {EventSource} source
   */
  const next = (name, source) =>
    new Promise((done, fail) => {
      source.onmessage = (event) => {
        const message = JSON.parse(event.data);
        seen.push([name, event.lastEventId, message.code ?? message.type]);
        done(undefined);
      };
      source.onerror = () => source.readyState === EventSource.CLOSED && fail(new Error(`${name} failed`));
    });

  const first = new EventSource(`/v1/sessions/${session}/events?epoch=${epoch}&after=0`);
  const joined = next('first', first);
  await send({ type: 'join', room: 'events', n: 1 });
  await joined;

  const replaced = next('first', first);
  const second = new EventSource(`/v1/sessions/${session}/events?epoch=${epoch}&after=1`);
  await replaced;
  first.close(); // or it would come back and take over in turn
  const fresh = next('second', second);
  await send({ type: 'ice', n: 2 });
  await fresh;
  second.close();
  return seen;
}
