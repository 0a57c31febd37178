// @ts-check
import { Emitter } from './emitter.js';
import { Notices } from './notices.js';
import { TEXT } from './text.js';

/** @typedef {import('./text.js').Explanation} Explanation */
/** @typedef {import('./media.js').Kind} Kind */
/** @typedef {'idle' | 'preview' | 'waiting' | 'connecting' | 'connected' | 'ended' | 'error'} PageState */
/** @typedef {import('./notices.js').Notice} Notice */
/**
 * @typedef {object} ViewEvents
 * @property {string} join the room as typed
 * @property {void} suggest
 * @property {Kind} toggle
 * @property {void} hang-up
 * @property {void} copy-link
 * @property {void} join-again
 * @property {void} other-room
 */

/**
 * The only code that touches the page's elements.
 * @extends {Emitter<ViewEvents>}
 */
export class View extends Emitter {
  #body;
  #notices;
  /** @type {MediaStreamTrack | null} */
  #localVideo = null;
  /** @type {HTMLElement | null} what the keyboard was at */
  #hadFocus = null;
  /** @type {any} */
  #copiedTimer = null;

  constructor() {
    super();
    this.#body = document.body;
    this.#notices = new Notices(element('notices'), () => this.#focusSection());
    element('join-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.emit('join', input('room').value);
    });
    input('room').addEventListener('input', () => this.roomProblem(''));
    /** @type {[string, () => void][]} */
    const clicks = [
      ['suggest', () => this.emit('suggest', undefined)],
      ['hang-up', () => this.emit('hang-up', undefined)],
      ['join-again', () => this.emit('join-again', undefined)],
      ['other-room', () => this.emit('other-room', undefined)],
    ];
    for (const [id, run] of clicks) element(id).addEventListener('click', run);
    this.#onAll('copy', () => this.emit('copy-link', undefined));
    this.#onAll('toggle-audio', () => this.emit('toggle', 'audio'));
    this.#onAll('toggle-video', () => this.emit('toggle', 'video'));
    input('link').addEventListener('focus', () => input('link').select());
    // An element that gets hidden loses the focus some time later.
    addEventListener('focusin', ({ target }) => (this.#hadFocus = /** @type {HTMLElement} */ (target)));
    addEventListener('focusout', ({ target, relatedTarget }) => {
      if (!relatedTarget && isUsable(/** @type {HTMLElement} */ (target))) this.#hadFocus = null;
    });
  }

  /** @param {PageState} state */
  setState(state) {
    this.#body.dataset.state = state;
    this.#keepFocus();
  }

  /** @param {string} room */
  setRoom(room) {
    input('room').value = room;
    element('room-label').textContent = room;
  }

  /** @param {string} text empty when the name is fine */
  roomProblem(text) {
    element('room-problem').textContent = text;
    input('room').setAttribute('aria-invalid', String(text !== ''));
  }

  /** @param {string} link */
  setLink(link) {
    input('link').value = link;
  }

  /** @param {MediaStreamTrack | null} track of the camera */
  setLocalVideo(track) {
    // The picture flickers with every new stream.
    if (track !== this.#localVideo) {
      this.#localVideo = track;
      const stream = track && new MediaStream([track]);
      for (const id of ['preview', 'local']) video(id).srcObject = stream;
    }
    this.#body.classList.toggle('has-local-video', track !== null);
  }

  /**
   * @param {Kind} kind
   * @param {{ on: boolean, available: boolean }} state
   */
  setControl(kind, { on, available }) {
    const label = TEXT.controls[kind][available ? (on ? 'on' : 'off') : 'unavailable'];
    for (const button of all(`toggle-${kind}`)) {
      button.toggleAttribute('data-off', !on);
      button.setAttribute('aria-label', label);
      button.title = label;
      /** @type {HTMLButtonElement} */ (button).disabled = !available;
    }
    this.#keepFocus();
  }

  /** @param {MediaStream | null} stream */
  setRemoteStream(stream) {
    const remote = video('remote');
    if (remote.srcObject === stream) return;
    remote.srcObject = stream;
    remote.muted = false;
    if (stream) this.#playRemote();
    else this.notice('sound', null);
  }

  /** A page that was opened without a click may show pictures at once, but play sound only after one. */
  async #playRemote() {
    const remote = video('remote');
    const stream = remote.srcObject;
    const refused = await refusesToPlay(remote);
    if (remote.srcObject !== stream) return;
    if (!refused) return this.notice('sound', null);
    remote.muted = true;
    refusesToPlay(remote);
    const run = () => {
      remote.muted = false;
      this.#playRemote();
    };
    this.notice('sound', { title: TEXT.tapForSound, action: { label: TEXT.playSound, run } });
  }

  /** @param {{ audio: boolean, video: boolean }} state */
  setRemoteMedia(state) {
    this.#body.classList.toggle('remote-video-off', !state.video);
    element('remote-muted').hidden = state.audio;
  }

  /** @param {Explanation} text what is going on while there is no picture of the other person */
  setCurtain({ title, advice }) {
    element('curtain-title').textContent = title;
    element('curtain-text').textContent = advice;
  }

  /** @param {string} text */
  setPath(text) {
    element('path-text').textContent = text;
    element('path').hidden = text === '';
  }

  /** @param {Explanation & { again: string | null }} ending `again` labels the button back in, null = no way back */
  setEnding({ title, advice, again }) {
    element('ended-title').textContent = title;
    element('ended-text').textContent = advice;
    element('join-again').textContent = again;
    element('join-again').hidden = again === null;
    element('other-room').hidden = again === null;
    element('ended-title').focus();
  }

  /**
   * @param {string} id one notice per id
   * @param {Notice | null} notice null takes it away
   */
  notice(id, notice) {
    this.#notices.set(id, notice);
  }

  /** @param {string} text for those who do not see what the page shows */
  announce(text) {
    element('announcer').textContent = text;
  }

  linkCopied() {
    this.#setCopyLabel(TEXT.copied);
    clearTimeout(this.#copiedTimer);
    this.#copiedTimer = setTimeout(() => this.#setCopyLabel(TEXT.copyLink), 2_000);
  }

  /**
   * The clipboard is closed to this page: leave the link to the user's own copy.
   * @param {string} link
   */
  offerLink(link) {
    if (!isShown(input('link'))) return this.notice('link', { title: TEXT.copyByHand, advice: link, dismissable: true });
    input('link').focus();
    input('link').select();
  }

  /** @param {string} label */
  #setCopyLabel(label) {
    for (const button of all('copy')) {
      button.setAttribute('aria-label', label);
      button.title = label;
      const text = button.querySelector('.label');
      if (text) text.textContent = label;
    }
    this.#body.classList.toggle('link-copied', label === TEXT.copied);
    this.announce(label === TEXT.copied ? TEXT.linkCopied : '');
  }

  /** Where the focused element is gone, the keyboard goes on in the shown section and not at the top. */
  #keepFocus() {
    if (!this.#hadFocus || isUsable(this.#hadFocus)) return;
    this.#focusSection();
  }

  #focusSection() {
    for (const id of ['start-title', 'stage', 'ended-title']) {
      if (isShown(element(id))) element(id).focus();
    }
  }

  /**
   * @param {string} action
   * @param {() => void} run
   */
  #onAll(action, run) {
    for (const button of all(action)) button.addEventListener('click', run);
  }
}

/**
 * @param {HTMLVideoElement} target
 * @returns {Promise<boolean>} whether the browser wants a click first
 */
async function refusesToPlay(target) {
  try {
    await target.play();
    return false;
  } catch (error) {
    return error instanceof DOMException && error.name === 'NotAllowedError';
  }
}

/** @param {HTMLElement} target */
function isShown(target) {
  return target.isConnected && target.getClientRects().length > 0;
}

/** @param {HTMLElement} target */
function isUsable(target) {
  return isShown(target) && !target.matches(':disabled');
}

/** @param {string} id */
function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/** @param {string} id */
function input(id) {
  return /** @type {HTMLInputElement} */ (element(id));
}

/** @param {string} id */
function video(id) {
  return /** @type {HTMLVideoElement} */ (element(id));
}

/** @param {string} action */
function all(action) {
  return /** @type {HTMLElement[]} */ ([...document.querySelectorAll(`[data-action="${action}"]`)]);
}
