// From an expired license to a service that works again, as people do it.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { credentials, file, launch, leads, open, signIn, told } from './browser.mjs';
import { Service } from './service.mjs';

let browser;
const faults = [];
before(async () => {
  browser = await launch();
});
after(() => browser.close());

describe('Polygent', () => {
  const terms =
    '--plan enterprise --feature workflows ' +
    '--limit users=5 --limit session_hosts=2 --limit deploy_hosts=2';
  let service;
  /** How many days the clock was moved. Two for each test: licenses are fresh for 30. */
  let days = 0;

  before(async () => {
    service = await Service.start('polygent');
    const first = await open(browser, service, { faults });
    await signIn(first, service);
    const token = await service.issueUntil(terms, 1);
    const headers = { 'content-type': 'application/jwt', origin: service.base };
    const answer = await first.request.post('/api/license', { data: token, headers });
    assert.equal(answer.status(), 200);
    await first.context().close();
  });
  after(() => service.stop());

  /** The license has ended; a new one for the day after. */
  async function renewal() {
    days += 2;
    service.moveTo(days);
    await service.inPhase('lapsed');
    return service.issueUntil(terms, 1);
  }

  /** The first page leads to what every renewal begins with. */
  async function expired(page, path = '/') {
    await page.goto(path);
    assert.equal(new URL(page.url()).pathname, '/license');
    assert.deepEqual(await told(page), { page: 'status', phase: 'lapsed' });
  }

  async function fillIn(page) {
    const { email, password } = credentials(service);
    await page.fill('#email', email);
    await page.fill('#password', password);
  }

  async function previewed(page) {
    assert.equal((await told(page)).page, 'preview');
    assert.ok(await page.locator('#confirm').isVisible());
  }

  async function works(page) {
    assert.equal((await told(page)).page, 'status');
    assert.match((await told(page)).phase, /active|expiring/);
    assert.ok(await page.locator('.done[role=status]').isVisible());
    const answer = await page.goto('/modules/workflows');
    assert.equal(answer.status(), 200);
    assert.equal((await told(page)).page, 'module');
  }

  test('is renewed without JavaScript by four clicks and a file', async () => {
    const token = await renewal();
    const page = await open(browser, service, { faults, javaScriptEnabled: false });
    let clicks = 0;
    const click = (name, role = 'button') => {
      clicks += 1;
      return leads(page, () => page.getByRole(role, { name, exact: true }).click());
    };
    await expired(page);
    assert.equal(await page.textContent('h1'), 'License expired');
    await click('Sign in', 'link');
    await fillIn(page);
    await click('Sign in');
    assert.equal(new URL(page.url()).pathname, '/license');
    await page.setInputFiles('#upload-file', file(token));
    await click('Review');
    await previewed(page);
    await click('Install this license');
    assert.ok(clicks <= 4, `${clicks} clicks`);
    await works(page);
    await page.context().close();
  });

  // Browsers say less of where a form comes from where nothing is encrypted.
  test('is renewed over plain HTTP by a name that is not this machine', async () => {
    const token = await renewal();
    const baseURL = `http://licenses.acme.internal:${new URL(service.base).port}`;
    const page = await open(browser, service, { faults, baseURL, javaScriptEnabled: false });
    const click = (name) => leads(page, () => page.getByRole('button', { name, exact: true }).click());
    await page.goto('/sign-in?next=/license');
    await fillIn(page);
    await click('Sign in');
    assert.equal(new URL(page.url()).pathname, '/license');
    await page.setInputFiles('#upload-file', file(token));
    await click('Review');
    await previewed(page);
    await click('Install this license');
    await works(page);
    await click('Sign out');
    assert.equal(new URL(page.url()).pathname, '/sign-in');
    await page.context().close();
  });

  test('is renewed by a file that is dropped on the page', async () => {
    const token = await renewal();
    const page = await open(browser, service, { faults });
    await expired(page);
    await page.goto('/sign-in?next=/license');
    await fillIn(page);
    await leads(page, () => page.press('#password', 'Enter'));
    const path = join(service.directory, 'dropped.jwt');
    writeFileSync(path, token);
    const devtools = await page.context().newCDPSession(page);
    const data = { items: [], files: [path], dragOperationsMask: 1 };
    const drag = (type) => devtools.send('Input.dispatchDragEvent', { type, x: 200, y: 200, data });
    await drag('dragEnter');
    await drag('dragOver');
    assert.ok(await page.locator('#upload.over').count(), 'the form shows that it takes the file');
    await leads(page, () => drag('drop'));
    await previewed(page);
    await leads(page, () => page.click('#confirm button[type=submit]'));
    await works(page);
    await page.context().close();
  });

  test('is renewed by a text that is pasted anywhere on the page', async () => {
    const token = await renewal();
    const permissions = ['clipboard-read', 'clipboard-write'];
    const page = await open(browser, service, { faults, permissions });
    await signIn(page, service);
    await expired(page);
    await page.evaluate((text) => navigator.clipboard.writeText(text), `${token}\n`);
    await leads(page, () => page.keyboard.press('ControlOrMeta+v'));
    await previewed(page);
    await leads(page, () => page.click('#confirm button[type=submit]'));
    await works(page);
    await page.context().close();
  });

  test('is renewed by the keyboard alone', async () => {
    const token = await renewal();
    const page = await open(browser, service, { faults });
    // Asked for early: it takes the browser a moment to leave the dialog to us.
    const chooser = new Promise((resolve) => {
      page.once('filechooser', resolve);
    });
    const press = (key) => page.keyboard.press(key);
    /** Goes on to an element, which then shows that it has the focus. */
    const go = async (selector) => {
      for (let steps = 0; steps < 40; steps += 1) {
        await press('Tab');
        const [there, seen] = await page.evaluate((it) => {
          const at = document.activeElement;
          return [at.matches(it), at.matches(':focus-visible')];
        }, selector);
        if (!there) continue;
        assert.ok(seen, `${selector} shows that it has the focus`);
        return;
      }
      assert.fail(`${selector} is not reached`);
    };
    await expired(page);
    await go('#ask a.primary');
    await leads(page, () => press('Enter'));
    const { email, password } = credentials(service);
    await go('#email');
    await page.keyboard.type(email);
    await press('Tab');
    await page.keyboard.type(password);
    await leads(page, () => press('Enter'));
    await go('#upload-file');
    await press('Enter');
    await (await chooser).setFiles(file(token));
    await go('#upload button[type=submit]');
    await leads(page, () => press('Enter'));
    await previewed(page);
    await go('#confirm button[type=submit]');
    await leads(page, () => press('Enter'));
    await works(page);
    await page.context().close();
  });

  for (const [how, path, options] of [
    ['whose browser asks for German', '/', { locale: 'de-DE' }],
    ['who chose German', '/?lang=de', { locale: 'fr-FR' }],
  ]) {
    test(`is renewed in German by somebody ${how}`, async () => {
      const token = await renewal();
      const page = await open(browser, service, { faults, ...options });
      const german = async (heading) => {
        assert.equal(await page.getAttribute('html', 'lang'), 'de');
        assert.equal(await page.textContent('h1'), heading);
      };
      const click = (name, role = 'button') =>
        leads(page, () => page.getByRole(role, { name, exact: true }).click());
      await expired(page, path);
      await german('Lizenz abgelaufen');
      await click('Anmelden', 'link');
      await german('Anmelden');
      await fillIn(page);
      await click('Anmelden');
      await german('Lizenz abgelaufen');
      await page.getByLabel('Lizenzdatei').setInputFiles(file(token));
      await click('Prüfen');
      await german('Neue Lizenz prüfen');
      await click('Diese Lizenz installieren');
      await german('Die Lizenz endet bald');
      assert.match(await page.textContent('.done'), /^Installiert: /);
      await page.context().close();
    });
  }
});

/** Renews by the pages; what then stands in the file. */
async function renew(service, page, token) {
  await page.goto('/license');
  await leads(page, () => page.getByRole('link', { name: 'Sign in', exact: true }).click());
  const { email, password } = credentials(service);
  if (email) await page.fill('#email', email);
  await page.fill('#password', password);
  await leads(page, () => page.getByRole('button', { name: 'Sign in', exact: true }).click());
  await page.setInputFiles('#upload-file', file(token));
  await leads(page, () => page.getByRole('button', { name: 'Review', exact: true }).click());
  const install = page.getByRole('button', { name: 'Install this license', exact: true });
  await leads(page, () => install.click());
  assert.match((await told(page)).phase, /active|expiring/);
  assert.ok(await page.locator('.done[role=status]').isVisible());
  return service.readLicense();
}

test('Align is renewed in the browser, and its license file is replaced', async (t) => {
  const service = await Service.start('align');
  t.after(() => service.stop());
  const terms = '--plan team --limit users=3 --limit decisions=100 --name connectors=slack';
  service.putLicense(await service.issueUntil(terms, 1));
  await service.inPhase('expiring');
  // Two weeks of grace are over as well.
  service.moveTo(16);
  await service.inPhase('lapsed');
  const page = await open(browser, service, { faults });
  const invite = async (email) => {
    const headers = { origin: service.base };
    const answer = await page.request.post('/api/users/invite', { data: { email }, headers });
    return answer.status();
  };
  const token = await service.issueUntil(terms, 365);
  await signIn(page, service);
  assert.equal(await invite('first@example.com'), 402, 'changes are refused');
  await page.context().clearCookies();
  assert.equal(await renew(service, page, token), token);
  assert.equal(await invite('first@example.com'), 201, 'changes are made again');
  await page.context().close();
});

test('Alexandria is renewed in the browser by whoever has an administrator’s token', async (t) => {
  const service = await Service.start('alexandria');
  t.after(() => service.stop());
  const terms = '--plan enterprise --feature scim --limit tenants=2';
  service.putLicense(await service.issueUntil(terms, 1));
  await service.inPhase('expiring');
  service.moveTo(9);
  await service.inPhase('lapsed');
  const page = await open(browser, service, { faults });
  const users = async () => (await page.request.get('/scim/v2/Users')).status();
  assert.equal(await users(), 402);
  const token = await service.issueUntil(terms, 365);
  assert.equal(await renew(service, page, token), token);
  assert.equal(await users(), 200);
  await page.context().close();
});

test('no page on the way does what its Content-Security-Policy forbids, or fails in its script', () => {
  assert.equal(faults.join('\n'), '');
});
