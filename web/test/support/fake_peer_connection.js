// @ts-check
/**
 * The negotiation half of RTCPeerConnection: signaling states, implicit rollback, negotiationneeded, and the
 * errors of steps in the wrong state. Descriptions are texts that name their maker and number.
 */
export class FakePeerConnection {
  signalingState = 'stable';
  connectionState = 'new';
  /** @type {{ type: string, sdp: string } | null} */
  localDescription = null;
  /** @type {{ type: string, sdp: string } | null} */
  remoteDescription = null;
  /** @type {any} */
  onnegotiationneeded = null;
  /** @type {any} */
  onicecandidate = null;
  /** @type {any} */
  ontrack = null;
  /** @type {any} */
  onconnectionstatechange = null;
  /** @type {any[]} */
  transceivers = [];
  /** @type {any[]} */
  candidates = [];
  restarts = 0;
  closed = false;
  /** The next local description fails, as one does whose codecs the device cannot have. */
  failsNext = false;
  #needed = false;
  #made = 0;
  #name;

  /** @param {string} name @param {any} configuration */
  constructor(name, configuration) {
    this.#name = name;
    this.configuration = configuration;
  }

  getConfiguration() {
    return this.configuration;
  }

  /** @param {any} configuration */
  setConfiguration(configuration) {
    this.configuration = configuration;
  }

  getTransceivers() {
    return this.transceivers;
  }

  /** @param {any} trackOrKind @param {{ direction: string }} init */
  addTransceiver(trackOrKind, { direction }) {
    const kind = trackOrKind.kind ?? trackOrKind;
    this.#addTransceiver(kind, direction).sender.track = trackOrKind.kind ? trackOrKind : null;
    this.#negotiationNeeded();
  }

  restartIce() {
    this.restarts += 1;
    // Without a description there are no ICE credentials to replace, and nothing to negotiate.
    if (this.localDescription) this.#negotiationNeeded();
  }

  /** @param {{ type: string }} [description] */
  async setLocalDescription(description) {
    await this.#step();
    if (description?.type === 'rollback') {
      if (this.signalingState !== 'have-local-offer') throw invalidState('rollback');
      this.signalingState = 'stable';
      this.#negotiationNeeded();
      return;
    }
    if (this.failsNext) {
      this.failsNext = false;
      throw new DOMException('told to fail', 'OperationError');
    }
    this.#made += 1;
    const type = this.signalingState === 'have-remote-offer' ? 'answer' : 'offer';
    this.localDescription = { type, sdp: `${type} ${this.#made} of ${this.#name}` };
    this.signalingState = type === 'offer' ? 'have-local-offer' : 'stable';
    if (type === 'offer') this.#needed = false;
    else this.#fireIfNeeded();
  }

  /** @param {{ type: string, sdp: string }} description */
  async setRemoteDescription(description) {
    await this.#step();
    if (description.type === 'rollback') {
      if (this.signalingState !== 'have-remote-offer') throw invalidState('rollback');
      this.signalingState = 'stable';
      this.#fireIfNeeded();
      return;
    }
    if (description.type === 'answer' && this.signalingState !== 'have-local-offer') throw invalidState('answer');
    // An offer in have-local-offer rolls back by itself, and what it offered is needed again.
    if (description.type === 'offer' && this.signalingState === 'have-local-offer') this.#needed = true;
    this.remoteDescription = description;
    this.signalingState = description.type === 'offer' ? 'have-remote-offer' : 'stable';
    for (const kind of ['audio', 'video']) {
      if (!this.transceivers.some((t) => t.receiver.track.kind === kind)) this.#addTransceiver(kind, 'recvonly');
    }
    if (description.type === 'answer') this.#fireIfNeeded();
  }

  /** @param {any} candidate */
  async addIceCandidate(candidate) {
    await this.#step();
    if (!this.remoteDescription) throw invalidState('candidate');
    this.candidates.push(candidate.candidate);
  }

  close() {
    this.closed = true;
    this.signalingState = 'closed';
  }

  /** @param {string} state */
  become(state) {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }

  /** @param {string} kind @param {string} direction */
  #addTransceiver(kind, direction) {
    const transceiver = {
      direction,
      currentDirection: null,
      receiver: { track: { kind } },
      sender: {
        /** @type {any} */
        track: null,
        /** @param {any} track */
        async replaceTrack(track) {
          this.track = track;
        },
      },
    };
    this.transceivers.push(transceiver);
    return transceiver;
  }

  #negotiationNeeded() {
    this.#needed = true;
    this.#fireIfNeeded();
  }

  #fireIfNeeded() {
    queueMicrotask(() => {
      if (this.#needed && this.signalingState === 'stable') this.onnegotiationneeded?.();
    });
  }

  async #step() {
    await new Promise((done) => setImmediate(done));
    if (this.closed) throw invalidState('closed');
  }
}

/** @param {string} what */
function invalidState(what) {
  return new DOMException(`${what} in the wrong state`, 'InvalidStateError');
}
