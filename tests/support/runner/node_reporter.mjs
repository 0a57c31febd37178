// A node:test reporter for tests/run: one JSON object a line and test.
// Suites (describe) are not counted, unless one fails by itself, such as in a hook.
import { inspect } from 'node:util';
import path from 'node:path';

const kNotSelected = 'test name does not match pattern';

export default async function* report(source) {
  const outputs = new Map();
  for await (const { type, data } of source) {
    if (type === 'test:stderr' || type === 'test:stdout') {
      outputs.set(data.file, (outputs.get(data.file) ?? '') + data.message);
    } else if (type === 'test:pass' || type === 'test:fail') {
      const event = eventOf(type, data);
      if (event) yield `${JSON.stringify(event)}\n`;
    }
  }
  // What a file printed arrives after its results.
  for (const [file, text] of outputs) yield `${JSON.stringify({ file: path.basename(file ?? ''), state: 'output', text })}\n`;
}

function eventOf(type, data) {
  const file = data.file ? path.basename(data.file) : '';
  const title = [file, data.name].filter(Boolean).join(': ');
  const isContainer = data.details?.type === 'suite' || path.resolve(data.name) === data.file;
  if (type === 'test:fail' && data.todo === undefined) {
    const error = data.details.error;
    // A parent whose children failed says nothing new.
    if (error?.failureType === 'subtestsFailed') return null;
    return { file, title, state: 'failed', text: inspect(error?.cause ?? error) };
  }
  if (isContainer) return null;
  if (data.skip === kNotSelected) return null;
  const reason = data.skip ?? data.todo;
  if (reason !== undefined) return { file, title, state: 'skipped', text: String(reason === true ? 'no reason given' : reason) };
  return { file, title, state: 'passed', text: '' };
}
