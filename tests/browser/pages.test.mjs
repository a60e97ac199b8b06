// Every page in every phase, as it looks and as it is written.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { credentials, install, launch, leads, open, review, signIn } from './browser.mjs';
import { Service } from './service.mjs';
import { Walk, invalid } from './walk.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

// What a page is: its status, and what its <main> says of itself.
const status = (phase) => ({ status: 200, page: 'status', phase });
const denied = (code, name) => ({ status: code, page: 'denied', code: name });
const upload = (code) => ({ status: code, page: 'upload' });
const PREVIEW = { status: 200, page: 'preview' };
const HOME = { status: 200, page: 'home' };
const SIGN_IN = { status: 200, page: 'sign-in' };

const walks = [];
const reported = [];

/** A service with a window of an administrator and one of anybody. */
async function begin(name) {
  const service = await Service.start(name);
  const walk = new Walk(name);
  walks.push(walk);
  // German has the longest words, and administrators have the longest pages.
  const admin = await open(browser, service, { faults: reported, locale: 'de-DE' });
  const anybody = await open(browser, service, { faults: reported });
  await signIn(admin, service);
  const who = (page) => (page === admin ? 'an administrator' : 'anybody');
  const see = (what, page, expected, reach) =>
    walk.see(`${what} of ${who(page)}`, page, expected, reach);
  /** What is at an address. */
  const at = (what, page, path, expected) =>
    see(what, page, expected, (query) =>
      page.goto(path + (path.includes('?') ? query.replace('?', '&') : query)),
    );
  /** What comes of a license that is sent by the form. */
  const sent = (what, token, expected) =>
    see(what, admin, expected, async (query) => {
      await admin.goto(`/license${query}`);
      return review(admin, token);
    });
  const noFaults = () => assert.equal(walk.noted(), '');
  return { service, admin, anybody, see, at, sent, noFaults };
}

describe('each page meets WCAG 2.2 AA and fits 320 px', { concurrency: true }, () => {
  describe('of Polygent', { concurrency: 1 }, () => {
    const limits = (most) =>
      `--limit users=${most} --limit session_hosts=${most} --limit deploy_hosts=${most}`;
    const small = `--plan enterprise --feature workflows ${limits(1)}`;
    const large =
      '--plan enterprise --feature workflows --feature insights ' +
      `--feature multiple-active-sessions ${limits(5)}`;
    let way;
    before(async () => {
      way = await begin('polygent');
    });
    after(() => way.service.stop());

    test('without a license', async () => {
      const { admin, anybody, at, see, sent, noFaults, service } = way;
      const unlicensed = status('unlicensed');
      await at('unlicensed status', anybody, '/license', unlicensed);
      await at('unlicensed status', admin, '/license', unlicensed);
      await at('empty history', admin, '/license/history', { status: 200, page: 'history' });
      await at('history', anybody, '/license/history', denied(401, 'unauthenticated'));
      await at('sign-in', anybody, '/sign-in?next=/license', SIGN_IN);
      await see('wrong password', anybody, { ...SIGN_IN, status: 401 }, async (query) => {
        await anybody.goto(`/sign-in${query}`);
        await anybody.fill('#email', credentials(service).email);
        await anybody.fill('#password', 'wrong');
        return leads(anybody, () => anybody.press('#password', 'Enter'));
      });
      const refused = denied(503, 'license_missing');
      await at('refused service', anybody, '/api/workflows', refused);
      await at('refused service', admin, '/api/workflows', refused);
      await sent('empty upload', '', upload(400));
      await sent('preview of the first license', await service.issueUntil(large, 90), PREVIEW);
      noFaults();
    });

    test('with a license', async () => {
      const { admin, anybody, at, see, sent, noFaults, service } = way;
      const active = status('active');
      const token = await service.issueUntil(large, 90);
      await see('what was installed', admin, active, (query) => install(admin, token, query));
      await at('active status', admin, '/license', active);
      await at('active status', anybody, '/license', active);
      await at('home', admin, '/', HOME);
      await at('home', anybody, '/', HOME);
      await at('module', admin, '/modules/workflows', { status: 200, page: 'module' });
      await at('denied feature', admin, '/modules/planner', denied(403, 'feature_not_licensed'));
      await at('devices', admin, '/profile/devices', { status: 200, page: 'devices' });
      await at('history', admin, '/license/history', { status: 200, page: 'history' });
      await sent('preview of less', await service.issueUntil(small, 20), PREVIEW);
      const bound = await service.issueUntil(`${large} --domain *.acme.internal`, 90);
      await sent('license for another host', bound, upload(422));
      await see('preview of a license for another host', admin, PREVIEW, async (query) => {
        await admin.goto(`/license${query}`);
        await review(admin, bound);
        await admin.check('#upload-force');
        return leads(admin, () => admin.click('#upload button[type=submit]'));
      });
      noFaults();
    });

    test('when the license ends soon', async () => {
      const { admin, anybody, at, noFaults, service } = way;
      await install(admin, await service.issueUntil(small, 2));
      await at('expiring status', admin, '/license', status('expiring'));
      await at('expiring status', anybody, '/license', status('expiring'));
      await at('home with a banner', admin, '/', HOME);
      noFaults();
    });

    test('when the license has ended', async () => {
      const { admin, anybody, at, sent, noFaults, service } = way;
      const ended = await service.issueUntil(small, 2);
      service.moveTo(3);
      await service.inPhase('lapsed');
      await at('lapsed status', anybody, '/license', status('lapsed'));
      await at('lapsed status', admin, '/license', status('lapsed'));
      const refused = denied(503, 'license_expired');
      await at('refused lapsed service', anybody, '/api/workflows', refused);
      await at('refused lapsed service', admin, '/api/workflows', refused);
      await at('lapsed sign-in', anybody, '/sign-in', SIGN_IN);
      await sent('license that has ended', ended, upload(422));
      await sent('preview of a renewal', await service.issueUntil(large, 365), PREVIEW);
      noFaults();
    });

    test('with a license that waits', async () => {
      const { admin, at, sent, noFaults, service } = way;
      await install(admin, await service.issueUntil(large, 60));
      const from = service.at(80).toISOString();
      const next = await service.issueUntil(`${small} --not-before ${from}`, 400);
      await sent('preview of a license that waits', next, PREVIEW);
      await install(admin, next);
      await at('status with a license that waits', admin, '/license', status('active'));
      noFaults();
    });
  });

  describe('of Align', { concurrency: 1 }, () => {
    const terms = '--plan team --limit users=1 --limit decisions=1 --name connectors=slack,github';
    let way;
    before(async () => {
      way = await begin('align');
    });
    after(() => way.service.stop());

    test('without a license', async () => {
      const { admin, anybody, at, noFaults } = way;
      await at('unlicensed status', anybody, '/license', status('unlicensed'));
      await at('unlicensed status', admin, '/license', status('unlicensed'));
      await at('sign-in', anybody, '/sign-in', SIGN_IN);
      noFaults();
    });

    test('with a license that ends soon', async () => {
      const { admin, anybody, at, noFaults, service } = way;
      service.putLicense(await service.issueUntil(terms, 1));
      await service.inPhase('expiring');
      await admin.request.post('/api/decisions', {
        data: { title: 'One' },
        headers: { origin: service.base },
      });
      await at('expiring status', admin, '/license', status('expiring'));
      await at('expiring home', admin, '/', HOME);
      await at('expiring home', anybody, '/', HOME);
      await at('denied feature', admin, '/api/branding', denied(403, 'feature_not_licensed'));
      noFaults();
    });

    test('in grace', async () => {
      const { admin, anybody, at, noFaults, service } = way;
      service.moveTo(2);
      await service.inPhase('grace');
      await at('grace status', anybody, '/license', status('grace'));
      await at('grace status', admin, '/license', status('grace'));
      await at('home in grace', admin, '/', HOME);
      noFaults();
    });

    test('when grace is over', async () => {
      const { admin, anybody, at, sent, noFaults, service } = way;
      service.moveTo(16);
      await service.inPhase('lapsed');
      await signIn(admin, service);
      await at('lapsed status', anybody, '/license', status('lapsed'));
      await at('lapsed status', admin, '/license', status('lapsed'));
      await at('lapsed home', admin, '/', HOME);
      await at('lapsed home', anybody, '/', HOME);
      await sent('preview of a renewal', await service.issueUntil(terms, 365), PREVIEW);
      noFaults();
    });
  });

  describe('of Alexandria', { concurrency: 1 }, () => {
    const terms = '--plan enterprise --feature scim --feature audit_export --limit tenants=2';
    let way;
    before(async () => {
      way = await begin('alexandria');
    });
    after(() => way.service.stop());

    test('without a license', async () => {
      const { admin, anybody, at, see, noFaults } = way;
      await at('unlicensed status', anybody, '/license', status('unlicensed'));
      await at('unlicensed status', admin, '/license', status('unlicensed'));
      await at('unlicensed home', anybody, '/', HOME);
      await at('sign-in by token', anybody, '/sign-in', SIGN_IN);
      await see('wrong token', anybody, { ...SIGN_IN, status: 401 }, async (query) => {
        await anybody.goto(`/sign-in${query}`);
        await anybody.fill('#password', 'wrong');
        return leads(anybody, () => anybody.press('#password', 'Enter'));
      });
      await at('unlicensed feature', anybody, '/scim/v2/Users', denied(402, 'license_missing'));
      noFaults();
    });

    test('with a license', async () => {
      const { admin, at, sent, noFaults, service } = way;
      const token = await service.issueUntil(terms, 10);
      await sent('preview of the first license', token, PREVIEW);
      await install(admin, token);
      await at('active status', admin, '/license', status('active'));
      await at('denied feature', admin, '/vault/status', denied(403, 'feature_not_licensed'));
      noFaults();
    });

    test('when grace is over', async () => {
      const { admin, anybody, at, noFaults, service } = way;
      service.moveTo(18);
      await service.inPhase('lapsed');
      await at('lapsed status', admin, '/license', status('lapsed'));
      await at('lapsed feature', anybody, '/scim/v2/Users', denied(402, 'feature_lapsed'));
      await at('lapsed home', admin, '/', HOME);
      noFaults();
    });
  });
});

test('no page does what its Content-Security-Policy forbids, or fails in its script', () => {
  assert.equal(reported.join('\n'), '');
});

test('every page is valid HTML', async () => {
  assert.equal(await invalid(walks), '');
});
