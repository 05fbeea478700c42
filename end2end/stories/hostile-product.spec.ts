// Hostile HTML and hostile fields through the whole product.
import type { Request } from '@playwright/test';
import { deliver, deliverMessages } from '../support/cleaned.ts';
import { bytesOf, hostileCases } from '../support/hostile/corpus.ts';
import { fieldPayloads, messageOf } from '../support/hostile/fields.ts';
import { provoke } from '../support/hostile/watched.ts';
import { expect, test } from '../support/story.ts';

test.use({ demoArguments: ['--messages', '1'] });

test('hostile messages do nothing in the reader', { tag: ['@script', '@desktop'] }, async ({ mailbox, page, demo, context, faults }) => {
  test.setTimeout(900_000);
  const cases = hostileCases();

  const harms: string[] = [];
  let shown = 'nothing';
  await page.exposeFunction('ran', () => harms.push(`${shown}: script`));
  page.on('dialog', (dialog) => void dialog.dismiss().then(() => harms.push(`${shown}: dialog`)));
  await context.route((url) => url.origin !== demo.origin, async (route) => {
    // A link that was clicked opens a window without an opener or a referrer.
    const request = route.request();
    const isWindow = request.isNavigationRequest() && !belongsTo(request, page) && request.headers()['referer'] === undefined;
    if (!isWindow) harms.push(`${shown}: ${request.url()}`);
    await route.fulfill({ status: 204 });
  });
  context.on('page', async (window) => {
    if ((await window.opener()) !== null) harms.push(`${shown}: a window with an opener`);
    await window.close();
  });

  await mailbox.signIn();
  await deliver(demo, cases.map((one) => (one.encoding ? bytesOf(one) : one.html)));
  await mailbox.arrives(`hostile ${cases.length - 1}`);
  const newest = await mailbox.row(`hostile ${cases.length - 1}`).first().getByRole('link').getAttribute('href');
  const [, folder, last] = /^(.*\.)(\d+)/.exec(newest ?? '') ?? [];
  await mailbox.open(`hostile ${cases.length - 1}`);
  await expect(page.locator('iframe.html-frame')).toBeVisible();
  const address = page.url();
  const fromFrames: string[] = [];
  page.on('request', (request) => {
    if (request.frame() !== page.mainFrame()) fromFrames.push(`${shown}: ${new URL(request.url()).pathname}`);
  });

  const expected: string[] = [];
  for (const [index, one] of cases.entries()) {
    shown = one.id;
    const body = `${folder}${Number(last) - (cases.length - 1 - index)}/body`;
    expected.push(`${shown}: ${body}`);
    await page.evaluate(
      (source) =>
        new Promise((resolve) => {
          const frame = document.querySelector<HTMLIFrameElement>('iframe.html-frame');
          frame?.addEventListener('load', resolve, { once: true });
          if (frame) frame.src = source;
        }),
      body,
    );
    await page.evaluate(provoke);
    // What was provoked has begun once two frames are drawn.
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  }
  expect(harms).toEqual([]);
  expect(fromFrames.filter((request) => !/^data:/.test(request))).toEqual(expected);
  expect(page.url()).toBe(address);
  faults.forgive(/^error: Blocked script execution/);
});

test('hostile fields are words in the list, the reader and the composer', { tag: ['@script', '@desktop'] }, async ({ mailbox, page, demo }) => {
  const asked: string[] = [];
  await page.exposeFunction('ran', () => asked.push('script'));
  page.on('request', (request) => asked.push(request.url()));
  const payloads = fieldPayloads();
  await mailbox.signIn();
  await deliverMessages(demo, payloads.map((payload, index) => messageOf(payload, `field ${index}`)));
  await mailbox.arrives(`field ${payloads.length - 1}`);
  const injected = page.locator('[data-evil]');
  await expect(injected).toHaveCount(0);
  for (const index of payloads.keys()) {
    await mailbox.goToInbox();
    await mailbox.list.getByRole('listitem').filter({ hasText: `field ${index}` }).first().getByRole('link').click();
    await expect(mailbox.reader.getByRole('heading', { level: 1 })).toContainText(`field ${index}`);
    await mailbox.reader.getByText('Headers', { exact: true }).click();
    await expect(mailbox.reader.getByRole('row', { name: /^Subject/ })).toContainText(`field ${index}`);
    await expect(injected).toHaveCount(0);
    // As rendered by the server, and in the composer with a quotation.
    await page.reload();
    await mailbox.isAlive();
    await expect(mailbox.reader.getByRole('heading', { level: 1 })).toContainText(`field ${index}`);
    await expect(injected).toHaveCount(0);
    await mailbox.answer('Reply');
    await expect(injected).toHaveCount(0);
  }
  expect(asked.filter((url) => url === 'script' || !(url.startsWith(demo.origin) || url.startsWith('data:')))).toEqual([]);
});

/** Whether a request comes from a page and not from a new window. */
function belongsTo(request: Request, page: { mainFrame(): unknown }): boolean {
  try {
    return request.frame().page() === page;
  } catch {
    return false;
  }
}
