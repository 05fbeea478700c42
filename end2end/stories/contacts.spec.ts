// The address book: imported, found, written to. Its page is the same with and without JavaScript.
import { readFile } from 'node:fs/promises';
import { ADDRESS } from '../support/demo.ts';
import type { Mailbox } from '../support/mailbox.ts';
import { expect, expectAccessible, test } from '../support/story.ts';

const CARDS = [
  'BEGIN:VCARD',
  'VERSION:3.0',
  'FN:Amélie Durand',
  'EMAIL:amelie@restante.test',
  'CATEGORIES:Chess',
  'END:VCARD',
  'BEGIN:VCARD',
  'VERSION:3.0',
  'FN:陈思远',
  `EMAIL:${ADDRESS}`,
  'CATEGORIES:Chess',
  'END:VCARD',
  'BEGIN:VCARD',
  'VERSION:3.0',
  'FN:Phone only',
  'END:VCARD',
  '',
].join('\r\n');

test.beforeEach(async ({ mailbox }) => mailbox.signIn());

test('a vCard file is imported, searched, corrected and exported', async ({ mailbox }) => {
  const { page } = mailbox;
  await page.goto(mailbox.demo.url('/settings/appearance'));
  await page.getByRole('link', { name: 'Contacts' }).click();
  await expect(page.getByRole('heading', { name: 'No contacts yet' })).toBeVisible();
  await importCards(mailbox);
  await expect(page.getByText('Phone only: no email address')).toBeVisible();
  if (mailbox.view.hasScript) await expectAccessible(page);

  await page.getByRole('searchbox').fill('amelie');
  await page.getByRole('button', { name: 'Search contacts' }).click();
  await expect(page.getByRole('heading', { name: '1 contact' })).toBeVisible();
  await page.getByText('Amélie Durand').click();
  const form = page.locator('form').filter({ has: page.locator('[value="Amélie Durand"]') });
  await form.getByLabel('Email addresses').fill('amelie@restante.test\namelie@home.example');
  await form.getByLabel('Note').fill('plays white');
  await form.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('status')).toHaveText('Saved');
  await expect(page.getByText('amelie@restante.test, amelie@home.example')).toBeVisible();

  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Save as CSV' }).click();
  const file = await readFile(await (await download).path(), 'utf8');
  expect(file.split('\r\n')[0]).toBe('\ufeffName,E-mail 1 - Value,E-mail 2 - Value,Notes,Labels');
  expect(file).toContain('Amélie Durand,amelie@restante.test,amelie@home.example,plays white,Chess\r\n');
});

test('a contact is added, refused, and deleted', async ({ mailbox, faults }) => {
  const { page } = mailbox;
  await page.goto(mailbox.demo.url('/settings/contacts'));
  await page.getByText('Add a contact').click();
  const form = page.locator('form').filter({ has: page.getByLabel('Note') }).first();
  await form.getByLabel('Name').fill('Ben');
  await form.getByLabel('Email addresses').fill('nobody');
  await form.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('alert')).toContainText('nobody');
  faults.forgiveStatus(422);
  await expect(form.getByLabel('Name')).toHaveValue('Ben');
  await form.getByLabel('Email addresses').fill('ben@b.example');
  await form.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { name: '1 contact' })).toBeVisible();
  await page.getByText('Ben', { exact: true }).click();
  await page.getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('heading', { name: 'No contacts yet' })).toBeVisible();
});

test('contacts and groups are suggested, and a group is written to', { tag: '@script' }, async ({ mailbox }) => {
  const { page } = mailbox;
  await page.goto(mailbox.demo.url('/settings/contacts'));
  await importCards(mailbox);
  await mailbox.goToInbox();
  const draft = await mailbox.compose();
  const offers = page.getByRole('listbox').getByRole('option');
  await draft.to.pressSequentially('思');
  await expect(offers).toHaveText([/陈思远\s*demo@restante\.test/]);
  await draft.to.fill('');
  await draft.to.pressSequentially('ches');
  await expect(offers).toHaveText([/Chess\s*amelie@restante\.test, demo@restante\.test/]);
  await draft.to.press('Enter');
  await expect(draft.recipients()).toHaveValue(`amelie@restante.test, ${ADDRESS}`);
  await expect(page.locator('.chip')).toHaveCount(2);
  await draft.fill({ subject: 'To the group', text: 'Your move.\n' });
  await draft.send();
  await mailbox.outcome('To the group', 'amelie@restante.test');
  await mailbox.goToInbox();
  await mailbox.arrives('To the group');
});

/** Imports the cards on the page of the address book. */
async function importCards({ page }: Mailbox): Promise<void> {
  const buffer = Buffer.from(CARDS);
  await page.getByLabel('File').setInputFiles({ name: 'contacts.vcf', mimeType: 'text/vcard', buffer });
  await page.getByRole('button', { name: 'Import' }).click();
  await expect(page.getByRole('status')).toHaveText('Imported: 3 added, 0 changed, 0 already here.');
}
