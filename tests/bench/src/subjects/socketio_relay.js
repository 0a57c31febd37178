// @ts-check
// The 1:1 relay on Socket.IO as its documentation would have one write it: rooms of two, forward.
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { serve } from './node_relay.js';

const server = createServer();
const io = new Server(server, { serveClient: false, transports: ['polling', 'websocket'] });

io.on('connection', (socket) => {
  /** @type {string | null} */
  let room = null;
  socket.on('join', (wanted) => {
    const present = io.sockets.adapter.rooms.get(wanted)?.size ?? 0;
    if (room !== null || typeof wanted !== 'string' || present >= 2) return socket.emit('refused');
    room = wanted;
    socket.join(wanted);
    socket.emit('joined', present);
    socket.to(wanted).emit('peer-joined');
  });
  socket.on('signal', (data) => {
    if (room !== null) socket.to(room).emit('signal', data);
  });
  socket.on('disconnecting', () => {
    if (room !== null) socket.to(room).emit('peer-left');
  });
});

serve(server);
