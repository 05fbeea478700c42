// Drafts: saved on the mail server while one writes, one copy, continued from the Drafts folder.
import { ADDRESS } from '../support/demo.ts';
import { expect, test } from '../support/story.ts';

const LETTER = { to: 'mei@restante.test', subject: 'A long letter', text: 'The first evening.' };

test('a draft is in Drafts by itself and is continued there', { tag: ['@script', '@phone'] }, async ({ mailbox }) => {
  const { page } = mailbox;
  await mailbox.signIn();
  const draft = await mailbox.compose();
  await draft.fill(LETTER);
  await expect(page.getByText('Saved in Drafts')).toBeVisible({ timeout: 10_000 });
  // The state in between is too short to be seen each time.
  const savedAgain = page.waitForResponse('**/api/draft_save');
  await draft.text.fill('The first evening. The second evening.');
  await savedAgain;
  await expect(page.getByText('Saved in Drafts')).toBeVisible();
  await mailbox.goToInbox();
  await mailbox.openFolder(/Drafts/);
  await expect(mailbox.row(LETTER.subject)).toHaveCount(1);
  await mailbox.row(LETTER.subject).getByRole('link').first().click();
  await expect(draft.text).toHaveValue('The first evening. The second evening.');
  await expect(draft.recipients()).toHaveValue(/mei@restante\.test/);
  await draft.text.fill('Finished.');
  await draft.send();
  await mailbox.outcome(LETTER.subject, /Handed over|Refused/);
  await mailbox.goToInbox();
  await mailbox.openFolder(/Drafts/);
  await expect(mailbox.row(LETTER.subject)).toHaveCount(0);
});

// A POP3 server keeps no drafts: they are on this server.
for (const incoming of ['IMAP', 'POP3'] as const) {
  test.describe(incoming, () => {
    test.beforeEach(async ({ mailbox }) => mailbox.signIn(incoming));

    test(`two tabs do not overwrite each other, ${incoming}`, { tag: ['@script', '@desktop'] }, async ({ mailbox, context }) => {
      const { page } = mailbox;
      const draft = await mailbox.compose();
      await draft.fill(LETTER);
      await expect(page.getByText('Saved in Drafts')).toBeVisible({ timeout: 10_000 });
      const other = await context.newPage();
      await other.goto(mailbox.demo.url('/mail'));
      const drafts = other.getByRole('link', { name: /Drafts/ });
      await drafts.first().click();
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

    test(`without script a button saves the draft, with its file, ${incoming}`, { tag: '@plain' }, async ({ mailbox }) => {
      const { page } = mailbox;
      const draft = await mailbox.compose();
      await draft.fill({ ...LETTER, to: ADDRESS });
      await draft.attach('plan.txt', 'text/plain', Buffer.from('The plan.'));
      await page.getByRole('button', { name: 'Save draft' }).click();
      await expect(draft.text).toHaveValue(LETTER.text);
      await expect(page.getByLabel(/plan\.txt/)).toBeChecked();
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
  });
}
