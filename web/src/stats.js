// @ts-check
/** Which way the media takes, from the statistics of a peer connection. */

/** @typedef {'host' | 'srflx' | 'prflx' | 'relay'} CandidateType */
/**
 * @typedef {object} Path
 * @property {CandidateType} local
 * @property {CandidateType} remote
 * @property {'udp' | 'tcp'} protocol between the two ends of the pair
 * @property {'udp' | 'tcp' | 'tls' | null} relayProtocol from here to our own relay
 * @property {number | null} rttMs
 */

/**
 * @param {Iterable<[string, any]> | { forEach: (visit: (entry: any) => void) => void }} report
 * @returns {Path | null} null while there is no selected pair
 */
export function selectedPath(report) {
  /** @type {Map<string, any>} */
  const byId = new Map();
  // The DOM's typing of RTCStatsReport has only forEach.
  /** @type {any} */ (report).forEach((/** @type {any} */ entry) => byId.set(entry.id, entry));
  const entries = [...byId.values()];
  const transport = entries.find((entry) => entry.type === 'transport' && entry.selectedCandidatePairId);
  const pair =
    byId.get(transport?.selectedCandidatePairId) ??
    // Firefox has no transport entry and marks the pair instead.
    entries.find((entry) => entry.type === 'candidate-pair' && entry.selected);
  const local = byId.get(pair?.localCandidateId);
  const remote = byId.get(pair?.remoteCandidateId);
  if (!local || !remote) return null;
  return {
    local: local.candidateType,
    remote: remote.candidateType,
    protocol: local.protocol === 'tcp' ? 'tcp' : 'udp',
    relayProtocol: local.candidateType === 'relay' ? (local.relayProtocol ?? null) : null,
    rttMs: typeof pair.currentRoundTripTime === 'number' ? Math.round(pair.currentRoundTripTime * 1000) : null,
  };
}

/**
 * @param {Path} path
 * @returns {string} such as "Direct over UDP · host · 12 ms"
 */
export function describePath(path) {
  const relayed = path.local === 'relay' || path.remote === 'relay';
  const protocol = (path.relayProtocol ?? path.protocol).toUpperCase();
  const parts = [`${relayed ? 'Relayed' : 'Direct'} over ${protocol}`];
  if (!relayed) parts.push(path.local === 'host' && path.remote === 'host' ? 'host' : 'srflx');
  if (path.rttMs !== null) parts.push(path.rttMs < 1 ? '<1 ms' : `${path.rttMs} ms`);
  return parts.join(' · ');
}
