// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallPage } from '../src/call_page.js';
import { Emitter } from '../src/emitter.js';
import { TEXT } from '../src/text.js';
import { FakeClock, settle } from './support/fake_clock.js';

/**
 * What the page shows, by part. Like the real view it keeps one notice for each id.
 * @extends {Emitter<Record<string, any>>}
 */
class FakeView extends Emitter {
  state = '';
  room = '';
  problem = '';
  path = '';
  announced = '';
  copied = 0;
  /** @type {any} */
  remote = null;
  /** @type {any} */
  localVideo = null;
  /** @type {any} */
  remoteMedia = null;
  /** @type {any} */
  curtain = null;
  /** @type {any} */
  ending = null;
  /** @type {any} */
  offered = null;
  /** @type {Map<string, any>} */
  notices = new Map();

  setState = (/** @type {string} */ state) => (this.state = state);
  setRoom = (/** @type {string} */ room) => (this.room = room);
  roomProblem = (/** @type {string} */ text) => (this.problem = text);
  setPath = (/** @type {string} */ text) => (this.path = text);
  announce = (/** @type {string} */ text) => (this.announced = text);
  setRemoteStream = (/** @type {any} */ stream) => (this.remote = stream);
  setRemoteMedia = (/** @type {any} */ state) => (this.remoteMedia = state);
  setLocalVideo = (/** @type {any} */ track) => (this.localVideo = track);
  setCurtain = (/** @type {any} */ text) => (this.curtain = text);
  setEnding = (/** @type {any} */ ending) => (this.ending = ending);
  offerLink = (/** @type {string} */ link) => (this.offered = link);
  linkCopied = () => (this.copied += 1);
  setLink = () => {};
  setControl = () => {};
  notice = (/** @type {string} */ id, /** @type {any} */ notice) =>
    void (notice ? this.notices.set(id, notice) : this.notices.delete(id));
}

/** @extends {Emitter<Record<string, any>>} */
class FakeMedia extends Emitter {
  /** @type {any} */
  tracks = { audio: null, video: null };
  /** @type {any} */
  problems = { audio: null, video: null };
  enabled = { audio: true, video: true };
  /** @type {string[]} */
  asked = [];
  start = async () => void this.asked.push('both');
  retry = async (/** @type {string} */ kind) => void this.asked.push(kind);
  stop = () => void this.asked.push('stop');
  isLive = () => true;
  isAvailable = () => true;
}

/** @extends {Emitter<Record<string, any>>} */
class FakeSession extends Emitter {
  started = false;
  left = false;
  /** @type {() => Promise<any>} */
  stats = async () => new Map();
  start = () => (this.started = true);
  leave = () => (this.left = true);
  setMedia = () => {};
}

/** @param {{ params?: object, online?: boolean, copy?: () => Promise<void> }} [options] */
function setUp({ params, online = true, copy = async () => {} } = {}) {
  const clock = new FakeClock();
  const view = new FakeView();
  const media = new FakeMedia();
  /** @type {{ client: Emitter<Record<string, any>>, session: FakeSession }[]} */
  const rooms = [];
  let address = 'https://call.test/?relay=1';
  const window = {
    ...clock,
    address: () => new URL(address),
    showAddress: (/** @type {string} */ href) => void (address = href),
    copy,
    isOnline: () => online,
  };
  const page = new CallPage({
    window,
    view: /** @type {any} */ (view),
    media: /** @type {any} */ (media),
    params: { room: 'lobby', badRoom: false, join: false, relayOnly: false, transports: ['ws', 'sse', 'poll'], ...params },
    makeRoom: () => {
      rooms.push({ client: new Emitter(), session: new FakeSession() });
      return /** @type {any} */ (rooms.at(-1));
    },
  });
  page.start();
  return { clock, view, media, rooms, page, address: () => address };
}

/** A page in the room. */
async function inRoom(/** @type {Parameters<typeof setUp>[0]} */ options = {}) {
  const scene = setUp(options);
  scene.view.emit('join', 'lobby');
  await settle();
  const { client, session } = scene.rooms[0];
  /** @param {string} phase @param {string | null} [departure] */
  const phase = (phase, departure = null) => session.emit('phase', { phase, departure });
  return { ...scene, client, session, phase };
}

test('joining shows the room in the address and says what is going on', async () => {
  const { view, session, phase, address } = await inRoom();

  assert.equal(address(), 'https://call.test/?relay=1&room=lobby');
  assert.ok(session.started);
  assert.deepEqual([view.state, view.curtain], ['connecting', TEXT.joining]);
  phase('waiting');
  assert.deepEqual([view.state, view.curtain], ['waiting', TEXT.waiting]);
  phase('connecting');
  assert.equal(view.curtain, TEXT.connecting);
  phase('connected');

  assert.deepEqual([view.state, view.announced], ['connected', TEXT.connected]);
});

test('a link to a room that cannot exist is said', () => {
  const { view } = setUp({ params: { room: '', badRoom: true, join: true } });

  assert.equal(view.problem, TEXT.badLink);
  assert.match(view.room, /^[a-z]+-[a-z]+-[a-z]+-\d{4}$/);
  assert.equal(view.state, 'idle');
});

test('a connection that takes long is said, and its failures do not unsay it', async () => {
  const { clock, view, phase } = await inRoom();
  phase('connecting');
  await clock.advance(14_999);
  assert.equal(view.curtain, TEXT.connecting);

  await clock.advance(1);
  assert.equal(view.curtain, TEXT.connectingSlowly);
  phase('connecting');
  assert.equal(view.curtain, TEXT.connectingSlowly);
  phase('connected');
  phase('connecting');

  assert.equal(view.curtain, TEXT.recovering);
});

test('nothing of one partner shows beside the next', async () => {
  const { view, session, phase } = await inRoom();
  phase('connected');
  session.emit('stream', 'stream of bob');
  session.emit('remote-media', { audio: false, video: false });
  session.emit('peer-away', true);
  assert.equal(view.notices.get('peer').title, TEXT.peerAway);

  session.emit('partner', undefined);
  phase('connecting');

  assert.equal(view.remote, null);
  assert.deepEqual(view.remoteMedia, { audio: true, video: true });
  assert.deepEqual([...view.notices], []);
  assert.equal(view.curtain, TEXT.connecting);
});

test('a session that starts over shows that, and not the last picture', async () => {
  const { view, session, phase } = await inRoom();
  phase('connected');
  session.emit('stream', 'stream of bob');

  phase('joining');

  assert.deepEqual([view.state, view.remote, view.curtain], ['connecting', null, TEXT.joining]);
});

test('a server that is gone stays said while the page tries again', async () => {
  const { view, client, phase } = await inRoom();
  const said = () => view.notices.get('server')?.title;

  client.emit('state', { state: 'reconnecting', failures: 1 });
  assert.equal(said(), undefined);
  client.emit('state', { state: 'reconnecting', failures: 2 });
  assert.equal(said(), TEXT.serverReconnecting);
  client.emit('state', { state: 'connecting', failures: 4 });
  assert.equal(said(), TEXT.serverGone);
  phase('connected');
  client.emit('state', { state: 'reconnecting', failures: 5 });
  assert.equal(said(), TEXT.serverGoneInCall);
  client.emit('state', { state: 'open', failures: 4 });

  assert.equal(said(), undefined);
});

test('a browser without a network says so', async () => {
  const { view, client } = await inRoom({ online: false });

  client.emit('state', { state: 'reconnecting', failures: 2 });

  assert.equal(view.notices.get('server').title, TEXT.offline);
});

test('hanging up ends the session, the devices and everything that was shown', async () => {
  const { view, media, session, phase, client } = await inRoom();
  phase('connected');
  session.emit('stream', 'stream of bob');
  client.emit('state', { state: 'reconnecting', failures: 5 });

  view.emit('hang-up', undefined);

  assert.ok(session.left);
  assert.equal(media.asked.at(-1), 'stop');
  assert.deepEqual([view.state, view.remote, view.path], ['ended', null, '']);
  assert.deepEqual([...view.notices], []);
  assert.equal(view.ending.again, TEXT.joinAgain);
});

test('joining again starts the devices and a session of its own', async () => {
  const { view, media, rooms } = await inRoom();
  view.emit('hang-up', undefined);

  view.emit('join-again', undefined);
  await settle();

  assert.deepEqual(media.asked, ['both', 'stop', 'both']);
  assert.equal(rooms.length, 2);
  assert.ok(rooms[1].session.started);
});

test('a hang-up before the devices are there does not join', async () => {
  const scene = setUp();
  scene.media.start = () => new Promise(() => {});
  scene.view.emit('join', 'lobby');
  scene.view.emit('hang-up', undefined);

  await scene.clock.advance(10_000);

  assert.equal(scene.rooms[0].session.started, false);
  assert.equal(scene.view.state, 'ended');
});

test('the path is looked up again and again, and figures that come late are not shown', async () => {
  const { clock, view, session, phase } = await inRoom();
  /** @type {(() => void)[]} */
  const answers = [];
  session.stats = () => new Promise((done) => answers.push(() => done(aReport())));
  phase('connected');
  answers.shift()?.();
  await settle();
  assert.match(view.path, /^Direct over UDP/);
  await clock.advance(2_000);
  assert.equal(answers.length, 1);

  phase('waiting', 'hung-up');
  answers.shift()?.();
  await clock.advance(10_000);

  assert.equal(view.path, '');
  assert.deepEqual(answers, []);
});

test('a link that cannot be copied is offered', async () => {
  const { view } = await inRoom({ copy: () => Promise.reject(new DOMException('', 'NotAllowedError')) });

  view.emit('copy-link', undefined);
  await settle();

  assert.equal(view.copied, 0);
  assert.equal(view.offered, 'https://call.test/?room=lobby');
});

test('what ails both devices is said once, and trying again asks for both', () => {
  const { view, media } = setUp();
  media.problems = { audio: 'busy', video: 'busy' };
  media.emit('change', undefined);
  assert.deepEqual([...view.notices.keys()], ['media-both']);

  view.notices.get('media-both').action.run();

  assert.deepEqual(media.asked, ['both', 'both']);
  assert.deepEqual([...view.notices], []);
  media.problems = { audio: null, video: 'busy' };
  media.emit('change', undefined);
  assert.deepEqual([...view.notices.keys()], ['media-video']);
});

test('a refusal of the server is an error with a way back', async () => {
  const { view, session, media } = await inRoom();

  session.emit('refused', { code: 'room_full', text: '' });

  assert.equal(view.state, 'error');
  assert.match(view.ending.title, /full/);
  assert.equal(view.ending.again, TEXT.tryAgain);
  assert.equal(media.asked.at(-1), 'stop');
});

function aReport() {
  return new Map(
    [
      { id: 'T', type: 'transport', selectedCandidatePairId: 'P' },
      { id: 'P', type: 'candidate-pair', localCandidateId: 'L', remoteCandidateId: 'R' },
      { id: 'L', type: 'local-candidate', candidateType: 'host', protocol: 'udp' },
      { id: 'R', type: 'remote-candidate', candidateType: 'host', protocol: 'udp' },
    ].map((entry) => [entry.id, entry]),
  );
}
