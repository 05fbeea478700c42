// Whole messages that go on: forwarded as files, and as the beginning of a new message.
import { ADDRESS } from '../support/demo.ts';
import type { Mailbox } from '../support/mailbox.ts';
import { expect, test } from '../support/story.ts';

/** Sends a letter to oneself and opens it. */
async function receives(mailbox: Mailbox, subject: string): Promise<void> {
  await mailbox.send({ to: ADDRESS, subject, text: 'The tide turns at nine.' });
  await mailbox.goToInbox();
  await mailbox.arrives(subject);
  await mailbox.open(subject);
}

async function choose(mailbox: Mailbox, name: string): Promise<void> {
  await mailbox.reader.getByLabel('More ways to answer').click();
  await mailbox.reader.getByRole('link', { name, exact: true }).click();
}

test('a message is forwarded as a file', async ({ mailbox }) => {
  const { page } = mailbox;
  await mailbox.signIn();
  await receives(mailbox, 'Tides');
  await choose(mailbox, 'Forward as attachment');
  const draft = await mailbox.opened();
  await expect(draft.subject).toHaveValue('Fwd: Tides');
  await expect(page.locator('form.composer')).toContainText('Tides.eml');
  await draft.fill({ to: ADDRESS });
  await draft.send();
  await mailbox.outcome('Fwd: Tides', 'Handed over');
  await mailbox.goToInbox();
  await mailbox.arrives('Fwd: Tides');
  await mailbox.open('Fwd: Tides');
  await expect(mailbox.reader.getByText('Tides.eml').first()).toBeVisible();
});

test('ticked messages are forwarded together', { tag: ['@script', '@desktop'] }, async ({ mailbox }) => {
  const { page } = mailbox;
  await mailbox.signIn();
  for (const nth of [0, 1, 2]) await mailbox.list.getByRole('checkbox').nth(nth).check();
  await page.getByRole('toolbar', { name: 'Selected messages' }).getByRole('link', { name: 'Forward as attachment' }).click();
  await mailbox.opened();
  await expect(page.locator('form.composer .c-files').getByText('.eml')).toHaveCount(3);
});

test('a message is passed on as it is', async ({ mailbox }) => {
  const { page } = mailbox;
  await mailbox.signIn();
  await receives(mailbox, 'Harbour dues');
  await choose(mailbox, 'Redirect');
  const draft = await mailbox.opened();
  const form = page.locator('form.composer');
  await expect(form).toHaveAttribute('aria-label', 'Harbour dues');
  await expect(form).toContainText('The message goes on as it is');
  await expect(mailbox.reader.getByRole('link', { name: 'Redirect' })).toBeHidden();
  await expect(form.getByLabel('Subject')).toHaveCount(0);
  await draft.fill({ to: 'quiet@restante.test' });
  await draft.send('Redirect');
  await mailbox.outcome('Harbour dues', 'Handed over');
});

test('a message begins a new one', async ({ mailbox }) => {
  await mailbox.signIn();
  await receives(mailbox, 'Weekly report');
  await choose(mailbox, 'Edit as new');
  const draft = await mailbox.opened();
  await expect(draft.subject).toHaveValue('Weekly report');
  await expect(draft.recipients()).toHaveValue(new RegExp(ADDRESS));
  await expect(draft.text).toHaveValue(/The tide turns at nine\./);
  await draft.fill({ subject: 'Weekly report, again' });
  await draft.send();
  await mailbox.outcome('Weekly report, again', 'Handed over');
});
