// What the upload form says of what is no license.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { file, launch, leads, open, review, signIn, told } from './browser.mjs';
import { Service } from './service.mjs';

const TERMS = '--plan enterprise --feature workflows --limit users=5';
let browser;
let service;
let page;

before(async () => {
  browser = await launch();
  service = await Service.start('polygent');
  page = await open(browser, service);
  await signIn(page, service);
});
after(async () => {
  await browser.close();
  await service.stop();
});

const send = () => leads(page, () => page.click('#upload button[type=submit]'));

/** The page says why, and the form is there to be sent again. */
async function refused(response, status, code) {
  assert.equal(response.status(), status);
  assert.deepEqual(await told(page), { page: 'upload' });
  const alert = page.locator('[role=alert]');
  assert.equal(await alert.count(), 1);
  assert.equal(await alert.getAttribute('data-code'), code);
  assert.ok(await alert.isVisible());
  assert.ok((await page.textContent('main')).includes(code), 'the code can be read');
  for (const field of ['#upload-file', '#upload-text']) {
    assert.equal(await page.getAttribute(field, 'aria-invalid'), 'true');
    const described = await page.getAttribute(field, 'aria-describedby');
    assert.ok(
      await page.locator(`#${described} [role=alert]`).count(),
      'the field leads to the reason',
    );
  }
  // The same form takes the right license.
  const token = await service.issue(TERMS, '--days 365');
  await page.fill('#upload-text', token);
  await page.setInputFiles('#upload-file', []);
  assert.equal((await send()).status(), 200);
  assert.deepEqual(await told(page), { page: 'preview' });
}

for (const javaScriptEnabled of [true, false]) {
  const where = javaScriptEnabled ? '' : ', without JavaScript too';

  test(`a file that is no license is refused${where}`, async (t) => {
    if (!javaScriptEnabled) await withoutScript(t);
    await page.goto('/license');
    const picture = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
    await page.setInputFiles('#upload-file', {
      name: 'holiday.png',
      mimeType: 'image/png',
      buffer: picture,
    });
    await refused(await send(), 400, 'token_malformed');
  });

  test(`an empty form is refused${where}`, async (t) => {
    if (!javaScriptEnabled) await withoutScript(t);
    await page.goto('/license');
    await refused(await send(), 400, 'token_malformed');
  });
}

/** Another window for one test, in which no script runs. */
async function withoutScript(t) {
  const scripted = page;
  page = await open(browser, service, { javaScriptEnabled: false });
  t.after(async () => {
    await page.context().close();
    page = scripted;
  });
  await signIn(page, service);
}

test('a file and a text at once are refused', async () => {
  const token = await service.issue(TERMS, '--days 365');
  await page.goto('/license');
  await page.setInputFiles('#upload-file', file(token));
  await page.fill('#upload-text', token);
  await refused(await send(), 400, 'token_malformed');
});

test('a file of 20 MiB is refused, and the browser is told', async () => {
  await page.goto('/license');
  const large = join(service.directory, 'large.bin');
  writeFileSync(large, Buffer.alloc(20 << 20, 'a'));
  await page.setInputFiles('#upload-file', large);
  await refused(await send(), 413, 'token_too_large');
});

test('a license with a letter changed is refused', async () => {
  const token = await service.issue(TERMS, '--days 365');
  const [head, payload, signature] = token.split('.');
  const other = signature.startsWith('A') ? 'B' : 'A';
  await page.goto('/license');
  const response = await review(page, `${head}.${payload}.${other}${signature.slice(1)}`);
  assert.ok(
    (await page.inputValue('#upload-text')).startsWith(head),
    'what was pasted is still there',
  );
  await refused(response, 422, 'signature_invalid');
});

test('a license with line breaks, as from an e-mail, is previewed', async () => {
  const token = await service.issue(TERMS, '--days 365');
  await page.goto('/license');
  const response = await review(page, `\n${token.replace(/.{72}/g, '$&\n')}\n\n`);
  assert.equal(response.status(), 200);
  assert.deepEqual(await told(page), { page: 'preview' });
  await leads(page, () => page.click('#confirm button[type=submit]'));
  assert.deepEqual(await told(page), { page: 'status', phase: 'active' });
});

test('a license that would lock out the host in use is refused, and installed when that is asked for', async () => {
  const token = await service.issue(`${TERMS} --domain *.acme.internal`, '--days 365');
  await page.goto('/license');
  const response = await review(page, token);
  assert.equal(response.status(), 422);
  assert.equal(await page.getAttribute('[role=alert]', 'data-code'), 'domain_mismatch');
  await page.check('#upload-force');
  assert.equal((await send()).status(), 200);
  assert.deepEqual(await told(page), { page: 'preview' });
  assert.ok(await page.locator('#warnings [data-code=locks_out_host]').isVisible());
  await leads(page, () => page.click('#confirm a.button'));
  assert.deepEqual(await told(page), { page: 'status', phase: 'active' });
});

test('a confirmation that was changed on its way installs nothing', async () => {
  const [token, other] = [
    await service.issue(TERMS, '--days 365'),
    await service.issue(TERMS, '--days 3650'),
  ];
  await page.goto('/license');
  await review(page, token);
  await page.evaluate((it) => {
    document.querySelector('#confirm [name=token]').value = it;
  }, other);
  const response = await leads(page, () => page.click('#confirm button[type=submit]'));
  await refused(response, 409, 'not_previewed');
});
