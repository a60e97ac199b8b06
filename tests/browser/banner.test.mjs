// <license-banner> on the pages of a product.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { launch, open, signIn } from './browser.mjs';
import { Service, until } from './service.mjs';

const TERMS = '--plan team --limit users=5 --limit decisions=5 --name connectors=slack';
let browser;
let service;
let page;

before(async () => {
  browser = await launch();
  service = await Service.start('align');
  page = await open(browser, service);
});
after(async () => {
  await browser.close();
  await service.stop();
});

/** What the element has asked for and shows; its own text, not the server's. */
async function home() {
  await page.goto('/');
  const banner = page.locator('license-banner');
  await until('the banner has made up its mind', () =>
    banner.evaluate((it) => it.hidden || Boolean(it.shadowRoot?.querySelector('ul'))),
  );
  return banner;
}

const codes = (banner) =>
  banner
    .locator('li')
    .evaluateAll((all) =>
      all.filter((it) => it.getRootNode() instanceof ShadowRoot).map((it) => it.dataset.code),
    );

describe('the banner', { concurrency: 1 }, () => {
  test('is not there while there is nothing to tell', async () => {
    service.putLicense(await service.issueUntil(TERMS, 365));
    await service.inPhase('active');
    const banner = await home();
    assert.equal(await banner.isVisible(), false);
    assert.equal(await page.locator('.license-banner').count(), 0);
  });

  test('says politely that the license ends soon', async () => {
    service.putLicense(await service.issueUntil(TERMS, 3));
    await service.inPhase('expiring');
    const banner = await home();
    assert.ok(await banner.getByRole('status').isVisible());
    assert.equal(await banner.getByRole('alert').count(), 0);
    assert.deepEqual(await codes(banner), ['license_expiring']);
  });

  test('stays away for the session once it is dismissed', async () => {
    const banner = await home();
    await banner.getByRole('button', { name: 'Dismiss' }).click();
    assert.equal(await banner.isVisible(), false);
    assert.equal(await (await home()).isVisible(), false, 'on the next page too');
    const other = await open(browser, service);
    await other.goto('/');
    await other.locator('license-banner').getByRole('status').waitFor();
    await other.context().close();
  });

  test('comes back when there is something else to tell', async () => {
    service.moveTo(4);
    await service.inPhase('grace');
    const banner = await home();
    assert.ok(await banner.getByRole('status').isVisible());
    assert.deepEqual(await codes(banner), ['license_in_grace']);
    await banner.getByRole('button', { name: 'Dismiss' }).click();
    assert.equal(await banner.isVisible(), false);
  });

  test('is an alert that cannot be dismissed when the license has lapsed', async () => {
    service.moveTo(18);
    await service.inPhase('lapsed');
    const banner = await home();
    assert.ok(await banner.getByRole('alert').isVisible());
    assert.equal(await banner.getByRole('button').count(), 0);
    assert.deepEqual(await codes(banner), ['license_expired']);
  });

  test('is in the language of the page', async () => {
    await signIn(page, service);
    const asked = page.waitForRequest('**/api/banner');
    await page.goto('/?lang=de');
    assert.equal((await asked).headers()['accept-language'], 'de');
    const alert = page.locator('license-banner').getByRole('alert');
    await until('it is German', async () => /Lizenz/.test(await alert.first().innerText()));
  });

  test('shows what it is told as text alone', async () => {
    const text = '<img src=x onerror="document.title=1"><b>bold</b>';
    await page.route('**/api/banner', (route) =>
      route.fulfill({
        json: {
          level: 'warning',
          messages: [text],
          warnings: [{ code: 'license_expiring', level: 'warning', text }],
        },
      }),
    );
    const banner = await home();
    const shown = banner.getByRole('status');
    assert.equal(await shown.locator('li').innerText(), text);
    assert.equal(await shown.locator('img, b').count(), 0);
  });

  test('shows without JavaScript, and when it cannot be loaded, what the server wrote', async () => {
    const plain = await open(browser, service, { javaScriptEnabled: false });
    await plain.goto('/');
    assert.ok(await plain.locator('.license-banner[role=alert]').isVisible());
    await plain.context().close();
    await page.unroute('**/api/banner');
    await page.route('**/api/banner', (route) => route.abort());
    const failed = page.waitForEvent('requestfailed');
    await page.goto('/');
    await failed;
    assert.ok(await page.locator('.license-banner[role=alert]').isVisible());
  });
});
