// @ts-check
import assert from 'node:assert/strict';
import { until } from './wait.js';

/** @typedef {{ local: string, remote: string, localUfrag: string, bytesReceived: number }} Pair */

/** One person with the page open: what they do, see, and what their browser complains about. */
export class Visitor {
  /** @type {string[]} errors in the console, uncaught ones, and CSP violations */
  complaints = [];
  #context;
  page;

  /** @param {import('playwright-core').BrowserContext} context @param {import('playwright-core').Page} page */
  constructor(context, page) {
    this.#context = context;
    this.page = page;
  }

  async watch() {
    this.page.setDefaultTimeout(30_000);
    this.page.on('pageerror', (error) => this.complaints.push(`uncaught: ${error.message}`));
    this.page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(`${message.text()} (${message.location().url})`);
    });
    // The page keeps its peer connections to itself; the tests look at them from outside.
    await this.#context.addInitScript(() => {
      /** @type {any} */
      const scope = globalThis;
      scope.peerConnections = [];
      scope.RTCPeerConnection = class extends RTCPeerConnection {
        /** @param {RTCConfiguration} configuration */
        constructor(configuration) {
          super(configuration);
          scope.peerConnections.push(this);
        }
      };
      scope.capturedTracks = [];
      const devices = navigator.mediaDevices;
      const getUserMedia = devices.getUserMedia.bind(devices);
      devices.getUserMedia = async (constraints) => {
        if (constraints?.video && scope.cameraInUse) throw new DOMException('Could not start video source', 'NotReadableError');
        const stream = await getUserMedia(constraints);
        scope.capturedTracks.push(...stream.getTracks());
        return stream;
      };
      document.addEventListener('securitypolicyviolation', (event) => {
        console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`);
      });
    });
  }

  /** @param {string} url */
  async open(url) {
    await this.page.goto(url, { waitUntil: 'load' });
  }

  /** @param {string} state of the page, as in `document.body.dataset.state` */
  async reaches(state, ms = 30_000) {
    try {
      await until(`the page is ${state}`, async () => (await this.state()) === state, ms);
    } catch (error) {
      throw new Error(await this.#describe(), { cause: error });
    }
  }

  state() {
    return this.page.evaluate(() => document.body.dataset.state ?? '');
  }

  /** @param {string | RegExp} text */
  async sees(text, ms = 30_000) {
    await this.page.getByText(text).filter({ visible: true }).first().waitFor({ state: 'visible', timeout: ms });
  }

  /** @param {string} label of a button */
  async presses(label) {
    await this.page.getByRole('button', { name: label, exact: true }).filter({ visible: true }).first().click();
  }

  /** The other side's picture moves: its decoded frames grow by at least a few. */
  async seesMovingVideo() {
    const before = await this.remoteFrames();
    await until('remote frames advance', async () => (await this.remoteFrames()) >= before + 5);
  }

  remoteFrames() {
    return this.page.evaluate(() => {
      const video = /** @type {HTMLVideoElement} */ (document.getElementById('remote'));
      return video.getVideoPlaybackQuality().totalVideoFrames;
    });
  }

  /** From now on longestPictureGap() tells how long the other side's picture stood still at most. */
  watchPictures() {
    return this.page.evaluate(() => {
      const video = /** @type {HTMLVideoElement} */ (document.getElementById('remote'));
      const seen = { gap: 0, at: performance.now() };
      const note = () => {
        seen.gap = Math.max(seen.gap, performance.now() - seen.at);
        seen.at = performance.now();
        video.requestVideoFrameCallback(note);
      };
      video.requestVideoFrameCallback(note);
      /** @type {any} */ (globalThis).picturesSeen = seen;
    });
  }

  /** @returns {Promise<number>} milliseconds */
  longestPictureGap() {
    return this.page.evaluate(() => {
      const { gap, at } = /** @type {any} */ (globalThis).picturesSeen;
      return Math.max(gap, performance.now() - at);
    });
  }

  /** @returns {Promise<Pair | null>} the selected pair of the newest peer connection */
  selectedPair() {
    return this.page.evaluate(async () => {
      /** @type {RTCPeerConnection | undefined} */
      const connection = /** @type {any} */ (globalThis).peerConnections.at(-1);
      if (!connection) return null;
      /** @type {any[]} */
      const stats = [];
      (await connection.getStats()).forEach((entry) => stats.push(entry));
      const byId = new Map(stats.map((entry) => [entry.id, entry]));
      const transport = stats.find((entry) => entry.type === 'transport');
      const pair = byId.get(transport?.selectedCandidatePairId);
      const [local, remote] = [byId.get(pair?.localCandidateId), byId.get(pair?.remoteCandidateId)];
      if (!local || !remote) return null;
      return {
        local: local.candidateType,
        remote: remote.candidateType,
        localUfrag: transport.iceLocalUsernameFragment,
        bytesReceived: pair.bytesReceived,
      };
    });
  }

  connectionCount() {
    return this.page.evaluate(() => /** @type {any} */ (globalThis).peerConnections.length);
  }

  /** What would keep the camera light on or the other side's pictures coming. */
  openEnds() {
    return this.page.evaluate(() => {
      /** @type {{ peerConnections: RTCPeerConnection[], capturedTracks: MediaStreamTrack[] }} */
      const { peerConnections, capturedTracks } = /** @type {any} */ (globalThis);
      return {
        connections: peerConnections.filter((connection) => connection.connectionState !== 'closed').length,
        tracks: capturedTracks.filter((track) => track.readyState === 'live').length,
      };
    });
  }

  /** Another program has the camera, or gives it back. @param {boolean} inUse */
  setCameraInUse(inUse) {
    return this.page.evaluate((value) => void (/** @type {any} */ (globalThis).cameraInUse = value), inUse);
  }

  /** The camera's plug is pulled. */
  unplugCamera() {
    return this.page.evaluate(() => {
      /** @type {MediaStreamTrack[]} */
      const tracks = /** @type {any} */ (globalThis).capturedTracks;
      const camera = tracks.find((track) => track.kind === 'video' && track.readyState === 'live');
      camera?.stop();
      // stop() is silent; a device that goes away is not.
      camera?.dispatchEvent(new Event('ended'));
    });
  }

  /** @param {string} selector @returns {Promise<{ x: number, y: number, width: number, height: number }>} */
  async boxOf(selector) {
    const box = await this.page.locator(selector).filter({ visible: true }).first().boundingBox();
    if (!box) throw new Error(`${selector} is not shown`);
    return box;
  }

  /** What has the keyboard. */
  focused() {
    return this.page.evaluate(() => {
      const element = document.activeElement;
      return element?.getAttribute('aria-label') ?? element?.id ?? '';
    });
  }

  /** @param {RegExp[]} [expected] complaints that the test provoked */
  assertNoComplaints(expected = []) {
    assert.deepEqual(this.complaints.filter((text) => !expected.some((pattern) => pattern.test(text))), []);
  }

  async leave() {
    await this.#context.close();
  }

  /** For the report of a failed wait. */
  async #describe() {
    const shown = await this.page.evaluate(() => {
      /** @param {string} selector */
      const text = (selector) => document.querySelector(selector)?.textContent?.trim() ?? '';
      /** @type {RTCPeerConnection[]} */
      const connections = /** @type {any} */ (globalThis).peerConnections;
      return {
        state: document.body.dataset.state,
        curtain: text('#curtain-title'),
        ended: text('#ended-title'),
        notices: text('#notices'),
        connections: connections.map((c) => `${c.connectionState} ${c.iceConnectionState} ${c.signalingState}`),
      };
    });
    return `the page shows ${JSON.stringify({ ...shown, complaints: this.complaints })}`;
  }
}
