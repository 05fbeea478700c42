// Reads the messages of the example `built_messages` with npm's mailparser.
//
//     npm install && node read_back.mjs DIR
//
// Compares each with `expected.json`, prints `mailparser: 200 of 200`, and exits with 1 on a
// difference.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { domainToASCII } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { simpleParser } from 'mailparser';

// Differences that are the reader's own: its name, the reason, and the form in which both sides are
// compared. The number of messages that need one is printed.
const OCTETS = 'application/octet-stream';
const QUIRKS = [
    {
        name: 'guessed-type',
        reason: 'mailparser guesses the type of application/octet-stream by the file name',
        key: 'attachments',
        form: (parts) =>
            parts.map(({ media_type, ...part }) => ({
                ...part,
                // No message is attached as such, and no other file has a type of text/vnd.
                media_type: /^(message|text\/vnd)/.test(media_type) ? OCTETS : media_type,
            })),
    },
];

// mailparser shows the domain of an address in its own script.
const ascii = (address) => {
    const at = address.lastIndexOf('@');
    return `${address.slice(0, at)}@${domainToASCII(address.slice(at + 1))}`;
};
const mailboxes = (field) =>
    (field?.value ?? [])
        .flatMap((entry) => entry.group ?? [entry])
        .map(({ name, address }) => ({ name, address: ascii(address) }));
const bare = (id) => id?.replace(/^<|>$/g, '') ?? null;
const trimmed = (text) => text?.replace(/\r\n/g, '\n').replace(/\n+$/, '') ?? null;

function attachment(part) {
    return {
        name: part.filename,
        media_type: part.contentType,
        size_bytes: part.size,
        sha256: createHash('sha256').update(part.content).digest('hex'),
        content_id: part.cid ?? null,
        is_inline: part.contentDisposition === 'inline',
    };
}

async function read(octets) {
    const mail = await simpleParser(octets, {
        keepCidLinks: true,
        skipHtmlToText: true,
        skipTextToHtml: true,
        skipTextLinks: true,
    });
    const references = [mail.references ?? []].flat().map(bare);
    return {
        subject: mail.subject ?? '',
        from: mailboxes(mail.from),
        reply_to: mailboxes(mail.replyTo),
        to: mailboxes(mail.to),
        cc: mailboxes(mail.cc),
        message_id: bare(mail.messageId),
        in_reply_to: bare(mail.inReplyTo),
        references,
        unix_secs: mail.date.getTime() / 1000,
        text: trimmed(mail.text ?? ''),
        html: mail.html === false ? null : trimmed(mail.html),
        attachments: mail.attachments.filter((part) => part.contentType !== 'text/calendar').map(attachment),
        bcc: mail.bcc ?? null,
    };
}

function wanted(expected) {
    const { file, joined_text, text, is_flowed, calendar, size_bytes, ...rest } = expected;
    return {
        ...rest,
        text: trimmed(is_flowed ? joined_text : text),
        html: trimmed(expected.html),
        bcc: null,
    };
}

const folder = process.argv[2];
const all = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'));
const needed = new Map();
let right = 0;
for (const expected of all) {
    const name = expected.file;
    const found = await read(readFileSync(join(folder, name)));
    const want = wanted(expected);
    let unknown = 0;
    for (const key of Object.keys(want)) {
        if (isDeepStrictEqual(found[key], want[key])) continue;
        const quirk = QUIRKS.find(
            ({ key: of, form }) => of === key && isDeepStrictEqual(form(found[key]), form(want[key])),
        );
        if (quirk) {
            needed.set(quirk, (needed.get(quirk) ?? 0) + 1);
            continue;
        }
        unknown += 1;
        console.log(`${name}: ${key}`);
        console.log(`  wanted ${JSON.stringify(want[key])}`);
        console.log(`  found  ${JSON.stringify(found[key])}`);
    }
    right += unknown === 0 ? 1 : 0;
}
for (const [{ name, reason }, count] of needed) console.log(`known: ${name}: ${count} messages: ${reason}`);
console.log(`mailparser: ${right} of ${all.length}`);
process.exitCode = right === all.length ? 0 : 1;
