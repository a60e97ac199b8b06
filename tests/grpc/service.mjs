// The example as a process of its own, and what stands between it and a client.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { ROOT } from '../browser/service.mjs';

const BUILT = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'debug');

/** Starts the example, without a license. */
export async function start() {
  const directory = mkdtempSync(join(tmpdir(), 'license-grpc-'));
  const file = join(directory, 'acme.lic');
  const license = (...flags) =>
    execFileSync(join(BUILT, 'license'), flags, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  license('keygen', '--alg=es256', `--out=${directory}`);
  const flags = [`--public-key=${directory}/public.pem`, `--license-file=${file}`];
  const child = spawn(join(BUILT, 'examples/grpc'), [...flags, '--listen=127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {},
  });
  process.once('exit', () => child.kill('SIGKILL'));
  const line = await new Promise((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve);
    child.once('error', reject);
    child.once('exit', () => reject(new Error('the example does not run')));
  });
  return {
    address: line.replace('listening on http://', ''),
    /** Puts a license in place, with these features until then. */
    put(features, expires) {
      const token = license(
        'issue',
        `--key=${directory}/private.pem`,
        `--product=${ROOT}/examples/grpc/grpc.toml`,
        '--customer-id=cust_test',
        '--customer=Test',
        '--plan=team',
        `--expires=${expires.toISOString().replace(/\.\d+Z$/, 'Z')}`,
        ...features.map((name) => `--feature=${name}`),
      );
      writeFileSync(`${file}.new`, token);
      renameSync(`${file}.new`, file);
    },
    stop() {
      child.kill('SIGKILL');
      rmSync(directory, { recursive: true });
    },
  };
}

/**
 * Stands between HTTP/2 clients and a service, and keeps the path of each call that
 * arrives. Without a service every call is `UNAVAILABLE`.
 */
export async function counting(upstream) {
  const calls = [];
  const session = upstream && connect(`http://${upstream}`);
  const server = createServer();
  server.on('stream', (stream, { ':path': path, ...headers }) => {
    calls.push(path);
    stream.on('error', () => {});
    if (!session) {
      const refusal = { 'content-type': 'application/grpc', 'grpc-status': '14' };
      stream.respond(refusal, { endStream: true });
      return;
    }
    const asked = session.request({ ':path': path, ...headers });
    let trailers = {};
    asked.on('error', () => {});
    asked.on('response', (head, flags) => {
      // END_STREAM: the answer is a status and nothing else.
      stream.respond(head, flags & 1 ? { endStream: true } : { waitForTrailers: true });
    });
    asked.on('trailers', (told) => {
      trailers = told;
    });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.pipe(asked).pipe(stream);
  });
  await new Promise((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const close = () => {
    session?.close();
    server.close();
  };
  return { address: `127.0.0.1:${server.address().port}`, calls, close };
}
