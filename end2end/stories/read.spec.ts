// Reading: text, HTML in its frame, attachments, the source, the headers.
import { readFile } from 'node:fs/promises';
import type { Locator } from '@playwright/test';
import { deliver } from '../support/cleaned.ts';
import { ADDRESS } from '../support/demo.ts';
import { type Mailbox, subjectOf } from '../support/mailbox.ts';
import { expect, test } from '../support/story.ts';

test.beforeEach(async ({ mailbox }) => mailbox.signIn());

test('shows the source and the headers of a message', async ({ mailbox, page }) => {
  await mailbox.send({ to: ADDRESS, subject: 'With a source', text: 'plain words\n' });
  await mailbox.goToInbox();
  await mailbox.arrives('With a source');
  await mailbox.open('With a source');
  await mailbox.reader.getByText('Headers', { exact: true }).click();
  await expect(mailbox.reader.getByRole('row', { name: /^Subject/ })).toContainText('With a source');

  // Fetched, not opened: the source is text in a sandbox, which browser tools cannot read.
  const link = mailbox.reader.getByRole('link', { name: 'Source' });
  const source = await page.request.get(new URL((await link.getAttribute('href')) ?? '', page.url()).href);
  expect(source.headers()['content-type']).toMatch(/^text\/plain/);
  expect(await source.text()).toMatch(/^Subject: With a source\r?$/m);
});

test('HTML lives in a frame that runs nothing and loads nothing from elsewhere', async ({ mailbox, page }) => {
  const elsewhere: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(mailbox.demo.origin) && !request.url().startsWith('data:')) elsewhere.push(request.url());
  });
  await openOneWith(mailbox, page.locator('iframe'));
  const frame = page.locator('iframe');
  await expect(frame).toHaveAttribute('sandbox', 'allow-same-origin allow-popups allow-popups-to-escape-sandbox');
  await expect(page.frameLocator('iframe').locator('body')).not.toBeEmpty();
  expect(elsewhere).toEqual([]);
});

test('blocked pictures are their words, and a tracking pixel stays out when they are shown', async ({
  mailbox,
  page,
  demo,
}) => {
  const asked: string[] = [];
  await page.route(/^https:\/\/shop\.example\//, (route) => {
    asked.push(new URL(route.request().url()).pathname);
    return route.fulfill({ contentType: 'image/svg+xml', body: '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>' });
  });
  await deliver(demo, [
    '<p><img src="https://shop.example/banner.svg" alt="Autumn offer" width="300" height="60"></p>' +
      '<img src="https://shop.example/seen.gif" width="1" height="1" alt="">',
  ]);
  await mailbox.goToInbox();
  await mailbox.arrives('hostile 0');
  await mailbox.open('hostile 0');
  const body = page.frameLocator('iframe').locator('body');
  await expect(body.locator('picture')).toHaveText('Autumn offer');
  await expect(body.locator('img')).toHaveCount(0);
  await expect(mailbox.reader.getByText('1 remote image not loaded')).toBeVisible();
  await expect(mailbox.reader.getByText('1 tracking pixel stays blocked.')).toBeVisible();
  expect(asked).toEqual([]);

  await mailbox.reader.getByRole('link', { name: 'Show once' }).click();
  await expect(body.getByAltText('Autumn offer')).toHaveAttribute('src', 'https://shop.example/banner.svg');
  await expect(mailbox.reader.getByText('1 tracking pixel stays blocked.')).toBeVisible();
  await expect.poll(() => asked).toContain('/banner.svg');
  expect(new Set(asked)).toEqual(new Set(['/banner.svg']));
});

test('an attachment is downloaded with its name', async ({ mailbox, page }) => {
  const files = mailbox.reader.locator('a[download]');
  await openOneWith(mailbox, files.first());
  const [download] = await Promise.all([page.waitForEvent('download'), files.first().click()]);
  expect(download.suggestedFilename()).not.toBe('');
  expect((await readFile(await download.path())).length).toBeGreaterThan(0);
});

/** Opens messages from the top until one shows `wanted`. */
async function openOneWith(mailbox: Mailbox, wanted: Locator): Promise<void> {
  for (let index = 0; index < 25; index += 1) {
    const link = mailbox.list.getByRole('listitem').nth(index).getByRole('link');
    await link.click();
    await expect(mailbox.reader.getByRole('article')).toBeVisible();
    if ((await wanted.count()) > 0) return;
    await mailbox.backToList();
  }
  throw new Error('none of the newest 25 messages has one');
}

test('the messages beside an open one are there before one goes on to them', { tag: '@script' }, async ({ mailbox, page, faults }) => {
  const opened: string[] = [];
  page.on('requestfinished', (request) => {
    if (request.url().endsWith('/api/message_open')) opened.push(request.postData() ?? '');
  });
  const rows = mailbox.list.getByRole('listitem');
  const subjects = await Promise.all([0, 1, 2, 3].map((nth) => subjectOf(rows.nth(nth))));
  const heading = mailbox.reader.getByRole('heading', { level: 1 });
  await mailbox.open(subjects[1]);
  // The message, the one after it and the one before it.
  await expect.poll(() => opened.length).toBe(3);
  await page.route('**/api/message_open', (route) => route.abort());
  await mailbox.reader.getByRole('link', { name: 'Older', exact: true }).click();
  await expect(heading).toHaveText(subjects[2]);
  await page.unroute('**/api/message_open');
  faults.forgive(/net::ERR_FAILED .*message_open/);

  // The links lead to the messages that are adjacent by then.
  await mailbox.reader.getByRole('link', { name: 'Newer', exact: true }).click();
  await expect(heading).toHaveText(subjects[1]);
  await expect.poll(() => opened.length).toBeGreaterThan(4);
  await mailbox.act('Delete');
  await mailbox.open(subjects[2]);
  await expect(heading).toHaveText(subjects[2]);
  await expect(mailbox.reader.getByText(/^2 of/)).toBeVisible();
  await mailbox.reader.getByRole('link', { name: 'Newer', exact: true }).click();
  await expect(heading).toHaveText(subjects[0]);
});
