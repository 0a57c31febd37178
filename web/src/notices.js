// @ts-check
import { TEXT } from './text.js';

/**
 * @typedef {object} Notice
 * @property {string} title
 * @property {string} [advice]
 * @property {{ label: string, run: () => void }} [action]
 * @property {boolean} [dismissable]
 */

/** What the page has to say beside the call: a box for each id. */
export class Notices {
  #container;
  #onFocusLost;
  /** @type {Map<string, { text: string, box: HTMLElement }>} also those that the user dismissed */
  #current = new Map();

  /**
   * @param {HTMLElement} container a live region
   * @param {() => void} onFocusLost with the notice that had it
   */
  constructor(container, onFocusLost) {
    this.#container = container;
    this.#onFocusLost = onFocusLost;
  }

  /**
   * A notice that says the same as before is neither read out nor shown again.
   * @param {string} id
   * @param {Notice | null} notice null takes it away
   */
  set(id, notice) {
    const before = this.#current.get(id);
    const text = notice ? `${notice.title}\n${notice.advice ?? ''}` : '';
    if (before?.text === text) return;
    if (before) this.#remove(before.box);
    this.#current.delete(id);
    if (!notice) return;
    const box = this.#makeBox(notice);
    box.dataset.notice = id;
    this.#current.set(id, { text, box });
    this.#container.append(box);
  }

  /** @param {Notice} notice */
  #makeBox({ title, advice, action, dismissable }) {
    const box = document.createElement('div');
    box.className = 'notice';
    const text = document.createElement('p');
    const strong = document.createElement('strong');
    strong.textContent = title;
    text.append(strong);
    if (advice) text.append(' ', advice);
    box.append(text);
    if (action) box.append(makeButton(action.label, 'small', action.run));
    if (dismissable) box.append(makeButton(TEXT.dismiss, 'small plain', () => this.#remove(box)));
    return box;
  }

  /** @param {HTMLElement} box */
  #remove(box) {
    const hadFocus = box.contains(document.activeElement);
    box.remove();
    if (hadFocus) this.#onFocusLost();
  }
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
