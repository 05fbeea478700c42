// Hostile text in the fields of a message, which pages show outside of the message frame.
import { ADDRESS } from '../demo.ts';
import { addressOf, type HostileCase, table } from './case.ts';

/** Markup that does harm wherever it is not escaped. */
const PAYLOADS = {
  'img': '<img data-evil src={url} onerror={run}>',
  'quoted': '"\'><img data-evil src={url} onerror={run}>',
  'script': '</title></textarea></style></script><script data-evil>{run}</script>',
  'svg': '--><svg data-evil onload={run}>',
  'iframe': ']]><iframe data-evil srcdoc="<script>top.{run}</script>"></iframe>',
  'style': '</noscript><body data-evil onload={run}>',
};

/** Returns the payloads as HTML, for the check that they do harm. */
export function fieldPayloads(): HostileCase[] {
  return table('script', 'field', ['CVE-2026-48849', 'CVE-2026-54432', 'CVE-2024-37384', 'CVE-2021-44025'], PAYLOADS);
}

/** The fields that hold a payload in each message. */
export const FIELDS = [
  'From', 'Sender', 'To', 'Cc', 'Reply-To', 'Subject', 'Organization', 'X-Mailer', 'List-Id', 'List-Unsubscribe', 'Comments', 'Keywords',
  'Authentication-Results', 'text', 'file name', 'type name', 'description', 'SUMMARY', 'LOCATION', 'DESCRIPTION', 'ORGANIZER', 'ATTENDEE',
  'CATEGORIES', 'X-ALT-DESC', 'inner subject', 'inner text',
] as const;

/** Returns a message that holds a payload in every field. */
export function messageOf(payload: HostileCase, subject: string): string {
  const text = payload.html;
  const word = `=?UTF-8?B?${Buffer.from(text).toString('base64')}?=`;
  const name = encodeURIComponent(text).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
  const escaped = text.replace(/[\\;,]/g, '\\$&');
  const parameter = text.replace(/"/g, "'");
  const part = (type: string, body: string[], ...more: string[]) => ['--b0', `Content-Type: ${type}`, ...more, '', ...body];
  return [
    `From: ${word} <stranger@hostile.example>`,
    `Sender: ${word} <sender@hostile.example>`,
    `To: ${word} <${ADDRESS}>`,
    `Cc: ${word} <someone@hostile.example>`,
    `Reply-To: ${word} <reply@hostile.example>`,
    `Subject: ${subject} ${word}`,
    `Organization: ${word}`,
    `X-Mailer: ${text}`,
    `List-Id: ${word} <list.hostile.example>`,
    `List-Unsubscribe: <${addressOf(payload.id)}>, <javascript:ran()>`,
    `Comments: ${text}`,
    `Keywords: ${word}`,
    `Authentication-Results: mx.hostile.example; spf=pass smtp.mailfrom="${parameter}"`,
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary=b0',
    '',
    ...part('text/plain; charset=utf-8', [`Hello ${text}`, `> ${text}`, `${addressOf(payload.id)}"onmouseover="ran()"`]),
    ...part(`application/octet-stream; name*=UTF-8''${name}`, ['x'], `Content-Disposition: attachment; filename*=UTF-8''${name}`, `Content-Description: ${word}`),
    ...part('text/calendar; charset=utf-8; method=REQUEST', [
      'BEGIN:VCALENDAR', 'VERSION:2.0', 'METHOD:REQUEST', 'BEGIN:VEVENT', 'UID:1@hostile.example', 'DTSTART:20261201T100000Z', 'DTEND:20261201T110000Z',
      `SUMMARY:${escaped}`, `LOCATION:${escaped}`, `DESCRIPTION:${escaped}`, `ORGANIZER;CN="${parameter}":mailto:stranger@hostile.example`,
      `ATTENDEE;CN="${parameter}":mailto:${ADDRESS}`, `CATEGORIES:${escaped}`, `X-ALT-DESC;FMTTYPE=text/html:${escaped}`, 'END:VEVENT', 'END:VCALENDAR',
    ]),
    ...part('message/rfc822', [`Subject: ${word}`, `From: ${word} <inner@hostile.example>`, 'Content-Type: text/plain', '', text]),
    '--b0--',
    '',
  ].join('\r\n');
}
