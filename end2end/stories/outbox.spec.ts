// The result of a message: each recipient's result with the server's reply.
import { expect, test } from '../support/story.ts';

test.beforeEach(async ({ mailbox }) => mailbox.signIn());

const RESULTS = [
  { to: 'busy@restante.test', state: /Delayed/, code: '450' },
  { to: 'nobody@restante.test', state: /Refused/, code: '550' },
  { to: 'full@restante.test', state: /Refused/, code: '552' },
];

for (const { to, state, code } of RESULTS) {
  test(`${to} answers ${code}, and the ledger says so`, async ({ mailbox }) => {
    await mailbox.send({ to, subject: `For ${to}`, text: 'Hello.\n' });
    await mailbox.outcome(`For ${to}`, state);
    await expect(mailbox.entry(`For ${to}`)).toContainText(code);
  });
}

test('one refused recipient does not stop the others', async ({ mailbox }) => {
  await mailbox.send({
    to: 'demo@restante.test, nobody@restante.test',
    subject: 'To two',
    text: 'Hello.\n',
  });
  await mailbox.outcome('To two', 'Refused');
  const entry = mailbox.entry('To two');
  await expect(entry.getByRole('listitem').filter({ hasText: 'demo@restante.test' })).toContainText('Handed over');
  await expect(entry.getByRole('listitem').filter({ hasText: 'nobody@restante.test' })).toContainText('Refused');
  await mailbox.goToInbox();
  await mailbox.arrives('To two');
});

test('a refused message can be corrected and sent again', async ({ mailbox }) => {
  await mailbox.send({ to: 'nobody@restante.test', subject: 'Second try', text: 'Still here.\n' });
  await mailbox.outcome('Second try', 'Refused');
  await mailbox.entry('Second try').getByRole('link', { name: /Correct/ }).click();
  await expect(mailbox.page.getByLabel('Subject')).toHaveValue('Second try');
  await expect(mailbox.page.getByLabel('Message text')).toHaveValue(/Still here\./);
});

test('a recipient that is no address comes back with what was typed', async ({ mailbox, faults }) => {
  const draft = await mailbox.compose();
  await draft.fill({ to: 'not an address', subject: 'Kept', text: 'These words stay.\n' });
  await mailbox.page.getByRole('button', { name: 'Send', exact: true }).click();
  // The server's answer; the field has a note of its own.
  await expect(mailbox.page.getByRole('alert').filter({ hasNotText: 'Correct it or remove it' })).toBeVisible();
  await expect(draft.subject).toHaveValue('Kept');
  await expect(draft.text).toHaveValue(/These words stay\./);
  faults.forgiveStatus(422);
  faults.forgiveStatus(400);
});
