// @ts-check
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const CA_EXTENSIONS = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign'];

/** A certificate for `localhost`, signed by an authority that only browsers with `home` trust. */
export class Certificate {
  /** For a browser's HOME: nothing of the user's is touched. */
  home = mkdtempSync(path.join(os.tmpdir(), 'icebreaker-e2e-home-'));
  chainFile = this.#file('chain.pem');
  keyFile = this.#file('key.pem');

  constructor() {
    const [authority, authorityKey, request] = ['ca.pem', 'ca.key', 'request.pem'].map((name) => this.#file(name));
    const extensions = this.#file('extensions');
    writeFileSync(extensions, 'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n');
    openssl('req', '-x509', ...newKey(authorityKey), '-days', '2', '-subj', '/CN=a test authority', ...CA_EXTENSIONS, '-out', authority);
    openssl('req', ...newKey(this.keyFile), '-subj', '/CN=localhost', '-out', request);
    openssl('x509', '-req', '-in', request, '-CA', authority, '-CAkey', authorityKey, '-CAcreateserial', '-days', '2', '-extfile', extensions, '-out', this.chainFile);
    const store = path.join(this.home, '.pki', 'nssdb');
    mkdirSync(store, { recursive: true });
    run('certutil', '-N', '-d', `sql:${store}`, '--empty-password');
    run('certutil', '-A', '-d', `sql:${store}`, '-n', 'test authority', '-t', 'C,,', '-i', authority);
  }

  remove() {
    rmSync(this.home, { recursive: true, force: true });
  }

  /** @param {string} name */
  #file(name) {
    return path.join(this.home, name);
  }
}

/** @param {string} file */
function newKey(file) {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', file];
}

/** @param {string[]} words */
function openssl(...words) {
  run('openssl', ...words);
}

/** @param {string} program @param {string[]} words */
function run(program, ...words) {
  execFileSync(program, words, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 30_000 });
}
