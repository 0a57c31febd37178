// @ts-check
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Stage } from './support/stage.js';
import { until } from './support/wait.js';

/** @typedef {import('./support/visitor.js').Visitor} Visitor */

const LIMIT = { timeout: 120_000 };
const PHONES = { portrait: { width: 360, height: 640 }, landscape: { width: 740, height: 360 } };

describe('the page', () => {
  const stage = new Stage();
  before(() => stage.open());
  afterEach(() => stage.browser.dismissVisitors());
  after(() => stage.close());

  /** @param {string} room @param {(bob: Visitor) => Promise<void>} [prepare] */
  async function call(room, prepare = async () => {}) {
    const [ann, bob] = [await stage.browser.visitor(), await stage.browser.visitor()];
    await prepare(bob);
    for (const visitor of [ann, bob]) await visitor.open(stage.url(`room=${room}&join=1`));
    for (const visitor of [ann, bob]) await visitor.reaches('connected');
    return { ann, bob };
  }

  test('works by keyboard alone and keeps the focus where the user is', LIMIT, async () => {
    const ann = await stage.browser.visitor();
    await ann.open(stage.url('room=keys'));
    await ann.reaches('preview');

    await ann.page.getByLabel('Room name').focus();
    await ann.page.keyboard.press('Enter');
    await ann.reaches('waiting');
    assert.equal(await ann.focused(), 'Call');
    await ann.page.keyboard.press('Tab');
    assert.equal(await ann.focused(), 'Link to this room');
    for (const label of ['Copy link', 'Mute microphone', 'Turn camera off', 'Copy link', 'Hang up']) {
      await ann.page.keyboard.press('Tab');
      assert.equal(await ann.focused(), label);
    }
    await ann.page.keyboard.press('Enter');
    await ann.reaches('ended');
    assert.equal(await ann.focused(), 'ended-title');
    await ann.page.keyboard.press('Tab');
    await ann.page.keyboard.press('Tab');
    await ann.page.keyboard.press('Enter');

    await ann.reaches('preview');
    assert.equal(await ann.focused(), 'start-title');
    ann.assertNoComplaints();
  });

  test('says what a room name needs, also when the link had none', LIMIT, async () => {
    const ann = await stage.browser.visitor();
    await ann.open(stage.url('room=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&join=1'));
    await ann.sees(/The link names no room that can exist/);
    assert.match(await ann.page.getByLabel('Room name').inputValue(), /^[a-z]+-[a-z]+-[a-z]+-\d{4}$/);

    await ann.page.getByLabel('Room name').fill('???');
    await ann.presses('Join');

    await ann.sees(/Please enter a room name/);
    assert.equal(await ann.page.getByLabel('Room name').getAttribute('aria-invalid'), 'true');
    ann.assertNoComplaints();
  });

  for (const [name, viewport] of Object.entries(PHONES)) {
    test(`fits a phone in ${name}`, LIMIT, async () => {
      const room = `a-very-long-room-name.with_many-parts-0123456789-${name}`.padEnd(64, 'x');
      const ann = await stage.browser.visitor({ viewport });
      await ann.open(stage.url(`room=${room}`));
      await ann.reaches('preview');
      await ann.presses('Turn camera off');
      assertApart(await ann.boxOf('.preview .no-camera span'), await ann.boxOf('.preview .controls button'));
      await assertNoSidewaysScroll(ann);
      await ann.presses('Join');
      await ann.reaches('waiting');
      assertApart(await ann.boxOf('#room-label'), await ann.boxOf('.curtain .card'));
      assertApart(await ann.boxOf('.invite button'), await ann.boxOf('.stage > .controls'));
      await assertNoSidewaysScroll(ann);

      const bob = await stage.browser.visitor({ viewport });
      await bob.page.addInitScript(() => void (/** @type {any} */ (globalThis).cameraInUse = true));
      await bob.open(stage.url(`room=${room}&join=1`));
      for (const visitor of [ann, bob]) await visitor.reaches('connected');
      await bob.sees(/^Direct over UDP/);

      for (const part of ['#room-label', '#path']) {
        assertApart(await bob.boxOf(part), await bob.boxOf('[data-notice=media-video]'));
      }
      assertApart(await bob.boxOf('.stage > .controls button'), await bob.boxOf('.self'));
      await assertNoSidewaysScroll(bob);
    });
  }

  test('says that the camera is in use, once, and takes it when it is free', LIMIT, async () => {
    const { ann, bob } = await call('in-use', async (visitor) => {
      await visitor.page.addInitScript(() => void (/** @type {any} */ (globalThis).cameraInUse = true));
    });
    await ann.sees('Their camera is off');
    const notice = bob.page.locator('[data-notice=media-video]');
    await bob.sees('Your camera is in use.');

    await bob.presses('Try again');
    await bob.sees('Your camera is in use.');
    await bob.setCameraInUse(false);
    await bob.presses('Try again');

    await notice.waitFor({ state: 'detached' });
    await ann.seesMovingVideo();
    ann.assertNoComplaints();
    bob.assertNoComplaints();
  });

  test('does not bring back a notice that was dismissed', LIMIT, async () => {
    const ann = await stage.browser.visitor();
    await ann.page.addInitScript(() => void (/** @type {any} */ (globalThis).cameraInUse = true));
    await ann.open(stage.url('room=dismiss'));
    await ann.sees('Your camera is in use.');

    await ann.page.getByRole('button', { name: 'Dismiss' }).focus();
    await ann.page.keyboard.press('Enter');
    assert.equal(await ann.focused(), 'start-title');
    await ann.presses('Mute microphone');
    await ann.presses('Unmute microphone');

    assert.equal(await ann.page.locator('.notice').count(), 0);
  });

  test('says that the camera was unplugged in the call, and goes on when it is back', LIMIT, async () => {
    const { ann, bob } = await call('unplug');
    await ann.seesMovingVideo();

    await bob.unplugCamera();
    await bob.sees('No camera found.');
    await ann.sees('Their camera is off');
    assert.equal(await bob.page.getByRole('button', { name: 'No camera to use' }).filter({ visible: true }).isDisabled(), true);
    await bob.presses('Try again');

    await ann.page.locator('.remote-off').waitFor({ state: 'hidden' });
    await ann.seesMovingVideo();
  });

  test('shows the link where the clipboard is closed to it', LIMIT, async () => {
    const { ann } = await call('no-clipboard');
    await ann.page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));

    await ann.presses('Copy link');

    await ann.sees(/Copy this link by hand:/);
    await ann.sees(stage.url('room=no-clipboard'));
  });
});

test('a browser that plays no sound without a click shows the picture and asks for one', LIMIT, async (t) => {
  const stage = new Stage();
  const quiet = new Stage();
  t.after(() => Promise.all([stage.close(), quiet.browser.close()]));
  await stage.open();
  // Without a camera of its own, as capturing allows sound, too.
  await quiet.browser.launch('denied', 'needs-click');
  const [ann, bob] = [await stage.browser.visitor(), await quiet.browser.visitor()];
  for (const visitor of [ann, bob]) await visitor.open(stage.url('room=quiet&join=1'));
  for (const visitor of [ann, bob]) await visitor.reaches('connected');
  await bob.sees('Your browser waits for a click before it plays sound.');
  await bob.seesMovingVideo();
  const muted = () => bob.page.evaluate(() => /** @type {HTMLVideoElement} */ (document.getElementById('remote')).muted);
  assert.equal(await muted(), true);

  await bob.presses('Play sound');

  await until('the sound is on', async () => !(await muted()));
  await bob.page.locator('[data-notice=sound]').waitFor({ state: 'detached' });
  await bob.seesMovingVideo();
});

/** @typedef {{ x: number, y: number, width: number, height: number }} Box */

/** @param {Box} one @param {Box} two */
function assertApart(one, two) {
  const beside = one.x + one.width <= two.x || two.x + two.width <= one.x;
  const above = one.y + one.height <= two.y || two.y + two.height <= one.y;
  assert.ok(beside || above, `${JSON.stringify(one)} covers ${JSON.stringify(two)}`);
}

/** @param {Visitor} visitor */
async function assertNoSidewaysScroll(visitor) {
  const excess = await visitor.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(excess <= 0, `${excess} px too wide`);
}
