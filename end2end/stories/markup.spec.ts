// Markup in text from a sender: a browser builds the same page as from harmless text.
import type { Page } from '@playwright/test';
import { ADDRESS } from '../support/demo.ts';
import { ImapClient } from '../support/imap.ts';
import type { Mailbox } from '../support/mailbox.ts';
import { expect, test } from '../support/story.ts';

/** Every element and comment of a payload carries a name, so that it can be found anywhere. */
const PAYLOADS = [
  '</title><meta data-evil http-equiv=refresh content="0;url=/evil">',
  '</title></head><meta data-evil name=referrer content=unsafe-url><base data-evil href=//evil.example>',
  '"><form data-evil action=//evil.example><input data-evil name=a>',
  '</textarea></script></style></noscript></template><b data-evil>',
  '--><img data-evil src=//evil.example/x onerror=alert(1)><!--evil',
  '&lt;b data-evil&gt;<![CDATA[evil]]>\u2028\u202e<b data-evil>\u0085',
];

const HARMLESS = 'harmless words';

for (const [nth, payload] of PAYLOADS.entries()) {
  test(`a stranger's words stay words (${nth + 1})`, { tag: '@desktop' }, async ({ mailbox, page, demo }) => {
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    const server = await ImapClient.signIn(demo);
    // A message says that its sender hides characters.
    const usual = payload.includes('\u202e') ? `${HARMLESS}\u202e` : HARMLESS;
    for (const words of [usual, payload]) {
      await server.create(folderName(words));
      await server.append(message(words));
    }
    server.end();

    await mailbox.signIn();
    await isHarmless(page);
    const harmless = await outlineOf(mailbox, usual);
    const hostile = await outlineOf(mailbox, payload);
    expect(hostile).toEqual(harmless);

    // The title of the compose page contains the subject.
    const draft = await mailbox.answer('Reply');
    await expect(draft.subject).toHaveValue(/^Re: /);
    expect(await page.title()).toContain(payload.replace(/[\u0080-\u009f]/g, ' ').replace(/\u202e/g, '').replace(/\s+/g, ' ').trim());
    await isHarmless(page);

    // The mail server's refusal is shown with the typed text.
    await mailbox.goToInbox();
    await mailbox.send({ to: 'nobody@restante.test', subject: payload, text: `${payload}\n` });
    await isHarmless(page);
    await page.goto(demo.url('/settings/appearance'));
    await isHarmless(page);
    await page.goto(demo.url(`/login?lang=en&return=${encodeURIComponent(`/${payload}`)}`));
    await isHarmless(page);

    expect(asked.filter((url) => /evil/.test(url) && !url.startsWith(demo.url('/login')))).toEqual([]);
  });
}

/** Opens a message with this text and returns the outline of its page. */
async function outlineOf(mailbox: Mailbox, words: string): Promise<string[]> {
  const { page, demo } = mailbox;
  await mailbox.goToInbox();
  const start = shownStart(words);
  await mailbox.list.getByRole('listitem').filter({ hasText: start }).first().getByRole('link').click();
  await expect(mailbox.reader.getByRole('heading', { level: 1 })).toContainText(start);
  // Once more as rendered by the server, now with the message read.
  await page.reload();
  await mailbox.isAlive();
  await expect(mailbox.reader.getByRole('heading', { level: 1 })).toContainText(start);
  await isHarmless(page);
  expect(page.url().startsWith(demo.origin)).toBe(true);
  return page.evaluate(() => {
    const reader = document.querySelector('main article');
    const lines: string[] = [];
    const see = (node: Node, depth: number): void => {
      if (node instanceof Element) lines.push(`${depth} ${node.localName} ${node.getAttributeNames().sort().join(' ')}`);
      if (node instanceof Comment) lines.push(`${depth} <!--${node.data}-->`);
      for (const child of node.childNodes) see(child, depth + 1);
    };
    if (reader) see(reader, 0);
    return lines;
  });
}

/** Checks that no payload became an element, an attribute or a comment, or leads elsewhere. */
async function isHarmless(page: Page): Promise<void> {
  const found = await page.evaluate(() => {
    const found = [...document.querySelectorAll('[data-evil], base, body meta, [onerror], iframe[srcdoc]')].map((e) => e.outerHTML);
    found.push(...[...document.forms].map((form) => form.getAttribute('action') ?? '').filter((action) => !/^\/[^/]/.test(action)));
    const walker = document.createTreeWalker(document, NodeFilter.SHOW_COMMENT);
    while (walker.nextNode()) if (/evil/.test((walker.currentNode as Comment).data)) found.push('a comment');
    if (document.querySelectorAll('title').length !== 1) found.push('not one title');
    if (document.querySelectorAll('head meta').length !== 3) found.push('not three meta elements');
    return found;
  });
  expect(found).toEqual([]);
  expect(page.url()).not.toMatch(/\/evil$/);
}

/** The beginning of a text as shown: control and direction characters may be left out. */
function shownStart(words: string): string {
  return words.split(/[\u0080-\u009f\u2028\u202e]/)[0];
}

/** Encodes a folder's name for IMAP; a slash would make it two folders. */
function folderName(words: string): string {
  return words.replace(/[^\x20-\x7e]/g, '').replace(/\//g, '|').replace(/&/g, '&-').replace(/[*%]/g, '');
}

function message(words: string): string {
  const word = `=?UTF-8?B?${Buffer.from(words).toString('base64')}?=`;
  const name = encodeURIComponent(words);
  return [
    `From: ${word} <stranger@evil.example>`,
    `To: ${word} <${ADDRESS}>`,
    `Cc: ${word} <someone@evil.example>`,
    `Reply-To: ${word} <reply@evil.example>`,
    `Subject: ${word}`,
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${Math.random()}@evil.example>`,
    `X-Words: ${word}`,
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary=b0',
    '',
    '--b0',
    'Content-Type: text/plain; charset=utf-8',
    '',
    `Hello ${words.replace(/\/\/\S+/g, '')}`,
    `> ${words.replace(/\/\/\S+/g, '')}`,
    '--b0',
    `Content-Type: application/octet-stream; name*=UTF-8''${name}`,
    `Content-Disposition: attachment; filename*=UTF-8''${name}`,
    '',
    'words',
    '--b0--',
    '',
  ].join('\r\n');
}
