// Times what a person waits for in a real Chromium. Run by `cargo xtask bench`, which starts the
// product: node steps.mjs URL ADDRESS PASSWORD. Prints one JSON object, milliseconds by step.
//
// A step ends with the frame after what was wanted can be seen.
import { chromium } from '@playwright/test';

const [url, address, password] = process.argv.slice(2);
const RUNS = 5;

/** In every page: notes when the login form and the list can first be seen. */
function watchPage() {
  window.seenAt = {};
  const wanted = {
    anything: 'body',
    login: 'input[name=password]',
    list: 'a.row-link',
  };
  const look = () => {
    for (const [name, selector] of Object.entries(wanted)) {
      if (!(name in window.seenAt) && document.querySelector(selector)?.checkVisibility()) {
        window.seenAt[name] = null;
        requestAnimationFrame(() => (window.seenAt[name] = performance.timeOrigin + performance.now()));
      }
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  addEventListener('submit', () => {
    sessionStorage.setItem('submitted', String(performance.timeOrigin + performance.now()));
  });
  /** Does something and returns the time until `isThere` holds, and one more frame. */
  window.timed = (act, isThere) =>
    new Promise((resolve) => {
      const began = performance.now();
      act();
      const check = () =>
        isThere()
          ? requestAnimationFrame(() => resolve(performance.now() - began))
          : requestAnimationFrame(check);
      requestAnimationFrame(check);
    });
  /** Whether the list shows rows of messages at its top, middle and bottom. */
  window.hasRows = () => {
    const box = document.querySelector('.list-scroll').getBoundingClientRect();
    return [0.1, 0.5, 0.9].every((part) =>
      document.elementFromPoint(box.left + 80, box.top + box.height * part)?.closest('.row[data-id]'),
    );
  };
}

async function seen(page, what) {
  const at = await page.waitForFunction((what) => window.seenAt?.[what], what);
  return at.jsonValue();
}

async function oneRun(browser, nth) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  await context.addInitScript(watchPage);
  const page = await context.newPage();
  const times = {};

  let began = Date.now();
  await page.goto(`${url}/healthz`);
  times['an empty page'] = (await seen(page, 'anything')) - began;

  began = Date.now();
  await page.goto(`${url}/login`);
  times['cold login page'] = (await seen(page, 'login')) - began;

  await page.locator('input[name=email]').first().fill(address);
  await page.locator('input[name=password]').first().fill(password);
  await page.locator('form.login-form button.btn-primary').click({ noWaitAfter: true });
  const listed = await seen(page, 'list');
  times['sign in → list'] = listed - (await page.evaluate(() => Number(sessionStorage.getItem('submitted'))));
  await page.waitForSelector('html.js', { state: 'attached' });

  began = Date.now();
  await page.reload({ waitUntil: 'commit' });
  times['warm reload → list'] = (await seen(page, 'list')) - began;
  await page.waitForSelector('html.js', { state: 'attached' });

  /** Opens a message from the list, with HTML in its frame or with a text. */
  const open = (subject, text) =>
    page.evaluate(
      ([subject, text]) => {
        const find = () => {
          const article = document.querySelector('.pane-main article');
          if (!article?.querySelector('h1')?.innerText.includes(subject)) return false;
          const frame = article.querySelector('iframe.html-frame');
          const shown = frame ? frame.contentDocument?.body : article;
          return shown?.innerText.includes(text);
        };
        const rows = [...document.querySelectorAll('a.row-link')];
        return window.timed(() => rows.find((row) => row.innerText.includes(subject)).click(), find);
      },
      [subject, text],
    );
  /** Waits until the message of a subject, beside the open one, is fetched. */
  const fetched = async (subject) => {
    const isIt = async (response) =>
      response.url().endsWith('/api/message_open') && (await response.text()).includes(`"${subject}"`);
    await page.waitForResponse(isIt);
  };
  let ahead = fetched('The winter sale');
  times['open newsletter 100 KB'] = await open('The summer sale', 'Offer 130');
  await ahead;
  times['open newsletter 100 KB, prefetched'] = await open('The winter sale', 'Offer 130');
  ahead = fetched('Another plan');
  times['open plain 10 KB'] = await open('The plan', 'about the plan');
  await ahead;
  times['open plain 10 KB, prefetched'] = await open('Another plan', 'about the plan');
  times['next 50'] = await page.evaluate(() =>
    window.timed(() => {
      const row = document.querySelector('.row-item').getBoundingClientRect().height;
      document.querySelector('.list-scroll').scrollTop = 50 * row;
    }, window.hasRows),
  );
  times['jump to the middle'] = await page.evaluate(() =>
    window.timed(() => {
      const box = document.querySelector('.list-scroll');
      box.scrollTop = box.scrollHeight / 2;
    }, window.hasRows),
  );
  times['compose opens'] = await page.evaluate(() =>
    window.timed(
      () => document.querySelector('.nav-top a[aria-keyshortcuts=c]').click(),
      () => document.querySelector('.composer [name=subject]')?.checkVisibility(),
    ),
  );
  const subject = `Figures, run ${nth} of ${process.pid}`;
  const form = page.locator('form.composer');
  await form.getByLabel('To', { exact: true }).fill(address);
  await form.locator('[name=subject]').fill(subject);
  await form.locator('textarea').fill('Measured.');
  times['send → handed over'] = await page.evaluate(() =>
    window.timed(
      () => document.querySelector('form.composer button.btn-primary').click(),
      () => document.querySelector('.snack')?.innerText.includes('took the message'),
    ),
  );
  await context.close();
  return times;
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: [
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  ],
});
const runs = [];
for (let nth = 0; nth < RUNS; nth += 1) runs.push(await oneRun(browser, nth));
await browser.close();
const medians = Object.keys(runs[0]).map((step) => {
  const times = runs.map((run) => run[step]).sort((a, b) => a - b);
  return [step, times[Math.floor(RUNS / 2)]];
});
console.log(JSON.stringify(Object.fromEntries(medians)));
