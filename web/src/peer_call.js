// @ts-check
import { Emitter } from './emitter.js';

/** @typedef {import('./protocol.js').IceServer} IceServer */
/** @typedef {{ kind: string, [field: string]: any }} SignalData */
/** @typedef {{ audio: MediaStreamTrack | null, video: MediaStreamTrack | null }} LocalTracks */
/** @typedef {{ audio: boolean, video: boolean }} MediaState */
/**
 * @typedef {object} CallEvents
 * @property {RTCPeerConnectionState} state
 * @property {MediaStream} stream what the other side sends
 * @property {MediaState} remote-media what the other side says it sends
 * @property {unknown} trouble a negotiation step failed; the next restart mends it
 */
/**
 * @typedef {object} CallOptions
 * @property {(configuration: RTCConfiguration) => RTCPeerConnection} createConnection
 * @property {boolean} polite
 * @property {IceServer[]} iceServers
 * @property {boolean} relayOnly
 * @property {LocalTracks} tracks
 * @property {MediaState} mediaState what of them is switched on
 * @property {(data: SignalData, gen?: number) => void} send
 * @property {number} [lastGen] of the calls before, so that the server does not take this one's for theirs
 * @property {Pick<import('./environment.js').Environment, 'setTimeout' | 'clearTimeout'>} environment
 */

// A disconnect often heals by itself within a consent check or two (RFC 7675: 5 s apart).
const DISCONNECTED_MS = 3_000;
const RESTART_EVERY_MS = 8_000;
// ICE reports its own failure sooner; this is for a negotiation that never got that far.
const CONNECT_MS = 20_000;

/**
 * One call to one peer: perfect negotiation over whatever `send` is. The impolite side makes the first
 * offer and is the one that restarts ICE; the polite side asks it to, so that restarts never collide.
 * Descriptions and candidates carry the number of their negotiation: the server drops what is outdated.
 * @extends {Emitter<CallEvents>}
 */
export class PeerCall extends Emitter {
  #options;
  #connection;
  #polite;
  #tracks;
  #closed = false;
  #ignoringOffer = false;
  /** The highest number of a negotiation that either side has made. */
  #lastGen;
  /** Of the own offer that is or was under way. */
  #offeredGen = -1;
  /** Of the last description that was sent: what its candidates belong to. */
  #sentGen = 0;
  /** The offer that was unanswered at the last attempt to restart. */
  #unansweredGen = -1;
  /** @type {RTCIceCandidateInit[]} */
  #earlyCandidates = [];
  /** @type {Promise<void>} */
  #work = Promise.resolve();
  /** @type {any} */
  #restartTimer = null;
  /** @type {MediaStream | null} */
  #remoteStream = null;
  #mediaState;

  /** @param {CallOptions} options */
  constructor(options) {
    super();
    this.#options = options;
    this.#polite = options.polite;
    this.#tracks = options.tracks;
    this.#mediaState = options.mediaState;
    this.#lastGen = options.lastGen ?? 0;
    this.#connection = options.createConnection({
      iceServers: options.iceServers,
      iceTransportPolicy: options.relayOnly ? 'relay' : 'all',
      bundlePolicy: 'max-bundle',
    });
    this.#listen();
  }

  /** Call once the listeners are there. */
  start() {
    // Only the offering side makes transceivers: an answerer's own would not be matched with the
    // offered ones and end up as extra, empty media sections.
    if (!this.#polite) {
      for (const kind of /** @type {const} */ (['audio', 'video'])) {
        this.#connection.addTransceiver(this.#tracks[kind] ?? kind, { direction: 'sendrecv' });
      }
    }
    this.#sendMediaState();
    this.#restartIn(CONNECT_MS);
  }

  get polite() {
    return this.#polite;
  }

  get state() {
    return this.#connection.connectionState;
  }

  get lastGen() {
    return this.#lastGen;
  }

  /** @returns {Promise<RTCStatsReport>} */
  stats() {
    return this.#connection.getStats();
  }

  /**
   * A message of the peer. They are worked on one after the other, as they were sent.
   * @param {SignalData} data
   * @param {number} [gen] of the negotiation that it belongs to
   */
  receive(data, gen) {
    return this.#enqueue(() => this.#handle(data, gen));
  }

  /** @param {LocalTracks} tracks */
  setTracks(tracks) {
    this.#tracks = tracks;
    return this.#enqueue(() => this.#attachTracks());
  }

  /** @param {MediaState} state what is switched on here */
  setMediaState(state) {
    this.#mediaState = state;
    this.#sendMediaState();
  }

  /** @param {IceServer[]} iceServers used from the next gathering on */
  setIceServers(iceServers) {
    if (this.#closed) return;
    try {
      this.#connection.setConfiguration({ ...this.#connection.getConfiguration(), iceServers });
    } catch (error) {
      // The list that it already has still serves.
      this.emit('trouble', error);
    }
  }

  /**
   * Signals may have been lost in either direction: negotiate anew.
   * @param {boolean} polite the role may have changed, too
   */
  resync(polite) {
    this.#polite = polite;
    this.#sendMediaState();
    return this.#enqueue(async () => {
      await this.#rollBack();
      this.#restart();
    });
  }

  close() {
    this.#closed = true;
    this.#stopRestarting();
    this.#connection.close();
  }

  #listen() {
    const connection = this.#connection;
    connection.onnegotiationneeded = () => this.#enqueue(() => this.#offer());
    connection.onicecandidate = ({ candidate }) => this.#sendCandidate(candidate);
    connection.ontrack = ({ track }) => {
      this.#remoteStream ??= new MediaStream();
      this.#remoteStream.addTrack(track);
      this.emit('stream', this.#remoteStream);
    };
    connection.onconnectionstatechange = () => {
      if (this.#closed) return;
      this.#watchConnection();
      this.emit('state', connection.connectionState);
    };
  }

  async #offer() {
    if (this.#connection.signalingState !== 'stable') return;
    await this.#connection.setLocalDescription();
    this.#lastGen += 1;
    this.#offeredGen = this.#lastGen;
    this.#sendDescription(this.#offeredGen);
  }

  /**
   * @param {SignalData} data
   * @param {number | undefined} gen
   */
  async #handle(data, gen) {
    if (data.kind === 'offer' || data.kind === 'answer') {
      await this.#onDescription(data.kind, data.sdp, gen);
    } else if (data.kind === 'candidate') {
      await this.#onCandidate(data.candidate);
    } else if (data.kind === 'restart') {
      if (!this.#polite) this.#restart();
    } else if (data.kind === 'media') {
      this.emit('remote-media', { audio: data.audio === true, video: data.video === true });
    }
  }

  /**
   * @param {'offer' | 'answer'} type
   * @param {string} sdp
   * @param {number | undefined} gen
   */
  async #onDescription(type, sdp, gen = this.#lastGen) {
    const connection = this.#connection;
    this.#lastGen = Math.max(this.#lastGen, gen);
    const isOffering = connection.signalingState === 'have-local-offer';
    this.#ignoringOffer = type === 'offer' && isOffering && this.#winsOver(gen);
    if (this.#ignoringOffer) return;
    // An answer to an offer that was rolled back meanwhile.
    if (type === 'answer' && !(isOffering && gen === this.#offeredGen)) return;

    await connection.setRemoteDescription({ type, sdp });
    await this.#addEarlyCandidates();
    if (type === 'offer') {
      await this.#attachTracks();
      await connection.setLocalDescription();
      this.#sendDescription(gen);
    }
  }

  /**
   * Who goes on when both have offered. The server drops the offer with the lower number wherever the
   * higher one is ahead of it, so that must be the one that counts; of equal ones the impolite side's does.
   * @param {number} gen of the other side's offer
   */
  #winsOver(gen) {
    return this.#offeredGen > gen || (this.#offeredGen === gen && !this.#polite);
  }

  /** @param {RTCIceCandidateInit} candidate */
  async #onCandidate(candidate) {
    if (!this.#connection.remoteDescription) {
      if (!this.#ignoringOffer) this.#earlyCandidates.push(candidate);
      return;
    }
    try {
      await this.#connection.addIceCandidate(candidate);
    } catch (error) {
      if (!this.#ignoringOffer) this.emit('trouble', error);
    }
  }

  async #addEarlyCandidates() {
    const candidates = this.#earlyCandidates;
    this.#earlyCandidates = [];
    for (const candidate of candidates) await this.#onCandidate(candidate);
  }

  /** Puts the local tracks onto the audio and the video section, whoever made them. */
  async #attachTracks() {
    for (const kind of /** @type {const} */ (['audio', 'video'])) {
      const transceiver = this.#connection.getTransceivers().find((t) => t.receiver.track.kind === kind);
      if (!transceiver || transceiver.currentDirection === 'stopped') continue;
      if (transceiver.direction !== 'sendrecv') transceiver.direction = 'sendrecv';
      if (transceiver.sender.track !== this.#tracks[kind]) await transceiver.sender.replaceTrack(this.#tracks[kind]);
    }
  }

  /** @param {number} gen */
  #sendDescription(gen) {
    const description = this.#connection.localDescription;
    if (!description || this.#closed) return;
    this.#sentGen = gen;
    this.#options.send({ kind: description.type, sdp: description.sdp }, gen);
  }

  /** @param {RTCIceCandidate | null} candidate null after the last one */
  #sendCandidate(candidate) {
    if (this.#closed) return;
    if (!candidate || candidate.candidate === '') {
      if (!candidate) this.#options.send({ kind: 'end-of-candidates' }, this.#sentGen);
      return;
    }
    this.#options.send({ kind: 'candidate', candidate: candidate.toJSON() }, this.#sentGen);
  }

  #sendMediaState() {
    if (!this.#closed) this.#options.send({ kind: 'media', ...this.#mediaState });
  }

  #watchConnection() {
    const state = this.#connection.connectionState;
    if (state === 'connected') this.#stopRestarting();
    else if (state === 'failed') this.#restartIn(0);
    else if (state === 'disconnected') this.#restartIn(DISCONNECTED_MS);
  }

  /** @param {number} ms */
  #restartIn(ms) {
    this.#stopRestarting();
    this.#restartTimer = this.#options.environment.setTimeout(() => {
      this.#enqueue(() => this.#restartAnew());
      this.#restartIn(RESTART_EVERY_MS);
    }, ms);
  }

  #stopRestarting() {
    this.#options.environment.clearTimeout(this.#restartTimer);
    this.#restartTimer = null;
  }

  /** An own offer that was still unanswered the last time is made anew: it or its answer failed over there. */
  async #restartAnew() {
    const offered = this.#connection.signalingState === 'have-local-offer';
    if (offered && this.#unansweredGen !== this.#offeredGen) {
      this.#unansweredGen = this.#offeredGen;
      return;
    }
    await this.#rollBack();
    this.#restart();
  }

  /** Back to stable, whichever side's offer is under way. */
  async #rollBack() {
    const { signalingState } = this.#connection;
    if (signalingState === 'have-local-offer') await this.#connection.setLocalDescription({ type: 'rollback' });
    if (signalingState === 'have-remote-offer') await this.#connection.setRemoteDescription({ type: 'rollback' });
  }

  #restart() {
    if (this.#closed) return;
    if (this.#polite) this.#options.send({ kind: 'restart' });
    else this.#connection.restartIce();
  }

  /** @param {() => Promise<void>} step */
  #enqueue(step) {
    this.#work = this.#work.then(async () => {
      if (this.#closed) return;
      try {
        await step();
      } catch (error) {
        if (!this.#closed) this.emit('trouble', error);
      }
    });
    return this.#work;
  }
}
