// A message waits before it leaves: it can be stopped, sent now, or sent at a chosen time.
import { ADDRESS } from '../support/demo.ts';
import { expect, test } from '../support/story.ts';

test.use({ demoArguments: ['--undo-send-secs', '30'] });
test.beforeEach(async ({ mailbox }) => mailbox.signIn());

const send = { name: 'Send', exact: true } as const;

test('Undo brings a message back before it leaves', { tag: ['@script', '@phone'] }, async ({ mailbox }) => {
  const { page } = mailbox;
  const place = page.url();
  const draft = await mailbox.compose();
  await draft.fill({ to: ADDRESS, subject: 'Too early', text: 'One moment.\n' });
  await page.getByRole('button', send).click();
  const line = page.locator('.snack');
  await expect(line).toContainText(`Sending to ${ADDRESS}. Leaves in`);
  await expect(line).toContainText(/Leaves in 2\d seconds, even if you close this tab\./);
  // After sending, the page is where it was.
  expect(page.url()).toBe(place);
  await line.getByRole('button', { name: 'Undo' }).click();
  await expect(draft.subject).toHaveValue('Too early');
  await expect(draft.text).toHaveValue('One moment.\n');
  await draft.subject.fill('In time');
  await page.getByRole('button', send).click();
  await page.locator('.snack').getByRole('link', { name: 'Details' }).click();
  await page.getByRole('button', { name: 'Send now' }).click();
  await mailbox.outcome('In time', 'Handed over');
  await expect(mailbox.entry('Too early')).toHaveCount(0);
});

test('without a click the message leaves, also from a closed tab', { tag: '@script' }, async ({ mailbox, context }) => {
  const { page } = mailbox;
  await page.goto(mailbox.demo.url('/settings/composing'));
  await page.getByLabel('Undo after sending').selectOption('5');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved', { exact: true })).toBeVisible();
  await mailbox.goToInbox();
  const draft = await mailbox.compose();
  await draft.fill({ to: ADDRESS, subject: 'By itself', text: 'Bye.\n' });
  await page.getByRole('button', send).click();
  await expect(page.locator('.snack')).toContainText('Leaves in');
  await page.close();
  const next = await context.newPage();
  await next.goto(mailbox.demo.url('/outbox'));
  await expect(next.getByRole('article').filter({ hasText: 'By itself' })).toContainText('Handed over', { timeout: 15_000 });
});

test('without script the result page stops a message and opens it again', { tag: '@plain' }, async ({ mailbox }) => {
  const { page } = mailbox;
  const draft = await mailbox.compose();
  await draft.fill({ to: ADDRESS, subject: 'Plain undo', text: 'Wait.\n' });
  await draft.send();
  await expect(mailbox.entry('Plain undo')).toContainText('Leaves in');
  await mailbox.entry('Plain undo').getByRole('button', { name: 'Edit' }).click();
  await expect(draft.subject).toHaveValue('Plain undo');
  await draft.send();
  await mailbox.entry('Plain undo').getByRole('button', { name: 'Do not send' }).click();
  await expect(mailbox.entry('Plain undo')).toContainText('Stopped');
});

test('a message is scheduled, listed with its time, and sent now', { tag: '@plain' }, async ({ mailbox, faults }) => {
  const { page } = mailbox;
  const draft = await mailbox.compose();
  await draft.fill({ to: ADDRESS, subject: 'Next year', text: 'Happy new year.\n' });
  await page.getByText('Options', { exact: true }).click();
  await page.getByLabel('Send later').fill('2001-01-01T08:00');
  await page.getByRole('button', { name: /^(Send|Schedule)$/ }).click();
  await expect(page.getByRole('alert')).toContainText('cannot be sent at this time');
  await expect(draft.text).toHaveValue('Happy new year.\n');
  await page.getByLabel('Send later').fill(new Date(Date.now() + 40 * 86_400_000).toISOString().slice(0, 16));
  await page.getByLabel('Priority').selectOption('high');
  await page.getByRole('button', { name: /^(Send|Schedule)$/ }).click();
  await page.goto(mailbox.demo.url('/outbox'));
  const entry = mailbox.entry('Next year');
  await expect(entry).toContainText('Scheduled');
  await expect(entry).toContainText('even if this browser is closed');
  await expect(page.getByText(/your sign-in is stored here, encrypted/)).toBeVisible();
  await entry.getByRole('button', { name: 'Send now' }).click();
  await mailbox.outcome('Next year', 'Handed over');
  faults.forgiveStatus(422);
});
