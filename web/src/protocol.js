// @ts-check
/** The native signaling protocol, version 1: message shapes and the checks on what a server sends. */

export const PROTOCOL_VERSION = 1;
export const SUBPROTOCOL = 'icebreaker.v1';

/** @typedef {'polite' | 'impolite'} Role */
/** @typedef {{ peer: string, name?: string, role: Role, away?: boolean }} RoomPeer */
/** @typedef {{ urls: string | string[], username?: string, credential?: string }} IceServer */
/**
 * @typedef {object} Limits
 * @property {number} message_bytes
 * @property {number} body_bytes
 */
/** @typedef {{ session: string, epoch: string | number, after: number }} ResumePoint */
/**
 * @typedef {object} Hello
 * @property {'hello'} type
 * @property {number} protocol
 * @property {string} [room]
 * @property {ResumePoint} [resume]
 * @property {string} [resume_token]
 */
/**
 * @typedef {object} Welcome
 * @property {'welcome'} type
 * @property {string} session
 * @property {string} peer
 * @property {string | number} epoch
 * @property {number} seq
 * @property {number} received
 * @property {boolean} resumed
 * @property {string} [resume_token]
 * @property {IceServer[]} [ice_servers]
 * @property {number} [ice_ttl_s]
 * @property {number} [hold_ms]
 * @property {number} [ping_ms]
 * @property {number} [resume_window_ms]
 * @property {Limits} [limits]
 */
/** @typedef {{ type: string, [field: string]: any }} Message */

/** @type {Record<string, Record<string, 'string' | 'number' | 'boolean' | 'array' | 'object' | 'key'>>} */
const REQUIRED = {
  welcome: { session: 'string', peer: 'string', epoch: 'key', seq: 'number', received: 'number', resumed: 'boolean' },
  joined: { room: 'string', peers: 'array', role: 'string' },
  'peer-joined': { room: 'string', peer: 'string' },
  'peer-away': { room: 'string', peer: 'string' },
  'peer-back': { room: 'string', peer: 'string' },
  'peer-left': { room: 'string', peer: 'string' },
  signal: { from: 'string', data: 'object' },
  matching: { queue: 'string' },
  matched: { queue: 'string', room: 'string', peers: 'array', role: 'string' },
  'match-cancelled': { queue: 'string' },
  presence: { user: 'string', online: 'boolean' },
  'ice-servers': { ice_servers: 'array' },
  ack: { n: 'number' },
  goaway: { after_ms: 'number' },
  error: { code: 'string' },
};

/**
 * Unknown types pass: a newer server may number a message that this client only has to acknowledge.
 * @param {unknown} value
 * @returns {value is Message}
 */
export function isServerMessage(value) {
  if (!isObject(value) || typeof value.type !== 'string') return false;
  if (value.seq !== undefined && !isCount(value.seq)) return false;
  const fields = Object.hasOwn(REQUIRED, value.type) ? REQUIRED[value.type] : {};
  return Object.entries(fields).every(([name, kind]) => hasKind(value[name], kind));
}

/**
 * @param {string} text
 * @returns {Message | null} null when it is no message of this protocol
 */
export function decodeServerMessage(text) {
  try {
    const value = JSON.parse(text);
    return isServerMessage(value) ? value : null;
  } catch {
    return null;
  }
}

/**
 * Rooms, queues and users share this grammar.
 * @param {string} name
 */
export function isRoomName(name) {
  return /^[A-Za-z0-9._-]{1,64}$/.test(name);
}

/**
 * @param {unknown} value
 * @param {'string' | 'number' | 'boolean' | 'array' | 'object' | 'key'} kind
 */
function hasKind(value, kind) {
  if (kind === 'array') return Array.isArray(value);
  if (kind === 'object') return isObject(value);
  if (kind === 'key') return typeof value === 'string' || typeof value === 'number';
  return typeof value === kind;
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, any>}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @param {unknown} value */
function isCount(value) {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
