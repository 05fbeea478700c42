// An invitation is answered from its card.
import { deliverMessages } from '../support/cleaned.ts';
import { ADDRESS } from '../support/demo.ts';
import { expect, expectAccessible, test } from '../support/story.ts';

test.use({ demoArguments: ['--undo-send-secs', '30'] });
test.beforeEach(async ({ mailbox }) => mailbox.signIn());

/** An invitation of somebody whose mail comes to the demo's mailbox too. */
function invitation(): string {
  return [
    'From: Ann Example <ann@restante.test>',
    `To: ${ADDRESS}`,
    'Subject: Invitation: Planning',
    'MIME-Version: 1.0',
    'Content-Type: text/calendar; method=REQUEST; charset=utf-8',
    '',
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'METHOD:REQUEST',
    'BEGIN:VEVENT',
    'UID:planning@restante.test',
    'SUMMARY:Planning',
    'DTSTART:20281207T100000Z',
    'ORGANIZER;CN=Ann Example:mailto:ann@restante.test',
    `ATTENDEE;RSVP=TRUE:mailto:${ADDRESS}`,
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n');
}

test('an answer waits, is changed, and reaches the organizer', async ({ mailbox }) => {
  const { page } = mailbox;
  await deliverMessages(mailbox.demo, [invitation()]);
  await mailbox.arrives('Invitation: Planning');
  await mailbox.open('Invitation: Planning');
  const card = mailbox.reader.getByRole('region', { name: 'Planning', exact: true });
  const button = (name: string) => card.getByRole('button', { name, exact: true });
  await button('Accept').click();
  await expect(card).toContainText(/Your answer “Accepted” leaves in \d+ s\./);
  await expect(mailbox.reader.getByRole('heading', { level: 1, name: 'Invitation: Planning' })).toBeVisible();
  await mailbox.isAlive();
  if (mailbox.view.hasScript) await expectAccessible(page);

  await button('Do not send').click();
  await expect(button('Do not send')).toHaveCount(0);
  await expect(card).not.toContainText('Your answer');

  await button('Maybe').click();
  await expect(card).toContainText('Your answer “Tentatively accepted” leaves in');
  await button('Decline').click();
  await expect(card).toContainText('Your answer “Declined” leaves in');
  await card.getByRole('link', { name: 'Details' }).click();
  const entry = mailbox.entry('Declined: Planning');
  await expect(entry).toContainText('ann@restante.test');
  await expect(mailbox.entry('Tentatively accepted: Planning')).toHaveCount(0);
  await mailbox.isAlive();
  await entry.getByRole('button', { name: 'Send now' }).click();
  await mailbox.outcome('Declined: Planning', 'Handed over');

  await mailbox.goToInbox();
  await mailbox.arrives('Declined: Planning');
  await mailbox.open('Declined: Planning');
  const answer = mailbox.reader.getByRole('region', { name: `${ADDRESS} declines: Planning` });
  await expect(answer).toBeVisible();
  await expect(answer.getByRole('button')).toHaveCount(0);
  await mailbox.goToInbox();
  await mailbox.open('Invitation: Planning');
  await expect(card).toContainText('Your answer: Declined.');
});

test('an invitation without an organizer has no buttons', async ({ mailbox }) => {
  const message = invitation().replace(/ORGANIZER.*\r\n/, '');
  await deliverMessages(mailbox.demo, [message]);
  await mailbox.arrives('Invitation: Planning');
  await mailbox.open('Invitation: Planning');
  const card = mailbox.reader.getByRole('region', { name: 'Planning', exact: true });
  await expect(card).toContainText('7 December 2028');
  await expect(card.getByRole('button')).toHaveCount(0);
});
