// @ts-check
/** Reads `text/event-stream` (HTML standard, §9.2.6) in pieces as they come: the data of each event. No I/O. */

// A message has 64 KiB at most; this is room for a proxy that adds something, not for a flood.
const MAX_EVENT_CHARS = 1_048_576;

export class EventStreamReader {
  #rest = '';
  /** @type {string[]} */
  #data = [];
  #chars = 0;
  #begun = false;

  /**
   * @param {string} text a piece of the stream, cut anywhere
   * @returns {string[]} the data of the events that it completes
   * @throws {RangeError} when an event has no end
   */
  read(text) {
    let all = this.#rest + text;
    if (!this.#begun && all !== '') {
      this.#begun = true;
      if (all.startsWith('\uFEFF')) all = all.slice(1);
    }
    // A carriage return at the end may be the first half of a line break.
    const held = all.endsWith('\r') ? '\r' : '';
    const lines = all.slice(0, all.length - held.length).split(/\r\n|\n|\r/);
    this.#rest = lines.pop() + held;
    /** @type {string[]} */
    const events = [];
    for (const line of lines) {
      if (line === '') this.#end(events);
      else this.#take(line);
    }
    if (this.#chars + this.#rest.length > MAX_EVENT_CHARS) throw new RangeError('an event without end');
    return events;
  }

  /** @param {string} line `field: value`, a comment begins with the colon */
  #take(line) {
    const [, field, value] = /** @type {RegExpExecArray} */ (/^([^:]*):? ?(.*)$/s.exec(line));
    if (field !== 'data') return;
    this.#data.push(value);
    this.#chars += value.length;
  }

  /** @param {string[]} events */
  #end(events) {
    if (this.#data.length > 0) events.push(this.#data.join('\n'));
    this.#data = [];
    this.#chars = 0;
  }
}
