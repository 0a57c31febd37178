// @ts-check
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Stage } from './support/stage.js';
import { until } from './support/wait.js';

/** @typedef {import('./support/visitor.js').Visitor} Visitor */

const LIMIT = { timeout: 120_000 };
// Chromium reports every broken connection in the console.
const CONNECTION_ERRORS = [/net::ERR_/, /WebSocket connection to/, /status of 5\d\d/];

describe('a call between two browsers', () => {
  /** @type {Stage} */
  let stage;
  beforeEach(async () => {
    stage = new Stage();
    await stage.open();
  });
  afterEach(() => stage.close());

  /** @param {string} query @param {{ prepare?: (visitor: Visitor) => Promise<void> }} [options] */
  async function call(query, { prepare = async () => {} } = {}) {
    const [ann, bob] = [await stage.browser.visitor(), await stage.browser.visitor()];
    await prepare(ann);
    await prepare(bob);
    await ann.open(stage.url(query));
    await ann.reaches('waiting');
    await bob.open(stage.url(query));
    for (const visitor of [ann, bob]) await visitor.reaches('connected');
    for (const visitor of [ann, bob]) await visitor.seesMovingVideo();
    return { ann, bob };
  }

  test('over WebSocket shows moving pictures on both sides', LIMIT, async () => {
    /** @type {string[]} */
    const requests = [];

    const { ann, bob } = await call('room=over-ws&join=1', {
      prepare: async (visitor) => void visitor.page.on('request', (request) => requests.push(request.url())),
    });

    for (const visitor of [ann, bob]) {
      await visitor.sees(/^Direct over UDP · (host|srflx)/);
      visitor.assertNoComplaints();
    }
    assert.deepEqual(requests.filter((url) => url.includes('/v1/sessions')), []);
  });

  for (const [query, receive] of [['', '/events?after='], ['&transport=poll', '/messages?after=']]) {
    test(`works over HTTP${query} where WebSocket is refused`, LIMIT, async () => {
      let receives = 0;

      const { ann, bob } = await call(`room=over-http&join=1${query}`, {
        prepare: async (visitor) => {
          await visitor.page.routeWebSocket('**/v1/ws', (socket) => socket.close({ code: 1011 }));
          visitor.page.on('request', (request) => (receives += request.url().includes(receive) ? 1 : 0));
        },
      });

      assert.ok(receives > 0);
      for (const visitor of [ann, bob]) visitor.assertNoComplaints();
    });
  }

  test('goes through the relay alone when asked to', LIMIT, async () => {
    const before = await stage.turn.metrics();

    const { ann, bob } = await call('room=over-relay&join=1&relay=1');

    for (const visitor of [ann, bob]) {
      const pair = await until('a selected pair', () => visitor.selectedPair());
      assert.deepEqual([pair.local, pair.remote], ['relay', 'relay']);
      await visitor.sees(/^Relayed over UDP/);
      visitor.assertNoComplaints();
    }
    const after = await stage.turn.metrics();
    const moved = [...after].filter(([name, value]) => name.startsWith('icebreaker_turn_') && value > (before.get(name) ?? 0));
    assert.ok(moved.some(([name]) => name.includes('bytes')), [...after.keys()].join(' '));
  });

  test('outlives a crash of the signaling server and is negotiated anew', LIMIT, async () => {
    const { ann, bob } = await call('room=crash&join=1');
    const before = await until('a selected pair', () => ann.selectedPair());

    await stage.signal.kill();
    for (const visitor of [ann, bob]) await visitor.sees(/Reconnecting|cannot be reached/);
    for (const visitor of [ann, bob]) await visitor.seesMovingVideo();
    await stage.startSignal();

    for (const visitor of [ann, bob]) {
      await visitor.page.locator('[data-notice=server]').waitFor({ state: 'detached', timeout: 60_000 });
    }
    await until('ICE was restarted', async () => {
      const pair = await ann.selectedPair();
      return pair && pair.localUfrag !== before.localUfrag;
    });
    for (const visitor of [ann, bob]) {
      await visitor.reaches('connected');
      await visitor.seesMovingVideo();
      assert.equal(await visitor.connectionCount(), 1);
      visitor.assertNoComplaints(CONNECTION_ERRORS);
    }
  });

  test('is for two: a third visitor is told that the room is full', LIMIT, async () => {
    const { ann, bob } = await call('room=full&join=1');
    const carol = await stage.browser.visitor();

    await carol.open(stage.url('room=full&join=1'));

    await carol.reaches('error');
    await carol.sees('This room is full');
    for (const visitor of [ann, bob]) assert.equal(await visitor.state(), 'connected');
    carol.assertNoComplaints();
  });

  test('ends on both sides in words when one hangs up, and can be joined again', LIMIT, async () => {
    const { ann, bob } = await call('room=hang-up&join=1');

    await bob.presses('Hang up');

    await bob.reaches('ended');
    await bob.sees('You left the call');
    assert.deepEqual(await bob.openEnds(), { connections: 0, tracks: 0 });
    await ann.reaches('waiting');
    await ann.sees('The other person hung up');
    await bob.presses('Join again');
    for (const visitor of [ann, bob]) await visitor.reaches('connected');
    for (const visitor of [ann, bob]) await visitor.seesMovingVideo();
    for (const visitor of [ann, bob]) assert.deepEqual(await visitor.openEnds(), { connections: 1, tracks: 2 });
  });

  test('ends when the other page is closed', LIMIT, async () => {
    const { ann, bob } = await call('room=close&join=1');

    await bob.page.close({ runBeforeUnload: true });

    await ann.reaches('waiting');
    await ann.sees('The other person hung up');
  });

  test('ends when the other page goes elsewhere, and goes on when it comes back', LIMIT, async () => {
    const { ann, bob } = await call('room=back&join=1');

    await bob.page.goto('about:blank');
    await ann.reaches('waiting');
    await ann.sees('The other person hung up');
    await bob.page.goBack();

    for (const visitor of [ann, bob]) await visitor.reaches('connected');
    for (const visitor of [ann, bob]) await visitor.seesMovingVideo();
  });

  test('tells the other side about a muted microphone and a camera that is off', LIMIT, async () => {
    const { ann, bob } = await call('room=mute&join=1');

    await bob.presses('Mute microphone');
    await ann.sees('Their microphone is off');
    await bob.presses('Turn camera off');
    await ann.sees('Their camera is off');
    // Off also means that its light is.
    assert.equal((await bob.openEnds()).tracks, 1);
    await bob.presses('Turn camera on');

    await ann.page.locator('.remote-off').waitFor({ state: 'hidden' });
    await ann.seesMovingVideo();
  });
});

test('a visitor whose camera is refused joins without it and is told how to allow it', LIMIT, async (t) => {
  const stage = new Stage();
  t.after(() => stage.close());
  await stage.open({ permissions: 'denied' });
  const ann = await stage.browser.visitor();
  await ann.open(stage.url('room=refused'));
  await ann.sees('Your camera and microphone are blocked.');
  await ann.sees(/click the camera or padlock icon in the address bar, choose Allow/);
  assert.equal(await ann.state(), 'idle');

  await ann.presses('Join');
  await ann.reaches('waiting');
  const bob = await stage.browser.visitor();
  await bob.open(stage.url('room=refused&join=1'));

  for (const visitor of [ann, bob]) await visitor.reaches('connected');
  await bob.sees('Their camera is off');
  ann.assertNoComplaints();
});

test('the start page suggests a room, joins it, and its address is the link', LIMIT, async (t) => {
  const stage = new Stage();
  t.after(() => stage.close());
  await stage.open();
  const ann = await stage.browser.visitor({ permissions: ['clipboard-read', 'clipboard-write'] });
  await ann.open(stage.url(''));
  await ann.reaches('preview');
  const room = await ann.page.getByLabel('Room name').inputValue();
  assert.match(room, /^[a-z]+-[a-z]+-[a-z]+-\d{4}$/);

  await ann.presses('Join');
  await ann.reaches('waiting');
  assert.equal(new URL(ann.page.url()).searchParams.get('room'), room);
  await ann.presses('Copy link');
  await ann.sees('Copied');
  const link = await ann.page.evaluate(() => navigator.clipboard.readText());

  const bob = await stage.browser.visitor();
  await bob.open(link);
  assert.equal(await bob.page.getByLabel('Room name').inputValue(), room);
  await bob.presses('Join');
  for (const visitor of [ann, bob]) await visitor.reaches('connected');
});

test('a server that is gone is said, and found again', LIMIT, async (t) => {
  const stage = new Stage();
  t.after(() => stage.close());
  await stage.open();
  const ann = await stage.browser.visitor();
  await ann.open(stage.url('room=gone'));
  await stage.signal.kill();

  await ann.presses('Join');
  await ann.sees(/Reconnecting|cannot be reached/);
  await stage.startSignal();

  await ann.reaches('waiting', 60_000);
});
