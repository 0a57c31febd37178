// @ts-check
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

// WCAG 2.2: 4.5:1 for text (1.4.3), 3:1 for the edges of controls and for icons (1.4.11).
const TEXT_PAIRS = [
  ['ink', 'ground'],
  ['ink', 'glow'],
  ['ink', 'surface'],
  ['ink', 'void'],
  ['soft', 'ground'],
  ['soft', 'surface'],
  ['soft', 'void'],
  ['on-accent', 'accent'],
  ['on-accent', 'accent-strong'],
  ['danger-text', 'surface'],
  ['warn-ink', 'warn-ground'],
];
const EDGE_PAIRS = [
  ['line', 'surface'],
  ['accent', 'surface'],
  ['accent', 'ground'],
  ['danger', 'surface'],
  ['on-danger', 'danger'],
  ['on-danger', 'danger-strong'],
];

const css = readFileSync(new URL('../style.css', import.meta.url), 'utf8');
const [light, dark] = [...css.matchAll(/:root \{([^}]*)\}/g)].map((block) => colours(block[1]));
const THEMES = { light, dark: { ...light, ...dark } };

for (const [theme, palette] of Object.entries(THEMES)) {
  test(`the ${theme} theme can be read`, () => {
    for (const [pairs, least] of /** @type {const} */ ([[TEXT_PAIRS, 4.5], [EDGE_PAIRS, 3]])) {
      for (const [front, back] of pairs) {
        const ratio = contrast(palette[front], palette[back]);
        assert.ok(ratio >= least, `${front} on ${back}: ${ratio.toFixed(2)}:1, at least ${least}:1 is needed`);
      }
    }
  });
}

test('contrast is that of WCAG', () => {
  assert.equal(contrast('#ffffff', '#000000'), 21);
  assert.equal(contrast('#777777', '#ffffff').toFixed(2), '4.48');
});

/** @param {string} block @returns {Record<string, string>} opaque colours by name */
function colours(block) {
  return Object.fromEntries([...block.matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)].map((match) => [match[1], match[2]]));
}

/** @param {string} one @param {string} two as #rrggbb */
function contrast(one, two) {
  const [dim, bright] = [luminance(one), luminance(two)].sort((a, b) => a - b);
  return (bright + 0.05) / (dim + 0.05);
}

/** @param {string} colour */
function luminance(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
