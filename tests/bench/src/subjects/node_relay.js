// @ts-check
// What the relays on Node.js share: the port goes to the parent, memory is tidied when it asks.

/** @param {import('node:http').Server} server */
export function serve(server) {
  server.listen(0, '127.0.0.1', 4096, () => {
    const address = /** @type {import('node:net').AddressInfo} */ (server.address());
    process.send?.({ port: address.port });
  });
  process.on('message', () => {
    // Twice, because what the first run finalizes only the second one frees.
    globalThis.gc?.();
    globalThis.gc?.();
    process.send?.({ tidied: true });
  });
  process.on('disconnect', () => process.exit(0));
}
