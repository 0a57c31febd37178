// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missingPrograms } from './support/fleet.js';
import { Stage } from './support/stage.js';
import { until } from './support/wait.js';

/** @typedef {import('./support/visitor.js').Visitor} Visitor */

const LIMIT = { timeout: 180_000, skip: missingPrograms() };
const CONNECTION_ERRORS = [/net::ERR_/, /WebSocket connection to/, /status of 50[234]/];
// The devices give a picture every 100 ms; a machine that is busy starting servers may be late.
const LONGEST_GAP_MS = 3_000;

test('a call outlives the servers that it uses, from the first offer on', LIMIT, async (t) => {
  const stage = new Stage();
  t.after(() => stage.close());
  await stage.openFleet();
  const [ann, bob] = [await stage.browser.visitor(), await stage.browser.visitor()];
  const people = [ann, bob];
  await ann.open(stage.url('room=fleet&join=1'));
  await ann.reaches('waiting');

  // Ann's server goes while the two negotiate.
  const [annsServer] = await stage.fleet.inUse();
  const offered = firstSignalOf(people);
  await bob.open(stage.url('room=fleet&join=1'));
  await offered;
  await annsServer.kill();
  for (const visitor of people) await visitor.reaches('connected', 60_000);
  for (const visitor of people) await visitor.seesMovingVideo();
  await stage.fleet.restart(annsServer);

  // Then, one after the other, every server that the call uses.
  for (const visitor of people) await visitor.watchPictures();
  for (const server of await stage.fleet.inUse()) {
    await server.kill();
    await until('both are connected again', async () => (await stage.fleet.receives()) === people.length);
    await stage.fleet.restart(server);
  }
  for (const visitor of people) {
    await visitor.seesMovingVideo();
    assert.equal(await visitor.state(), 'connected');
    const gap = await visitor.longestPictureGap();
    assert.ok(gap < LONGEST_GAP_MS, `no picture for ${gap} ms`);
    assert.equal(await visitor.connectionCount(), 1);
    visitor.assertNoComplaints(CONNECTION_ERRORS);
  }

  // Signaling goes on as well.
  await bob.presses('Hang up');
  await ann.sees('The other person hung up');
});

/** When one of them sends or gets something for the other over WebSocket. @param {Visitor[]} people */
function firstSignalOf(people) {
  return new Promise((done) => {
    for (const { page } of people) {
      page.on('websocket', (socket) => {
        /** @param {{ payload: string | Buffer }} frame */
        const look = ({ payload }) => void (String(payload).includes('"type":"signal"') && done(undefined));
        socket.on('framesent', look);
        socket.on('framereceived', look);
      });
    }
  });
}
