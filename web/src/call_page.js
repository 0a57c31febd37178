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
/**
 * @typedef {object} PageParts
 * @property {import('./view.js').View} view
 * @property {LocalMedia} media
 * @property {import('./page_params.js').PageParams} params
 * @property {(room: string) => { client: SignalingClient, session: RoomSession }} makeRoom
 */

const STATS_EVERY_MS = 2_000;
const FAILURES_UNTIL_GONE = 4;
// Devices that are already allowed start faster than this; a question to the user may wait.
const MEDIA_PATIENCE_MS = 2_000;
/** @type {Kind[]} */
const KINDS = ['audio', 'video'];

/** The flow of the page: start, wait, call, end. */
export class CallPage {
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
  #wasConnected = false;
  /** @type {any} */
  #statsTimer = null;

  /** @param {PageParts} parts */
  constructor({ view, media, params, makeRoom }) {
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
    this.#startMedia();
    if (this.#params.join && this.#params.room) this.#onJoin(this.#params.room);
  }

  wake() {
    this.#current?.client.wake();
  }

  /** The page goes away for good. */
  leave() {
    this.#current?.session.leave();
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
    history.replaceState(null, '', addressIn(new URL(location.href), room));
    this.#view.setLink(inviteLink(new URL(location.href), room));
    this.#wasConnected = false;
    if (!this.#mediaRuns) this.#startMedia();
    this.#enter(this.#makeRoom(room));
  }

  /** @param {{ client: SignalingClient, session: RoomSession }} current */
  async #enter(current) {
    this.#current = current;
    const { client, session } = current;
    session.on('phase', ({ phase, departure }) => this.#onPhase(phase, departure));
    session.on('stream', (stream) => {
      this.#view.setRemoteStream(stream);
      this.#view.playRemote();
    });
    session.on('remote-media', (state) => this.#view.setRemoteMedia(state));
    session.on('peer-away', (away) => this.#view.notice('peer', away ? { title: TEXT.peerAway } : null));
    session.on('refused', (refusal) => this.#end('error', explainRefusal(refusal)));
    client.on('state', ({ state, failures }) => this.#onServerState(state, failures));
    this.#view.setState('connecting');
    this.#view.setCurtain(TEXT.joining);
    if (!this.#media.tracks.audio && !this.#media.tracks.video) {
      await Promise.race([this.#mediaStarted, new Promise((done) => setTimeout(done, MEDIA_PATIENCE_MS))]);
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
    const view = this.#view;
    if (phase === 'joining') return;
    view.setState(phase);
    if (phase === 'waiting') {
      this.#wasConnected = false;
      view.setRemoteStream(null);
      view.setRemoteMedia({ audio: true, video: true });
      view.notice('peer', null);
      const gone = departure === 'hung-up' ? TEXT.peerHungUp : TEXT.peerLost;
      view.setCurtain(departure ? gone : TEXT.waiting);
    } else if (phase === 'connecting') {
      view.setCurtain(this.#wasConnected ? TEXT.recovering : TEXT.connecting);
    } else {
      this.#wasConnected = true;
    }
    if (phase === 'connected') this.#watchPath();
    else this.#stopWatchingPath();
  }

  /**
   * @param {import('./signaling_client.js').ClientState} state
   * @param {number} failures
   */
  #onServerState(state, failures) {
    // The first try mostly works and is not worth a word.
    const lost = state === 'reconnecting' && failures > 1;
    const title = failures >= FAILURES_UNTIL_GONE ? TEXT.serverGone : TEXT.serverReconnecting;
    this.#view.notice('server', lost ? { title } : null);
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
    const { tracks, enabled } = this.#media;
    for (const kind of KINDS) {
      this.#view.setControl(kind, { on: this.#media.isLive(kind), available: tracks[kind] !== null });
    }
    this.#showMediaProblems();
    this.#view.setLocalStream(tracks.video && enabled.video ? new MediaStream([tracks.video]) : null);
    const live = { audio: this.#media.isLive('audio'), video: this.#media.isLive('video') };
    this.#current?.session.setMedia(tracks, live);
    if (!this.#current && this.#isStart()) this.#view.setState(tracks.audio || tracks.video ? 'preview' : 'idle');
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
    const run = () => void (kind === 'both' ? this.#media.start() : this.#media.retry(kind));
    const action = problem === 'insecure' ? undefined : { label: TEXT.tryAgain, run };
    this.#view.notice(id, { title: `${title}.`, advice, action, dismissable: true });
  }

  #isStart() {
    const state = document.body.dataset.state;
    return state === 'idle' || state === 'preview';
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
    this.#view.notice('server', null);
    this.#view.notice('peer', null);
    this.#view.setRemoteStream(null);
    this.#view.setRemoteMedia({ audio: true, video: true });
    this.#view.setState(state);
    this.#view.setEnding({ ...explanation, again: state === 'ended' ? TEXT.joinAgain : TEXT.tryAgain });
  }

  #toStart() {
    this.#setRoom(suggestRoomName());
    this.#view.setState('idle');
    this.#startMedia();
  }

  /** @param {string} room */
  #setRoom(room) {
    this.#room = room;
    this.#view.setRoom(room);
    this.#view.roomProblem('');
  }

  async #copyLink() {
    try {
      await navigator.clipboard.writeText(inviteLink(new URL(location.href), this.#room));
      this.#view.linkCopied();
    } catch {
      this.#view.selectLink();
    }
  }

  #watchPath() {
    this.#stopWatchingPath();
    const look = async () => {
      const report = await this.#current?.session.stats();
      const path = report && selectedPath(report);
      this.#view.setPath(path ? describePath(path) : '');
    };
    look();
    this.#statsTimer = setInterval(look, STATS_EVERY_MS);
  }

  #stopWatchingPath() {
    clearInterval(this.#statsTimer);
    this.#view.setPath('');
  }
}
