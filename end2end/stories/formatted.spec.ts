// Writing with formatting: the editor in its frame, pictures, paste, and what the recipient gets.
import { readFile } from 'node:fs/promises';
import { deflateSync, crc32 } from 'node:zlib';
import type { FrameLocator, Locator, Page } from '@playwright/test';
import { ADDRESS } from '../support/demo.ts';
import { type Draft, type Mailbox, openEntry } from '../support/mailbox.ts';
import { expect, test } from '../support/story.ts';

test.use({ demoArguments: ['--undo-send-secs', '30'] });
test.beforeEach(async ({ mailbox }) => mailbox.signIn());

test('a formatted message with a picture and files is undone, edited and sent', { tag: '@script' }, async ({ mailbox }) => {
  const { page } = mailbox;
  const draft = await mailbox.compose();
  await draft.fill({ to: ADDRESS, subject: 'Offer with a drawing' });
  const editor = await format(page);
  await editor.text.click();
  await page.keyboard.type('Dear Wenjie,');
  await page.keyboard.press('Enter');
  await editor.tool('Bold (Ctrl+B)').click();
  await page.keyboard.type('the new price');
  await editor.tool('Bold (Ctrl+B)').click();
  await page.keyboard.type(' is below. ');
  await editor.insertPicture('drawing.png', png());
  for (const name of ['one.txt', 'two.txt', 'three.txt']) {
    await draft.attach(name, 'text/plain', Buffer.from(`${name}\n`));
  }
  // The picture is in the text, not among the files.
  await expect(page.getByRole('button', { name: 'Remove drawing.png' })).toHaveCount(0);

  await page.getByRole('button', { name: 'Send', exact: true }).click();
  const line = page.locator('.snack');
  await expect(line).toContainText('Leaves in');
  await line.getByRole('button', { name: 'Undo' }).click();
  await expect(draft.subject).toHaveValue('Offer with a drawing');
  await expect(editor.text.locator('b')).toHaveText('the new price');
  await isLoaded(editor.text.locator('img'));
  await editor.text.getByText('Dear Wenjie').click();
  await page.keyboard.press('End');
  await page.keyboard.type(' good morning,');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await openEntry(page);
  await sendNow(page);
  await mailbox.outcome('Offer with a drawing', 'Handed over');
  await mailbox.goToInbox();
  await mailbox.arrives('Offer with a drawing');
  await mailbox.open('Offer with a drawing');
  const body = page.frameLocator('iframe.html-frame');
  await expect(body.locator('b')).toHaveText('the new price');
  await expect(body.getByText('Dear Wenjie, good morning,')).toBeVisible();
  await isLoaded(body.locator('img'));
  for (const name of ['one.txt', 'two.txt', 'three.txt']) {
    await expect(mailbox.reader.getByText(name).first()).toBeVisible();
  }
  await expect(mailbox.reader.getByText('drawing.png')).toHaveCount(0);
});

test('an answer quotes the message as it was formatted, with its picture', { tag: '@script' }, async ({ mailbox }) => {
  const { page } = mailbox;
  await sendDrawing(mailbox, 'A drawing to answer');
  await mailbox.goToInbox();
  await mailbox.arrives('A drawing to answer');
  await mailbox.open('A drawing to answer');
  await mailbox.answer('Reply');
  const editor = await format(page);
  const quote = editor.text.locator('blockquote');
  await expect(quote.locator('b')).toHaveText('the new price');
  await isLoaded(quote.locator('img'));
  // The cursor is above the quotation.
  await page.keyboard.type('Agreed.');
  await expect(editor.text).toContainText(/^Agreed\./);
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await openEntry(page);
  await sendNow(page);
  await mailbox.outcome('Re: A drawing to answer', 'Handed over');
  await mailbox.goToInbox();
  await mailbox.arrives('Re: A drawing to answer');
  await mailbox.open('Re: A drawing to answer');
  const body = page.frameLocator('iframe.html-frame');
  await expect(body.getByText('Agreed.')).toBeVisible();
  await body.locator('summary').first().click();
  await isLoaded(body.locator('blockquote img'));
});

test('what Word puts on the clipboard is pasted clean', { tag: '@script' }, async ({ mailbox }) => {
  const { page } = mailbox;
  await mailbox.compose();
  const editor = await format(page);
  await editor.text.click();
  await editor.paste(
    `<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p.MsoNormal{mso-pagination:none}</style></head>
     <body><!--StartFragment--><p class=MsoNormal style='mso-margin-top-alt:auto'><b>Offer</b><o:p></o:p></p>
     <p class=MsoNormal>120 euro<script>document.title='run'</script></p><img src="https://tracker.example.net/p.gif">
     <!--EndFragment--></body></html>`,
    'Offer\n120 euro',
  );
  await expect(editor.text.locator('b')).toHaveText('Offer');
  await expect(editor.text).toContainText('120 euro');
  const markup = await editor.text.innerHTML();
  expect(markup).not.toMatch(/Mso|mso-|o:p|StartFragment|<script|data-hold/);
  // The cursor is behind what was pasted.
  await page.keyboard.type(' net');
  await expect(editor.text).toContainText('120 euro');
  await expect(editor.text).toContainText('net');
});

test('a picture that is pasted becomes a part of the message', { tag: '@script' }, async ({ mailbox }) => {
  const { page } = mailbox;
  await mailbox.compose();
  const editor = await format(page);
  await editor.text.click();
  await editor.paste(`<p>See <img src="data:image/png;base64,${png().toString('base64')}"></p>`, 'See');
  await expect(editor.text.locator('img[data-cid]')).toHaveCount(1);
  await isLoaded(editor.text.locator('img'));
});

test('plain text and back loses nothing', { tag: '@script' }, async ({ mailbox }) => {
  const { page } = mailbox;
  const draft = await mailbox.compose();
  await draft.text.fill('First line\n\n> quoted\nhttps://example.org/');
  const editor = await format(page);
  await expect(editor.text.locator('blockquote')).toHaveText('quoted');
  await expect(editor.text.locator('a')).toHaveAttribute('href', 'https://example.org/');
  await page.keyboard.press('Control+Home');
  await page.keyboard.press('Shift+End');
  await page.keyboard.press('Control+b');
  await expect(editor.text.locator('b')).toHaveCount(1);
  await editor.toPlain();
  await expect(draft.text).toHaveValue(/First line\s+> quoted\s+https:\/\/example\.org\//);
  await page.getByRole('button', { name: 'Formatting' }).click();
  await expect(editor.text.locator('b')).toHaveCount(1);
  await editor.toPlain();
  await draft.text.fill('Rewritten');
  await page.getByRole('button', { name: 'Formatting' }).click();
  await expect(editor.text).toHaveText('Rewritten');
});

test('a formatted draft is continued from the folder', { tag: '@script' }, async ({ mailbox }) => {
  const { page } = mailbox;
  const draft = await mailbox.compose();
  await draft.fill({ to: ADDRESS, subject: 'Half a letter' });
  const editor = await format(page);
  await editor.text.click();
  await page.keyboard.press('Control+b');
  await page.keyboard.type('Loud');
  await page.keyboard.press('Control+b');
  await editor.insertPicture('drawing.png', png());
  await expect(page.getByText('Saved in Drafts')).toBeVisible({ timeout: 15_000 });
  await mailbox.goToInbox();
  await mailbox.openFolder('Drafts');
  await mailbox.row('Half a letter').first().getByRole('link').click();
  const again = editorOf(page);
  await expect(again.text.locator('b')).toHaveText('Loud');
  await isLoaded(again.text.locator('img'));
});

test('without a network the text of a paste stays, and the page says why it is plain', { tag: '@script' }, async ({ mailbox, context, faults }) => {
  const { page } = mailbox;
  await mailbox.compose();
  const editor = await format(page);
  await editor.text.click();
  await page.keyboard.type('Before. ');
  await context.setOffline(true);
  await editor.paste('<p>Bold <b>price</b></p>', 'Bold price');
  await expect(editor.text).toContainText('Before. Bold price');
  await expect(editor.text.locator('b')).toHaveCount(0);
  await expect(page.getByRole('alert').filter({ hasText: 'Restante cannot be reached.' }).first()).toBeVisible();
  await editor.tool('Plain text').click();
  await page.keyboard.press('Control+End');
  await expect(page.locator('iframe.c-editor')).toHaveCount(1);
  await context.setOffline(false);
  await editor.toPlain();
  await expect(page.getByLabel('Message text')).toHaveValue(/Before\. Bold price/);
  faults.forgive(/ERR_INTERNET_DISCONNECTED/);
});

test('a link is set, and an address that is none is refused', { tag: '@script' }, async ({ mailbox }) => {
  const { page } = mailbox;
  await mailbox.compose();
  const editor = await format(page);
  await editor.text.click();
  await page.keyboard.type('here');
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Control+k');
  const field = editor.frame.getByLabel('Address');
  await expect(field).toBeFocused();
  await field.fill('javascript:alert(1)');
  await field.press('Enter');
  await expect(editor.frame.getByRole('alert')).toBeVisible();
  await field.fill('example.org/price');
  await field.press('Enter');
  await expect(editor.text.locator('a')).toHaveAttribute('href', 'https://example.org/price');
});

test('the editor is Squire as its package holds it', { tag: ['@script', '@desktop'] }, async () => {
  const [ours, packaged] = await Promise.all([
    readFile(new URL('../../editor/squire.js', import.meta.url)),
    readFile(new URL('../node_modules/squire-rte/dist/squire.js', import.meta.url)),
  ]);
  expect(ours.equals(packaged)).toBe(true);
});

// The editor

type Editor = ReturnType<typeof editorOf>;

function editorOf(page: Page) {
  const frame: FrameLocator = page.frameLocator('iframe.c-editor');
  const text: Locator = frame.getByRole('textbox', { name: 'Message text' });
  return {
    frame,
    text,
    tool: (name: string) => frame.getByRole('button', { name, exact: true }),
    toPlain: async () => {
      await frame.getByRole('button', { name: 'Plain text' }).click();
      await expect(page.locator('iframe.c-editor')).toHaveCount(0);
    },
    insertPicture: async (name: string, bytes: Buffer) => {
      await frame.locator('#picker').setInputFiles({ name, mimeType: 'image/png', buffer: bytes });
      await expect(text.locator('img[data-cid]')).toHaveCount(1);
    },
    paste: async (html: string, plain: string) => {
      await text.evaluate(
        (root, [html, plain]) => {
          const data = new DataTransfer();
          data.setData('text/html', html);
          data.setData('text/plain', plain);
          root.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
        },
        [html, plain] as const,
      );
      await expect(text.locator('img[data-hold]')).toHaveCount(0);
    },
  };
}

/** Opens the editor on the form of the page. */
async function format(page: Page): Promise<Editor> {
  await page.getByRole('button', { name: 'Formatting' }).click();
  const editor = editorOf(page);
  await expect(editor.text).toBeFocused();
  return editor;
}

async function sendDrawing(mailbox: Mailbox, subject: string): Promise<void> {
  const { page } = mailbox;
  const draft: Draft = await mailbox.compose();
  await draft.fill({ to: ADDRESS, subject });
  const editor = await format(page);
  await editor.text.click();
  await page.keyboard.press('Control+b');
  await page.keyboard.type('the new price');
  await page.keyboard.press('Control+b');
  await editor.insertPicture('drawing.png', png());
  await draft.send();
  await sendNow(page);
  await mailbox.outcome(subject, 'Handed over');
}

async function sendNow(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Send now' }).first().click();
}

async function isLoaded(image: Locator): Promise<void> {
  await expect.poll(() => image.first().evaluate((img) => (img as HTMLImageElement).naturalWidth)).toBeGreaterThan(0);
}

/** A picture of 8 by 8 pixels. */
function png(): Buffer {
  const chunk = (kind: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(kind), data]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length, 0);
    frame.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
  };
  const head = Buffer.from([0, 0, 0, 8, 0, 0, 0, 8, 8, 0, 0, 0, 0]);
  const rows = Buffer.alloc(8 * 9, 0x90);
  for (let row = 0; row < 8; row += 1) rows[row * 9] = 0;
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}
