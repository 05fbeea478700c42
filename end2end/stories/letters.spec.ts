// Mail as other programs write it: what its reader sees.
import { readFile } from 'node:fs/promises';
import { deliverMessages } from '../support/cleaned.ts';
import { ADDRESS } from '../support/demo.ts';
import * as letters from '../support/letters.ts';
import { type Mailbox } from '../support/mailbox.ts';
import { expect, test } from '../support/story.ts';

test.beforeEach(async ({ mailbox }) => mailbox.signIn());

/** Delivers a message and opens it. */
async function read(mailbox: Mailbox, message: Buffer, subject: string): Promise<void> {
  await deliverMessages(mailbox.demo, [message]);
  await mailbox.arrives(subject);
  await mailbox.open(subject);
}

test('Chinese under the label of an older charset is read', async ({ mailbox }) => {
  await read(mailbox, letters.gb18030(), '季度预算汇总');
  await expect(mailbox.reader).toContainText('张三');
  await expect(mailbox.reader).toContainText('你好，镕');
});

test('a sender who looks like another is marked, and his address is shown', async ({ mailbox }) => {
  await read(mailbox, letters.lookAlike(), 'Your account is limited');
  const warning = mailbox.reader.getByRole('region', { name: 'Look at who sent this' });
  await expect(warning).toContainText('written like an address');
  await expect(warning).toContainText('mixes letters of several scripts');
  await expect(mailbox.reader.locator('.addr summary')).toContainText('service@xn--');
});

test('an invitation says what, when, where and who', async ({ mailbox }) => {
  await read(mailbox, letters.invitation(), 'Invitation: Rust Meetup #14');
  const card = mailbox.reader.getByRole('region', { name: 'Rust Meetup #14' });
  await expect(card).toContainText('28 November 2026');
  await expect(card).toContainText('Hangzhou');
  await expect(card).toContainText('hello@rustmeetup.example');
  await expect(card).toContainText('4th Saturday');
  await expect(mailbox.reader).toContainText('Doors open at 13:30.');
});

test('a bounce says who, why and what the server said, and the letter that came back opens', async ({ mailbox }) => {
  await read(mailbox, letters.bounce(), 'Undelivered Mail Returned to Sender');
  const card = mailbox.reader.getByRole('region', { name: 'A message of yours was not delivered' });
  await expect(card).toContainText('nobody@shop.example');
  await expect(card).toContainText('550 5.1.1 <nobody@shop.example> No such user here');
  await mailbox.reader.locator('a.file', { hasText: 'EML' }).click();
  await expect(mailbox.reader.getByRole('heading', { level: 1, name: 'The letter that came back' })).toBeVisible();
});

test('a bounce leads to what was sent', async ({ mailbox }) => {
  await mailbox.send({ to: ADDRESS, subject: 'Boat on Saturday', text: 'At ten?\n' });
  await mailbox.goToInbox();
  await mailbox.arrives('Boat on Saturday');
  await mailbox.open('Boat on Saturday');
  await mailbox.reader.getByText('Headers', { exact: true }).click();
  const id = await mailbox.reader.getByRole('row', { name: /^Message-ID/i }).getByRole('cell').innerText();
  await mailbox.goToInbox();
  await read(mailbox, letters.bounce(id), 'Undelivered Mail Returned to Sender');
  await mailbox.reader.getByRole('link', { name: 'What was sent' }).click();
  await expect(mailbox.page.getByRole('heading', { name: 'Boat on Saturday' })).toBeVisible();
});

test('a bounce about a message that was not sent from here leads nowhere', async ({ mailbox }) => {
  await read(mailbox, letters.bounce(`<${Date.now()}.x@x.example>`), 'Undelivered Mail Returned to Sender');
  await expect(mailbox.reader.getByRole('region', { name: 'A message of yours was not delivered' })).toBeVisible();
  await expect(mailbox.reader.getByRole('link', { name: 'What was sent' })).toHaveCount(0);
});

test('what an answer quotes is folded until it is asked for', async ({ mailbox, page }) => {
  await read(mailbox, letters.answer(), 'Re: At ten?');
  const body = page.frameLocator('iframe').locator('body');
  await expect(body.getByText('Yes, at ten.')).toBeVisible();
  const quoted = body.getByText('Shall we meet at ten?');
  await expect(quoted.first()).toBeHidden();
  const height = async () => (await page.locator('iframe.html-frame').boundingBox())?.height ?? 0;
  const folded = await height();
  await body.locator('summary').click();
  await expect(quoted.last()).toBeVisible();
  if (mailbox.view.hasScript) await expect.poll(height).toBeGreaterThan(folded + 200);
});

test('files are shown in a tab that can do nothing, or saved', async ({ mailbox, page }) => {
  await read(mailbox, letters.files(), 'Four files');
  const view = async (name: RegExp) => {
    const link = mailbox.reader.getByRole('link', { name });
    await expect(link).toHaveAttribute('target', '_blank');
    const response = await page.request.get(mailbox.demo.url((await link.getAttribute('href')) ?? ''));
    const headers = response.headers();
    expect(headers['content-security-policy']).toBe("sandbox; default-src 'none'");
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['content-disposition']).toMatch(/^inline/);
    return { type: headers['content-type'], body: await response.text() };
  };
  expect(await view(/^greeting\.txt/)).toEqual({ type: 'text/plain; charset=utf-8', body: '你好' });
  expect((await view(/^offer\.pdf/)).type).toBe('application/pdf');
  const [tab] = await Promise.all([
    page.waitForEvent('popup'),
    mailbox.reader.getByRole('link', { name: /^greeting\.txt/ }).click(),
  ]);
  await expect(tab.getByText('你好')).toBeVisible();
  await tab.close();

  for (const name of [/^page\.html/, /^setup\.exe/, 'Save offer.pdf']) {
    const link = mailbox.reader.getByRole('link', { name });
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    expect(download.suggestedFilename()).toMatch(/^(page\.html|setup\.exe|offer\.pdf)$/);
  }
});

test('all attachments are saved as one archive, and the message as a file', async ({ mailbox, page }) => {
  await read(mailbox, letters.bounce(), 'Undelivered Mail Returned to Sender');
  const save = async (name: string): Promise<Buffer> => {
    const link = mailbox.reader.getByRole('link', { name, exact: true });
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    return readFile(await download.path());
  };
  const archive = await save('Download all');
  // The end of the central directory (APPNOTE §4.3.16) counts the files.
  const end = archive.lastIndexOf('PK\x05\x06');
  expect(archive.readUInt16LE(end + 10)).toBe(2);
  expect(archive.includes('nobody@shop.example')).toBe(true);
  expect((await save('Save')).toString()).toMatch(/^Subject: Undelivered Mail Returned to Sender\r?$/m);
});

test('winmail.dat is a text and its files', async ({ mailbox, page }) => {
  await read(mailbox, letters.winmail(), 'The plan');
  await expect(mailbox.reader).toContainText('Read from winmail.dat.');
  await expect(mailbox.reader).not.toContainText('WINMAIL.DAT');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    mailbox.reader.getByRole('link', { name: 'Save plan.txt' }).click(),
  ]);
  expect(await readFile(await download.path(), 'utf8')).toBe('the plan\n');
});

test('a mailing list has its footer below the letter, and a way to leave it', async ({ mailbox }) => {
  await read(mailbox, letters.mailingList(), '[list] Which charset');
  await expect(mailbox.reader).toContainText(/UTF-8, of course\.[\s\S]*To leave the list/);
  await expect(mailbox.reader.getByRole('link', { name: 'Unsubscribe' })).toHaveAttribute('href', 'https://lists.example/leave?u=1');
});

test('a list whose server the operator does not allow is left on its page', async ({ mailbox }) => {
  await read(mailbox, letters.signedNewsletter(), 'The weekly news');
  // The demo connects to its own mail server only.
  await expect(mailbox.reader.getByRole('link', { name: 'Unsubscribe' })).toHaveAttribute('href', 'https://news.example/leave?u=1');
});

test('a list that is left by mail opens the message for that', async ({ mailbox, page }) => {
  await read(mailbox, letters.mailedList(), 'By mail');
  await mailbox.reader.getByRole('link', { name: 'Unsubscribe' }).click();
  await expect(page.locator('input[name="to"]')).toHaveValue(/leave@lists\.example/);
  await expect(page.getByLabel('Subject')).toHaveValue('leave us');
});

test('a message inside a message is a page of its own', async ({ mailbox, page }) => {
  await read(mailbox, letters.forwarded(), 'As a file');
  await mailbox.reader.locator('a.file').click();
  await expect(mailbox.reader.getByRole('heading', { level: 1, name: 'The inner letter' })).toBeVisible();
  await expect(mailbox.reader).toContainText('Words of the inner letter.');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    mailbox.reader.getByRole('link', { name: 'Save notes.txt' }).click(),
  ]);
  expect(await readFile(await download.path(), 'utf8')).toBe('inner notes');
  await mailbox.reader.getByRole('link', { name: 'Back to the message around it' }).click();
  await expect(mailbox.reader.getByRole('heading', { level: 1, name: 'As a file' })).toBeVisible();
});

test('the images of a sender are shown always, until that is taken back in the settings', async ({ mailbox, page }) => {
  const asked: string[] = [];
  await page.route(/^https:\/\/shop\.example\//, (route) => {
    asked.push(new URL(route.request().url()).pathname);
    return route.fulfill({ contentType: 'image/svg+xml', body: '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>' });
  });
  const picture = page.frameLocator('iframe').locator('body').getByAltText('The offer');
  await read(mailbox, letters.picture('First offer'), 'First offer');
  await expect(mailbox.reader.getByText('1 remote image not loaded')).toBeVisible();
  expect(asked).toEqual([]);
  await mailbox.reader.getByRole('button', { name: 'Always for this sender' }).click();
  await expect(picture).toHaveAttribute('src', 'https://shop.example/offer.png');
  await expect(mailbox.reader.getByText('Remote images of this sender are always shown.')).toBeVisible();

  await mailbox.goToInbox();
  await read(mailbox, letters.picture('Second offer'), 'Second offer');
  await expect(picture).toHaveAttribute('src', 'https://shop.example/offer.png');

  await page.goto(mailbox.demo.url('/settings/appearance'));
  const row = page.locator('form').filter({ hasText: 'news@shop.example' });
  await row.getByRole('button', { name: 'No longer' }).click();
  await expect(row).toHaveCount(0);
  await mailbox.goToInbox();
  await mailbox.open('Second offer');
  await expect(mailbox.reader.getByText('1 remote image not loaded')).toBeVisible();
});

test('a newsletter fits the screen although its own rules for phones do not see to that', { tag: ['@script', '@phone'] }, async ({ mailbox, page }) => {
  await read(mailbox, letters.newsletter(), 'The autumn sale');
  const wrapper = page.frameLocator('iframe').locator('body > div');
  await expect(wrapper.getByText('Offer 1', { exact: true })).toBeVisible();
  await expect.poll(() => wrapper.evaluate((div) => div.scrollWidth - div.clientWidth)).toBe(0);
});

test.describe('in the dark', () => {
  test.use({ colorScheme: 'dark' });

  test('a newsletter is dark with the page, and light again on request', async ({ mailbox, page }) => {
    await read(mailbox, letters.newsletter(), 'The autumn sale');
    const body = page.frameLocator('iframe').locator('body');
    const cell = body.locator('td', { hasText: 'The autumn sale' }).last();
    await expect(cell).toBeVisible();
    const paper = () => body.locator('table table').evaluate((table) => getComputedStyle(table).backgroundColor);
    expect(await luminance(paper)).toBeLessThan(60);
    await expect(body.locator('a').first()).toHaveAttribute('href', 'https://shop.example/offer/1');
    await mailbox.reader.getByRole('link', { name: 'Show in light colours' }).click();
    // The frame may be between two documents.
    await expect(async () => expect(await luminance(paper)).toBe(255)).toPass();
  });
});

/** Returns the green of a computed colour, 0 to 255. */
async function luminance(colour: () => Promise<string>): Promise<number> {
  const [, , green] = /rgba?\((\d+), (\d+)/.exec(await colour()) ?? [];
  return Number(green);
}
