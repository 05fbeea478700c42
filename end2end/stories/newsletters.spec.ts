// Newsletters and replies keep what a reader sees: words, links, tables, images, their styles.
import { deliver } from '../support/cleaned.ts';
import { clean } from '../support/hostile/cleaner.ts';
import { factsOf } from '../support/newsletters/facts.ts';
import { samples } from '../support/newsletters/samples.ts';
import { expect, test } from '../support/story.ts';

/** The margin of `body` in browsers, for the element that stands for it. */
const DEFAULTS = '<style>body{margin:0}article{margin:8px}</style>';

const PIXEL = 'R0lGODlhAQABAAAAACwAAAAAAQABAAA=';

test('newsletters and replies look as they were sent', { tag: ['@script', '@desktop'] }, async ({ page }) => {
  test.setTimeout(120_000);
  // The command knows no parts: their images are in the addresses.
  const all = samples().map(({ name, html }) => ({ name, html: html.replace(/cid:[^"]*/g, `data:image/gif;base64,${PIXEL}`) }));
  expect(all.length).toBeGreaterThanOrEqual(40);
  const cleaned = await clean(all.map(({ html }) => Buffer.from(html)), '--images');
  await page.setViewportSize({ width: 1000, height: 900 });
  await page.route('**/*', (route) => route.fulfill({ contentType: 'image/gif', body: Buffer.from(PIXEL, 'base64') }));
  const show = async (html: string) => {
    await page.setContent(html, { waitUntil: 'load' });
    // What an answer quotes is folded.
    for (const fold of await page.locator('summary').all()) await fold.click();
    return page.evaluate(factsOf);
  };
  for (const [index, { name, html }] of all.entries()) {
    // Restante shows every message in standards mode.
    const sent = await show(/^<!doctype/i.test(html) ? html : `<!doctype html>${html}`);
    const shown = await show(`<!doctype html><meta charset=utf-8>${DEFAULTS}<body>${cleaned[index]}`);
    expect(sent.texts.length, name).toBeGreaterThan(2);
    expect.soft(shown, name).toEqual(sent);
  }
});

/** The messages of the pictures, which are in `RESTANTE_PICTURES` or among the results of the test. */
const PICTURED = ['attributes-en', 'columns-en', 'hero-en', 'invoice-ar', 'outlook-en', 'receipt-en', 'security-en', 'shipping-ar'];

test('pictures of messages as sent, in light and in dark', { tag: ['@script', '@desktop'] }, async ({ mailbox, page, demo, faults }, info) => {
  const folder = process.env.RESTANTE_PICTURES ?? info.outputPath();
  const pictured = samples().filter(({ name }) => PICTURED.includes(name));
  await mailbox.signIn();
  await deliver(demo, pictured.map(({ html }) => html));
  await mailbox.arrives(`hostile ${pictured.length - 1}`);
  const documents: string[] = [];
  for (const index of pictured.keys()) {
    const link = await mailbox.row(`hostile ${index}`).first().getByRole('link').getAttribute('href');
    documents.push(await (await page.request.get(`${demo.origin}${link}/body`)).text());
  }
  await page.goto('about:blank');
  await page.setViewportSize({ width: 660, height: 640 });
  await page.route('**/*', (route) => route.abort());
  for (const [index, { name, html }] of pictured.entries()) {
    const shots: Buffer[] = [];
    const looks = [['light', html], ['light', documents[index]], ['dark', documents[index]]] as const;
    for (const [colorScheme, document] of looks) {
      await page.emulateMedia({ colorScheme });
      await page.setContent(document, { waitUntil: 'domcontentloaded' });
      shots.push(await page.screenshot());
    }
    expect.soft(shots[2].equals(shots[1]), `${name} is the same in the dark`).toBe(false);
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 1320, height: 430 });
    const images = shots.map((shot) => `<img width=436 src="data:image/png;base64,${shot.toString('base64')}">`);
    await page.setContent(`<body style="margin:0;display:flex;gap:6px;background:#888">${images.join('')}`);
    await page.screenshot({ path: `${folder}/${name}.png` });
    await page.setViewportSize({ width: 660, height: 640 });
  }
  // Of the messages as they were sent.
  faults.forgive(/^error: Failed to load resource: net::ERR_/);
});
