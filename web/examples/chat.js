import { SignalingClient } from '../src/signaling_client.js';

const client = new SignalingClient({ baseUrl: 'https://signal.example.org/' });

client.on('message', (message) => {
  // Those who are in the room already; those who come later say hello to us.
  if (message.type === 'joined') {
    for (const { peer } of message.peers) client.signal(peer, { kind: 'chat', text: 'hello' });
  }
  if (message.type === 'signal') console.log(message.from, message.data.text);
});
client.on('state', ({ state, transport }) => console.log(state, transport));
client.on('stopped', ({ code, text }) => console.error(code, text));

client.start();
client.join('lobby', { name: 'Alice' });
addEventListener('pagehide', (event) => event.persisted || client.stop({ unloading: true }));
