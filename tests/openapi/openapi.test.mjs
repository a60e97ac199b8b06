// The documents of the examples: valid by two validators, and true. schemathesis asks
// every operation in three states of the license, by what the document says and by what
// it does not; no answer may have a status, a media type or a form that is not in it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';

import { EMAIL, PASSWORD, Service } from '../browser/service.mjs';

const packages = createRequire(join(process.env.LICENSE_TEST_BROWSER, 'package.json'));
const { Validator } = packages('@seriousme/openapi-schema-validator');
const PYTHON = process.env.LICENSE_TEST_PYTHON;
const EXAMPLES = process.env.OPENAPI_EXAMPLES ?? '5';

const CONFIGURATION = `
[checks.not_a_server_error]
expected-statuses = ["2xx", "4xx", 503]
`;
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
].join(',');

// It would end the session by which everything else is asked.
const SIGN_OUT = '/api/auth/sign-out';
// Asked last: after so many wrong passwords nobody signs in for a minute.
const SIGN_IN = '/api/auth/sign-in';

const run = promisify(execFile);

async function credential(service) {
  if (service.name === 'alexandria') return service.adminToken();
  const answer = await fetch(`${service.base}/api/auth/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: EMAIL, password: PASSWORD }),
  });
  assert.equal(answer.status, 200);
  return (await answer.json()).token;
}

async function document(service) {
  const answer = await fetch(`${service.base}/api/openapi.json`);
  assert.equal(answer.status, 200);
  return answer.json();
}

async function isValid(service) {
  const specification = await document(service);
  const { valid, errors } = await new Validator().validate(structuredClone(specification));
  assert.ok(valid, JSON.stringify(errors, undefined, 2));
  const file = join(service.directory, 'openapi.json');
  writeFileSync(file, JSON.stringify(specification));
  await run(PYTHON, ['-m', 'openapi_spec_validator', file]);
}

/** Asks every operation, and fails with what schemathesis found. */
async function isTrue(service, state) {
  const configuration = join(service.directory, 'schemathesis.toml');
  writeFileSync(configuration, CONFIGURATION);
  const excluded = state === 'lapsed' ? [SIGN_OUT] : [SIGN_OUT, SIGN_IN];
  const asked = run(
    PYTHON,
    [
      '-m', 'schemathesis.cli',
      '--config-file', configuration,
      'run', `${service.base}/api/openapi.json`,
      '--header', `Authorization: Bearer ${await credential(service)}`,
      '--phases', 'coverage,fuzzing',
      '--max-examples', EXAMPLES,
      '--seed', '1',
      '--generation-database', 'none',
      '--checks', CHECKS,
      '--continue-on-failure',
      '--warnings', 'off',
      '--no-color',
      ...excluded.flatMap((path) => ['--exclude-path', path]),
    ],
    { cwd: service.directory, maxBuffer: 1 << 26 },
  );
  const found = await asked.catch((error) => {
    throw new Error(`${service.name}, ${state}:\n${error.stdout}\n${error.stderr}`);
  });
  const [, cases] = /(\d+) generated, \1 passed/.exec(found.stdout) ?? [];
  assert.ok(Number(cases) > 100, found.stdout);
  return Number(cases);
}

/** Puts a license in force, in the product's own way. */
async function license(service, terms) {
  const token = await service.issue(`${terms} --days 365`);
  if (service.name !== 'polygent') {
    service.putLicense(token);
    return service.inPhase('active');
  }
  const answer = await fetch(`${service.base}/api/license`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await credential(service)}`,
      'content-type': 'application/jwt',
    },
    body: token,
  });
  assert.equal(answer.status, 200, await answer.text());
}

const PRODUCTS = {
  polygent: '--plan enterprise --feature workflows --limit users=3 --limit session_hosts=2',
  align: '--plan team --limit users=3 --limit decisions=5 --name connectors=slack',
  alexandria: '--plan enterprise --feature scim --feature multi_tenant --limit tenants=2',
};

describe('the document is valid, and every answer is in it', { concurrency: 2 }, () => {
  for (const [name, terms] of Object.entries(PRODUCTS)) {
    test(name, async (context) => {
      const service = await Service.start(name);
      context.after(() => service.stop());
      await isValid(service);
      for (const state of ['unlicensed', 'active', 'lapsed']) {
        if (state === 'active') await license(service, terms);
        if (state === 'lapsed') {
          service.moveTo(400);
          await service.inPhase('lapsed');
        }
        context.diagnostic(`${state}: ${await isTrue(service, state)} requests`);
      }
    });
  }
});
