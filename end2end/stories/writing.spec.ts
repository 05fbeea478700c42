// Writing: the focus, the effect of Enter, and keys that have no effect.
import { ADDRESS } from '../support/demo.ts';
import type { Page } from '@playwright/test';
import { expect, test } from '../support/story.ts';
import { openEntry, subjectOf } from '../support/mailbox.ts';

test.beforeEach(async ({ mailbox }) => mailbox.signIn());

test('Enter goes from line to line and sends nothing', async ({ mailbox }) => {
  const { page } = mailbox;
  const draft = await mailbox.compose();
  const posts = sendsOf(page);
  await draft.to.fill(ADDRESS);
  await draft.to.press('Enter');
  if (mailbox.view.hasScript) {
    // The first one ends the address.
    await expect(draft.to).toHaveValue('');
    await draft.to.press('Enter');
    await expect(draft.subject).toBeFocused();
    await page.keyboard.type('Boat');
    await page.keyboard.press('Enter');
    await expect(draft.text).toBeFocused();
  }
  await page.getByText('Cc and Bcc').click();
  for (const name of ['Cc', 'Bcc']) {
    await page.getByLabel(name, { exact: true }).fill(ADDRESS);
    await page.getByLabel(name, { exact: true }).press('Enter');
  }
  await draft.subject.press('Enter');
  await page.getByLabel('From').press('Enter');
  await expect(draft.recipients()).toHaveValue(ADDRESS);
  await page.goto(mailbox.demo.url('/outbox'));
  // An earlier request would have been recorded before this page loaded.
  expect(posts).toEqual([]);
  await expect(page.getByText('Nothing was sent yet')).toBeVisible();
});

test('Enter on a forwarded file that is ticked sends nothing', { tag: '@script' }, async ({ mailbox }) => {
  const { page } = mailbox;
  const first = await mailbox.compose();
  await first.fill({ to: ADDRESS, subject: 'With a list', text: 'See the list.\n' });
  await first.attach('list.txt', 'text/plain', Buffer.from('one\n'));
  await first.send();
  await mailbox.goToInbox();
  await mailbox.arrives('With a list');
  await mailbox.open('With a list');
  const forward = await mailbox.answer('Forward');
  await expect(forward.to).toBeFocused();
  await forward.to.fill(ADDRESS);
  const posts = sendsOf(page);
  await page.getByRole('checkbox', { name: /list\.txt/ }).press('Enter');
  await framesLater(page);
  expect(posts).toEqual([]);
  await expect(forward.subject).toHaveValue(/With a list/);
});

test('Ctrl+Enter sends, and what has no subject or no text is asked about once', { tag: '@script' }, async ({ mailbox }) => {
  const { page } = mailbox;
  const draft = await mailbox.compose();
  await draft.to.fill(ADDRESS);
  await draft.to.press('Control+Enter');
  const question = page.getByRole('alertdialog', { name: 'Send without a subject and without text?' });
  await expect(question.getByRole('button', { name: 'Go on writing' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(question).toBeHidden();
  await expect(draft.subject).toBeFocused();
  await draft.subject.fill('Only a subject');
  await draft.subject.press('Control+Enter');
  await page.getByRole('alertdialog', { name: 'Send without text?' }).getByRole('button', { name: 'Send anyway' }).click();
  await openEntry(page);
  await mailbox.outcome('Only a subject', 'Handed over');
});

test('a form that goes while one writes in it leaves a page that works', { tag: '@script' }, async ({ mailbox }) => {
  const { page } = mailbox;
  const sent = await mailbox.compose();
  await sent.fill({ to: ADDRESS, subject: 'Sent from the text', text: 'Hello.\n' });
  await sent.text.press('Control+Enter');
  await openEntry(page);
  await mailbox.outcome('Sent from the text', 'Handed over');
  await mailbox.goToInbox();
  const left = await mailbox.composeOnItsPage();
  await left.text.fill('Left in the middle of\n');
  await page.goBack();
  await mailbox.open('Sent from the text');
  await expect(mailbox.reader).toContainText('Hello.');
});

test('the focus is where one writes next', async ({ mailbox }) => {
  const { page } = mailbox;
  const subject = await subjectOf(mailbox.list.getByRole('listitem').first());
  const draft = await mailbox.composeOnItsPage();
  await expect(draft.to).toBeFocused();
  await page.reload();
  await expect(draft.to).toBeFocused();
  await mailbox.goToInbox();
  await mailbox.open(subject);
  const answer = await mailbox.answer('Reply');
  await expect(answer.text).toBeFocused();
  await page.keyboard.type('Above the quote.');
  await expect(answer.text).toHaveValue(/^Above the quote\.\s*\n[^]*>/);
  if (mailbox.view.hasScript) await mailbox.discard();
  await mailbox.goToInbox();
  await mailbox.open(subject);
  const forward = await mailbox.answer('Forward');
  await expect(forward.to).toBeFocused();
});

test('a reply is begun by a key and written at once', { tag: ['@script', '@desktop'] }, async ({ mailbox }) => {
  const { page } = mailbox;
  const subject = await subjectOf(mailbox.list.getByRole('listitem').first());
  for (const [key, field] of [
    ['r', 'Message text'],
    ['a', 'Message text'],
    ['f', 'To'],
    ['c', 'To'],
  ] as const) {
    await mailbox.open(subject);
    await page.keyboard.press(key);
    await expect(page.getByLabel(field, { exact: true })).toBeFocused();
    await page.keyboard.type('each letter');
    await expect(page.getByLabel(field, { exact: true })).toHaveValue(/^each letter/);
    await mailbox.discard();
  }
});

test('beside its fields, a form that is being written knows no keys', { tag: ['@script', '@desktop'] }, async ({ mailbox }) => {
  const { page } = mailbox;
  const subject = await subjectOf(mailbox.list.getByRole('listitem').first());
  await mailbox.open(subject);
  const answer = await mailbox.answer('Reply');
  await answer.text.fill('Half a thought');
  await mailbox.dock.getByRole('heading', { level: 1 }).click();
  await expect(answer.text).not.toBeFocused();
  const address = page.url();
  for (const key of ['c', 'u', 'e', '#', 'j', 'x', 'Escape', '?']) await page.keyboard.press(key);
  await framesLater(page);
  expect(page.url()).toBe(address);
  await expect(answer.text).toHaveValue('Half a thought');
  await expect(page.getByRole('dialog')).toHaveCount(1);
});

/** Records the requests that would send a message from now on. */
function sendsOf(page: Page): string[] {
  const sends: string[] = [];
  page.on('request', (request) => {
    if (request.method() === 'POST' && /\/(api\/message_send|compose)$/.test(new URL(request.url()).pathname)) {
      sends.push(request.url());
    }
  });
  return sends;
}

/** Waits until the immediate effect of a key is drawn. */
async function framesLater(page: Page): Promise<void> {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}
