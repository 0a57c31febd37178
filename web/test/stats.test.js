// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describePath, selectedPath } from '../src/stats.js';

/** @param {{ local?: object, remote?: object, pair?: object, transport?: object | null }} parts */
function report({ local, remote, pair, transport = { selectedCandidatePairId: 'P1' } }) {
  const entries = [
    ...(transport ? [{ id: 'T1', type: 'transport', ...transport }] : []),
    { id: 'P0', type: 'candidate-pair', state: 'failed', localCandidateId: 'L0', remoteCandidateId: 'R1' },
    { id: 'P1', type: 'candidate-pair', localCandidateId: 'L1', remoteCandidateId: 'R1', currentRoundTripTime: 0.0123, ...pair },
    { id: 'L1', type: 'local-candidate', candidateType: 'host', protocol: 'udp', ...local },
    { id: 'R1', type: 'remote-candidate', candidateType: 'host', protocol: 'udp', ...remote },
  ];
  return new Map(entries.map((entry) => [entry.id, entry]));
}

/** @param {Parameters<typeof report>[0]} parts */
function described(parts) {
  const path = selectedPath(report(parts));
  return path && describePath(path);
}

test('a path between two hosts', () => {
  assert.equal(described({}), 'Direct over UDP · host · 12 ms');
});

test('a path through a NAT on either side', () => {
  assert.equal(described({ local: { candidateType: 'srflx' } }), 'Direct over UDP · srflx · 12 ms');
  assert.equal(described({ remote: { candidateType: 'prflx' } }), 'Direct over UDP · srflx · 12 ms');
});

test('our relay names the protocol to the relay, not that behind it', () => {
  for (const relayProtocol of ['udp', 'tcp', 'tls']) {
    const local = { candidateType: 'relay', protocol: 'udp', relayProtocol };
    assert.equal(described({ local }), `Relayed over ${relayProtocol.toUpperCase()} · 12 ms`);
  }
});

test('the relay of the other side is a relay', () => {
  assert.equal(described({ remote: { candidateType: 'relay' } }), 'Relayed over UDP · 12 ms');
});

test('TCP without a relay', () => {
  assert.equal(described({ local: { protocol: 'tcp' } }), 'Direct over TCP · host · 12 ms');
});

test('a round trip that is not measured yet is left out, a very short one is not zero', () => {
  assert.equal(described({ pair: { currentRoundTripTime: undefined } }), 'Direct over UDP · host');
  assert.equal(described({ pair: { currentRoundTripTime: 0.0002 } }), 'Direct over UDP · host · <1 ms');
});

test('Firefox marks the pair instead of naming it', () => {
  assert.equal(described({ transport: null, pair: { selected: true } }), 'Direct over UDP · host · 12 ms');
});

test('there is no path before a pair is selected', () => {
  assert.equal(selectedPath(new Map()), null);
  assert.equal(described({ transport: {} }), null);
});
