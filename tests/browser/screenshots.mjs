// Makes the pictures of the README: scripts/screenshots.
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { install, launch, open, review, signIn } from './browser.mjs';
import { ROOT, Service, until } from './service.mjs';

const WIDTH = 1000;
/** Less than there is between two boxes. */
const MARGIN = 14;
const MOST_BYTES = 200 * 1024;
const images = join(ROOT, 'docs/images');
mkdirSync(images, { recursive: true });

const NOW =
  '--id lic_2026_17 --plan enterprise --feature workflows --feature automations ' +
  '--feature planner --feature round-table --feature insights --feature deployments ' +
  '--feature code-review --feature sso-saml ' +
  '--limit users=5 --limit session_hosts=4 --limit deploy_hosts=unlimited';
const NEXT =
  '--id lic_2026_18 --plan enterprise --feature workflows --feature automations ' +
  '--feature planner --feature round-table --feature insights --feature deployments ' +
  '--feature bots --feature memory ' +
  '--limit users=3 --limit session_hosts=10 --limit deploy_hosts=unlimited';

const browser = await launch();
const service = await Service.start('polygent');
try {
  const options = { viewport: { width: WIDTH, height: 700 }, locale: 'en-GB', timezoneId: 'UTC' };
  const page = await open(browser, service, options);
  await signIn(page, service);
  await install(page, await service.issue(NOW, '--days 120'));

  const origin = service.base;
  for (const name of ['ana', 'bo', 'chi']) {
    const data = { email: `${name}@example.com`, password: 'secret-secret', role: 'user' };
    await page.request.post('/api/users', { data, headers: { origin } });
  }
  // A host that is connected takes one of the session hosts.
  const hosts = await (await browser.newContext()).newPage();
  await hosts.evaluate((base) => {
    window.sockets = ['host-1', 'host-2'].map(
      (host) => new WebSocket(`${base.replace('http', 'ws')}/agents/session?host=${host}`),
    );
  }, service.base);
  await until('the hosts are connected', () =>
    hosts.evaluate(() => window.sockets.every((it) => it.readyState === WebSocket.OPEN)),
  );

  await picture('status', async () => {
    await page.goto('/license');
    return '#timeline';
  });
  await picture('preview', async () => {
    await page.goto('/license');
    await review(page, await service.issue(NEXT, '--days 365'));
    return '#limits';
  });

  /** The page from its top to the end of this element. */
  async function picture(name, show) {
    const last = await show();
    const { y, height } = await page.locator(last).boundingBox();
    const path = join(images, `${name}.png`);
    const clip = { x: 0, y: 0, width: WIDTH, height: Math.ceil(y + height) + MARGIN };
    await page.screenshot({ path, clip, fullPage: true });
    const bytes = statSync(path).size;
    if (bytes > MOST_BYTES) throw new Error(`${path} has ${bytes} bytes, more than ${MOST_BYTES}`);
    console.log(`${path}: ${clip.width} × ${clip.height}, ${bytes} bytes`);
  }
} finally {
  await browser.close();
  await service.stop();
}
