// The libraries of others, each behind the same two functions: `call`, which
// answers with an outcome, and `watch`, which tells of each item before it does. An
// outcome is the name of the code, and the answer or the message with
// `google.rpc.ErrorInfo` and `google.rpc.Help` as each library decodes them.
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { launch } from '../browser/browser.mjs';
import { ROOT } from '../browser/service.mjs';

// scripts/check-grpc installs the packages below the target directory.
const MODULES = process.env.LICENSE_TEST_GRPC ?? join(ROOT, 'target/grpc');
const PYTHON = join(MODULES, 'python/bin/python');
const PROTOS = join(ROOT, 'examples/grpc');
const load = createRequire(join(MODULES, 'package.json'));

/** Tries again what is `UNAVAILABLE`, four times in all. */
const RETRY = JSON.stringify({
  methodConfig: [
    {
      name: [{ service: 'reports.v1.Reports' }],
      retryPolicy: {
        maxAttempts: 4,
        initialBackoff: '0.02s',
        maxBackoff: '0.05s',
        backoffMultiplier: 1,
        retryableStatusCodes: ['UNAVAILABLE'],
      },
    },
  ],
});

/** Where googleapis-common-protos has Google's own `.proto` files. */
const google = execFileSync(
  PYTHON,
  ['-c', 'import pathlib, google.rpc.status_pb2 as it; print(pathlib.Path(it.__file__).parents[2])'],
  { encoding: 'utf8' },
).trim();

/** grpcio, in a process of its own. */
export function grpcio(address) {
  const child = spawn(PYTHON, [fileURLToPath(new URL('client.py', import.meta.url)), address, RETRY], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, PYTHONPATH: PROTOS },
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const call = async (method, request = {}, seen = () => {}) => {
    child.stdin.write(`${JSON.stringify({ method, request })}\n`);
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error('the client in Python has gone away');
      const line = JSON.parse(value);
      if (!('item' in line)) return line;
      seen(line.item);
    }
  };
  return { call, watch: (seen) => call('Watch', {}, seen), close: () => child.kill() };
}

/** grpc-js, in this process. */
export function grpcJs(address) {
  const grpc = load('@grpc/grpc-js');
  const files = ['reports.proto', 'google/rpc/status.proto', 'google/rpc/error_details.proto'];
  const definition = load('@grpc/proto-loader').loadSync(files, {
    includeDirs: [PROTOS, google],
    longs: String,
  });
  const { Reports } = grpc.loadPackageDefinition(definition).reports.v1;
  const options = { 'grpc.service_config': RETRY };
  const client = new Reports(address, grpc.credentials.createInsecure(), options);
  const told = (error) => {
    const outcome = { code: grpc.status[error.code], message: error.details };
    const [encoded] = error.metadata.get('grpc-status-details-bin');
    const details = encoded && definition['google.rpc.Status'].deserialize(encoded).details;
    for (const { type_url: type, value } of details ?? []) {
      const name = type.replace('type.googleapis.com/', '');
      outcome[name.replace('google.rpc.', '')] = definition[name].deserialize(value);
    }
    return outcome;
  };
  const call = (method, request = {}) =>
    new Promise((resolve) => {
      client[method](request, { deadline: Date.now() + 10_000 }, (error, answer) => {
        resolve(error ? told(error) : { code: 'OK', answer });
      });
    });
  const watch = (seen) =>
    new Promise((resolve) => {
      const stream = client.Watch({});
      stream.on('data', seen);
      stream.on('error', (error) => resolve(told(error)));
      stream.on('end', () => setImmediate(resolve, { code: 'OK' }));
    });
  return { call, watch, close: () => client.close() };
}

/** connect-web, in a page of another origin. */
export async function connectWeb(address) {
  const { outputFiles } = load('esbuild').buildSync({
    entryPoints: [fileURLToPath(new URL('page.mjs', import.meta.url))],
    nodePaths: [join(MODULES, 'node_modules')],
    bundle: true,
    write: false,
  });
  const script = outputFiles[0].text;
  const server = createServer((request, response) => {
    const page = `<!doctype html><meta charset="utf-8"><script>${script.replaceAll('</', '<\\/')}</script>`;
    response.setHeader('content-type', 'text/html');
    response.end(page);
  });
  await new Promise((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const browser = await launch();
  const page = await browser.newPage();
  let look = () => {};
  await page.exposeFunction('seen', (item) => look(item));
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const argument = [`http://${address}`, descriptors()];
  const call = (method, request = {}) =>
    page.evaluate((it) => window.call(...it), [...argument, method, request]);
  const watch = (seen) => {
    look = seen;
    return call('Watch');
  };
  const close = async () => {
    await browser.close();
    server.close();
  };
  return { call, watch, close };
}

/** What the `.proto` files describe, encoded, in base64. */
function descriptors() {
  const out = join(MODULES, 'descriptors');
  const files = ['reports.proto', 'google/rpc/error_details.proto'];
  const flags = [`-I${PROTOS}`, `-I${google}`, '--include_imports', `--descriptor_set_out=${out}`];
  execFileSync(PYTHON, ['-m', 'grpc_tools.protoc', ...flags, ...files]);
  return readFileSync(out).toString('base64');
}
