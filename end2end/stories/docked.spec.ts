// The form beside the page: on a desktop one goes on reading while one writes.
import { ADDRESS } from '../support/demo.ts';
import { subjectOf } from '../support/mailbox.ts';
import { expect, test } from '../support/story.ts';

const LETTER = { to: ADDRESS, subject: 'Beside the page', text: 'Written while reading.' };

test.beforeEach(async ({ mailbox }) => mailbox.signIn());

test('a message is written beside the one that is read, and sending leaves the page as it is', { tag: ['@script', '@desktop'] }, async ({ mailbox }) => {
  const { page } = mailbox;
  const [first, second] = [0, 1].map((nth) => mailbox.list.getByRole('listitem').nth(nth));
  const subjects = [await subjectOf(first), await subjectOf(second)];
  await mailbox.open(subjects[0]);
  const draft = await mailbox.compose();
  await expect(draft.to).toBeFocused();
  await expect(mailbox.reader).toBeVisible();
  await draft.fill(LETTER);
  await mailbox.open(subjects[1]);
  await expect(draft.text).toHaveValue(LETTER.text);
  const address = page.url();
  await mailbox.dock.getByRole('button', { name: 'Send' }).click();
  await expect(mailbox.dock).toHaveCount(0);
  await expect(page.getByRole('status').filter({ hasText: ADDRESS })).toBeVisible();
  expect(page.url()).toBe(address);
  await expect(mailbox.reader.getByRole('heading', { level: 1, name: subjects[1] })).toBeVisible();
});

test('the form is folded, enlarged, left by a key, and there again after a reload', { tag: ['@script', '@desktop'] }, async ({ mailbox }) => {
  const { page, dock } = mailbox;
  const draft = await mailbox.compose();
  await draft.fill(LETTER);
  const height = async () => (await dock.boundingBox())?.height ?? 0;
  const usual = await height();
  await dock.getByRole('button', { name: 'Minimise' }).click();
  await expect(draft.text).toBeHidden();
  expect(await height()).toBeLessThan(60);
  await dock.getByRole('button', { name: 'Minimise' }).click();
  await expect(draft.text).toHaveValue(LETTER.text);
  await dock.getByRole('button', { name: 'Full size' }).click();
  expect(await height()).toBeGreaterThan(usual);
  await dock.getByRole('button', { name: 'Full size' }).click();
  await draft.text.focus();
  await page.keyboard.press('F6');
  await expect(dock.locator(':focus')).toHaveCount(0);
  await page.keyboard.press('F6');
  await expect(dock.locator(':focus')).toHaveCount(1);
  await expect(page.getByText('Saved in Drafts')).toBeVisible({ timeout: 10_000 });
  await page.reload();
  await expect(dock).toBeVisible();
  await expect(draft.text).toHaveValue(LETTER.text);
});

test('closing keeps the text, discarding does not', { tag: ['@script', '@desktop'] }, async ({ mailbox }) => {
  const { page, dock } = mailbox;
  const draft = await mailbox.compose();
  await draft.fill(LETTER);
  await dock.getByRole('link', { name: 'Close and keep the text' }).click();
  await expect(dock).toHaveCount(0);
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(dock).toBeVisible();
  await expect(draft.text).toHaveValue(LETTER.text);
  await dock.getByRole('link', { name: 'Discard' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Discard' }).click();
  await expect(dock).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Continue' })).toHaveCount(0);
});

test('an answer asks before it takes the place of a text', { tag: ['@script', '@desktop'] }, async ({ mailbox }) => {
  const { page, dock } = mailbox;
  await mailbox.open(await subjectOf(mailbox.list.getByRole('listitem').first()));
  const draft = await mailbox.compose();
  await draft.fill(LETTER);
  await mailbox.reader.getByRole('link', { name: 'Reply', exact: true }).click();
  const question = page.getByRole('alertdialog');
  await question.getByRole('button', { name: 'Keep' }).click();
  await expect(draft.subject).toHaveValue(/^Re: /);
  await expect(dock).toHaveCount(1);
  // The text that gave way is offered.
  await expect(page.getByRole('button', { name: 'Continue' })).toBeVisible();
});
