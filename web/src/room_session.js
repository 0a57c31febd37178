// @ts-check
import { Emitter } from './emitter.js';
import { PeerCall } from './peer_call.js';

/** @typedef {import('./protocol.js').Message} Message */
/** @typedef {import('./protocol.js').IceServer} IceServer */
/** @typedef {import('./protocol.js').RoomPeer} RoomPeer */
/** @typedef {import('./peer_call.js').LocalTracks} LocalTracks */
/** @typedef {import('./peer_call.js').MediaState} MediaState */
/** @typedef {import('./signaling_client.js').SignalingClient} SignalingClient */
/** @typedef {'joining' | 'waiting' | 'connecting' | 'connected'} Phase */
/** @typedef {'hung-up' | 'lost'} Departure */
/**
 * @typedef {object} RoomEvents
 * @property {{ phase: Phase, departure: Departure | null }} phase
 * @property {void} partner a call with somebody begins; nothing of an earlier one holds any more
 * @property {boolean} peer-away
 * @property {MediaStream} stream
 * @property {MediaState} remote-media
 * @property {{ code: string, text: string }} refused the room or the server does not want this visitor
 */
/**
 * @typedef {object} RoomOptions
 * @property {SignalingClient} client not started
 * @property {string} room
 * @property {boolean} relayOnly
 * @property {(configuration: RTCConfiguration) => RTCPeerConnection} createConnection
 * @property {import('./environment.js').Environment} environment
 */

// As long as the server keeps a vanished peer's place.
const RETURN_MS = 60_000;
const DROPPED_RESYNC_MS = 2_000;
const JOIN_AGAIN_MS = 2_000;
const FOR_NOW = new Set(['rate_limited', 'unavailable']);

/**
 * One stay in a room: turns the server's messages into a call with the other person.
 * @extends {Emitter<RoomEvents>}
 */
export class RoomSession extends Emitter {
  #options;
  #client;
  /** @type {PeerCall | null} */
  #call = null;
  #partner = '';
  /** The partner left the server; the call lives as long as the media flows. */
  #partnerMissing = false;
  #partnerMayReturn = false;
  /** @type {any} */
  #returnTimer = null;
  /** @type {any} */
  #resyncTimer = null;
  /** @type {any} */
  #joinTimer = null;
  /** @type {Map<string, RoomPeer>} */
  #peers = new Map();
  /** @type {IceServer[]} */
  #iceServers = [];
  /** @type {LocalTracks} */
  #tracks = { audio: null, video: null };
  /** @type {MediaState} */
  #mediaState = { audio: false, video: false };
  #joined = false;
  /** Of the negotiations of this stay: the server counts on for a partner who comes back. */
  #lastGen = 0;

  /** @param {RoomOptions} options */
  constructor(options) {
    super();
    this.#options = options;
    this.#client = options.client;
    this.#client.on('ice-servers', (servers) => this.#onIceServers(servers));
    this.#client.on('message', (message) => this.#onMessage(message));
    this.#client.on('anew', ({ samePeer }) => samePeer || this.#startOver());
    this.#client.on('stopped', (refusal) => this.#refuse(refusal));
  }

  start() {
    this.#setPhase('joining');
    this.#client.start();
    this.#client.join(this.#options.room);
  }

  /**
   * Hangs up and ends the session on the server.
   * @param {import('./signaling_client.js').Ending} [how]
   */
  leave(how) {
    this.#options.environment.clearTimeout(this.#joinTimer);
    this.#endCall();
    this.#client.stop(how);
  }

  /** @returns {Promise<RTCStatsReport> | null} null outside a call */
  stats() {
    return this.#call?.stats() ?? null;
  }

  /**
   * @param {LocalTracks} tracks
   * @param {MediaState} state what of it is switched on
   */
  setMedia(tracks, state) {
    this.#tracks = tracks;
    this.#call?.setTracks(tracks);
    if (state.audio === this.#mediaState.audio && state.video === this.#mediaState.video) return;
    this.#mediaState = state;
    this.#call?.setMediaState(state);
  }

  /** @param {IceServer[]} servers */
  #onIceServers(servers) {
    this.#iceServers = servers;
    this.#call?.setIceServers(servers);
  }

  /** @param {Message} message */
  #onMessage(message) {
    switch (message.type) {
      case 'joined':
        return this.#onJoined(message);
      case 'peer-joined':
        return this.#onPeerHere({ peer: message.peer, name: message.name, role: message.role ?? 'polite' });
      case 'peer-away':
      case 'peer-back':
        if (message.peer === this.#partner) this.emit('peer-away', message.type === 'peer-away');
        return;
      case 'peer-left':
        return this.#onPeerLeft(message.peer, message.reason);
      case 'signal':
        if (message.from === this.#partner) this.#call?.receive(message.data, message.gen);
        return;
      case 'error':
        return this.#onError(message);
    }
  }

  /** The server took this page for somebody new: to the partner, too, it is a stranger now. */
  #startOver() {
    this.#endCall();
    this.#joined = false;
    this.#setPhase('joining');
  }

  /** @param {Message} message */
  #onError(message) {
    const { environment, room } = this.#options;
    if (!this.#joined && FOR_NOW.has(message.code)) {
      environment.clearTimeout(this.#joinTimer);
      this.#joinTimer = environment.setTimeout(() => this.#client.join(room), message.retry_after_ms ?? JOIN_AGAIN_MS);
    } else if (!this.#joined || message.code === 'room_full') {
      // A room may also turn out to be full when the server puts a lost session back into it.
      this.#refuse({ code: message.code, text: message.message ?? '' });
    } else if (message.code === 'rate_limited' || message.code === 'mailbox_full') {
      // Signals were dropped: once the server takes messages again, a new negotiation replaces them.
      environment.clearTimeout(this.#resyncTimer);
      const resync = () => this.#call?.resync(this.#call.polite);
      this.#resyncTimer = environment.setTimeout(resync, message.retry_after_ms ?? DROPPED_RESYNC_MS);
    }
  }

  /** @param {Message} message */
  #onJoined(message) {
    /** @type {RoomPeer[]} */
    const peers = message.peers;
    this.#joined = true;
    this.#peers = new Map(peers.map((peer) => [peer.peer, peer]));
    const partner = this.#peers.get(this.#partner) ?? peers[0];
    if (partner) {
      // Somebody else may have taken the partner's place while this session was lost.
      if (partner.peer !== this.#partner) this.#endCall();
      this.#onPeerHere(partner);
      this.emit('peer-away', partner.away === true);
    } else if (this.#call) {
      this.#expectReturn();
    } else {
      this.#setPhase('waiting');
    }
  }

  /** @param {RoomPeer} peer */
  #onPeerHere(peer) {
    this.#peers.set(peer.peer, peer);
    // The peer's role is the opposite of ours towards it.
    const polite = peer.role === 'impolite';
    if (peer.peer === this.#partner && this.#call) {
      this.#partnerIsBack();
      this.#call.resync(polite);
    } else if (!this.#call || this.#partnerMissing) {
      this.#endCall();
      this.#beginCall(peer.peer, polite);
    }
  }

  /**
   * @param {string} peer
   * @param {string | undefined} reason
   */
  #onPeerLeft(peer, reason) {
    this.#peers.delete(peer);
    if (peer !== this.#partner) return;
    if (reason === 'left' || reason === 'bye') this.#partnerGone('hung-up');
    else this.#partnerMissed();
  }

  /**
   * @param {string} peer
   * @param {boolean} polite
   */
  #beginCall(peer, polite) {
    const call = this.#makeCall(peer, polite);
    if (!call) return;
    this.#partner = peer;
    this.#call = call;
    this.emit('partner', undefined);
    call.on('stream', (stream) => this.emit('stream', stream));
    call.on('remote-media', (state) => this.emit('remote-media', state));
    call.on('state', (state) => this.#onCallState(state));
    call.start();
    this.#setPhase('connecting');
  }

  /**
   * @param {string} peer
   * @param {boolean} polite
   */
  #makeCall(peer, polite) {
    const { createConnection, relayOnly, environment } = this.#options;
    try {
      return new PeerCall({
        createConnection,
        polite,
        iceServers: this.#iceServers,
        relayOnly,
        tracks: this.#tracks,
        mediaState: this.#mediaState,
        send: (data, gen) => void this.#client.signal(peer, data, gen === undefined ? {} : { gen }),
        lastGen: this.#lastGen,
        environment,
      });
    } catch (error) {
      // Browsers check the server's list: a TURN server without a password is enough.
      this.#refuse({ code: 'bad_ice_servers', text: String(error) });
      return null;
    }
  }

  /** @param {RTCPeerConnectionState} state */
  #onCallState(state) {
    if (state === 'connected') {
      this.#setPhase('connected');
    } else if (state === 'failed' && this.#partnerMissing && !this.#partnerMayReturn) {
      this.#partnerGone('lost');
    } else if (state === 'failed' || state === 'disconnected') {
      this.#setPhase('connecting');
    }
  }

  /** Our own session was lost; the partner may be on its way back as well. */
  #expectReturn() {
    this.#partnerMissing = true;
    this.#partnerMayReturn = true;
    this.#options.environment.clearTimeout(this.#returnTimer);
    this.#returnTimer = this.#options.environment.setTimeout(() => this.#partnerMissed(), RETURN_MS);
  }

  #partnerIsBack() {
    this.#partnerMissing = false;
    this.#partnerMayReturn = false;
    this.#options.environment.clearTimeout(this.#returnTimer);
    this.emit('peer-away', false);
  }

  /** The server gave the partner up. While the two still see and hear each other, the call goes on. */
  #partnerMissed() {
    this.#partnerMissing = true;
    this.#partnerMayReturn = false;
    if (this.#call?.state !== 'connected') this.#partnerGone('lost');
  }

  /** @param {Departure} departure */
  #partnerGone(departure) {
    this.#endCall();
    const next = this.#peers.values().next().value;
    if (next) this.#onPeerHere(next);
    else this.#setPhase('waiting', departure);
  }

  #endCall() {
    this.#lastGen = this.#call?.lastGen ?? this.#lastGen;
    this.#call?.close();
    this.#call = null;
    this.#partner = '';
    this.#partnerMissing = false;
    this.#partnerMayReturn = false;
    this.#options.environment.clearTimeout(this.#returnTimer);
    this.#options.environment.clearTimeout(this.#resyncTimer);
  }

  /** @param {{ code: string, text: string }} refusal */
  #refuse(refusal) {
    this.leave();
    this.emit('refused', refusal);
  }

  /**
   * @param {Phase} phase
   * @param {Departure | null} [departure]
   */
  #setPhase(phase, departure = null) {
    this.emit('phase', { phase, departure });
  }
}
