// The title of the browser's tab: the message, the folder or the page; never markup, never an
// error.
import { ImapClient } from '../support/imap.ts';
import { subjectOf } from '../support/mailbox.ts';
import { expect, test } from '../support/story.ts';

test('the title names the open message, and the folder again after it', async ({ mailbox, page }) => {
  await mailbox.signIn();
  await expect(page).toHaveTitle(/^(\(\d+\) )?Inbox · Restante$/);
  const row = mailbox.list.getByRole('listitem').nth(2);
  const subject = await subjectOf(row);
  await mailbox.open(subject);
  await expect.poll(async () => (await page.title()).replace(/^\(\d+\) /, '')).toBe(`${subject} · Restante`);
  await page.goBack();
  await expect(page).toHaveTitle(/^(\(\d+\) )?Inbox · Restante$/);
  await page.goto(mailbox.demo.url('/outbox'));
  await expect(page).toHaveTitle('Outbox · Restante');
});

test('a hostile subject is a title of plain text', async ({ mailbox, page, demo }) => {
  const subjects = [
    ['</title><script>document.title="x"</script><!-- <!>', '</title><script>document.title="x"</script><!-- <!>'],
    ['=?utf-8?q?safe=E2=80=AEgpj=2Eexe?=', 'safegpj.exe'],
    ['=?utf-8?b?16nXnNeV150gJmx0Ozwh?=', 'שלום &lt;<!'],
    ['=?utf-8?q?a=00b=1B[31mc=07?=', 'c'],
    [`long ${'x'.repeat(9_000)}`.replace(/x{70}/g, '$&\r\n '), 'long xxxx'],
  ] as const;
  const client = await ImapClient.signIn(demo);
  for (const [index, [subject]] of subjects.entries()) {
    const date = `Date: Mon, 02 Nov 2026 08:0${index}:00 +0000`;
    await client.append(`From: a@example.org\r\nTo: b@example.org\r\n${date}\r\nSubject: ${subject}\r\n\r\nx\r\n`);
  }
  client.end();
  await mailbox.signIn();
  for (const [index, [, shown]] of [...subjects].reverse().entries()) {
    const link = mailbox.list.getByRole('listitem').nth(index).getByRole('link');
    const href = (await link.getAttribute('href')) ?? '';
    await page.goto(new URL(href, page.url()).href);
    await mailbox.isAlive();
    const title = await page.title();
    expect(title).toContain(shown);
    expect(title).toMatch(/^(\(\d+\) )?.* · Restante$/);
    expect(title).not.toMatch(/[\u0000-\u001f\u007f\u202a-\u202e\u2066-\u2069]/);
    expect(title.length).toBeLessThan(260);
    await page.goBack();
  }
});
