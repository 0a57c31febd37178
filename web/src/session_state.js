// @ts-check
/** The numbers of one signaling session: what was received, what still has to be acknowledged. No I/O. */

/** @typedef {import('./protocol.js').Message} Message */
/** @typedef {import('./protocol.js').Welcome} Welcome */
/**
 * @typedef {object} Entry
 * @property {number} order of being enqueued, which outlasts a number
 * @property {number} n 0 until it is sent for the first time
 * @property {Message} message
 * @property {number} bytes with the longest number
 */

const encoder = new TextEncoder();
// The refusal of a message may come after its confirmation, and then it has to be sent again.
const KEPT_MESSAGES = 128;

export class SessionState {
  session = '';
  peer = '';
  /** @type {string | number} */
  epoch = 0;
  resumeToken = '';
  lastSeq = 0;
  /** Highest own number that the server confirmed. */
  confirmed = 0;
  messageBytes = 65_536;
  bodyBytes = 262_144;

  /** How many messages may still go out for the first time. */
  allowance = Infinity;

  #abandoned = false;
  #nextN = 1;
  #sentUpTo = 0;
  #orders = 0;
  /** Not sent yet, by order. @type {Entry[]} */
  #waiting = [];
  /** Sent and not confirmed, by number. @type {Entry[]} */
  #outbox = [];
  /** Confirmed lately, by number. @type {Entry[]} */
  #kept = [];

  /** @returns {import('./protocol.js').ResumePoint | null} where to go on, unless the session is of no use */
  get resumePoint() {
    if (!this.session || this.#abandoned) return null;
    return { session: this.session, epoch: this.epoch, after: this.lastSeq };
  }

  /** How many messages were sent and not confirmed. */
  get pending() {
    return this.#outbox.length;
  }

  /** How many messages were sent on this transport and not confirmed. */
  get inFlight() {
    return this.#sentUpTo - this.confirmed;
  }

  /** How many messages were not sent yet. */
  get waiting() {
    return this.#waiting.length;
  }

  /**
   * @param {Message} message
   * @returns {boolean} false when it is larger than the server takes
   */
  enqueue(message) {
    const bytes = encoder.encode(JSON.stringify({ ...message, n: Number.MAX_SAFE_INTEGER })).length;
    if (bytes > this.messageBytes) return false;
    this.#orders += 1;
    this.#waiting.push({ order: this.#orders, n: 0, message, bytes });
    return true;
  }

  /**
   * What was not yet sent on this transport, oldest first, as much as fits.
   * @param {number} [maxBytes]
   * @returns {Message[]}
   */
  takeUnsent(maxBytes = Infinity) {
    const taken = [];
    let bytes = 0;
    for (;;) {
      const entry = this.#outbox[this.#sentUpTo - this.confirmed] ?? (this.allowance > 0 ? this.#waiting[0] : undefined);
      if (!entry || (taken.length > 0 && bytes + entry.bytes > maxBytes)) break;
      if (entry.n === 0) this.#number(entry);
      bytes += entry.bytes + 1;
      taken.push({ ...entry.message, n: entry.n });
      this.#sentUpTo = entry.n;
    }
    return taken;
  }

  /** @param {number} n everything up to it arrived */
  confirm(n) {
    // A server that has seen more than was sent is of no use as a guide to what to drop.
    if (n <= this.confirmed || n >= this.#nextN) return;
    this.#kept = [...this.#kept, ...this.#outbox.splice(0, n - this.confirmed)].slice(-KEPT_MESSAGES);
    this.confirmed = n;
    this.#sentUpTo = Math.max(this.#sentUpTo, n);
  }

  /**
   * The server used up a number without doing what the message asks: it goes out again, before all that came after it.
   * @param {number} n
   * @returns {Message | null} null when it is not known any more
   */
  retry(n) {
    this.confirm(n);
    const at = this.#kept.findIndex((entry) => entry.n === n);
    if (at < 0) return null;
    const [entry] = this.#kept.splice(at, 1);
    const later = this.#waiting.findIndex((other) => other.order > entry.order);
    this.#waiting.splice(later < 0 ? this.#waiting.length : later, 0, { ...entry, n: 0 });
    return entry.message;
  }

  /** Sends everything unconfirmed again, as a new transport must. */
  rewind() {
    this.#sentUpTo = this.confirmed;
  }

  /**
   * The answer to `bad_sequence`.
   * @param {number} expected
   * @returns {boolean} false when the server forgot what it had confirmed: the session is lost
   */
  rewindTo(expected) {
    if (expected <= this.confirmed || expected > this.#nextN) return false;
    this.confirm(expected - 1);
    this.rewind();
    return true;
  }

  /**
   * @param {number} seq
   * @returns {'new' | 'duplicate' | 'gap'}
   */
  receive(seq) {
    if (seq <= this.lastSeq) return 'duplicate';
    if (seq > this.lastSeq + 1) return 'gap';
    this.lastSeq = seq;
    return 'new';
  }

  /**
   * @param {Welcome} welcome
   * @returns {'first' | 'resumed' | 'anew'}
   */
  apply(welcome) {
    const resumed = welcome.resumed && welcome.session === this.session && !this.#abandoned;
    const how = !this.session ? 'first' : resumed ? 'resumed' : 'anew';
    this.#abandoned = false;
    this.session = welcome.session;
    this.peer = welcome.peer;
    this.epoch = welcome.epoch;
    if (welcome.resume_token) this.resumeToken = welcome.resume_token;
    this.messageBytes = welcome.limits?.message_bytes ?? this.messageBytes;
    this.bodyBytes = welcome.limits?.body_bytes ?? this.bodyBytes;
    if (how === 'resumed') {
      this.confirm(welcome.received);
    } else {
      this.lastSeq = welcome.seq;
      if (how === 'anew') this.#restartNumbers();
    }
    this.rewind();
    return how;
  }

  /** The server does not know this session as we do; only the resume token is still good. */
  abandon() {
    this.#abandoned = true;
  }

  /** Forgets everything that ties this client to a session of the past. */
  forget() {
    this.session = '';
    this.resumeToken = '';
    this.lastSeq = 0;
    this.#restartNumbers();
  }

  /**
   * After close 1009 the refused message gives its number to the next one.
   * @returns {Message | null} what was dropped
   */
  dropLargest() {
    if (this.#outbox.length === 0) return null;
    const largest = this.#outbox.reduce((a, b) => (b.bytes > a.bytes ? b : a));
    this.#outbox = this.#outbox.filter((entry) => entry !== largest);
    for (const entry of this.#outbox) if (entry.n > largest.n) entry.n -= 1;
    this.#nextN -= 1;
    this.rewind();
    return largest.message;
  }

  /** @param {Entry} entry the first of those that wait */
  #number(entry) {
    this.#waiting.shift();
    entry.n = this.#nextN;
    this.#nextN += 1;
    this.#outbox.push(entry);
    this.allowance -= 1;
  }

  /** What was in flight is gone with the numbering; the application starts its exchange again. */
  #restartNumbers() {
    this.#waiting = [];
    this.#outbox = [];
    this.#kept = [];
    this.#nextN = 1;
    this.#sentUpTo = 0;
    this.confirmed = 0;
  }
}
