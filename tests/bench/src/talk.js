// @ts-check
// The talk's case: two people in a room, long-poll only, behind a balancer that sends each request anywhere.
import { parseArgs } from 'node:util';
import { io } from 'socket.io-client';
import { SignalingClient } from '../../../web/src/signaling_client.js';
import { startIcebreakersOnRedis, startNodeRelays, startRandomBalancer } from './subjects/start.js';
import { table } from './table.js';

const PERIOD_MS = 400; // between two messages of one client
const REST_MS = 1000; // for what is on its way at the end

const { values: options } = parseArgs({
  options: {
    binary: { type: 'string', default: '' },
    seconds: { type: 'string', default: '20' },
    instances: { type: 'string', default: '1,2,3' },
  },
});

/** @typedef {{ sent: number, received: number, disconnects: number }} Outcome */
/** @typedef {{ say: (number: number) => void, leave: () => void }} Person */

/** Socket.IO's own client, as the page of the talk used it. @param {string} url @param {Outcome} outcome @returns {Person} */
function socketIoPerson(url, outcome) {
  const socket = io(url, { transports: ['polling'], forceNew: true });
  socket.on('connect', () => socket.emit('join', 'talk'));
  socket.on('signal', () => (outcome.received += 1));
  socket.on('disconnect', () => (outcome.disconnects += 1));
  socket.on('connect_error', () => (outcome.disconnects += 1));
  return { say: (number) => socket.emit('signal', { number }), leave: () => socket.close() };
}

/** The client of the web page, held to long-poll. @param {string} url @param {Outcome} outcome @returns {Person} */
function icebreakerPerson(url, outcome) {
  const client = new SignalingClient({ baseUrl: url, transports: ['poll'] });
  let peer = '';
  client.on('message', (message) => {
    if (message.type === 'joined') peer = message.peers[0]?.peer ?? '';
    if (message.type === 'peer-joined') peer = message.peer;
    if (message.type === 'signal') outcome.received += 1;
  });
  client.on('state', ({ state }) => (outcome.disconnects += state === 'reconnecting' ? 1 : 0));
  client.start();
  client.join('talk');
  const say = (/** @type {number} */ number) => void (peer && client.signal(peer, { kind: 'talk', number }));
  return { say, leave: () => client.stop() };
}

/** @param {import('./subjects/start.js').Subject} service @param {typeof socketIoPerson} makePerson @returns {Promise<Outcome>} */
async function converse(service, makePerson) {
  const balancer = await startRandomBalancer(service.ports);
  const outcome = { sent: 0, received: 0, disconnects: 0 };
  const people = [1, 2].map(() => makePerson(`http://127.0.0.1:${balancer.port}`, outcome));
  const end = Date.now() + Number(options.seconds) * 1000;
  await new Promise((done) => {
    const timer = setInterval(() => {
      if (Date.now() > end) return clearInterval(timer), done(undefined);
      outcome.sent += people.length;
      for (const person of people) person.say(outcome.sent);
    }, PERIOD_MS);
  });
  await new Promise((done) => setTimeout(done, REST_MS));
  const result = { ...outcome };
  for (const person of people) person.leave();
  await balancer.stop();
  await service.stop();
  return result;
}

const rows = [];
for (const count of options.instances.split(',').map(Number)) {
  console.error(`${count} instance(s), ${options.seconds} s`);
  const [theirs, ours] = await Promise.all([
    converse(await startNodeRelays('socketio_relay.js', count), socketIoPerson),
    converse(await startIcebreakersOnRedis(options.binary, count), icebreakerPerson),
  ]);
  rows.push([count, theirs.sent, theirs.received, theirs.disconnects, ours.sent, ours.received, ours.disconnects].map(String));
}
console.log(table(['instances', 'socket.io: sent', 'received', 'disconnects', 'icebreaker: sent', 'received', 'disconnects'], rows));
process.exit(0); // clients that gave up may still wait for their next attempt
