// @ts-check
/** The numbers of one signaling session: what was received, what still has to be acknowledged. No I/O. */

/** @typedef {import('./protocol.js').Message} Message */
/** @typedef {import('./protocol.js').Welcome} Welcome */
/** @typedef {{ n: number, message: Message, bytes: number }} Entry */

const encoder = new TextEncoder();

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

  #abandoned = false;
  #nextN = 1;
  #sentUpTo = 0;
  /** @type {Entry[]} */
  #outbox = [];

  /** @returns {import('./protocol.js').ResumePoint | null} where to go on, unless the session is of no use */
  get resumePoint() {
    if (!this.session || this.#abandoned) return null;
    return { session: this.session, epoch: this.epoch, after: this.lastSeq };
  }

  get pending() {
    return this.#outbox.length;
  }

  /**
   * @param {Message} message
   * @returns {boolean} false when it is larger than the server takes
   */
  enqueue(message) {
    const n = this.#nextN;
    const numbered = { ...message, n };
    const bytes = encoder.encode(JSON.stringify(numbered)).length;
    if (bytes > this.messageBytes) return false;
    this.#nextN += 1;
    this.#outbox.push({ n, message: numbered, bytes });
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
    for (const entry of this.#outbox) {
      if (entry.n <= this.#sentUpTo) continue;
      if (taken.length > 0 && bytes + entry.bytes > maxBytes) break;
      bytes += entry.bytes + 1;
      taken.push(entry.message);
      this.#sentUpTo = entry.n;
    }
    return taken;
  }

  /** @param {number} n everything up to it arrived */
  confirm(n) {
    // A server that has seen more than was sent is of no use as a guide to what to drop.
    if (n <= this.confirmed || n >= this.#nextN) return;
    this.confirmed = n;
    this.#outbox = this.#outbox.filter((entry) => entry.n > n);
    this.#sentUpTo = Math.max(this.#sentUpTo, n);
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
    for (const entry of this.#outbox) {
      if (entry.n > largest.n) {
        entry.n -= 1;
        entry.message = { ...entry.message, n: entry.n };
      }
    }
    this.#nextN -= 1;
    this.rewind();
    return largest.message;
  }

  /** What was in flight is gone with the numbering; the application starts its exchange again. */
  #restartNumbers() {
    this.#outbox = [];
    this.#nextN = 1;
    this.#sentUpTo = 0;
    this.confirmed = 0;
  }
}
