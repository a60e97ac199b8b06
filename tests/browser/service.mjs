// The examples as processes of their own, and licenses for them.
import { execFile, spawn } from 'node:child_process';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUILT = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'debug');

export const EMAIL = 'admin@example.com';
export const PASSWORD = 'secret-secret';
const SECRET = 'a long text that signs the tokens of administrators';
const DAY = 86_400;

/** Asks again until `check` answers with something; fails after 30 seconds. */
export async function until(what, check) {
  const end = Date.now() + 30_000;
  for (;;) {
    const found = await check();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** A running example: `polygent`, `align` or `alexandria`. */
export class Service {
  #child;
  #clock;
  #offset = 0;

  static async start(name) {
    const service = new Service();
    service.name = name;
    service.directory = mkdtempSync(join(tmpdir(), `license-browser-${name}-`));
    service.#clock = join(service.directory, 'clock');
    makeKey(service);
    const data = ['--data-dir', service.directory, '--listen', '127.0.0.1:0'];
    if (name === 'align') data.push('--allow-upload');
    service.#child = spawn(join(BUILT, 'examples', name), data, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        ADMIN_PASSWORD: PASSWORD,
        ADMIN_JWT_SECRET: SECRET,
        // Builds for tests take the time from there; see examples/src/setup/clock.rs.
        EXAMPLES_TEST_CLOCK: service.#clock,
      },
    });
    process.once('exit', service.#kill);
    let said = '';
    service.#child.stderr.on('data', (text) => {
      said += text;
    });
    const gone = new Promise((_, reject) => {
      service.#child.once('error', reject);
      service.#child.once('exit', () => reject(new Error(`${name} does not run: ${said}`)));
    });
    gone.catch(() => {});
    const line = new Promise((resolve) => {
      createInterface(service.#child.stdout).once('line', resolve);
    });
    const address = /http:\S+/.exec(await Promise.race([line, gone]));
    service.base = address[0].replace(/\/$/, '');
    return service;
  }

  #kill = () => this.#child.kill('SIGKILL');

  async stop() {
    process.removeListener('exit', this.#kill);
    const gone = new Promise((resolve) => {
      this.#child.once('exit', resolve);
    });
    // Nothing of it is kept.
    if (this.#kill()) await gone;
    rmSync(this.directory, { recursive: true });
  }

  /** Moves the clock of the service to so many days from now; never back. */
  moveTo(days) {
    this.#offset = Math.round(days * DAY);
    const next = `${this.#clock}.new`;
    writeFileSync(next, String(this.#offset));
    renameSync(next, this.#clock);
  }

  /** The time by the clock of the service, and so many days later. */
  at(days = 0) {
    return new Date(Date.now() + (this.#offset + days * DAY) * 1000);
  }

  /** Signs a license, by flags of the program: `--plan team`, `--days 3`. */
  async issue(...flags) {
    const { stdout } = await promisify(execFile)(join(BUILT, 'license'), [
      'issue',
      `--key=${this.directory}/demo-vendor/private.pem`,
      `--product=${ROOT}/examples/${this.name}/${this.name}.toml`,
      '--customer-id=cust_demo',
      '--customer=Demo Customer',
      ...flags.flatMap((it) => it.split(' ')),
    ]);
    return stdout.trim();
  }

  /** A license that ends so many days from now by the clock of the service. */
  issueUntil(terms, days) {
    return this.issue(terms, `--expires ${rfc3339(this.at(days))}`);
  }

  /** The file in which Align and Alexandria look for the license. */
  get licenseFile() {
    return join(this.directory, 'license', this.name === 'align' ? 'license.jwt' : 'license.key');
  }

  putLicense(token) {
    writeFileSync(`${this.licenseFile}.new`, token);
    renameSync(`${this.licenseFile}.new`, this.licenseFile);
  }

  readLicense() {
    return readFileSync(this.licenseFile, 'utf8').trim();
  }

  /** Waits until the license is in this phase, as everybody is told. */
  async inPhase(phase) {
    await until(`${this.name} is ${phase}`, async () => {
      const answer = await fetch(`${this.base}/license`, { headers: { accept: 'text/html' } });
      return (await answer.text()).includes(`data-phase="${phase}"`);
    });
  }

  /** What signs an administrator in at Alexandria: a token, good for ten years. */
  adminToken() {
    const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const exp = Math.floor(Date.now() / 1000) + 3650 * DAY;
    const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ role: 'admin', exp })}`;
    return `${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`;
  }
}

const rfc3339 = (date) => date.toISOString().replace(/\.\d+Z$/, 'Z');

/** A vendor's key where the example would make one: it takes an RSA key longer. */
function makeKey({ name, directory }) {
  if (name !== 'align') return;
  const vendor = join(directory, 'demo-vendor');
  mkdirSync(vendor, { mode: 0o700 });
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 4096,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  writeFileSync(join(vendor, 'private.pem'), privateKey, { mode: 0o600 });
  writeFileSync(join(vendor, 'public.pem'), publicKey);
}
