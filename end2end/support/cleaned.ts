// Hostile HTML through the whole product: delivered by SMTP, sanitized, and read by Chromium's
// parser.
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { ADDRESS, type Demo, PASSWORD } from './demo.ts';

/** Delivers HTML messages to the demo's mailbox, in the given order; bytes have no charset. */
export async function deliver(demo: Demo, documents: (string | Buffer)[]): Promise<void> {
  const message = (html: string | Buffer, index: number) => {
    const charset = typeof html === 'string' ? '; charset=utf-8' : '';
    return (
      `From: ${ADDRESS}\r\nTo: ${ADDRESS}\r\nSubject: hostile ${index}\r\nMIME-Version: 1.0\r\n` +
      `Content-Type: text/html${charset}\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64Lines(Buffer.from(html))}`
    );
  };
  await deliverMessages(demo, documents.map(message));
}

/** Delivers messages to the demo's mailbox, in the given order. Their lines end with CRLF. */
export async function deliverMessages(demo: Demo, messages: (string | Buffer)[]): Promise<void> {
  const port = Number(/SMTP (\d+)/.exec(demo.log())?.[1]);
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const replies = new Replies(socket);
  await replies.next(220);
  const say = async (line: string | Buffer, code: number) => {
    socket.write(line);
    await replies.next(code);
  };
  await say('EHLO story.test\r\n', 250);
  await say(`AUTH PLAIN ${Buffer.from(`\0${ADDRESS}\0${PASSWORD}`).toString('base64')}\r\n`, 235);
  for (const message of messages) {
    await say(`MAIL FROM:<${ADDRESS}>\r\n`, 250);
    await say(`RCPT TO:<${ADDRESS}>\r\n`, 250);
    await say('DATA\r\n', 354);
    // Each octet is one character of latin1.
    const stuffed = Buffer.from(message).toString('latin1').replace(/^\./gm, '..');
    await say(Buffer.from(`${stuffed}\r\n.\r\n`, 'latin1'), 250);
  }
  await say('QUIT\r\n', 221);
  socket.destroy();
}

/** Returns octets as base64 in lines of 76 characters. */
export function base64Lines(octets: Buffer): string {
  return octets.toString('base64').replace(/.{76}/g, '$&\r\n');
}

/** Reads SMTP replies of one or several lines. */
class Replies {
  private text = '';

  constructor(private readonly socket: TLSSocket) {
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      this.text += chunk;
    });
  }

  async next(code: number): Promise<void> {
    let end: RegExpExecArray | null;
    while (!(end = /^\d{3} .*\r\n/m.exec(this.text))) await once(this.socket, 'data');
    const reply = this.text.slice(0, end.index + end[0].length);
    this.text = this.text.slice(reply.length);
    if (!reply.startsWith(String(code))) throw new Error(`the demo's SMTP server says ${reply}`);
  }
}

/** Documents around the sanitizer's limit of 256 levels, and beyond Chromium's of 512. */
export function hostileDocuments(): string[] {
  const starts = [
    '<ul><li>', '<div>', '<table><tr><td>', '<table><tbody><tr><td><div>', '<blockquote><p>', '<dl><dt>', '<dl><dd>',
    '<b><p>', '<a href="http://x.example/"><div>', '<font color=red><table><tr><td>', '<nobr><b>', '<ruby><rb><rt>',
    '<ruby>x<rp>(<rt>', '<select><option>', '<form><button>', '<b><table>', '<table><b>', '<table><tr><i>',
    '<table><caption>', '<i><b><p></i>', '<a href="http://x.example/"><table><a href="http://y.example/">', '<h1><h2>',
    '<pre>\n', '<svg><foreignObject><p>', '<math><mtext><table>', '<table><colgroup><col>', '<button><p>', '<center><em><u>',
    '<span><div><span>', '<li><p><li>', '<option><optgroup>', '<object><p>', '<marquee><b>', '<template><tr>',
  ];
  const ends = ['', '</b></i></a></p>', '</td></tr></table>', '</div></li></ul>', '<p>after</p><table><td>cell</table>'];
  const documents: string[] = [];
  for (const [index, start] of starts.entries()) {
    const tags = start.match(/</g)?.length ?? 1;
    // Just below and above both limits, including the elements that a parser adds.
    for (const depth of [100, 254, 256, 260, 508, 512, 516, 1200]) {
      const times = Math.max(1, Math.floor(depth / tags));
      const end = ends[(index + depth) % ends.length];
      documents.push(`${`${start}x`.repeat(times)}<i>deepest</i><p>block<hr>${end.repeat(3)}tail`);
    }
  }
  // Mixed nesting: a fixed pseudo-random sequence.
  let seed = 20_261;
  const choose = (count: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * count);
  };
  for (let nth = 0; nth < 164; nth += 1) {
    let html = '';
    for (let pieces = 200 + choose(900); pieces > 0; pieces -= 1) {
      html += choose(9) === 0 ? ends[choose(ends.length)] : starts[choose(starts.length)];
      if (choose(3) === 0) html += 'x';
    }
    documents.push(html);
  }
  return documents;
}

/**
 * Returns where Chromium's tree of a sanitized document differs from its tags; undefined if both
 * agree. Runs in the page.
 */
export function differenceInTree(document: string): string | undefined {
  const start = document.indexOf('<body');
  const source = document.slice(document.indexOf('>', start) + 1, document.lastIndexOf('</body>'));
  const isVoid = new Set(['br', 'col', 'hr', 'img', 'wbr']);
  // By its tags alone: each start tag opens an element, each end tag closes the innermost.
  const written: string[] = [];
  const open: string[] = [];
  for (const [, slash, name] of source.matchAll(/<(\/?)([a-z0-9]+)(?:\s[^<>"]*(?:"[^"]*"[^<>"]*)*)?>/g)) {
    if (slash === '/') {
      const innermost = open.pop();
      if (innermost !== name) return `</${name}> closes <${innermost}>`;
    } else {
      written.push(`${open.length} ${name}`);
      if (!isVoid.has(name)) open.push(name);
    }
  }
  const read: string[] = [];
  const walk = (element: Element, depth: number) => {
    for (const child of element.children) {
      read.push(`${depth} ${child.localName}`);
      walk(child, depth + 1);
    }
  };
  walk(new DOMParser().parseFromString(document, 'text/html').body, 0);
  for (let index = 0; index < Math.max(written.length, read.length); index += 1) {
    if (written[index] !== read[index]) {
      return `element ${index} of ${written.length}: written ${written[index]}, read ${read[index]}`;
    }
  }
  return undefined;
}
