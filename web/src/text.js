// @ts-check
/** Every sentence that the page's code shows, in one place for reviewers and translators. */

/** @typedef {import('./media.js').Problem} Problem */
/** @typedef {import('./media.js').Kind} Kind */
/** @typedef {{ title: string, advice: string }} Explanation */

const WORDS = {
  audio: { device: 'microphone', a: 'a microphone', are: 'is', it: 'it', one: 'one' },
  video: { device: 'camera', a: 'a camera', are: 'is', it: 'it', one: 'one' },
  both: { device: 'camera and microphone', a: 'a camera or a microphone', are: 'are', it: 'them', one: 'them' },
};

/**
 * @param {Kind | 'both'} kind
 * @param {Problem} problem
 * @returns {Explanation}
 */
export function explainMedia(kind, problem) {
  const { device, a, are, it, one } = WORDS[kind];
  switch (problem) {
    case 'blocked':
      return {
        title: `Your ${device} ${are} blocked`,
        advice: `To allow ${it}, click the camera or padlock icon in the address bar, choose Allow, then press Try again. You can join without ${it}.`,
      };
    case 'missing':
      return { title: `No ${device} found`, advice: `Connect ${a} and press Try again, or join without ${one}.` };
    case 'busy':
      return {
        title: `Your ${device} ${are} in use`,
        advice: `Another program seems to be using ${it}. Close that program and press Try again.`,
      };
    case 'insecure':
      return {
        title: `Your ${device} cannot be used on this address`,
        advice: 'Browsers allow it only on https:// addresses and on localhost. Open this page over https.',
      };
    case 'failed':
      return { title: `Your ${device} did not start`, advice: 'Unplug and reconnect, or restart the browser.' };
  }
}

/** @type {Record<string, Explanation>} */
const REFUSALS = {
  room_full: {
    title: 'This room is full',
    advice: 'Two people are already in this call. Choose another room, or try again when somebody has left.',
  },
  superseded: {
    title: 'This call is open somewhere else',
    advice: 'Another tab or window took over this call. Close it, or join again here.',
  },
  origin_refused: {
    title: 'This site may not use the server',
    advice: 'The call server accepts visitors from other addresses only. Ask whoever runs it to allow this site.',
  },
  unauthorized: { title: 'You need to sign in', advice: 'The call server did not accept your sign-in. Please sign in again.' },
  forbidden: { title: 'You may not join this room', advice: 'Your invitation is for another room, or it has expired. Ask for a new one.' },
  bad_ice_servers: {
    title: 'This server is not set up for calls',
    advice: 'Its list of STUN and TURN servers cannot be used. Tell whoever runs it.',
  },
  unsupported_protocol: {
    title: 'This page is out of date',
    advice: 'The server speaks a newer version. Reload the page to get it.',
  },
};

/**
 * @param {{ code: string, text: string }} refusal
 * @returns {Explanation}
 */
export function explainRefusal({ code, text }) {
  const known = Object.hasOwn(REFUSALS, code) ? REFUSALS[code] : null;
  return known ?? { title: 'The server refused the call', advice: text || 'Please try again in a moment.' };
}

export const TEXT = {
  hungUpHere: { title: 'You left the call', advice: 'The room stays open for as long as you need it.' },
  noWebRtc: {
    title: 'This browser cannot make video calls',
    advice: 'It has no WebRTC, or WebRTC is switched off. A current Firefox, Chrome, Edge or Safari will do.',
  },
  joining: { title: 'Connecting to the server…', advice: '' },
  waiting: { title: 'You are the first one here', advice: 'Send this link to the person you want to talk to.' },
  peerHungUp: { title: 'The other person hung up', advice: 'They can come back with the same link.' },
  peerLost: { title: 'The other person lost their connection', advice: 'They can come back with the same link.' },
  connecting: { title: 'Connecting you…', advice: 'Looking for the shortest way to the other person.' },
  connectingSlowly: {
    title: 'Still connecting…',
    advice: 'This takes longer than usual. A firewall on either side may be in the way; another network may help.',
  },
  connected: 'You are connected.',
  recovering: { title: 'Connection interrupted', advice: 'Looking for another way to the other person…' },
  peerAway: 'The other person’s connection to the server is interrupted. The call goes on if it can.',
  serverReconnecting: 'Connection to the server lost. Reconnecting…',
  serverGone: 'The server cannot be reached. Still trying…',
  serverGoneInCall: 'The server cannot be reached. Still trying; the call goes on.',
  offline: 'You seem to be offline. The page goes on as soon as the network is back.',
  copied: 'Copied',
  copyLink: 'Copy link',
  badRoom: 'Please enter a room name: letters, digits, dots, dashes and underscores.',
  badLink: 'The link names no room that can exist. Ask for it again, or use this new room.',
  tapForSound: 'Your browser waits for a click before it plays sound.',
  joinAgain: 'Join again',
  tryAgain: 'Try again',
  dismiss: 'Dismiss',
  playSound: 'Play sound',
  linkCopied: 'Link copied',
  copyByHand: 'Copy this link by hand:',
  controls: {
    audio: { on: 'Mute microphone', off: 'Unmute microphone', unavailable: 'No microphone to use' },
    video: { on: 'Turn camera off', off: 'Turn camera on', unavailable: 'No camera to use' },
  },
};
