// @ts-check
import { Emitter } from './emitter.js';
import { TEXT } from './text.js';

/** @typedef {import('./text.js').Explanation} Explanation */
/** @typedef {import('./media.js').Kind} Kind */
/** @typedef {'idle' | 'preview' | 'waiting' | 'connecting' | 'connected' | 'ended' | 'error'} PageState */
/**
 * @typedef {object} Notice
 * @property {string} title
 * @property {string} [advice]
 * @property {{ label: string, run: () => void }} [action]
 * @property {boolean} [dismissable]
 */
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
  /** @type {Map<string, HTMLElement>} */
  #notices = new Map();
  /** @type {any} */
  #copiedTimer = null;

  constructor() {
    super();
    this.#body = document.body;
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
  }

  /** @param {PageState} state */
  setState(state) {
    this.#body.dataset.state = state;
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

  /** @param {MediaStream | null} stream */
  setLocalStream(stream) {
    for (const id of ['preview', 'local']) show(video(id), stream);
    this.#body.classList.toggle('has-local-video', stream !== null);
  }

  /**
   * @param {Kind} kind
   * @param {{ on: boolean, available: boolean }} state
   */
  setControl(kind, { on, available }) {
    const labels = kind === 'audio' ? [TEXT.unmute, TEXT.mute] : [TEXT.cameraOnHere, TEXT.cameraOffHere];
    const label = labels[on ? 1 : 0];
    for (const button of all(`toggle-${kind}`)) {
      button.setAttribute('aria-pressed', String(!on));
      button.setAttribute('aria-label', label);
      button.title = label;
      /** @type {HTMLButtonElement} */ (button).disabled = !available;
    }
  }

  /** @param {MediaStream | null} stream */
  setRemoteStream(stream) {
    show(video('remote'), stream);
  }

  /** Sound may need a click when the page was opened without one. */
  playRemote() {
    const retry = () => this.playRemote();
    video('remote')
      .play()
      .then(() => this.notice('sound', null))
      .catch((error) => {
        if (error.name !== 'NotAllowedError') return;
        this.notice('sound', { title: TEXT.tapForSound, action: { label: TEXT.playSound, run: retry } });
      });
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
    this.#notices.get(id)?.remove();
    this.#notices.delete(id);
    if (!notice) return;
    const box = makeNotice(notice, () => this.notice(id, null));
    box.dataset.notice = id;
    this.#notices.set(id, box);
    element('notices').append(box);
  }

  linkCopied() {
    this.#setCopyLabel(TEXT.copied);
    clearTimeout(this.#copiedTimer);
    this.#copiedTimer = setTimeout(() => this.#setCopyLabel(TEXT.copyLink), 2_000);
  }

  /** The clipboard is closed to this page: leave the link selected for the user's own copy. */
  selectLink() {
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
    element('announcer').textContent = label === TEXT.copied ? TEXT.linkCopied : '';
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
 * @param {Notice} notice
 * @param {() => void} dismiss
 */
function makeNotice({ title, advice, action, dismissable }, dismiss) {
  const box = document.createElement('div');
  box.className = 'notice';
  const text = document.createElement('p');
  const strong = document.createElement('strong');
  strong.textContent = title;
  text.append(strong);
  if (advice) text.append(' ', advice);
  box.append(text);
  if (action) box.append(makeButton(action.label, 'small', action.run));
  if (dismissable) box.append(makeButton(TEXT.dismiss, 'small plain', dismiss));
  return box;
}

/**
 * @param {string} label
 * @param {string} className
 * @param {() => void} run
 */
function makeButton(label, className, run) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = className;
  button.textContent = label;
  button.addEventListener('click', run);
  return button;
}

/**
 * @param {HTMLVideoElement} target
 * @param {MediaStream | null} stream
 */
function show(target, stream) {
  if (target.srcObject !== stream) target.srcObject = stream;
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
