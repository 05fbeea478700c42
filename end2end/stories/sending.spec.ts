// No message is sent twice or without a selected file, and no text is lost.
import { expect, test } from '../support/story.ts';
import { openEntry } from '../support/mailbox.ts';
import { ADDRESS } from '../support/demo.ts';

test.beforeEach(async ({ mailbox }) => mailbox.signIn());

const send = { name: 'Send', exact: true } as const;

test('two clicks on Send are one message', async ({ mailbox }) => {
  const draft = await mailbox.compose();
  await draft.fill({ to: ADDRESS, subject: 'Clicked twice', text: 'Once is enough.\n' });
  await mailbox.page.getByRole('button', send).dblclick();
  await openEntry(mailbox.page);
  await mailbox.outcome('Clicked twice', 'Handed over');
  await expect(mailbox.entry('Clicked twice')).toHaveCount(1);
});

test('going back and sending again shows the message that was sent', { tag: '@plain' }, async ({ mailbox }) => {
  const { page } = mailbox;
  const draft = await mailbox.compose();
  await draft.fill({ to: ADDRESS, subject: 'Back again', text: 'Once is enough.\n' });
  await draft.send();
  await page.goBack();
  // Text that the browser does not restore is typed again.
  await draft.fill({ to: ADDRESS, subject: 'Back again', text: 'Once is enough.\n' });
  await draft.send();
  await mailbox.outcome('Back again', 'Handed over');
  await expect(mailbox.entry('Back again')).toHaveCount(1);
});

test('a text whose session ended is in the form after signing in', { tag: '@plain' }, async ({ mailbox, faults }) => {
  const { page } = mailbox;
  const draft = await mailbox.compose();
  await draft.fill({ to: ADDRESS, subject: 'Written too long', text: 'An evening of words.\n' });
  await draft.attach('plan.txt', 'text/plain', Buffer.from('The plan.'));
  const address = page.url();
  await page.context().clearCookies();
  await page.getByRole('button', send).click();
  await expect(page.getByText('Its text is kept for an hour')).toBeVisible();
  expect(page.url()).not.toContain('evening');
  await mailbox.typeSignIn();
  await page.getByRole('button', { name: 'Open mailbox' }).click();
  await expect(draft.subject).toHaveValue('Written too long');
  await expect(draft.text).toHaveValue(/An evening of words\./);
  expect(page.url()).toBe(address);
  await expect(page.getByRole('alert')).toContainText('was not sent');
  // The alert names the file, and the message is not sent without it.
  await page.getByRole('button', send).click();
  await expect(page.getByRole('alert')).toContainText('plan.txt');
  await draft.attach('plan.txt', 'text/plain', Buffer.from('The plan.'));
  await draft.send();
  await expect(mailbox.entry('Written too long')).toHaveCount(1);
  faults.forgiveStatus(422);
});

test('nothing leaves without a file that is too large', async ({ mailbox, faults }) => {
  const { page } = mailbox;
  const draft = await mailbox.compose();
  await draft.fill({ to: ADDRESS, subject: 'Heavy', text: 'See the film.\n' });
  await draft.attach('film.bin', 'application/octet-stream', Buffer.alloc(27_000_000));
  await page.getByRole('button', send).click();
  await expect(page.getByRole('alert')).toContainText('film.bin');
  await expect(draft.text).toHaveValue(/See the film\./);
  // A second click changes nothing.
  await page.getByRole('button', send).click();
  await expect(page.getByRole('alert')).toContainText('film.bin');
  if (mailbox.view.hasScript) await page.getByRole('button', { name: 'Remove film.bin' }).click();
  else await page.getByRole('checkbox', { name: /film\.bin/ }).uncheck();
  await draft.send();
  await expect(mailbox.entry('Heavy')).toHaveCount(1);
  faults.forgiveStatus(413);
  faults.forgiveStatus(422);
});

test('an upload that broke holds the message until it is tried again', { tag: '@script' }, async ({ mailbox, faults }) => {
  const { page } = mailbox;
  const draft = await mailbox.compose();
  await draft.fill({ to: ADDRESS, subject: 'With its file', text: 'Attached.\n' });
  await page.route('**/upload', (route) => route.fulfill({ status: 503, body: '' }));
  await draft.attach('report.txt', 'text/plain', Buffer.from('All is well.'));
  await page.keyboard.press('Control+Enter');
  await page.getByRole('button', send).click();
  await expect(page.getByRole('alert')).toContainText('report.txt');
  await page.unroute('**/upload');
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('button', { name: 'Try again' })).toHaveCount(0);
  await draft.send();
  await mailbox.outcome('With its file', 'Handed over');
  await mailbox.goToInbox();
  await mailbox.arrives('With its file');
  await mailbox.open('With its file');
  await expect(mailbox.reader.getByText('report.txt')).toBeVisible();
  faults.forgiveStatus(503);
});

test('a file that is still on its way holds the message', { tag: '@script' }, async ({ mailbox }) => {
  const { page } = mailbox;
  const draft = await mailbox.compose();
  await draft.fill({ to: ADDRESS, subject: 'In time', text: 'Attached.\n' });
  let arrive = () => {};
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  await page.route('**/upload', async (route) => {
    await arrived;
    await route.continue();
  });
  await page.locator('form.composer').getByLabel(/Attach/).setInputFiles({ name: 'slow.txt', mimeType: 'text/plain', buffer: Buffer.from('Slow.') });
  await page.getByRole('button', send).click();
  await expect(page.getByRole('alert')).toContainText('still on its way');
  arrive();
  await expect(page.getByRole('progressbar')).toHaveCount(0);
  await draft.send();
  await expect(mailbox.entry('In time')).toHaveCount(1);
});

test('a file dropped beside the form is attached and takes the page nowhere', { tag: ['@script', '@desktop'] }, async ({ mailbox }) => {
  const { page } = mailbox;
  const draft = await mailbox.compose();
  await draft.fill({ to: ADDRESS, subject: 'Dropped', text: 'Attached.\n' });
  const dropped = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(['dropped'], 'dropped.txt', { type: 'text/plain' }));
    return transfer;
  });
  await page.dispatchEvent('body', 'dragover', { dataTransfer: dropped });
  await page.dispatchEvent('body', 'drop', { dataTransfer: dropped });
  await expect(page.getByRole('button', { name: 'Remove dropped.txt' })).toBeVisible();
  await expect(page.getByRole('progressbar')).toHaveCount(0);
  await draft.send();
  await mailbox.outcome('Dropped', 'Handed over');
});

test('the second try of an answer that was lost sends nothing more', { tag: '@script' }, async ({ mailbox, faults }) => {
  const { page } = mailbox;
  const draft = await mailbox.compose();
  await draft.fill({ to: ADDRESS, subject: 'Lost answer', text: 'Once.\n' });
  await page.route('**/api/message_send', async (route) => {
    await route.fetch();
    await route.fulfill({ status: 503, body: '' });
  });
  await page.getByRole('button', send).click();
  await expect(page.getByRole('alert').first()).toBeVisible();
  await page.unroute('**/api/message_send');
  await draft.send();
  await mailbox.outcome('Lost answer', 'Handed over');
  await expect(mailbox.entry('Lost answer')).toHaveCount(1);
  faults.forgiveStatus(503);
});

test('a message that waits is stopped, and its text is still there', async ({ mailbox }) => {
  const { page } = mailbox;
  await mailbox.send({ to: 'busy@restante.test', subject: 'Second thoughts', text: 'Better not.\n' });
  await mailbox.outcome('Second thoughts', 'Delayed');
  await mailbox.entry('Second thoughts').getByRole('button', { name: 'Stop trying' }).click();
  await mailbox.outcome('Second thoughts', 'Stopped');
  await mailbox.entry('Second thoughts').getByRole('link', { name: /Correct/ }).click();
  await expect(page.getByLabel('Message text')).toHaveValue(/Better not\./);
});

test('an entry that is removed can be put back, at once and later', async ({ mailbox }) => {
  const { page } = mailbox;
  await mailbox.send({ to: 'nobody@restante.test', subject: 'Not lost', text: 'Still here.\n' });
  await mailbox.outcome('Not lost', 'Refused');
  const entry = mailbox.entry('Not lost').filter({ visible: true });
  const remove = entry.getByRole('button', { name: 'Remove from list' });
  await remove.click();
  await expect(entry).toHaveCount(0);
  const snack = page.getByRole('status').filter({ hasText: 'Removed from the list' });
  await snack.getByRole('button', { name: 'Undo' }).click();
  await expect(entry).toHaveCount(1);
  await remove.click();
  await expect(entry).toHaveCount(0);
  await page.getByText('Removed (1)').click();
  await entry.getByRole('button', { name: 'Put back' }).click();
  await expect(remove).toBeVisible();
  await entry.getByRole('link', { name: /Correct/ }).click();
  await expect(page.getByLabel('Message text')).toHaveValue(/Still here\./);
});
