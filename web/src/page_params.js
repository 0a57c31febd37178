// @ts-check
import { TRANSPORTS } from './connection.js';
import { isRoomName } from './protocol.js';

/**
 * @typedef {object} PageParams
 * @property {string} room empty when the link names none
 * @property {boolean} badRoom the link names one that cannot exist
 * @property {boolean} join without a click
 * @property {boolean} relayOnly
 * @property {import('./transport.js').TransportName[]} transports all but when the link names one
 */

/**
 * @param {URL} url
 * @returns {PageParams}
 */
export function readParams(url) {
  const room = url.searchParams.get('room') ?? '';
  const named = TRANSPORTS.filter((name) => name === url.searchParams.get('transport'));
  return {
    room: isRoomName(room) ? room : '',
    badRoom: room !== '' && !isRoomName(room),
    join: url.searchParams.get('join') === '1',
    relayOnly: url.searchParams.get('relay') === '1',
    transports: named.length > 0 ? named : TRANSPORTS,
  };
}

/**
 * The link to send to the other person: without `join`, which is for kiosks and for this page alone.
 * @param {URL} url
 * @param {string} room
 */
export function inviteLink(url, room) {
  const link = new URL(url.pathname, url);
  link.searchParams.set('room', room);
  return link.href;
}

/**
 * This page's own address while in a room; a reload leads back to the start view of the same room.
 * @param {URL} url
 * @param {string} room
 */
export function addressIn(url, room) {
  const address = new URL(url);
  address.searchParams.set('room', room);
  address.hash = '';
  return address.href;
}
