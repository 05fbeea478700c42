// Changes to messages, each with its undo.
import { expect, test } from '../support/story.ts';
import { type Mailbox, subjectIn, subjectOf } from '../support/mailbox.ts';

/** The newest message, which every story may change. */
async function newest(mailbox: Mailbox): Promise<string> {
  return subjectOf(mailbox.list.getByRole('listitem').first());
}

test.beforeEach(async ({ mailbox }) => mailbox.signIn());

test('archives a message and takes it back', async ({ mailbox }) => {
  const subject = await newest(mailbox);
  await mailbox.open(subject);
  await mailbox.act('Archive');
  await expect(mailbox.row(subject)).toHaveCount(0);
  await mailbox.undo(/Archive/);
  await mailbox.isOpenAgain(subject);
  await expect(mailbox.row(subject).first()).toBeVisible();
});

test('a message that was opened is read, and can be made unread', async ({ mailbox }) => {
  const row = mailbox.list.getByRole('listitem').filter({ hasText: 'Unread' }).first();
  const subject = await subjectOf(row);
  await mailbox.open(subject);
  await mailbox.backToList();
  await mailbox.goToInbox();
  await expect(mailbox.row(subject).first()).not.toContainText('Unread');

  await mailbox.open(subject);
  await mailbox.act('Mark unread');
  await expect(mailbox.row(subject).first()).toContainText('Unread');
});

test('a star stays after loading the page again', async ({ mailbox }) => {
  const star = mailbox.list.getByRole('listitem').first().getByRole('button', { name: 'Star' });
  const before = await star.getAttribute('aria-pressed');
  await star.click();
  const after = before === 'true' ? 'false' : 'true';
  await expect(star).toHaveAttribute('aria-pressed', after);
  await mailbox.page.reload();
  await expect(star).toHaveAttribute('aria-pressed', after);
});

test('moves a message to another folder', async ({ mailbox }) => {
  const subject = await newest(mailbox);
  await mailbox.open(subject);
  await mailbox.moveTo('Receipts');
  await expect(mailbox.row(subject)).toHaveCount(0);
  await mailbox.openFolder('Receipts');
  await expect(mailbox.row(subject).first()).toBeVisible();
});

test('changes several messages at once', async ({ mailbox }) => {
  const boxes = mailbox.list.getByRole('checkbox');
  for (const index of [0, 1, 2]) await boxes.nth(index).check({ force: true });
  const first = await newest(mailbox);
  if (mailbox.view.hasScript) {
    await mailbox.list.getByRole('toolbar').getByRole('button', { name: 'Archive' }).click();
  } else {
    await mailbox.list.getByLabel('Action').selectOption({ label: 'Archive' });
    await mailbox.list.getByRole('button', { name: 'Apply' }).click();
  }
  await expect(mailbox.row(first)).toHaveCount(0);
  await mailbox.undo(/3/);
  await expect(mailbox.row(first).first()).toBeVisible();
});

test('a row under the mouse has its own buttons', { tag: ['@script', '@desktop'] }, async ({ mailbox }) => {
  const subject = await newest(mailbox);
  const row = mailbox.row(subject);
  await expect(row.getByRole('button', { name: 'Archive' })).toHaveCount(0);
  await row.hover();
  await row.getByRole('button', { name: 'Archive' }).click();
  await expect(row).toHaveCount(0);
  await mailbox.undo(/Archive/);
  await expect(row).toBeVisible();
});

test('undo brings an old message back to its place and opens it again', { tag: ['@script', '@desktop'] }, async ({ mailbox, page }) => {
  const subjects = () => mailbox.list.locator('.row-link').allInnerTexts();
  const row = mailbox.list.getByRole('listitem').nth(9);
  const subject = await subjectOf(row);
  await mailbox.open(subject);
  // Reading sets the flag, and with it the text of the row.
  await expect(row).not.toContainText('Unread');
  const before = await subjects();
  for (const [act, said] of [
    ['Archive', /Archive/],
    ['Delete', /Trash/],
  ] as const) {
    await mailbox.act(act);
    await expect.poll(subjects).not.toEqual(before);
    await mailbox.undo(said);
    await expect(mailbox.reader.getByRole('heading', { level: 1, name: subject })).toBeVisible();
    await expect.poll(async () => (await subjects()).slice(0, 12)).toEqual(before.slice(0, 12));
    await expect(page.locator('.row.open')).toContainText(subject);
  }
});

test('an old message that comes back stands where it stood', async ({ mailbox }) => {
  const subjects = async () => {
    const links = mailbox.list.getByRole('listitem').getByRole('link');
    const texts = await links.allInnerTexts();
    return texts.slice(0, 8).map(subjectIn);
  };
  const before = await subjects();
  const subject = await subjectOf(mailbox.list.getByRole('listitem').nth(5));
  await mailbox.open(subject);
  await mailbox.act('Archive');
  await expect.poll(subjects).not.toEqual(before);
  await mailbox.undo(/Archive/);
  await mailbox.isOpenAgain(subject);
  await expect.poll(subjects).toEqual(before);
});

test('pins a folder to the top, where it stays for the next session, and lets it go', async ({ mailbox, faults }) => {
  const { list, page, view } = mailbox;
  const firstIs = async (name: string) => {
    if (view.isPhone) await mailbox.showFolders();
    await expect(mailbox.folders.locator('.tree a').first()).toContainText(name);
  };
  await mailbox.openFolder('Receipts');
  await list.getByRole('button', { name: 'Pin this folder to the top' }).click();
  const unpin = list.getByRole('button', { name: 'Unpin this folder' });
  await expect(unpin).toHaveAttribute('aria-pressed', 'true');
  await firstIs('Receipts');
  await page.context().clearCookies();
  await mailbox.signIn();
  // A request of the page that was left had no session any more.
  faults.forgive(/status of 401 .*\/api\/\w+\)$/);
  await firstIs('Receipts');
  await mailbox.openFolder('Receipts');
  await unpin.click();
  await expect(list.getByRole('button', { name: 'Pin this folder to the top' })).toBeVisible();
  await firstIs('Inbox');
});
