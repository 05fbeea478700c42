// Several senders: their settings, the choice in the form, and the signature that goes with it.
import type { Page } from '@playwright/test';
import { ADDRESS } from '../support/demo.ts';
import type { Mailbox } from '../support/mailbox.ts';
import { expect, test } from '../support/story.ts';

test.beforeEach(async ({ mailbox }) => mailbox.signIn());

test('a sender with a signature is added, chosen and sent from', async ({ mailbox }) => {
  const { page } = mailbox;
  await addSender(mailbox, { name: 'Sales', address: 'sales@restante.test', signature: 'The sales team' });
  await mailbox.goToInbox();
  const draft = await mailbox.compose();
  await draft.fill({ to: ADDRESS, subject: 'From sales' });
  const from = page.getByLabel('From', { exact: true });
  await from.selectOption({ label: 'Sales <sales@restante.test>' });
  if (mailbox.view.hasScript) {
    await expect(draft.text).toHaveValue(/-- \nThe sales team/);
    // Back to the own address, which has no signature.
    await from.selectOption({ index: 0 });
    await expect(draft.text).toHaveValue('');
    await from.selectOption({ index: 1 });
  }
  await draft.text.fill('An offer.\n');
  await draft.send();
  await mailbox.outcome('From sales', 'Handed over');
  await mailbox.goToInbox();
  await mailbox.arrives('From sales');
  await mailbox.open('From sales');
  await expect(mailbox.reader).toContainText('Sales');
  await expect(mailbox.reader).toContainText('sales@restante.test');
});

test('the default sender begins each message, with its signature', async ({ mailbox }) => {
  const { page } = mailbox;
  await page.goto(mailbox.demo.url('/settings/identities'));
  const own = page.locator('details').filter({ hasText: ADDRESS }).first();
  await own.locator('summary').click();
  await own.getByLabel('Name').fill('文杰');
  await own.getByLabel('Signature').fill('文杰\n杭州');
  await own.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('status')).toHaveText('Saved');
  await mailbox.goToInbox();
  const draft = await mailbox.compose();
  await expect(draft.text).toHaveValue('\n\n-- \n文杰\n杭州\n');
  await expect(page.getByLabel('From', { exact: true })).toHaveValue(`文杰 <${ADDRESS}>`);
});

test('an address for answers that is none is refused, and what was typed stays', async ({ mailbox, faults }) => {
  const { page } = mailbox;
  await page.goto(mailbox.demo.url('/settings/identities'));
  await fillSender(page, { name: 'Nobody', address: 'nobody@restante.test', signature: 'x', replyTo: 'half an addr' });
  await expect(page.getByRole('alert')).toBeVisible();
  const form = page.locator('details[open]');
  await expect(form.getByLabel('Address', { exact: true })).toHaveValue('nobody@restante.test');
  await expect(form.getByLabel(/Answers go to/)).toHaveValue('half an addr');
  await expect(form.getByLabel('Name')).toHaveValue('Nobody');
  faults.forgive(/status of 4\d\d .*\/settings\/identities\)$/);
});

test('a formatted text changes its signature with the sender', { tag: '@script' }, async ({ mailbox }) => {
  const { page } = mailbox;
  await addSender(mailbox, { name: 'Sales', address: 'sales@restante.test', signature: 'The sales team\nHangzhou' });
  await mailbox.goToInbox();
  await mailbox.compose();
  await page.getByRole('button', { name: 'Formatting' }).click();
  const text = page.frameLocator('iframe.c-editor').getByRole('textbox', { name: 'Message text' });
  await expect(text).toBeFocused();
  await page.keyboard.type('Hello');
  const from = page.getByLabel('From', { exact: true });
  await from.selectOption({ index: 1 });
  await expect(text).toContainText('The sales team');
  await from.selectOption({ index: 0 });
  await expect(text).not.toContainText('The sales team');
  await expect(text).toContainText('Hello');
});

type NewSender = { name: string; address: string; signature: string; replyTo?: string };

async function addSender(mailbox: Mailbox, sender: NewSender): Promise<void> {
  const { page } = mailbox;
  await page.goto(mailbox.demo.url('/settings/appearance'));
  await page.getByRole('link', { name: 'Names and signatures' }).click();
  await fillSender(page, sender);
  await expect(page.getByRole('status')).toHaveText('Saved');
  await expect(page.locator('summary').filter({ hasText: `${sender.name} <${sender.address}>` })).toBeVisible();
}

async function fillSender(page: Page, sender: NewSender): Promise<void> {
  const form = page.locator('details').filter({ hasText: 'Add a sender' });
  await form.locator('summary').click();
  await form.getByLabel('Name').fill(sender.name);
  await form.getByLabel('Address', { exact: true }).fill(sender.address);
  await form.getByLabel('Signature').fill(sender.signature);
  await form.getByLabel(/Answers go to/).fill(sender.replyTo ?? '');
  await form.getByRole('button', { name: 'Save' }).click();
}
