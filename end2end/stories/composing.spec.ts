// How messages are written and sent is chosen in the settings.
import type { Page } from '@playwright/test';
import { deliverMessages } from '../support/cleaned.ts';
import { ADDRESS } from '../support/demo.ts';
import type { Mailbox } from '../support/mailbox.ts';
import { expect, expectAccessible, test } from '../support/story.ts';

test.beforeEach(async ({ mailbox }) => mailbox.signIn());

const SUBJECT = 'Boat on Saturday';

async function readLetter(mailbox: Mailbox): Promise<void> {
  const letter = `From: Ann <ann@restante.test>\r\nTo: ${ADDRESS}\r\nSubject: ${SUBJECT}\r\n\r\nAt ten?\r\n`;
  await deliverMessages(mailbox.demo, [letter]);
  await mailbox.goToInbox();
  await mailbox.arrives(SUBJECT);
  await mailbox.open(SUBJECT);
}

/** Opens the settings, changes the form, and saves it. */
async function choose({ page, demo }: Mailbox, change: (page: Page) => Promise<unknown>): Promise<void> {
  await page.goto(demo.url('/settings/appearance'));
  await page.getByRole('link', { name: 'Composing' }).click();
  await change(page);
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('status')).toHaveText('Saved');
}

test('the text goes below the quote if the user wants it there', async ({ mailbox }) => {
  const { page } = mailbox;
  await choose(mailbox, () => page.getByLabel('Quote when answering').selectOption('Above my text'));
  await expect(page.getByLabel('Quote when answering')).toHaveValue('above');
  if (mailbox.view.hasScript) await expectAccessible(page);
  await readLetter(mailbox);
  const draft = await mailbox.answer('Reply');
  await expect(draft.text).toHaveValue(/^On .* wrote:\n> At ten\?\n\n$/);
  if (!mailbox.view.hasScript) return;
  await expect(draft.text).toBeFocused();
  await page.keyboard.type('Ten is fine.');
  await expect(draft.text).toHaveValue(/> At ten\?\n\nTen is fine\.$/);
});

test('a formatted answer begins below its quote', { tag: '@script' }, async ({ mailbox }) => {
  const { page } = mailbox;
  await choose(mailbox, async () => {
    await page.getByLabel('Quote when answering').selectOption('Above my text');
    await page.getByLabel('Format').selectOption('Formatted text');
  });
  await readLetter(mailbox);
  await mailbox.answer('Reply');
  const text = page.frameLocator('iframe.c-editor').getByRole('textbox', { name: 'Message text' });
  await expect(text).toBeFocused();
  await page.keyboard.type('Ten is fine.');
  await expect(text).toHaveText(/wrote:\s*At ten\?\s*Ten is fine\.\s*$/);
  await expect(text.locator('blockquote')).toHaveText('At ten?');
});

test('an answered message is archived, and no file is asked for', { tag: '@script' }, async ({ mailbox }) => {
  const { page } = mailbox;
  await choose(mailbox, async () => {
    await page.getByLabel('After sending an answer').selectOption('Archive the message');
    await page.getByLabel('Warn about a missing attachment').uncheck();
    await page.getByLabel('Undo after sending').selectOption('5 seconds');
  });
  await readLetter(mailbox);
  const draft = await mailbox.answer('Reply');
  await draft.text.fill('The plan is attached.\n');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  // The page does not go back to a message that is about to be archived.
  await expect(page.locator('form.composer')).toHaveCount(0);
  await expect(mailbox.list).toBeVisible();
  await mailbox.arrives(`Re: ${SUBJECT}`);
  await expect(mailbox.list.getByRole('listitem').filter({ hasText: /(?<!Re: )Boat on Saturday/ })).toHaveCount(0);
  await mailbox.openFolder('Archive');
  await expect(mailbox.row(SUBJECT).first()).toBeVisible();
});
