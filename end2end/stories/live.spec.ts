// New mail appears in an open page without a request of the user.
import { ADDRESS } from '../support/demo.ts';
import { Mailbox } from '../support/mailbox.ts';
import { expect, test } from '../support/story.ts';

test('new mail shows in an open page and in the title of its tab', { tag: '@script' }, async ({ mailbox, context, demo }) => {
  await mailbox.signIn();
  const other = new Mailbox(await context.newPage(), demo, mailbox.view);
  await other.goToInbox();
  const before = await mailbox.page.title();
  await other.send({ to: ADDRESS, subject: 'It came by itself', text: 'Look.\n' });

  await mailbox.page.bringToFront();
  await expect(mailbox.row('It came by itself').first()).toBeVisible({ timeout: 3_000 });
  await expect.poll(() => mailbox.page.title()).not.toBe(before);
});

test.describe('with mail that arrives by itself', () => {
  test.use({ demoArguments: ['--mail-every', '2'] });

  test('the list grows at its top', { tag: '@script' }, async ({ mailbox }) => {
    await mailbox.signIn();
    const first = mailbox.list.getByRole('listitem').first();
    const before = await first.innerText();
    await expect.poll(() => first.innerText(), { timeout: 10_000 }).not.toBe(before);
  });
});
