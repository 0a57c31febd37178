// @ts-check
/** Room names that can be read aloud. The number makes them hard enough to guess for a casual visitor. */

const ADJECTIVES = `amber brave bright calm clear clever cosy crisp curious eager early fair fresh gentle glad
golden happy hidden honest jolly keen kind light little lively lucky mellow merry misty modest noble north open
patient polar proud quick quiet rapid silent silver simple snowy soft solid south spring steady still sunny swift
tidy tiny warm west white wild winter wise witty young`.split(/\s+/);

const NOUNS = `albatross aurora badger beacon bear birch breeze brook canyon cedar cliff cloud comet coral crane
dolphin dune eagle ember falcon fern fjord fox glacier grove harbor hare heron hill iceberg island juniper lagoon
lake lantern lark lynx maple meadow moose moss narwhal oak orca otter owl penguin pine puffin raven reef river
robin seal sparrow spruce star stone summit tern tundra valley walrus willow`.split(/\s+/);

/**
 * @param {(max: number) => number} below a random integer in [0, max)
 * @returns {string} such as "calm-river-otter-4821"
 */
export function suggestRoomName(below = randomBelow) {
  /** @param {string[]} words */
  const pick = (words) => words[below(words.length)];
  return `${pick(ADJECTIVES)}-${pick(NOUNS)}-${pick(NOUNS)}-${1000 + below(9000)}`;
}

/**
 * What a person typed, as a room name: "Team meeting!" becomes "Team-meeting".
 * @param {string} text
 */
export function toRoomName(text) {
  return text
    .normalize('NFKD')
    .trim()
    .replace(/\s+/g, '-')
    .replace(/[^A-Za-z0-9._-]/g, '')
    .slice(0, 64);
}

/** @param {number} max */
function randomBelow(max) {
  const limit = 2 ** 32 - (2 ** 32 % max);
  const value = new Uint32Array(1);
  do crypto.getRandomValues(value);
  while (value[0] >= limit);
  return value[0] % max;
}
