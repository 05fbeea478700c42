// Two tabs of one session: changes in one appear in the other, and no notice reports a change that
// did not happen.
import { Mailbox, subjectOf } from '../support/mailbox.ts';
import { expect, test } from '../support/story.ts';

const NOTHING = /Nothing was changed/;

test('a message that is gone is not archived once more', { tag: ['@script', '@desktop'] }, async ({ mailbox, context, demo }) => {
  await mailbox.signIn();
  const other = new Mailbox(await context.newPage(), demo, mailbox.view);
  await other.goToInbox();
  const subject = await subjectOf(mailbox.list.getByRole('listitem').first());
  await other.open(subject);
  await mailbox.open(subject);
  await mailbox.act('Delete');
  await expect(mailbox.page.getByRole('status').filter({ hasText: 'Trash' })).toBeVisible();
  await expect(other.row(subject)).toHaveCount(0, { timeout: 3_000 });
  await expect.poll(() => other.page.title()).not.toBe('');

  await other.act('Archive');
  await expect(other.page.getByRole('status').filter({ hasText: NOTHING })).toBeVisible();
  await expect(other.page.getByRole('button', { name: 'Undo' })).toHaveCount(0);

  // Undone in the first tab, the message is listed in both again.
  await mailbox.undo(/Trash/);
  await expect(other.row(subject).first()).toBeVisible({ timeout: 5_000 });
});

test('a mark that one tab sets shows in the other', { tag: '@script' }, async ({ mailbox, context, demo }) => {
  await mailbox.signIn();
  const other = new Mailbox(await context.newPage(), demo, mailbox.view);
  await other.goToInbox();
  const star = (of: Mailbox) => of.list.getByRole('listitem').first().getByRole('button', { name: 'Star' });
  const before = await star(other).getAttribute('aria-pressed');
  await star(mailbox).click();
  await expect(star(other)).toHaveAttribute('aria-pressed', before === 'true' ? 'false' : 'true', { timeout: 3_000 });
});

test('a page from before says that nothing was changed', { tag: '@plain' }, async ({ mailbox, context, demo }) => {
  await mailbox.signIn();
  const other = new Mailbox(await context.newPage(), demo, mailbox.view);
  await other.goToInbox();
  for (const [tab, action] of [
    [mailbox, 'Delete'],
    [other, 'Archive'],
  ] as const) {
    await tab.list.getByRole('checkbox').first().check({ force: true });
    await tab.list.getByLabel('Action').selectOption({ label: action });
    await tab.list.getByRole('button', { name: 'Apply' }).click();
    const said = tab.page.getByRole('status').filter({ hasText: tab === mailbox ? /Trash/ : NOTHING });
    await expect(said).toBeVisible();
  }
});
