// Reading: text, HTML in its frame, files, the source, the headers.
import { readFile } from 'node:fs/promises';
import type { Locator } from '@playwright/test';
import { ADDRESS } from '../support/demo.ts';
import type { Mailbox } from '../support/mailbox.ts';
import { expect, test } from '../support/story.ts';

test.beforeEach(async ({ mailbox }) => mailbox.signIn());

test('shows the source and the headers of a message', async ({ mailbox, page }) => {
  await mailbox.send({ to: ADDRESS, subject: 'With a source', text: 'plain words\n' });
  await mailbox.goToInbox();
  await mailbox.arrives('With a source');
  await mailbox.open('With a source');
  await mailbox.reader.getByText('Headers', { exact: true }).click();
  await expect(mailbox.reader.getByRole('row', { name: /^Subject/ })).toContainText('With a source');

  // Asked for, not opened: it is text in a sandbox, where no tool of the browser can read.
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

test('an attachment is downloaded with its name', async ({ mailbox, page }) => {
  const files = mailbox.reader.locator('a[download]');
  await openOneWith(mailbox, files.first());
  const [download] = await Promise.all([page.waitForEvent('download'), files.first().click()]);
  expect(download.suggestedFilename()).not.toBe('');
  expect((await readFile(await download.path())).length).toBeGreaterThan(0);
});

/** Opens messages from the top until one shows what is wanted. */
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
