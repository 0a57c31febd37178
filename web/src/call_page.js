// @ts-check
import { isRoomName } from './protocol.js';
import { addressIn, inviteLink } from './page_params.js';
import { suggestRoomName, toRoomName } from './room_name.js';
import { describePath, selectedPath } from './stats.js';
import { TEXT, explainMedia, explainRefusal } from './text.js';

/** @typedef {import('./media.js').LocalMedia} LocalMedia */
/** @typedef {import('./media.js').Kind} Kind */
/** @typedef {import('./room_session.js').RoomSession} RoomSession */
/** @typedef {import('./room_session.js').Phase} Phase */
/** @typedef {import('./room_session.js').Departure} Departure */
/** @typedef {import('./signaling_client.js').SignalingClient} SignalingClient */
/** @typedef {import('./text.js').Explanation} Explanation */
/** @typedef {import('./view.js').PageState} PageState */
/**
 * @typedef {object} PageParts
 * @property {import('./page_window.js').PageWindow} window
 * @property {import('./view.js').View} view
 * @property {LocalMedia} media
 * @property {import('./page_params.js').PageParams} params
 * @property {(room: string) => { client: SignalingClient, session: RoomSession }} makeRoom
 */

const STATS_EVERY_MS = 2_000;
const FAILURES_UNTIL_GONE = 4;
// Devices that are already allowed start faster than this; a question to the user may wait.
const MEDIA_PATIENCE_MS = 2_000;
const SLOW_CONNECTION_MS = 15_000;
/** @type {Kind[]} */
const KINDS = ['audio', 'video'];

/** The flow of the page: start, wait, call, end. */
export class CallPage {
  #window;
  #view;
  #media;
  #params;
  #makeRoom;
  #room = '';
  /** @type {{ client: SignalingClient, session: RoomSession } | null} */
  #current = null;
  /** @type {Promise<void>} */
  #mediaStarted = Promise.resolve();
  #mediaRuns = false;
  /** @type {PageState} */
  #state = 'idle';
  #wasConnected = false;
  #isSlow = false;
  /** @type {any} */
  #slowTimer = null;
  /** @type {any} */
  #statsTimer = null;
  /** Raised with every start and end of the watch, so that figures that come late are not shown. */
  #watch = 0;

  /** @param {PageParts} parts */
  constructor({ window, view, media, params, makeRoom }) {
    this.#window = window;
    this.#view = view;
    this.#media = media;
    this.#params = params;
    this.#makeRoom = makeRoom;
    media.on('change', () => this.#onMediaChange());
    view.on('join', (text) => this.#onJoin(text));
    view.on('suggest', () => this.#setRoom(suggestRoomName()));
    view.on('toggle', (kind) => media.setEnabled(kind, !media.enabled[kind]));
    view.on('hang-up', () => this.#hangUp());
    view.on('join-again', () => this.#onJoin(this.#room));
    view.on('other-room', () => this.#toStart());
    view.on('copy-link', () => this.#copyLink());
  }

  start() {
    this.#setRoom(this.#params.room || suggestRoomName());
    if (this.#params.badRoom) this.#view.roomProblem(TEXT.badLink);
    this.#startMedia();
    if (this.#params.join && this.#params.room) this.#onJoin(this.#params.room);
  }

  wake() {
    this.#current?.client.wake();
  }

  /** The page goes away for good. */
  leave() {
    this.#current?.session.leave({ unloading: true });
  }

  /** @param {string} text */
  #onJoin(text) {
    const room = toRoomName(text);
    if (!isRoomName(room)) {
      this.#view.roomProblem(TEXT.badRoom);
      return;
    }
    if (this.#current) return;
    this.#setRoom(room);
    this.#window.showAddress(addressIn(this.#window.address(), room));
    this.#view.setLink(inviteLink(this.#window.address(), room));
    if (!this.#mediaRuns) this.#startMedia();
    this.#enter(this.#makeRoom(room));
  }

  /** @param {{ client: SignalingClient, session: RoomSession }} current */
  async #enter(current) {
    this.#current = current;
    const { client, session } = current;
    session.on('phase', ({ phase, departure }) => this.#onPhase(phase, departure));
    session.on('partner', () => this.#forgetPartner());
    session.on('stream', (stream) => this.#view.setRemoteStream(stream));
    session.on('remote-media', (state) => this.#view.setRemoteMedia(state));
    session.on('peer-away', (away) => this.#view.notice('peer', away ? { title: TEXT.peerAway } : null));
    session.on('refused', (refusal) => this.#end('error', explainRefusal(refusal)));
    client.on('state', ({ state, failures }) => this.#onServerState(state, failures));
    this.#onPhase('joining', null);
    if (!this.#media.tracks.audio && !this.#media.tracks.video) {
      await Promise.race([this.#mediaStarted, new Promise((done) => this.#window.setTimeout(() => done(undefined), MEDIA_PATIENCE_MS))]);
    }
    if (this.#current !== current) return;
    this.#onMediaChange();
    session.start();
  }

  /**
   * @param {Phase} phase
   * @param {Departure | null} departure
   */
  #onPhase(phase, departure) {
    if (phase === 'joining' || phase === 'waiting') this.#forgetPartner();
    if (phase === 'connected') this.#wasConnected = true;
    this.#setState(phase === 'joining' ? 'connecting' : phase);
    if (phase === 'connecting') this.#slowTimer ??= this.#window.setTimeout(() => this.#onSlow(), SLOW_CONNECTION_MS);
    else this.#stopSlowTimer();
    if (phase !== 'connected') {
      this.#view.setCurtain(this.#curtainOf(phase, departure));
      this.#stopWatchingPath();
    } else {
      this.#view.announce(TEXT.connected);
      this.#watchPath();
    }
  }

  /**
   * @param {Phase} phase
   * @param {Departure | null} departure
   * @returns {Explanation}
   */
  #curtainOf(phase, departure) {
    if (phase === 'joining') return TEXT.joining;
    if (phase === 'waiting') {
      if (!departure) return TEXT.waiting;
      return departure === 'hung-up' ? TEXT.peerHungUp : TEXT.peerLost;
    }
    if (this.#wasConnected) return TEXT.recovering;
    return this.#isSlow ? TEXT.connectingSlowly : TEXT.connecting;
  }

  #onSlow() {
    this.#isSlow = true;
    this.#view.setCurtain(this.#curtainOf('connecting', null));
  }

  #stopSlowTimer() {
    this.#isSlow = false;
    this.#window.clearTimeout(this.#slowTimer);
    this.#slowTimer = null;
  }

  /** Nothing of the last partner may show next to the next one. */
  #forgetPartner() {
    this.#wasConnected = false;
    this.#stopSlowTimer();
    this.#view.setRemoteStream(null);
    this.#view.setRemoteMedia({ audio: true, video: true });
    this.#view.notice('peer', null);
  }

  /** @param {PageState} state */
  #setState(state) {
    this.#state = state;
    this.#view.setState(state);
  }

  /**
   * @param {import('./signaling_client.js').ClientState} state
   * @param {number} failures
   */
  #onServerState(state, failures) {
    // The first try mostly works and is not worth a word.
    const lost = (state === 'connecting' || state === 'reconnecting') && failures > 1;
    this.#view.notice('server', lost ? { title: this.#lossOf(failures) } : null);
  }

  /** @param {number} failures */
  #lossOf(failures) {
    if (!this.#window.isOnline()) return TEXT.offline;
    if (failures < FAILURES_UNTIL_GONE) return TEXT.serverReconnecting;
    return this.#state === 'connected' ? TEXT.serverGoneInCall : TEXT.serverGone;
  }

  #startMedia() {
    this.#mediaStarted = this.#media.start();
    this.#mediaRuns = true;
    this.#onMediaChange();
  }

  /** No call, no camera light. */
  #stopMedia() {
    this.#mediaRuns = false;
    this.#media.stop();
  }

  #onMediaChange() {
    const { tracks } = this.#media;
    for (const kind of KINDS) {
      this.#view.setControl(kind, { on: this.#media.isLive(kind), available: this.#media.isAvailable(kind) });
    }
    this.#showMediaProblems();
    this.#view.setLocalVideo(tracks.video);
    const live = { audio: this.#media.isLive('audio'), video: this.#media.isLive('video') };
    this.#current?.session.setMedia(tracks, live);
    const atStart = this.#state === 'idle' || this.#state === 'preview';
    if (atStart) this.#setState(tracks.audio || tracks.video ? 'preview' : 'idle');
  }

  /** What ails both devices alike is said once. */
  #showMediaProblems() {
    const { audio, video } = this.#media.problems;
    const alike = audio !== null && audio === video;
    this.#mediaNotice('both', alike ? audio : null);
    this.#mediaNotice('audio', alike ? null : audio);
    this.#mediaNotice('video', alike ? null : video);
  }

  /**
   * @param {Kind | 'both'} kind
   * @param {import('./media.js').Problem | null} problem
   */
  #mediaNotice(kind, problem) {
    const id = `media-${kind}`;
    if (!problem || !this.#mediaRuns) return this.#view.notice(id, null);
    const { title, advice } = explainMedia(kind, problem);
    const run = () => {
      // It comes back when the try fails, and is read out again.
      this.#view.notice(id, null);
      void (kind === 'both' ? this.#media.start() : this.#media.retry(kind));
    };
    const action = problem === 'insecure' ? undefined : { label: TEXT.tryAgain, run };
    this.#view.notice(id, { title: `${title}.`, advice, action, dismissable: true });
  }

  #hangUp() {
    this.#current?.session.leave();
    this.#end('ended', TEXT.hungUpHere);
  }

  /**
   * @param {'ended' | 'error'} state
   * @param {Explanation} explanation
   */
  #end(state, explanation) {
    this.#current = null;
    this.#stopWatchingPath();
    this.#stopMedia();
    this.#forgetPartner();
    this.#view.notice('server', null);
    this.#setState(state);
    this.#view.setEnding({ ...explanation, again: state === 'ended' ? TEXT.joinAgain : TEXT.tryAgain });
  }

  #toStart() {
    this.#setRoom(suggestRoomName());
    this.#setState('idle');
    this.#startMedia();
  }

  /** @param {string} room */
  #setRoom(room) {
    this.#room = room;
    this.#view.setRoom(room);
    this.#view.roomProblem('');
  }

  async #copyLink() {
    const link = inviteLink(this.#window.address(), this.#room);
    try {
      await this.#window.copy(link);
      this.#view.linkCopied();
    } catch {
      this.#view.offerLink(link);
    }
  }

  #watchPath() {
    this.#stopWatchingPath();
    const watch = this.#watch;
    const look = async () => {
      const path = await this.#path();
      if (watch !== this.#watch) return;
      this.#view.setPath(path ? describePath(path) : '');
      this.#statsTimer = this.#window.setTimeout(look, STATS_EVERY_MS);
    };
    look();
  }

  async #path() {
    try {
      const report = await this.#current?.session.stats();
      return report ? selectedPath(report) : null;
    } catch {
      return null;
    }
  }

  #stopWatchingPath() {
    this.#watch += 1;
    this.#window.clearTimeout(this.#statsTimer);
    this.#view.setPath('');
  }
}
