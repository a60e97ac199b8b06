// What clients of others make of refusals: grpcio, grpc-js, and connect-web in a
// browser. All calls but the browser's are counted on their way.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { until } from '../browser/service.mjs';
import { connectWeb, grpcJs, grpcio } from './clients.mjs';
import { counting, start } from './service.mjs';

const SECOND = 1000;
const later = (seconds) => new Date(Date.now() + seconds * SECOND);
const HELP = {
  links: [{ description: 'Where the license is renewed', url: 'https://grpc.example/renew' }],
};
let service;
let proxies;
let clients;
let expires_at;

before(async () => {
  service = await start();
  service.put(['export', 'live'], later(86_400));
  proxies = [await counting(service.address), await counting(service.address)];
  clients = {
    grpcio: grpcio(proxies[0].address),
    'grpc-js': grpcJs(proxies[1].address),
    'connect-web': await connectWeb(service.address),
  };
  await until('the license is in force', () => is('OK'));
});
after(async () => {
  for (const client of Object.values(clients)) await client.close();
  for (const proxy of proxies) proxy.close();
  service.stop();
});

/** Whether this is what a call is answered that any license allows. */
async function is(code) {
  return (await clients['grpc-js'].call('List')).code === code;
}

/** Asks each client for something, all at the same time. */
function each(ask) {
  return Promise.all(Object.entries(clients).map(([name, client]) => ask(client, name)));
}

function refused(outcome, code, reason, metadata, name) {
  assert.equal(outcome.code, code, `${name}: ${JSON.stringify(outcome)}`);
  assert.ok(outcome.message.startsWith(`${reason.toLowerCase()}: `), `${name}: ${outcome.message}`);
  const { ErrorInfo: info, Help: help } = outcome;
  assert.deepEqual({ ...info, metadata: { ...info?.metadata } }, { reason, domain: 'grpc', metadata }, name);
  assert.deepEqual(help, HELP, name);
}

/** What a stream of each client ends with once this is done, an item at least behind it. */
async function ends(change) {
  const ended = [];
  await each(async (client, name) => {
    const first = await new Promise((resolve) => {
      ended.push(client.watch(resolve).then((outcome) => {
        resolve(outcome);
        return [name, outcome];
      }));
    });
    assert.match(String(first.readers), /^\d+$/, `${name}: ${JSON.stringify(first)}`);
  });
  change();
  return Promise.all(ended);
}

test('calls that the license allows are answered', async () => {
  await each(async (client, name) => {
    const { answer: list } = await client.call('List');
    assert.deepEqual(list, { titles: ['Readers'] }, name);
    const { answer: csv } = await client.call('Export', { title: 'Ages' });
    assert.deepEqual(csv, { csv: 'title,readers\nAges,3\n' }, name);
  });
});

test('a stream ends with the reason when its feature is gone, and so are calls refused', async () => {
  for (const [name, outcome] of await ends(() => service.put([], later(86_400)))) {
    refused(outcome, 'PERMISSION_DENIED', 'FEATURE_NOT_LICENSED', { feature: 'live' }, name);
  }
  await each(async (client, name) => {
    const exported = await client.call('Export', { title: 'Ages' });
    refused(exported, 'PERMISSION_DENIED', 'FEATURE_NOT_LICENSED', { feature: 'export' }, name);
    assert.equal((await client.call('List')).code, 'OK', name);
  });
});

test('a stream ends with the reason when the license does', async () => {
  service.put(['export', 'live'], later(86_400));
  await until('it is in force', async () =>
    (await clients['grpc-js'].call('Export', { title: '' })).code === 'OK',
  );
  // The streams run by then: it need only be read before it ends.
  const term = later(8);
  expires_at = term.toISOString().replace(/\.\d+Z$/, 'Z');
  for (const [name, outcome] of await ends(() => service.put(['export', 'live'], term))) {
    refused(outcome, 'FAILED_PRECONDITION', 'LICENSE_EXPIRED', { expires_at }, name);
  }
});

test('when it has ended each call is refused, and no client tries again', async () => {
  for (const proxy of proxies) proxy.calls.length = 0;
  const asked = await each(async (client, name) => [
    [name, await client.call('List')],
    [name, await client.call('Export')],
    [name, await client.watch(() => {})],
  ]);
  for (const { calls } of proxies) {
    assert.deepEqual(calls.map((path) => path.split('/').at(-1)), ['List', 'Export', 'Watch']);
  }
  for (const [name, outcome] of asked.flat()) {
    refused(outcome, 'FAILED_PRECONDITION', 'LICENSE_EXPIRED', { expires_at }, name);
  }
});

test('the same clients do try again what is unavailable', async () => {
  for (const open of [grpcio, grpcJs]) {
    const proxy = await counting();
    const client = open(proxy.address);
    assert.equal((await client.call('List')).code, 'UNAVAILABLE');
    assert.equal(proxy.calls.length, 4, open.name);
    await client.close();
    proxy.close();
  }
});
