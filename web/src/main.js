// @ts-check
import { CallPage } from './call_page.js';
import { browserEnvironment } from './environment.js';
import { LocalMedia } from './media.js';
import { readParams } from './page_params.js';
import { browserWindow } from './page_window.js';
import { RoomSession } from './room_session.js';
import { SignalingClient } from './signaling_client.js';
import { TEXT } from './text.js';
import { View } from './view.js';
import { onWake } from './wake.js';

const params = readParams(new URL(location.href));
const environment = browserEnvironment();
const view = new View();

/** @param {string} room */
function makeRoom(room) {
  const baseUrl = new URL('.', location.href);
  const client = new SignalingClient({ baseUrl, transports: params.transports, environment });
  const session = new RoomSession({
    client,
    room,
    relayOnly: params.relayOnly,
    createConnection: (configuration) => new RTCPeerConnection(configuration),
    environment,
  });
  return { client, session };
}

if (typeof RTCPeerConnection === 'undefined') {
  view.setState('error');
  view.setEnding({ ...TEXT.noWebRtc, again: null });
} else {
  const media = new LocalMedia(navigator.mediaDevices);
  const page = new CallPage({ window: browserWindow(), view, media, params, makeRoom });
  onWake(() => page.wake());
  // A page that goes into the back/forward cache may come back and resume.
  addEventListener('pagehide', (event) => event.persisted || page.leave());
  page.start();
}
