// Templates: their settings, a new message with one, and one that is put into an answer.
import type { Mailbox } from '../support/mailbox.ts';
import { expect, test } from '../support/story.ts';

const TEXT = 'Thank you for your order.\nWe send it tomorrow.';

test.beforeEach(async ({ mailbox }) => mailbox.signIn());

async function addTemplate({ page, demo }: Mailbox): Promise<void> {
  await page.goto(demo.url('/settings/appearance'));
  await page.getByRole('link', { name: 'Templates' }).click();
  const form = page.locator('details').filter({ hasText: 'Add a template' });
  await form.locator('summary').click();
  await form.getByLabel('Name').fill('Order <b>');
  await form.getByLabel('Subject').fill('Your order');
  await form.getByLabel('Message text').fill(TEXT);
  await form.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('status')).toHaveText('Saved');
}

test('a new message begins with a template', async ({ mailbox }) => {
  const { page } = mailbox;
  await addTemplate(mailbox);
  await page.getByText('Order <b>').click();
  await page.getByRole('link', { name: 'Write with it' }).click();
  const draft = await mailbox.opened();
  await expect(draft.subject).toHaveValue('Your order');
  await expect(draft.text).toHaveValue(TEXT);
  // It can be sent as it is.
  await draft.fill({ to: 'quiet@restante.test' });
  await draft.send();
  await mailbox.outcome('Your order', 'Handed over');
});

test('a template is put into an answer where the cursor is', { tag: '@script' }, async ({ mailbox }) => {
  const { page } = mailbox;
  await addTemplate(mailbox);
  await mailbox.goToInbox();
  await mailbox.list.getByRole('listitem').first().getByRole('link').click();
  await mailbox.reader.getByRole('link', { name: 'Reply', exact: true }).first().click();
  const draft = await mailbox.opened();
  const subject = await draft.subject.inputValue();
  const quote = await draft.text.inputValue();
  await page.getByLabel('Insert a template').selectOption({ label: 'Order <b>' });
  await expect(draft.text).toHaveValue(TEXT + quote);
  await expect(draft.text).toBeFocused();
  await expect(draft.subject).toHaveValue(subject);
  // The same one again, into formatted text.
  await page.getByRole('button', { name: 'Formatting' }).click();
  const text = page.frameLocator('iframe.c-editor').getByRole('textbox', { name: 'Message text' });
  await expect(text).toBeFocused();
  await page.getByLabel('Insert a template').selectOption({ label: 'Order <b>' });
  await expect(text.getByText('We send it tomorrow.')).toHaveCount(2);
});

test('a template without a name is refused, and its text stays', async ({ mailbox, faults }) => {
  const { page } = mailbox;
  await page.goto(mailbox.demo.url('/settings/templates'));
  const form = page.locator('details').filter({ hasText: 'Add a template' });
  await form.locator('summary').click();
  await form.getByLabel('Name').fill(' ');
  await form.getByLabel('Message text').fill(TEXT);
  await form.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('alert')).toContainText('The template has no name.');
  await expect(form.getByLabel('Message text')).toHaveValue(TEXT);
  faults.forgive(/status of 4\d\d .*\/settings\/templates\)$/);
});
