// Messages as other programs write them, to be read in stories.
import { base64Lines } from './cleaned.ts';
import { ADDRESS } from './demo.ts';

/** A message from its header lines and its body. */
function message(fields: string[], body: string | Buffer): Buffer {
  const head = `${['MIME-Version: 1.0', `To: ${ADDRESS}`, ...fields].join('\r\n')}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body)]);
}

/** A multipart body from parts that have their own headers. */
function multipart(boundary: string, parts: (string | Buffer)[]): Buffer {
  const pieces = parts.flatMap((part) => [Buffer.from(`--${boundary}\r\n`), Buffer.from(part), Buffer.from('\r\n')]);
  return Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]);
}

/** Chinese text in GB 18030 under the label of its oldest subset, in the subject and in the text. */
export function gb18030(): Buffer {
  return message(
    [
      'From: =?gb2312?B?1cXI/Q==?= <zhang@haiou.example>',
      'Subject: =?gb2312?B?vL62yNSky+O749fc?=',
      'Content-Type: text/plain; charset=gb2312',
      'Content-Transfer-Encoding: base64',
    ],
    // 你好，镕
    base64Lines(Buffer.from([0xc4, 0xe3, 0xba, 0xc3, 0xa3, 0xac, 0xe9, 0x46, 0x0d, 0x0a])),
  );
}

/** A sender whose name is an address, and whose domain has a Cyrillic letter. */
export function lookAlike(): Buffer {
  const domain = Buffer.from('p\u0430ypal.com').toString('latin1');
  return message(
    [
      `From: "security@paypal.com" <service@${domain}>`,
      'Subject: Your account is limited',
      'Content-Type: text/plain',
    ],
    'Please confirm your password.\r\n',
  );
}

/** An invitation of a calendar server. */
export function invitation(): Buffer {
  const calendar = [
    'BEGIN:VCALENDAR', 'VERSION:2.0', 'METHOD:REQUEST', 'BEGIN:VEVENT', 'UID:meetup-14@rustmeetup.example',
    'DTSTAMP:20261101T080000Z', 'DTSTART:20261128T060000Z', 'DTEND:20261128T100000Z', 'SUMMARY:Rust Meetup #14',
    'LOCATION:Hangzhou', 'ORGANIZER;CN=Rust Meetup:mailto:hello@rustmeetup.example',
    `ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:${ADDRESS}`, 'RRULE:FREQ=MONTHLY;BYDAY=4SA;COUNT=6',
    'END:VEVENT', 'END:VCALENDAR', '',
  ].join('\r\n');
  return message(
    [
      'From: Rust Meetup <hello@rustmeetup.example>',
      'Subject: Invitation: Rust Meetup #14',
      'Content-Type: multipart/alternative; boundary=b',
    ],
    multipart('b', [
      'Content-Type: text/plain; charset=utf-8\r\n\r\nDoors open at 13:30.',
      `Content-Type: text/calendar; charset=utf-8; method=REQUEST\r\n\r\n${calendar}`,
    ]),
  );
}

/** A bounce with a report about the message with an id. */
export function bounce(messageId = '<1@x.example>'): Buffer {
  return message(
    [
      'From: Mail Delivery System <MAILER-DAEMON@mx.example>',
      'Subject: Undelivered Mail Returned to Sender',
      'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
    ],
    multipart('b', [
      'Content-Type: text/plain\r\n\r\nI could not deliver your message.',
      'Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n' +
        'Final-Recipient: rfc822; nobody@shop.example\r\nAction: failed\r\nStatus: 5.1.1\r\n' +
        'Diagnostic-Code: smtp; 550 5.1.1 <nobody@shop.example> No such user here\r\n',
      `Content-Type: message/rfc822\r\n\r\nFrom: a@x.example\r\nMessage-ID: ${messageId}\r\nSubject: The letter that came back\r\n\r\nHello nobody.\r\n`,
    ]),
  );
}

/** An answer in HTML, with the message that it answers below it. */
export function answer(): Buffer {
  return message(
    ['From: Ann <ann@x.example>', 'Subject: Re: At ten?', 'Content-Type: text/html; charset=utf-8'],
    '<p>Yes, at ten.</p><div class="moz-cite-prefix">On Monday, Bob wrote:</div>' +
      `<blockquote type="cite">${'<p>Shall we meet at ten?</p>'.repeat(12)}</blockquote>\r\n`,
  );
}

/** A message with a text, a document, a page and a program. */
export function files(): Buffer {
  const file = (type: string, name: string, body: Buffer) =>
    `Content-Type: ${type}\r\nContent-Disposition: attachment; filename="${name}"\r\n` +
    `Content-Transfer-Encoding: base64\r\n\r\n${base64Lines(body)}`;
  return message(
    ['From: Bob <bob@x.example>', 'Subject: Four files', 'Content-Type: multipart/mixed; boundary=b'],
    multipart('b', [
      'Content-Type: text/plain\r\n\r\nHere they are.',
      // 你好
      file('text/plain; charset=gbk', 'greeting.txt', Buffer.from([0xc4, 0xe3, 0xba, 0xc3])),
      file('application/pdf', 'offer.pdf', Buffer.from('%PDF-1.4\n%%EOF\n')),
      file('text/html', 'page.html', Buffer.from('<script>alert(1)</script>')),
      file('application/octet-stream', 'setup.exe', Buffer.from('MZ')),
    ]),
  );
}

/** A winmail.dat with a text and a file. */
export function winmail(): Buffer {
  const tnef = Buffer.concat([
    Buffer.from([0x78, 0x9f, 0x3e, 0x22, 0x01, 0x00]),
    attribute(1, 0x0002800c, Buffer.from('Read from winmail.dat.\0')),
    attribute(2, 0x00069002, Buffer.alloc(14)),
    attribute(2, 0x00018010, Buffer.from('plan.txt\0')),
    attribute(2, 0x0006800f, Buffer.from('the plan\n')),
  ]);
  return message(
    [
      'From: Outlook <outlook@exchange.example>',
      'Subject: The plan',
      'Content-Type: application/ms-tnef; name=winmail.dat',
      'Content-Transfer-Encoding: base64',
    ],
    base64Lines(tnef),
  );
}

/** An attribute of TNEF: level, id, length, data, checksum (MS-OXTNEF §2.1.3). */
function attribute(level: number, id: number, data: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUInt8(level, 0);
  head.writeUInt32LE(id, 1);
  head.writeUInt32LE(data.length, 5);
  const sum = Buffer.alloc(2);
  sum.writeUInt16LE(data.reduce((all, octet) => (all + octet) & 0xffff, 0));
  return Buffer.concat([head, data, sum]);
}

/** A letter of a mailing list, whose server added a footer as a part of its own. */
export function mailingList(): Buffer {
  return message(
    [
      'From: Ann <ann@x.example>',
      'Subject: [list] Which charset',
      'List-Id: Mail people <mail.lists.example>',
      'List-Unsubscribe: <https://lists.example/leave?u=1>, <mailto:leave@lists.example>',
      'Content-Type: multipart/mixed; boundary=b',
    ],
    multipart('b', [
      'Content-Type: text/plain\r\n\r\nUTF-8, of course.',
      'Content-Type: text/plain\r\nContent-Disposition: inline\r\n\r\n____\r\nTo leave the list, write to leave@lists.example',
    ]),
  );
}

/** A newsletter that is left by one click: the receiving server found the offer signed. */
export function signedNewsletter(): Buffer {
  return message(
    [
      'Authentication-Results: localhost; dkim=pass header.d=news.example',
      'DKIM-Signature: v=1; a=rsa-sha256; d=news.example; s=a; h=from:list-unsubscribe:list-unsubscribe-post; bh=a; b=b',
      'From: News <news@news.example>',
      'Subject: The weekly news',
      'List-Unsubscribe: <https://news.example/leave?u=1>',
      'List-Unsubscribe-Post: List-Unsubscribe=One-Click',
      'Content-Type: text/plain',
    ],
    'Nothing happened.\r\n',
  );
}

/** A mailing list that is left by a message. */
export function mailedList(): Buffer {
  return message(
    ['From: Ann <ann@x.example>', 'Subject: By mail', 'List-Unsubscribe: <mailto:leave@lists.example?subject=leave%20us>', 'Content-Type: text/plain'],
    'Hello list.\r\n',
  );
}

/** A message that holds another message. */
export function forwarded(): Buffer {
  return message(
    ['From: Ann <ann@x.example>', 'Subject: As a file', 'Content-Type: multipart/mixed; boundary=b'],
    multipart('b', [
      'Content-Type: text/plain\r\n\r\nSee the message inside.',
      'Content-Type: message/rfc822\r\n\r\nFrom: Ben <ben@y.example>\r\nSubject: The inner letter\r\n' +
        'Content-Type: multipart/mixed; boundary=c\r\n\r\n' +
        '--c\r\nContent-Type: text/plain\r\n\r\nWords of the inner letter.\r\n' +
        '--c\r\nContent-Type: text/plain; name=notes.txt\r\nContent-Disposition: attachment; filename=notes.txt\r\n\r\ninner notes\r\n--c--\r\n',
    ]),
  );
}

/** A newsletter of about 100 KB with the colours and columns of its sender. */
export function newsletter(): Buffer {
  const item = (n: number) =>
    `<tr><td class="item" style="padding:12px 24px;border-bottom:1px solid #e5e7eb"><h2 style="margin:0;font-size:20px;color:#0b5394">Offer ${n}</h2>` +
    `<p style="color:#333333;font-family:Georgia,serif">A description of offer ${n} that goes on for a while. ${'Words. '.repeat(60)}</p>` +
    `<a href="https://shop.example/offer/${n}" style="background-color:#0b5394;color:#ffffff;padding:8px 16px;text-decoration:none">Look</a></td></tr>`;
  const html =
    '<html><head><style>body{background:#f4f4f4}.item h2{font-weight:700}@media (max-width:600px){.item{padding:8px!important}}</style></head>' +
    '<body style="background:#f4f4f4"><table width="100%" bgcolor="#f4f4f4"><tr><td align="center"><table width="600" bgcolor="#ffffff" style="background-color:#ffffff">' +
    `<tr><td style="background:#0b5394;color:#ffffff;padding:24px;font-size:28px">The autumn sale</td></tr>${Array.from({ length: 130 }, (_, n) => item(n + 1)).join('')}` +
    '</table></td></tr></table></body></html>';
  return message(
    [
      'From: Shop <news@shop.example>',
      'Subject: The autumn sale',
      'List-Unsubscribe: <https://shop.example/leave>',
      'Content-Type: text/html; charset=utf-8',
      'Content-Transfer-Encoding: base64',
    ],
    base64Lines(Buffer.from(html)),
  );
}

/** A letter of a shop with one remote image. */
export function picture(subject: string): Buffer {
  return message(
    ['From: Shop <News@shop.example>', `Subject: ${subject}`, 'Content-Type: text/html; charset=utf-8'],
    '<p>Look:</p><img src="https://shop.example/offer.png" alt="The offer" width="90" height="60">\r\n',
  );
}
