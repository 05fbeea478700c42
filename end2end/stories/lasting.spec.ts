// Stored data of a message is damaged or missing: the outbox reports it with the possible actions;
// the rest works.
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, truncateSync } from 'node:fs';
import { openEntry } from '../support/mailbox.ts';
import { expect, test } from '../support/story.ts';

test.beforeEach(async ({ mailbox }) => mailbox.signIn());

const DAMAGES = [
  {
    what: 'is cut',
    sealed: 'substr(sealed, 1, 60)',
    told: 'It is damaged, and does not tell whether the message was sent',
  },
  {
    what: 'was sealed with another key',
    sealed: "CAST(substr(sealed, 1, 1) || x'00000000' || substr(sealed, 6) AS BLOB)",
    told: 'put the old key back into the key file',
  },
];

for (const { what, sealed, told } of DAMAGES) {
  test(`a row that ${what} is set aside, told and removed`, async ({ mailbox, demo }) => {
    await mailbox.send({ to: 'nobody@restante.test', subject: 'A row to be damaged', text: 'Hello.\n' });
    await mailbox.outcome('A row to be damaged', 'Refused');
    await mailbox.goToInbox();
    await mailbox.send({ to: 'nobody@restante.test', subject: 'A row beside it', text: 'Hello.\n' });
    await mailbox.outcome('A row beside it', 'Refused');
    const oldest = 'SELECT id FROM outbox ORDER BY created_unix_ms LIMIT 1';
    execFileSync('sqlite3', [
      demo.state('restante.db'),
      `PRAGMA busy_timeout = 5000; UPDATE outbox SET sealed = ${sealed} WHERE id = (${oldest});`,
    ]);
    await mailbox.page.reload();
    const damaged = mailbox.entry('Unreadable');
    await expect(damaged).toContainText(told);
    // The entry shows nothing that is not known.
    await expect(damaged).not.toContainText('recipient');
    await expect(damaged).not.toContainText('No subject');
    await expect(damaged).not.toContainText('no copy');
    await expect(mailbox.entry('A row beside it')).toContainText('Refused');
    await damaged.getByRole('button', { name: 'Remove' }).click();
    await expect(mailbox.entry('A row beside it')).toBeVisible();
    await expect(mailbox.page.getByText('Removed from the list').first()).toBeVisible();
  });
}

const LOSSES = [
  { what: 'missing', lose: (file: string) => rmSync(file) },
  { what: 'cut', lose: (file: string) => truncateSync(file, 40) },
];

for (const { what, lose } of LOSSES) {
  test(`a message whose file is ${what} is not sent, and its text comes back`, async ({ mailbox, demo }) => {
    await mailbox.send({ to: 'busy@restante.test', subject: 'Its file is lost', text: 'These words stay.\n' });
    await mailbox.outcome('Its file is lost', 'Delayed');
    for (const file of readdirSync(demo.state('spool'))) lose(demo.state(`spool/${file}`));
    const entry = mailbox.entry('Its file is lost');
    await entry.getByRole('button', { name: 'Try again' }).click();
    await mailbox.outcome('Its file is lost', 'missing on this server, or damaged');
    await entry.getByRole('link', { name: /Correct/ }).click();
    await expect(mailbox.page.getByLabel('Subject')).toHaveValue('Its file is lost');
    await expect(mailbox.page.getByLabel('Message text')).toHaveValue(/These words stay\./);
    await mailbox.page.getByLabel('To', { exact: true }).fill('demo@restante.test');
    await mailbox.page.getByRole('button', { name: 'Send', exact: true }).click();
    await openEntry(mailbox.page);
    await mailbox.outcome('Its file is lost', 'Handed over');
  });
}
