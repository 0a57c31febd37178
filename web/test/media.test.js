// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LocalMedia, problemOf } from '../src/media.js';
import { explainMedia } from '../src/text.js';
import { settle } from './support/fake_clock.js';

/** @param {string} kind */
function fakeTrack(kind) {
  return /** @type {any} */ ({ kind, enabled: true, stopped: false, onended: null, stop() { this.stopped = true; } });
}

/** Devices that fail for the kinds named in `errors`. @param {Record<string, string>} errors */
function fakeDevices(errors) {
  /** @type {string[]} */
  const asked = [];
  return {
    asked,
    errors,
    /** @param {any} wanted */
    async getUserMedia(wanted) {
      const kinds = Object.keys(wanted);
      asked.push(kinds.join('+'));
      const failing = kinds.find((kind) => errors[kind]);
      if (failing) throw new DOMException('', errors[failing]);
      /** @param {string} kind */
      const tracks = (kind) => (kinds.includes(kind) ? [fakeTrack(kind)] : []);
      return /** @type {any} */ ({ getAudioTracks: () => tracks('audio'), getVideoTracks: () => tracks('video') });
    },
  };
}

/** @type {(kind: string) => Promise<any>} */
const granted = async () => 'granted';

test('both devices are asked for at once', async () => {
  const devices = fakeDevices({});
  const media = new LocalMedia(devices, granted);

  await media.start();

  assert.deepEqual(devices.asked, ['audio+video']);
  assert.ok(media.isLive('audio') && media.isLive('video'));
});

test('a missing camera leaves the microphone', async () => {
  const media = new LocalMedia(fakeDevices({ video: 'NotFoundError' }), granted);

  await media.start();

  assert.ok(media.tracks.audio);
  assert.deepEqual(media.problems, { audio: null, video: 'missing' });
});

test('a refused camera leaves a microphone that is allowed', async () => {
  const devices = fakeDevices({ video: 'NotAllowedError' });
  const media = new LocalMedia(devices, async (kind) => (kind === 'audio' ? 'granted' : 'denied'));

  await media.start();

  assert.ok(media.tracks.audio);
  assert.equal(media.problems.video, 'blocked');
  assert.deepEqual(devices.asked, ['audio+video', 'audio']);
});

test('a user who said no is not asked again', async () => {
  const devices = fakeDevices({ audio: 'NotAllowedError', video: 'NotAllowedError' });
  const media = new LocalMedia(devices, async () => 'prompt');

  await media.start();

  assert.deepEqual(devices.asked, ['audio+video']);
  assert.deepEqual(media.problems, { audio: 'blocked', video: 'blocked' });
});

test('each device can be tried again alone', async () => {
  const devices = fakeDevices({ video: 'NotReadableError' });
  const media = new LocalMedia(devices, granted);
  await media.start();
  assert.equal(media.problems.video, 'busy');

  delete devices.errors.video;
  await media.retry('video');

  assert.equal(media.problems.video, null);
  assert.equal(devices.asked.at(-1), 'video');
});

test('without mediaDevices the context is insecure', async () => {
  const media = new LocalMedia(undefined, granted);

  await media.start();

  assert.deepEqual(media.problems, { audio: 'insecure', video: 'insecure' });
});

test('a microphone that is off stays open, also one that comes later', async () => {
  const media = new LocalMedia(fakeDevices({}), granted);
  media.setEnabled('audio', false);

  await media.start();

  assert.equal(media.tracks.audio?.enabled, false);
  assert.equal(media.isLive('audio'), false);
  media.setEnabled('audio', true);
  assert.ok(media.isLive('audio'));
});

test('a camera that is off is let go of, and taken again when it is on', async () => {
  const devices = fakeDevices({});
  const media = new LocalMedia(devices, granted);
  await media.start();
  const first = /** @type {any} */ (media.tracks.video);

  media.setEnabled('video', false);
  assert.ok(first.stopped);
  assert.deepEqual([media.tracks.video, media.isLive('video'), media.isAvailable('video')], [null, false, true]);
  assert.equal(media.problems.video, null);
  media.setEnabled('video', true);
  await settle();

  assert.ok(media.tracks.video && media.tracks.video !== first && media.isLive('video'));
  assert.deepEqual(devices.asked, ['audio+video', 'video']);
});

test('a camera that is off stays off over the next start', async () => {
  const devices = fakeDevices({});
  const media = new LocalMedia(devices, granted);
  await media.start();
  media.setEnabled('video', false);
  media.stop();

  await media.start();

  assert.deepEqual(devices.asked, ['audio+video', 'audio']);
  assert.ok(media.isAvailable('video') && !media.isLive('video'));
});

test('a camera that is switched off again before it has started does not start', async () => {
  const media = new LocalMedia(fakeDevices({}), granted);
  await media.start();
  media.setEnabled('video', false);

  media.setEnabled('video', true);
  media.setEnabled('video', false);
  await settle();

  assert.equal(media.tracks.video, null);
  assert.ok(media.isAvailable('video'));
});

test('a camera that was taken by another program meanwhile says so', async () => {
  const devices = fakeDevices({});
  const media = new LocalMedia(devices, granted);
  await media.start();
  media.setEnabled('video', false);
  devices.errors.video = 'NotReadableError';

  media.setEnabled('video', true);
  await settle();

  assert.equal(media.problems.video, 'busy');
  assert.equal(media.isAvailable('video'), false);
});

test('an unplugged device is told', async () => {
  const media = new LocalMedia(fakeDevices({}), granted);
  await media.start();
  const changed = new Promise((done) => media.on('change', done));

  media.tracks.audio?.onended?.(new Event('ended'));
  await changed;

  assert.equal(media.problems.audio, 'missing');
  assert.equal(media.tracks.audio, null);
});

test('a permission that was withdrawn is not taken for an unplugged device', async () => {
  const media = new LocalMedia(fakeDevices({}), async (kind) => (kind === 'video' ? 'denied' : 'granted'));
  await media.start();

  for (const track of Object.values(media.tracks)) track?.onended?.(new Event('ended'));
  await settle();

  assert.deepEqual(media.problems, { audio: 'missing', video: 'blocked' });
});

test('the end forgets the problems of the last time', async () => {
  const media = new LocalMedia(fakeDevices({ video: 'NotReadableError' }), granted);
  await media.start();

  media.stop();

  assert.deepEqual(media.problems, { audio: null, video: null });
});

test('devices that answer after the end are switched off', async () => {
  /** @type {(stream: any) => void} */
  let answer = () => {};
  const track = fakeTrack('audio');
  const media = new LocalMedia({ getUserMedia: () => new Promise((done) => (answer = done)) }, granted);
  const started = media.start();
  media.stop();

  answer({ getAudioTracks: () => [track], getVideoTracks: () => [] });
  await started;

  assert.ok(track.stopped);
  assert.equal(media.tracks.audio, null);
});

test('devices that fail after the end are not asked for one by one', async () => {
  const devices = fakeDevices({ video: 'NotFoundError' });
  const media = new LocalMedia(devices, granted);
  const started = media.start();
  media.stop();

  await started;

  assert.deepEqual(devices.asked, ['audio+video']);
  assert.deepEqual(media.tracks, { audio: null, video: null });
  assert.deepEqual(media.problems, { audio: null, video: null });
});

test('every failure of getUserMedia has a name and words with a next step', () => {
  const expected = {
    NotAllowedError: ['blocked', /is blocked/, /address bar, choose Allow, then press Try again/],
    NotFoundError: ['missing', /No camera found/, /Connect a camera/],
    OverconstrainedError: ['missing', /No camera found/, /Connect a camera/],
    NotReadableError: ['busy', /is in use/, /Close that program/],
    SecurityError: ['insecure', /cannot be used/, /https/],
    TypeError: ['failed', /did not start/, /reconnect/],
  };
  for (const [name, [problem, title, advice]] of Object.entries(expected)) {
    const found = problemOf(new DOMException('', name));
    const text = explainMedia('video', found);
    assert.equal(found, problem);
    assert.match(text.title, /** @type {RegExp} */ (title));
    assert.match(text.advice, /** @type {RegExp} */ (advice));
  }
  assert.match(explainMedia('audio', 'blocked').title, /^Your microphone is blocked$/);
  assert.match(explainMedia('both', 'blocked').title, /^Your camera and microphone are blocked$/);
});
