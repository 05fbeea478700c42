// Times the way from the key `r` in an open message to the cursor in the form, in a real Chromium.
// Run by `cargo xtask bench sending`, which starts the demo: node composer.mjs URL ADDRESS PASSWORD.
// Prints one JSON object, milliseconds.
import { chromium } from '@playwright/test';

const [url, address, password] = process.argv.slice(2);
const RUNS = 60;

/** In every page: notes when the key was pressed, and when a field of the form got the focus. */
function watchPage() {
  window.shown = null;
  addEventListener('keydown', (event) => {
    if (event.key !== 'r') return;
    const pressed = event.timeStamp;
    window.shown = null;
    addEventListener('focusin', function focused({ target }) {
      if (!target.matches('form.composer input, form.composer textarea')) return;
      removeEventListener('focusin', focused, true);
      const focus = performance.now() - pressed;
      requestAnimationFrame(() => setTimeout(() => (window.shown = { focus, painted: performance.now() - pressed })));
    }, true);
  }, true);
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
const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
await context.addInitScript(watchPage);
const page = await context.newPage();
await page.goto(`${url}/login`);
await page.locator('input[name=email]').first().fill(address);
await page.locator('input[name=password]').first().fill(password);
await page.locator('form.login-form button.btn-primary').click();
await page.waitForSelector('html.js', { state: 'attached' });
await page.locator('a.row-link').first().click();
await page.waitForSelector('.pane-main article h1');

const runs = [];
for (let nth = 0; nth < RUNS + 1; nth += 1) {
  // What the page does after it is shown is not part of the figure.
  await page.evaluate(() => new Promise((idle) => requestIdleCallback(idle)));
  await page.keyboard.press('r');
  const shown = await page.waitForFunction(() => window.shown);
  // The first one loads what the others have.
  if (nth > 0) runs.push(await shown.jsonValue());
  await page.locator('.dock [data-close]').click();
  await page.waitForSelector('.dock', { state: 'detached' });
}
await browser.close();
const part = (key, percent) => {
  const times = runs.map((run) => run[key]).sort((a, b) => a - b);
  return times[Math.ceil((RUNS * percent) / 100) - 1];
};
const figure = (key) => ({ median: part(key, 50), p95: part(key, 95) });
console.log(JSON.stringify({ runs: RUNS, focus: figure('focus'), painted: figure('painted') }));
