// @ts-check
import { Emitter } from './emitter.js';

/** @typedef {'audio' | 'video'} Kind */
/** @typedef {'blocked' | 'missing' | 'busy' | 'insecure' | 'failed'} Problem */
/** @typedef {{ audio: MediaStreamTrack | null, video: MediaStreamTrack | null }} Tracks */
/** @typedef {Pick<MediaDevices, 'getUserMedia'>} Devices */

/** @type {Record<Kind, MediaTrackConstraints>} */
const CONSTRAINTS = {
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  video: { width: { ideal: 1280 }, height: { ideal: 720 }, facingMode: 'user' },
};

/** @type {Record<string, Problem>} */
const PROBLEM_OF_ERROR = {
  NotAllowedError: 'blocked',
  PermissionDeniedError: 'blocked',
  SecurityError: 'insecure',
  NotFoundError: 'missing',
  DevicesNotFoundError: 'missing',
  OverconstrainedError: 'missing',
  NotReadableError: 'busy',
  TrackStartError: 'busy',
  AbortError: 'busy',
};

/**
 * @param {unknown} error of getUserMedia
 * @returns {Problem}
 */
export function problemOf(error) {
  const name = error instanceof Object && 'name' in error ? String(error.name) : '';
  return PROBLEM_OF_ERROR[name] ?? 'failed';
}

/**
 * Camera and microphone of this page. Each may be missing: a call works without either.
 * @extends {Emitter<{ change: void }>}
 */
export class LocalMedia extends Emitter {
  #devices;
  #permissionOf;
  /** Raised by stop(), so that a request answered later does not switch the devices on again. */
  #era = 0;
  /** @type {Tracks} */
  tracks = { audio: null, video: null };
  /** @type {Record<Kind, Problem | null>} */
  problems = { audio: null, video: null };
  /** @type {Record<Kind, boolean>} switched on by the user */
  enabled = { audio: true, video: true };
  /** The camera works, and is let go of while the user has it off: so does its light. */
  #cameraRests = false;

  /**
   * @param {Devices | undefined} devices undefined in an insecure context
   * @param {(kind: Kind) => Promise<PermissionState | 'unknown'>} [permissionOf]
   */
  constructor(devices, permissionOf = queryPermission) {
    super();
    this.#devices = devices;
    this.#permissionOf = permissionOf;
  }

  /** Asks for both at once, so that the browser asks the user once; what fails is tried alone. */
  async start() {
    if (!this.#devices) {
      this.problems = { audio: 'insecure', video: 'insecure' };
      this.emit('change', undefined);
      return;
    }
    const era = this.#era;
    /** @type {Kind[]} */
    const kinds = this.#cameraRests ? ['audio'] : ['audio', 'video'];
    try {
      await this.#acquire(era, kinds);
    } catch (error) {
      await Promise.all(kinds.map((kind) => this.#tryAlone(era, kind, error)));
    }
    this.emit('change', undefined);
  }

  /** @param {Kind} kind */
  async retry(kind) {
    await this.#acquireOne(this.#era, kind);
    this.emit('change', undefined);
  }

  /**
   * @param {Kind} kind
   * @param {boolean} on
   */
  setEnabled(kind, on) {
    this.enabled[kind] = on;
    const track = this.tracks[kind];
    if (kind === 'audio' && track) track.enabled = on;
    if (kind === 'video' && track && !on) this.#restCamera(track);
    this.emit('change', undefined);
    if (kind === 'video' && on && this.#cameraRests) this.#wakeCamera();
  }

  /**
   * Whether there is something to switch on or off.
   * @param {Kind} kind
   */
  isAvailable(kind) {
    return this.tracks[kind] !== null || (kind === 'video' && this.#cameraRests);
  }

  /** @param {Kind} kind */
  isLive(kind) {
    return this.tracks[kind] !== null && this.enabled[kind];
  }

  stop() {
    this.#era += 1;
    for (const track of Object.values(this.tracks)) track?.stop();
    this.tracks = { audio: null, video: null };
    this.problems = { audio: null, video: null };
    this.emit('change', undefined);
  }

  /**
   * @param {number} era
   * @param {Kind} kind
   * @param {unknown} error of the request for both
   */
  async #tryAlone(era, kind, error) {
    // A user who has just said no must not be asked again for each device.
    const refused = problemOf(error) === 'blocked' && (await this.#permissionOf(kind)) !== 'granted';
    if (era !== this.#era) return;
    if (refused) this.problems[kind] = 'blocked';
    else await this.#acquireOne(era, kind);
  }

  /**
   * @param {number} era
   * @param {Kind} kind
   */
  async #acquireOne(era, kind) {
    try {
      await this.#acquire(era, [kind]);
    } catch (error) {
      if (era === this.#era) this.problems[kind] = problemOf(error);
    }
  }

  /**
   * @param {number} era in which the devices were asked for
   * @param {Kind[]} kinds
   */
  async #acquire(era, kinds) {
    if (!this.#devices) throw new DOMException('', 'SecurityError');
    const wanted = Object.fromEntries(kinds.map((kind) => [kind, CONSTRAINTS[kind]]));
    const stream = await this.#devices.getUserMedia(wanted);
    for (const kind of kinds) {
      const track = (kind === 'audio' ? stream.getAudioTracks() : stream.getVideoTracks())[0];
      if (era !== this.#era) track?.stop();
      else if (track) this.#take(kind, track);
    }
  }

  /**
   * @param {Kind} kind
   * @param {MediaStreamTrack} track
   */
  #take(kind, track) {
    this.tracks[kind]?.stop();
    this.problems[kind] = null;
    if (kind === 'video' && !this.enabled.video) return this.#restCamera(track);
    track.enabled = this.enabled[kind];
    track.onended = () => this.#onEnded(kind, track);
    this.tracks[kind] = track;
  }

  /** @param {MediaStreamTrack} track */
  #restCamera(track) {
    track.stop();
    this.tracks.video = null;
    this.#cameraRests = true;
  }

  async #wakeCamera() {
    await this.retry('video');
    // Off again meanwhile, or failed: then its problem says what to do.
    if (this.enabled.video) this.#cameraRests = false;
    this.emit('change', undefined);
  }

  /**
   * The device was unplugged or its permission withdrawn.
   * @param {Kind} kind
   * @param {MediaStreamTrack} track
   */
  async #onEnded(kind, track) {
    if (this.tracks[kind] !== track) return;
    const era = this.#era;
    this.tracks[kind] = null;
    this.problems[kind] = 'missing';
    this.emit('change', undefined);
    const withdrawn = (await this.#permissionOf(kind)) === 'denied';
    if (!withdrawn || era !== this.#era || this.tracks[kind]) return;
    this.problems[kind] = 'blocked';
    this.emit('change', undefined);
  }
}

/**
 * @param {Kind} kind
 * @returns {Promise<PermissionState | 'unknown'>}
 */
async function queryPermission(kind) {
  const name = /** @type {PermissionName} */ (kind === 'audio' ? 'microphone' : 'camera');
  try {
    return (await navigator.permissions.query({ name })).state;
  } catch {
    return 'unknown';
  }
}
