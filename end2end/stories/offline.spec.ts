// No network, no server, or an intermediary that responds in its place.
import type { Page } from '@playwright/test';
import { type Faults } from '../support/faults.ts';
import { expect, test } from '../support/story.ts';
import { subjectOf } from '../support/mailbox.ts';

/** Messages that the framework writes for programmers. */
const RAW = /server function|TypeError|error reaching|deserializ|The answer makes no sense|Failed to fetch/i;

async function expectOurWords(page: Page): Promise<void> {
  expect(await page.title()).not.toMatch(RAW);
  expect(await page.locator('body').innerText()).not.toMatch(RAW);
}

/** Requests fail here on purpose; Chromium logs each failure. */
function forgive(faults: Faults): void {
  faults.forgive(/net::ERR_|Failed to load resource|status of 5\d\d|TypeError: Failed to fetch/);
}

test('without a network the page says so within 3 s, and goes on by itself', { tag: '@script' }, async ({ mailbox, page, context, faults }) => {
  await mailbox.signIn();
  const banner = page.getByRole('status').filter({ hasText: 'Restante cannot be reached.' });
  const row = mailbox.list.getByRole('listitem').nth(1);
  const subject = await subjectOf(row);
  const rows = await mailbox.list.getByRole('checkbox').count();
  if (!mailbox.view.isPhone) await expect(mailbox.folders.getByText('Live', { exact: true })).toBeVisible();

  await context.setOffline(true);
  await expect(banner).toBeVisible({ timeout: 3_000 });
  if (!mailbox.view.isPhone) {
    await expect(mailbox.folders.getByText('No connection')).toBeVisible();
    await expect(mailbox.folders.getByText('Live', { exact: true })).toHaveCount(0);
  }
  // Loaded rows stay, but for those that the banner pushes out of the view. A message opened now is not loaded, and the page reports that in its own
  // words.
  expect(await mailbox.list.getByRole('checkbox').count()).toBeGreaterThanOrEqual(rows - 3);
  await row.getByRole('link').click();
  await expect(page.getByRole('alert').filter({ hasText: 'Restante cannot be reached.' }).first()).toBeVisible();
  await expectOurWords(page);

  await context.setOffline(false);
  await expect(banner).toBeHidden({ timeout: 5_000 });
  // The page retried without a click on "Try again".
  await expect(mailbox.reader.getByRole('heading', { level: 1, name: subject })).toBeVisible();
  if (!mailbox.view.isPhone) await expect(mailbox.folders.getByText('Live', { exact: true })).toBeVisible({ timeout: 10_000 });
  forgive(faults);
});

test('a change that did not get through is taken back and explained', { tag: ['@script', '@desktop'] }, async ({ mailbox, page, context, faults }) => {
  await mailbox.signIn();
  const row = mailbox.list.getByRole('listitem').nth(1);
  const subject = await subjectOf(row);
  await context.setOffline(true);
  await row.hover();
  await row.getByRole('button', { name: 'Archive' }).click();
  await expect(page.locator('.snack')).toContainText('Restante cannot be reached.');
  await expect(mailbox.row(subject).first()).toBeVisible();
  await expectOurWords(page);
  await context.setOffline(false);
  await expect(page.locator('.page-banners .banner')).toHaveCount(0, { timeout: 5_000 });
  await expect(mailbox.row(subject).first()).toBeVisible();
  forgive(faults);
});

test('a server that hangs is noticed by its silence, and by its beat when it goes on', { tag: ['@script', '@desktop'] }, async ({ mailbox, page, demo, faults }) => {
  await mailbox.signIn();
  const banner = page.getByText('Restante cannot be reached.').first();
  await expect(mailbox.folders.getByText('Live', { exact: true })).toBeVisible();
  demo.signal('SIGSTOP');
  try {
    await expect(banner).toBeVisible({ timeout: 6_000 });
  } finally {
    demo.signal('SIGCONT');
  }
  await expect(banner).toBeHidden({ timeout: 6_000 });
  await expect(mailbox.folders.getByText('Live', { exact: true })).toBeVisible({ timeout: 6_000 });
  forgive(faults);
});

for (const [what, answer] of [
  ['the error page of a proxy', { status: 502, contentType: 'text/html', body: '<html><h1>502 Bad Gateway</h1></html>' }],
  ['a sign-in page of the network', { status: 200, contentType: 'text/html', body: '<!doctype html><p>Welcome to our Wi-Fi' }],
  ['JSON of another shape', { status: 200, contentType: 'application/json', body: '{"rows":17}' }],
  ['nothing', { status: 200, contentType: 'application/json', body: '' }],
] as const) {
  test(`in place of an answer comes ${what}`, { tag: '@script' }, async ({ mailbox, page, faults }) => {
    await mailbox.signIn();
    const row = mailbox.list.getByRole('listitem').nth(1);
    const subject = await subjectOf(row);
    await page.route('**/api/message_open*', (route) => route.fulfill(answer));
    await row.getByRole('link').click();
    await expect(mailbox.reader.getByRole('alert')).toContainText('No usable answer came from Restante.');
    await expectOurWords(page);
    await page.unroute('**/api/message_open*');
    await expect(mailbox.reader.getByRole('heading', { level: 1, name: subject })).toBeVisible({ timeout: 8_000 });
    forgive(faults);
  });
}

test('the words are Chinese for a Chinese reader', { tag: ['@script', '@desktop'] }, async ({ mailbox, page, context, faults }) => {
  await mailbox.signIn();
  await context.addCookies([{ name: 'restante_lang', value: 'zh-CN', url: mailbox.demo.origin }]);
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('lang', 'zh-CN');
  await mailbox.isAlive();
  await context.setOffline(true);
  await expect(page.getByText('无法连接到 Restante。').first()).toBeVisible({ timeout: 3_000 });
  await page.locator('.row-link').nth(1).click();
  await expect(page.getByRole('alert').filter({ hasText: '无法连接到 Restante。' }).first()).toBeVisible();
  await expectOurWords(page);
  await context.setOffline(false);
  await expect(page.getByText('无法连接到 Restante。')).toHaveCount(0, { timeout: 6_000 });
  forgive(faults);
});
