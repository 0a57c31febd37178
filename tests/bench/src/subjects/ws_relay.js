// @ts-check
// The 1:1 relay on plain `ws`: rooms of two, the type is read, the message forwarded as JSON.
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { serve } from './node_relay.js';

/** @typedef {import('ws').WebSocket} Socket */

const server = createServer();
const sockets = new WebSocketServer({ server });
/** @type {Map<string, Set<Socket>>} */
const rooms = new Map();

sockets.on('connection', (socket) => {
  /** @type {string | null} */
  let room = null;

  /** @param {object} message */
  function tellOther(message) {
    if (room === null) return;
    for (const member of rooms.get(room) ?? []) {
      if (member !== socket) member.send(JSON.stringify(message));
    }
  }

  /** @param {string} wanted */
  function join(wanted) {
    const members = rooms.get(wanted) ?? new Set();
    if (room !== null || members.size >= 2) return socket.send('{"type":"refused"}');
    room = wanted;
    socket.send(JSON.stringify({ type: 'joined', peers: members.size }));
    tellOther({ type: 'peer-joined' });
    rooms.set(wanted, members.add(socket));
  }

  socket.on('message', (text) => {
    const message = JSON.parse(String(text));
    if (message.type === 'join') join(String(message.room));
    else if (message.type === 'signal') tellOther({ type: 'signal', data: message.data });
  });
  socket.on('close', () => {
    if (room === null) return;
    tellOther({ type: 'peer-left' });
    const members = rooms.get(room);
    members?.delete(socket);
    if (members?.size === 0) rooms.delete(room);
  });
});

serve(server);
