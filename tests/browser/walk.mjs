// Looks at pages as different people see them, and notes what is wrong.
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { load, told } from './browser.mjs';
import { ROOT, until } from './service.mjs';

const AXE = readFileSync(load.resolve('axe-core/axe.min.js'), 'utf8');
const RULES = {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
  // Off unless asked for, though it is part of WCAG 2.2 AA.
  rules: { 'target-size': { enabled: true } },
  resultTypes: ['violations'],
};
/** What a look can change that changes nothing but colours. */
const COLOURS = { runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] } };
const VIEWPORT = { width: 1180, height: 900 };
/** WCAG 1.4.10: 1280 px at 400 %. */
const NARROW = { width: 320, height: 640 };
const SAVED = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'browser-pages');

/** The ways in which a page is looked at, once it is there. */
const LOOKS = {
  light: { rules: RULES },
  dark: { rules: COLOURS, media: { colorScheme: 'dark' } },
  'forced colours': { rules: COLOURS, media: { forcedColors: 'active' } },
};

/** The pages that were seen in a product, and their faults. */
export class Walk {
  #faults = new Map();
  #files = new Set();

  constructor(name) {
    this.directory = join(SAVED, name);
    rmSync(this.directory, { recursive: true, force: true });
    mkdirSync(this.directory, { recursive: true });
  }

  /**
   * Looks at a page in every way, in the language of the browser and in Arabic.
   * `reach` gets there: it is told `?lang=ar` or nothing, and gives back what the
   * server answered. `expected` is its status and what its <main> says of itself.
   */
  async see(what, page, expected, reach) {
    await page.setViewportSize(VIEWPORT);
    await this.#arrive(what, page, expected, reach, '');
    for (const [look, { rules, media }] of Object.entries(LOOKS)) {
      if (media) await page.emulateMedia(media);
      await this.#check(what, look, page, rules);
      if (media) await page.emulateMedia({ colorScheme: 'light', forcedColors: 'none' });
    }
    await page.setViewportSize(NARROW);
    await this.#fits(what, '320 px', page);
    await this.#arrive(what, page, expected, reach, '?lang=ar');
    await this.#check(what, 'Arabic at 320 px', page, RULES);
    await this.#fits(what, 'Arabic at 320 px', page);
  }

  async #arrive(what, page, { status, ...main }, reach, query) {
    const response = await reach(query);
    const html = await response.text();
    const file = `${what}${query}`.replace(/[^a-z]+/gi, '-').toLowerCase();
    if (this.#files.has(file)) throw new Error(`two pages are called ${what}`);
    this.#files.add(file);
    writeFileSync(join(this.directory, `${file}.html`), html);
    const found = { status: response.status(), ...(await told(page)) };
    for (const [name, value] of Object.entries({ status, ...main })) {
      if (found[name] !== value) {
        throw new Error(
          `${what}${query} at ${page.url()}: ${name} is ${found[name]}, not ${value}`,
        );
      }
    }
    // The banner says by itself what there is to say.
    await until('the banner is there', () =>
      page.evaluate(() => {
        const banner = document.querySelector('license-banner');
        return !banner || banner.hidden || banner.shadowRoot?.querySelector('ul') != null;
      }),
    );
  }

  async #check(what, look, page, rules) {
    if (await page.evaluate(() => !window.axe)) await page.evaluate(AXE);
    const found = await page.evaluate(async (it) => {
      const { violations } = await window.axe.run(document, it);
      return violations.flatMap(({ id, nodes }) =>
        nodes.map(({ target, any, all, none }) => {
          const why = [...any, ...all, ...none].map(({ message }) => message).join(' ');
          return `${id} at ${target.join(' ')}: ${why}`;
        }),
      );
    }, rules);
    for (const fault of found) this.#note(what, look, fault);
  }

  async #fits(what, look, page) {
    const wide = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      if (scrollWidth <= clientWidth) return null;
      const out = [...document.querySelectorAll('body *')].filter((it) => {
        const { left, right } = it.getBoundingClientRect();
        return (right > clientWidth || left < 0) && !it.closest('.scroll, .skip');
      });
      const tags = out
        .slice(0, 3)
        .map((it) => it.outerHTML.slice(0, 80))
        .join(' | ');
      return `scrolls sideways, ${scrollWidth} px: ${tags}`;
    });
    if (wide) this.#note(what, look, wide);
  }

  #note(what, look, fault) {
    const key = `${what}: ${fault}`;
    this.#faults.set(key, [...(this.#faults.get(key) ?? []), look]);
  }

  /** What was noted since the last time, a line each. */
  noted() {
    const lines = [...this.#faults].map(([fault, looks]) => `${fault} (${looks.join(', ')})`);
    this.#faults.clear();
    return lines.join('\n');
  }
}

/** What the validator says of the pages of these walks. */
export async function invalid(walks) {
  const jar = join(load.resolve('vnu-jar/package.json'), '../build/dist/vnu.jar');
  const directories = walks.map((it) => it.directory);
  const options = ['--errors-only', '--exit-zero-always', '--skip-non-html', '--format', 'json'];
  // It starts, reads and ends: optimising takes longer than that.
  const java = ['-Xss8m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-jar', jar];
  const run = promisify(execFile);
  const { stderr } = await run('java', [...java, ...options, ...directories], {
    maxBuffer: 1 << 26,
  });
  const { messages } = JSON.parse(stderr);
  const lines = messages.map(
    ({ url, lastLine, message, extract }) =>
      `${url.replace(/.*browser-pages\//, '')}:${lastLine}: ${message} ${extract ?? ''}`,
  );
  return lines.join('\n');
}
