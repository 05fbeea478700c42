// Mail that is written with a POP3 account: its drafts and its sent messages are on this server.
import { ADDRESS } from '../support/demo.ts';
import { expect, test } from '../support/story.ts';

test.beforeEach(async ({ mailbox }) => mailbox.signIn('POP3'));

const LETTER = { to: 'mei@restante.test', subject: 'By post', text: 'The first evening.' };

test('a draft is left, continued from Drafts and sent', { tag: '@script' }, async ({ mailbox }) => {
  const { page } = mailbox;
  const draft = await mailbox.compose();
  await draft.fill(LETTER);
  await expect(page.getByText('Saved in Drafts')).toBeVisible({ timeout: 10_000 });
  await mailbox.goToInbox();
  await mailbox.openFolder(/Drafts/);
  await expect(mailbox.row(LETTER.subject)).toHaveCount(1);
  await mailbox.row(LETTER.subject).getByRole('link').first().click();
  await expect(draft.text).toHaveValue(LETTER.text);
  await expect(draft.recipients()).toHaveValue(/mei@restante\.test/);
  const savedAgain = page.waitForResponse('**/api/draft_save');
  await draft.text.fill('The second evening.');
  await savedAgain;
  await expect(page.getByText('Saved in Drafts')).toBeVisible();
  await draft.send();
  await mailbox.outcome(LETTER.subject, /Handed over|Refused/);
  await mailbox.goToInbox();
  await mailbox.openFolder(/Drafts/);
  await expect(mailbox.row(LETTER.subject)).toHaveCount(0);
});

test('a sent message is in Sent, and a deletion there can be undone', async ({ mailbox }) => {
  await mailbox.send({ ...LETTER, to: ADDRESS });
  await mailbox.outcome(LETTER.subject, 'Handed over');
  await mailbox.goToInbox();
  await mailbox.openFolder(/Sent/);
  await expect(mailbox.row(LETTER.subject)).toHaveCount(1);
  await mailbox.open(LETTER.subject);
  await expect(mailbox.reader).toContainText(ADDRESS);
  await mailbox.act('Delete');
  await mailbox.undo(/will be deleted/);
  await mailbox.isOpenAgain(LETTER.subject);
  await mailbox.goToInbox();
  await mailbox.openFolder(/Sent/);
  await expect(mailbox.row(LETTER.subject)).toHaveCount(1);
});

test('two tabs do not overwrite each other', { tag: ['@script', '@desktop'] }, async ({ mailbox, context }) => {
  const { page } = mailbox;
  const draft = await mailbox.compose();
  await draft.fill(LETTER);
  await expect(page.getByText('Saved in Drafts')).toBeVisible({ timeout: 10_000 });
  const other = await context.newPage();
  await other.goto(mailbox.demo.url('/mail'));
  await other.getByRole('link', { name: /Drafts/ }).first().click();
  await other.getByRole('link', { name: LETTER.subject }).first().click();
  await expect(other.getByLabel('Message text')).toHaveValue(LETTER.text);
  await other.getByLabel('Message text').fill('Written in the other tab.');
  await expect(other.getByText('Saved in Drafts')).toBeVisible({ timeout: 10_000 });
  await draft.text.fill('Written here.');
  const conflict = page.getByRole('alert').filter({ hasText: 'changed in another tab' });
  await expect(conflict).toBeVisible({ timeout: 15_000 });
  await conflict.getByRole('button', { name: 'Keep this text' }).click();
  await expect(page.getByText('Saved in Drafts')).toBeVisible({ timeout: 10_000 });
  await expect(conflict).toHaveCount(0);
});

test('without script a button saves the draft, with its file', { tag: '@plain' }, async ({ mailbox }) => {
  const { page } = mailbox;
  const draft = await mailbox.compose();
  await draft.fill({ ...LETTER, to: ADDRESS });
  await draft.attach('plan.txt', 'text/plain', Buffer.from('The plan.'));
  await page.getByRole('button', { name: 'Save draft' }).click();
  await expect(draft.text).toHaveValue(LETTER.text);
  await draft.text.fill('Saved twice.');
  await page.getByRole('button', { name: 'Save draft' }).click();
  await expect(draft.text).toHaveValue('Saved twice.');
  await mailbox.goToInbox();
  await mailbox.openFolder(/Drafts/);
  await expect(mailbox.row(LETTER.subject)).toHaveCount(1);
  await mailbox.row(LETTER.subject).getByRole('link').first().click();
  await expect(draft.text).toHaveValue('Saved twice.');
  await expect(page.getByLabel(/plan\.txt/)).toBeChecked();
  await draft.send();
  await mailbox.outcome(LETTER.subject, 'Handed over');
});
