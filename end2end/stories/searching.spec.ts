// Searching: words and conditions, over folders and accounts, by IMAP and POP3.
import type { Page } from '@playwright/test';
import { ADDRESS, PASSWORD } from '../support/demo.ts';
import { type Mailbox, subjectIn } from '../support/mailbox.ts';
import { expect, expectAccessible, test } from '../support/story.ts';

/** Types a search and waits for its results. */
async function search({ page, list }: Mailbox, text: string, scope?: string): Promise<void> {
  const form = page.getByRole('search');
  await form.getByRole('searchbox').fill(text);
  if (scope) await form.getByLabel('Where to search').selectOption(scope);
  await form.getByRole('searchbox').press('Enter');
  await expect(page).toHaveURL(/\/search\?q=/);
  await expect(list.getByRole('heading', { level: 1, name: 'Results' })).toBeVisible();
  await expect(list.getByText(/found · Searched \d+ folders?$/)).toBeVisible();
}

/** The subjects of the results. */
const results = (mailbox: Mailbox) => mailbox.list.locator('.row-link');

test('an old message is found by three conditions, opened, left and searched again', async ({ mailbox, page }) => {
  await mailbox.signIn();
  await search(mailbox, 'from:marta has:attachment subject:"relay rewrite"');
  await expect(results(mailbox).first()).toContainText('Relay rewrite');
  await expect(mailbox.list.locator('.row-meta').first()).toContainText('Relay rewrite');
  const all = await results(mailbox).count();
  expect(all).toBeGreaterThan(2);
  await mailbox.open(/the dialler is done/);
  expect(page.url()).toContain('q=from%3Amarta');
  await page.goBack();
  await expect(results(mailbox)).toHaveCount(all);
  await search(mailbox, 'from:marta has:attachment subject:"relay rewrite" dialler');
  await expect(results(mailbox)).toHaveCount(1);
  await page.reload();
  await expect(results(mailbox)).toHaveCount(1);
  await mailbox.open(/the dialler is done/);
  await page.getByRole('link', { name: 'Back to the list' }).filter({ visible: true }).first().click();
  await expect(page).toHaveURL(/\/search\?q=/);
  await expect(results(mailbox)).toHaveCount(1);
  if (mailbox.view.hasScript) await expectAccessible(page);
});

test('without a match it says so, and what is no condition is told at once', async ({ mailbox, page, faults }) => {
  await mailbox.signIn();
  await search(mailbox, 'nobodywrotethis');
  await expect(mailbox.list.getByText('Nothing found')).toBeVisible();
  await page.getByRole('searchbox').fill('after:someday');
  await page.getByRole('searchbox').press('Enter');
  await expect(mailbox.list.getByText('“someday” is no date.')).toBeVisible();
  await expect(page.getByRole('searchbox')).toHaveValue('after:someday');
  faults.forgiveStatus(422);
});

test('who types no conditions fills in a form of fields', async ({ mailbox, page }) => {
  await mailbox.signIn();
  await mailbox.openFolder('Relay rewrite');
  await page.getByRole('link', { name: 'Search by fields' }).click();
  await page.getByLabel('From', { exact: true }).fill('Marta');
  await page.getByLabel('Subject').fill('relay rewrite');
  await page.getByLabel('Without the words').fill('dialler');
  await page.getByLabel('Attachment', { exact: true }).check();
  if (mailbox.view.hasScript) await expectAccessible(page);
  await page.getByRole('button', { name: 'Search mail' }).click();
  await expect(page.getByRole('searchbox')).toHaveValue(
    'from:Marta subject:"relay rewrite" -dialler has:attachment',
  );
  await expect(results(mailbox).first()).toContainText('Relay rewrite');
  await expect(results(mailbox).filter({ hasText: 'dialler' })).toHaveCount(0);
});

test('junk is searched only where somebody asks for it', async ({ mailbox }) => {
  await mailbox.signIn();
  await mailbox.openFolder(/Junk/);
  const junk = subjectIn(await results(mailbox).first().innerText());
  await search(mailbox, `subject:"${junk}"`);
  await expect(mailbox.list.getByText('Nothing found')).toBeVisible();
  await search(mailbox, `subject:"${junk}"`, 'With Junk and Trash');
  await expect(results(mailbox).first()).toContainText(junk);
  await expect(mailbox.list.locator('.row-meta').first()).toContainText('Junk');
});

/** Adds the POP3 side of the demo to the session. */
async function addPop3(mailbox: Mailbox, page: Page): Promise<void> {
  if (mailbox.view.isPhone) await mailbox.showFolders();
  await mailbox.folders.locator('summary.acct').click();
  await page.getByRole('link', { name: 'Add an account' }).click();
  await expect(page.getByRole('heading', { name: 'Add an account' })).toBeVisible();
  await page.getByLabel('Email address').fill(ADDRESS);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByText('Set the servers by hand').click();
  await page.getByRole('radio', { name: 'POP3' }).check();
  await page.getByRole('button', { name: 'Open mailbox' }).click();
  await mailbox.isShown();
}

test('two accounts are searched at once, and each result says where it lies', async ({ mailbox, page, faults }) => {
  await mailbox.signIn();
  await addPop3(mailbox, page);
  await search(mailbox, 'subject:"keep one idle"');
  await expect(mailbox.list.getByText('POP3 cannot search.')).toBeVisible();
  await expect(results(mailbox)).toHaveCount(2);
  await expect(mailbox.list.locator('.row-meta').first()).toContainText(`Inbox · ${ADDRESS}`);
  await mailbox.open(/Keep one IDLE/);
  // One of them is removed, and the other stays.
  await mailbox.goToInbox();
  if (mailbox.view.isPhone) await mailbox.showFolders();
  await mailbox.folders.locator('summary.acct').click();
  await page.getByRole('button', { name: `Remove ${ADDRESS}` }).click();
  await mailbox.isShown();
  await search(mailbox, 'subject:"keep one idle"');
  await expect(results(mailbox)).toHaveCount(1);
  // The page that is left may still ask for the list of the account that is gone.
  faults.forgiveStatus(404);
});

test('the slash leads to the search, and the neighbours of a result are results', { tag: '@script' }, async ({ mailbox, page }) => {
  await mailbox.signIn();
  if (!mailbox.view.isPhone) {
    await page.keyboard.press('/');
    await expect(page.getByRole('searchbox')).toBeFocused();
  }
  await search(mailbox, 'subject:"relay rewrite" has:attachment');
  const [first, second] = (await results(mailbox).allInnerTexts()).map(subjectIn) as [string, string];
  await results(mailbox).first().click();
  await expect(mailbox.reader.getByRole('heading', { level: 1 })).toContainText(first);
  await mailbox.reader.getByRole('link', { name: 'Older' }).click();
  await expect(mailbox.reader.getByRole('heading', { level: 1 })).toContainText(second);
  await mailbox.act('Archive');
  await expect(page).toHaveURL(/\/search\?q=/);
  await expect(results(mailbox).filter({ hasText: second })).toHaveCount(0);
  await mailbox.undo(/moved|Archived/i);
});

test('the results are complete where no event reaches the page', { tag: '@script' }, async ({ mailbox, page, faults }) => {
  await page.route('**/events*', (route) => route.abort());
  await mailbox.signIn();
  for (const text of ['relay', 'notes', 'the']) await search(mailbox, text);
  expect(await results(mailbox).count()).toBeGreaterThan(10);
  faults.forgive(/net::ERR_|Failed to load resource/);
});
