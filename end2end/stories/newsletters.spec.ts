// Newsletters and replies keep what a reader sees: words, links, tables, images, their styles.
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
