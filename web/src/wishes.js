// @ts-check
/** What the application asked for and still wants, to ask again when the server lost the session. No I/O. */

/** @typedef {import('./protocol.js').Message} Message */

export class Wishes {
  /** @type {Message | null} the `join` of the room to be in */
  join = null;
  /** @type {Message | null} the last `match` */
  #match = null;
  #matching = false;
  /** @type {Set<string>} */
  #watched = new Set();
  /** The resume token brings a room with it. */
  #tokenHasRoom = false;
  /** A match came to nothing: the server queues us again. */
  #unmatched = false;

  /** Where the session should be placed. @returns {{ room?: string, queue?: string }} */
  get hints() {
    if (this.join) return { room: this.join.room };
    return this.#matching ? { queue: this.#match?.queue } : {};
  }

  /** @param {Message} message from the application to the server */
  noteSent(message) {
    if (message.type === 'join') {
      this.join = message;
      this.#tokenHasRoom = false;
    } else if (message.type === 'leave') {
      this.join = null;
      if (!this.#matching) this.#match = null;
    } else if (message.type === 'match') {
      this.#match = message;
      this.#matching = true;
    } else if (message.type === 'match-cancel') {
      this.#matching = false;
      this.#match = null;
    } else if (message.type === 'watch') {
      for (const user of message.users) this.#watched.add(user);
    } else if (message.type === 'unwatch') {
      for (const user of message.users) this.#watched.delete(user);
    }
  }

  /**
   * @param {Message} message from the server
   * @returns {Message | null} what to answer for the application
   */
  noteReceived(message) {
    if (message.type === 'joined' || message.type === 'matched') {
      this.#tokenHasRoom = typeof message.resume_token === 'string';
      if (message.type === 'matched') {
        this.#matching = false;
        this.join = { type: 'join', room: message.room, capacity: message.peers.length + 1 };
      }
    } else if (message.type === 'peer-left' && message.reason === 'unmatched') {
      // The room is over, and queued is who still wants to.
      if (this.join?.room === message.room) this.join = null;
      this.#matching = this.#match !== null;
      this.#unmatched = true;
    } else if (message.type === 'matching') {
      return this.#onMatching(message.queue);
    } else if (message.type === 'error' && message.code === 'room_full') {
      this.join = null;
    }
    return null;
  }

  /** @param {string} queue @returns {Message | null} */
  #onMatching(queue) {
    this.#matching = this.#match?.queue === queue;
    if (this.#matching) this.join = null;
    // The server queues us again while we leave: nobody must be matched with us.
    const isUnwanted = this.#unmatched && !this.#matching;
    this.#unmatched = false;
    return isUnwanted ? { type: 'match-cancel', queue } : null;
  }

  /**
   * What to say in a session that took the place of a lost one.
   * @param {boolean} samePeer whether the resume token was taken
   * @returns {Message[]}
   */
  again(samePeer) {
    const messages = [];
    this.#unmatched = false;
    // A token that was issued with the room brings the room back by itself.
    const inRoom = samePeer && this.#tokenHasRoom;
    if (inRoom && !this.join) messages.push({ type: 'leave' });
    if (!inRoom && this.join) messages.push(this.join);
    if (this.#matching && this.#match) messages.push(this.#match);
    if (this.#watched.size > 0) messages.push({ type: 'watch', users: [...this.#watched] });
    return messages;
  }
}
