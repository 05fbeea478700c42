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
