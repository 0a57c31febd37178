// @ts-check
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Browser } from './support/browser.js';
import { Certificate } from './support/certificate.js';
import { Server } from './support/server.js';

const LIMIT = { timeout: 120_000 };
const USER = { username: 'alice', credential: 'a password of the browser tests' };
const MESSAGES = 200;

/** @typedef {{ local: string, remote: string, relayProtocol: string }} RelayedPair */

describe('Chromium that may use the relay only', () => {
  const turn = new Server('turn');
  const browser = new Browser();
  /** @type {Certificate} */
  let certificate;
  before(async () => {
    certificate = new Certificate();
    await turn.start(config(certificate));
    await browser.launch('granted', 'allowed', { HOME: certificate.home });
  });
  after(async () => {
    await browser.close();
    await turn.stop();
    certificate.remove();
  });

  for (const [transport, scheme, listener, relayProtocol] of [
    ['udp', 'turn', 'udp', 'udp'],
    ['tcp', 'turn', 'tcp', 'tcp'],
    ['tcp', 'turns', 'tls', 'tls'],
    ['tcp', 'turns', 'tcp', 'tls'],
  ]) {
    for (const host of scheme === 'turns' ? ['localhost'] : ['127.0.0.1', '[::1]']) {
      test(`talks to itself through ${scheme}:${host}, a listener for ${listener}`, LIMIT, async () => {
        const family = host.startsWith('[') ? '[::1]' : '127.0.0.1';
        const urls = `${scheme}:${host}:${turn.port(listener, family)}?transport=${transport}`;
        const visitor = await browser.visitor();
        await visitor.page.goto('about:blank');

        const { pairs, echoed } = await visitor.page.evaluate(callThroughRelay, { server: { urls, ...USER }, messages: MESSAGES });

        for (const pair of pairs) {
          assert.deepEqual([pair.local, pair.remote, pair.relayProtocol], ['relay', 'relay', relayProtocol]);
        }
        assert.deepEqual([pairs.length, echoed], [2, MESSAGES]);
        await visitor.leave();
      });
    }
  }
});

/** @param {Certificate} certificate */
function config(certificate) {
  const listeners = ['udp', 'tcp', 'tls'].flatMap((transport) =>
    ['127.0.0.1:0', '[::1]:0'].map((address) => `[[listen]]\ntransport = "${transport}"\naddress = "${address}"`));
  return `
realm = "e2e.test"
workers = 1
${listeners.join('\n')}
[tls]
certificate_file = "${certificate.chainFile}"
key_file = "${certificate.keyFile}"
[relay]
addresses = ["127.0.0.1"]
[[auth.users]]
name = "${USER.username}"
password = "${USER.credential}"
[peers]
allow = ["127.0.0.0/8"]
`;
}

/**
 * Runs in the page: two connections, and messages of 1 to 4,000 bytes that are echoed one after the other.
 * @param {{ server: RTCIceServer, messages: number }} options
 * @returns {Promise<{ pairs: RelayedPair[], echoed: number }>}
 */
async function callThroughRelay({ server, messages }) {
  /** @type {RTCConfiguration} */
  const configuration = { iceServers: [server], iceTransportPolicy: 'relay' };
  const [caller, callee] = [new RTCPeerConnection(configuration), new RTCPeerConnection(configuration)];
  /** @type {string[]} */
  const errors = [];
  for (const [from, to] of [[caller, callee], [callee, caller]]) {
    from.addEventListener('icecandidate', ({ candidate }) => void to.addIceCandidate(candidate ?? undefined));
    from.addEventListener('icecandidateerror', (error) => errors.push(`${error.errorCode} ${error.errorText} ${error.url}`));
  }
  callee.addEventListener('datachannel', ({ channel }) => (channel.onmessage = ({ data }) => channel.send(data)));
  const channel = caller.createDataChannel('echo');
  const echoed = new Promise((done, fail) => {
    let count = 0;
    const send = () => channel.send('m'.repeat(1 + ((count * 37) % 4000)));
    channel.onopen = send;
    channel.onmessage = ({ data }) => {
      if (data.length !== 1 + ((count * 37) % 4000)) return fail(new Error('an echo was altered'));
      count += 1;
      if (count === messages) return done(count);
      send();
    };
    setTimeout(() => fail(new Error(`${count} echoes, ${caller.iceConnectionState}; ${errors.join('; ')}`)), 40_000);
  });
  await caller.setLocalDescription(await caller.createOffer());
  await callee.setRemoteDescription(/** @type {RTCSessionDescription} */ (caller.localDescription));
  await callee.setLocalDescription(await callee.createAnswer());
  await caller.setRemoteDescription(/** @type {RTCSessionDescription} */ (callee.localDescription));
  const count = await echoed;
  const pairs = [];
  for (const connection of [caller, callee]) {
    /** @type {Map<string, any>} */
    const stats = new Map();
    (await connection.getStats()).forEach((entry) => stats.set(entry.id, entry));
    const transport = [...stats.values()].find((entry) => entry.type === 'transport');
    const pair = stats.get(transport.selectedCandidatePairId);
    const [local, remote] = [stats.get(pair.localCandidateId), stats.get(pair.remoteCandidateId)];
    pairs.push({ local: local.candidateType, remote: remote.candidateType, relayProtocol: local.relayProtocol });
    connection.close();
  }
  return { pairs, echoed: /** @type {number} */ (count) };
}
