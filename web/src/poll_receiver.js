// @ts-check
import { isServerMessage } from './protocol.js';
import { Receiver } from './receiver.js';

const HOLD_GRACE_MS = 10_000;

/** One held request after the other; the next one's `after` acknowledges. */
export class PollReceiver extends Receiver {
  /** @type {'poll'} */
  name = 'poll';
  #holdMs;

  /**
   * @param {import('./receiver.js').ReceiverContext} context
   * @param {number} holdMs for how long the server holds a request
   */
  constructor(context, holdMs) {
    super(context);
    this.#holdMs = holdMs;
  }

  /** @returns {Promise<'something' | 'nothing'>} */
  async ask() {
    const { calls } = this.context;
    const reply = await this.within(this.#holdMs + HOLD_GRACE_MS, (limit) =>
      calls.call('GET', this.url('messages'), undefined, limit),
    );
    if (this.stopped) return 'nothing';
    if (reply.status === 0 && this.asksAgain) return 'something';
    if (reply.status !== 200 || !Array.isArray(reply.body?.messages)) {
      this.fail(reply);
      return 'nothing';
    }
    for (const message of reply.body.messages) {
      if (isServerMessage(message)) this.context.onMessage(message);
      else this.fail({ ...reply, status: 400 });
      if (this.stopped) break;
    }
    return reply.body.messages.length > 0 ? 'something' : 'nothing';
  }
}
