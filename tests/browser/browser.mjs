// A browser, and what people do with the pages.
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { EMAIL, PASSWORD, ROOT } from './service.mjs';

// scripts/check-pages installs the packages below the target directory, where
// no import would find them.
const MODULES = process.env.LICENSE_TEST_BROWSER ?? join(ROOT, 'target/browser');
const load = createRequire(join(MODULES, 'package.json'));
const { chromium } = load('playwright-core');

export { load };

/** Starts Chromium. It asks nobody for anything but the pages. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      // Root, as in a container, has no sandbox; the pages are ours.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // A name as it is in a company's own network, where nothing is encrypted.
      '--host-resolver-rules=MAP *.acme.internal 127.0.0.1',
    ],
  });
}

/**
 * A window of its own on a service, where nobody is signed in. What goes wrong in
 * its pages beside their subject is put into `faults`.
 */
export async function open(browser, service, { faults = [], ...options } = {}) {
  const context = await browser.newContext({ baseURL: service.base, ...options });
  context.setDefaultTimeout(30_000);
  if (options.javaScriptEnabled !== false) {
    await context.exposeBinding('cspReport', ({ page }, report) => {
      faults.push(`${page.url()}: ${report}`);
    });
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        window.cspReport(`${event.effectiveDirective} blocks ${event.blockedURI} ${event.sample}`);
      });
    });
  }
  context.on('console', (message) => {
    const text = message.text();
    // The status of a page that was refused is its subject.
    if (message.type() === 'error' && !text.startsWith('Failed to load resource')) {
      faults.push(`${message.page().url()}: ${text}`);
    }
  });
  context.on('weberror', (error) => faults.push(String(error.error())));
  return context.newPage();
}

/** What is typed to sign in at a service. */
export const credentials = (service) =>
  service.name === 'alexandria'
    ? { email: '', password: service.adminToken() }
    : { email: EMAIL, password: PASSWORD };

/** Signs in without the page of it. */
export async function signIn(page, service) {
  const form = { ...credentials(service), next: '/license' };
  const origin = service.base;
  const headers = { origin };
  const answer = await page.request.post('/sign-in', { form, headers, maxRedirects: 0 });
  if (answer.status() !== 303) throw new Error(`nobody is signed in: ${answer.status()}`);
}

/** Does something that leads to another page; what the server answered there. */
export async function leads(page, act) {
  const [response] = await Promise.all([page.waitForNavigation(), act()]);
  return response;
}

/** Sends the text of a license by the form of the page; the answer to it. */
export async function review(page, token) {
  await page.fill('#upload-text', token);
  return leads(page, () => page.click('#upload button[type=submit]'));
}

/** Installs a license by the pages. */
export async function install(page, token, query = '') {
  await page.goto(`/license${query}`);
  await review(page, token);
  if ((await page.locator('#confirm').count()) === 0) {
    throw new Error(`not accepted: ${await page.textContent('main')}`);
  }
  return leads(page, () => page.click('#confirm button[type=submit]'));
}

/** What a license is to be called on disk, and what is in it. */
export const file = (token) => ({
  name: 'license.jwt',
  mimeType: 'application/jwt',
  buffer: Buffer.from(`${token}\n`),
});

/** `data-page` and `data-phase` or `data-code` of the page. */
export const told = (page) => page.evaluate(() => ({ ...document.querySelector('main').dataset }));
