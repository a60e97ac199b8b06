// The status page: what it weighs, when it paints, and what its script adds.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { install, launch, leads, open, signIn, told } from './browser.mjs';
import { Service, until } from './service.mjs';

const ALL =
  'workflows automations planner round-table insights ticket-sync deployments code-review ' +
  'verification memory bots multiple-active-sessions sso-saml';
const TERMS =
  `--plan enterprise --feature ${ALL.replaceAll(' ', ' --feature ')} ` +
  '--limit users=5 --limit session_hosts=2 --limit deploy_hosts=unlimited';
const MOST_BYTES = 60 * 1024;
let browser;
let service;

before(async () => {
  browser = await launch();
  service = await Service.start('polygent');
});
after(async () => {
  await browser.close();
  await service.stop();
});

/** A window of an administrator in which this license was installed. */
async function licensed(t, term, options) {
  const page = await open(browser, service, options);
  t.after(() => page.context().close());
  await signIn(page, service);
  const token = await service.issue(TERMS, term);
  await install(page, token);
  await page.goto('/license');
  return page;
}

test('with all it loads, a full status page is at most 60 KiB over the wire', async (t) => {
  const page = await licensed(t, '--days 365');
  // As many rows of history as the page shows, in the language that takes the most bytes.
  for (let rows = 0; rows < 20; rows += 1) {
    const headers = { 'content-type': 'application/jwt', origin: service.base };
    const data = await service.issue(TERMS, `--days ${400 + rows}`);
    assert.equal((await page.request.post('/api/license', { data, headers })).status(), 200);
  }
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Network.enable');
  await devtools.send('Network.setCacheDisabled', { cacheDisabled: true });
  const sizes = new Map();
  const names = new Map();
  devtools.on('Network.requestWillBeSent', (it) => names.set(it.requestId, it.request.url));
  devtools.on('Network.loadingFinished', (it) => {
    sizes.set(names.get(it.requestId), it.encodedDataLength);
  });
  await page.goto('/license?lang=ar', { waitUntil: 'networkidle' });
  assert.equal(await page.locator('#history tbody tr').count(), 20);
  assert.ok(sizes.size >= 3, 'the page, its style and its script were loaded');
  const total = [...sizes.values()].reduce((sum, it) => sum + it, 0);
  t.diagnostic(`${total} bytes: ${JSON.stringify([...sizes.values()])}`);
  assert.ok(total <= MOST_BYTES, `${total} bytes: ${JSON.stringify(Object.fromEntries(sizes))}`);
});

test('it paints while its script is still under way', async (t) => {
  const page = await open(browser, service);
  t.after(() => page.context().close());
  let release;
  const held = new Promise((resolve) => {
    release = resolve;
  });
  await page.route('**/*.js', async (route) => {
    await held;
    await route.continue();
  });
  await page.goto('/license', { waitUntil: 'commit' });
  await until('it has painted', () =>
    page.evaluate(() => performance.getEntriesByName('first-contentful-paint').length > 0),
  );
  assert.ok(await page.locator('h1').isVisible());
  assert.notEqual(
    await page.evaluate(() => document.readyState),
    'complete',
    'the script is not there',
  );
  release();
});

test('without JavaScript it offers nothing that takes a script', async (t) => {
  const page = await open(browser, service, { javaScriptEnabled: false });
  t.after(() => page.context().close());
  await signIn(page, service);
  await page.goto('/license');
  assert.ok(await page.locator('#upload').isVisible());
  assert.ok((await page.locator('.script').count()) > 0);
  for (const element of await page.locator('.script').all()) {
    assert.equal(await element.isVisible(), false, await element.innerText());
  }
});

test('a button copies what stands beside it, and says so', async (t) => {
  const permissions = ['clipboard-read', 'clipboard-write'];
  const page = await licensed(t, '--days 500', { permissions });
  const id = page.locator('#license dd', { has: page.locator('.copy') }).first();
  const shown = await id.locator('code').textContent();
  assert.match(shown, /^lic_/);
  const button = id.getByRole('button', { name: 'Copy' });
  await button.click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), shown);
  assert.equal(await id.getByRole('button').textContent(), 'Copied');
  await until(
    'the button can be used again',
    async () => (await id.getByRole('button').textContent()) === 'Copy',
  );
});

test('a license that ends within two days is counted down, and then the page says what holds', async (t) => {
  const page = await licensed(t, `--expires ${service.at(1).toISOString()}`);
  await page.clock.install({ time: service.at() });
  await page.goto('/license');
  const countdown = page.locator('.countdown');
  assert.match(await countdown.textContent(), /\b2[34]:\d\d:\d\d left$/);
  const before = await countdown.textContent();
  await page.clock.runFor(2000);
  assert.notEqual(await countdown.textContent(), before, 'it goes on');
  service.moveTo(2);
  await service.inPhase('lapsed');
  await leads(page, () => page.clock.fastForward('48:00:00'));
  assert.deepEqual(await told(page), { page: 'status', phase: 'lapsed' });
  assert.equal(await page.locator('.countdown').count(), 0);
});
