// The main task end to end: read a message, reply with a file, receive the reply, delete it, undo.
import { readFile } from 'node:fs/promises';
import { ADDRESS } from '../support/demo.ts';
import { expect, test } from '../support/story.ts';

const FILE = Buffer.from('a small file\nwith two lines\n');

test('reads, answers with an attachment, sees it arrive, deletes it and takes that back', async ({ mailbox }) => {
  await mailbox.signIn();
  await mailbox.send({ to: ADDRESS, subject: 'Boat on Saturday', text: 'Shall we sail at ten?\n' });
  await mailbox.goToInbox();
  await mailbox.arrives('Boat on Saturday');
  await mailbox.open('Boat on Saturday');
  await expect(mailbox.reader).toContainText('Shall we sail at ten?');

  const answer = await mailbox.answer('Reply');
  await expect(answer.subject).toHaveValue('Re: Boat on Saturday');
  await expect(answer.recipients()).toHaveValue(new RegExp(ADDRESS));
  await expect(answer.text).toHaveValue(/> Shall we sail at ten\?/);
  await answer.fill({ text: 'At ten it is. <b>& "the list"</b>\n' });
  await answer.attach('list.txt', 'text/plain', FILE);
  await answer.send();
  await mailbox.outcome('Re: Boat on Saturday', 'Handed over');

  await mailbox.goToInbox();
  await mailbox.arrives('Re: Boat on Saturday');
  await mailbox.open('Re: Boat on Saturday');
  await expect(mailbox.reader).toContainText('At ten it is. <b>& "the list"</b>');
  const link = mailbox.reader.getByRole('link', { name: 'Save list.txt' });
  const [download] = await Promise.all([mailbox.page.waitForEvent('download'), link.click()]);
  expect(download.suggestedFilename()).toBe('list.txt');
  expect(await readFile(await download.path())).toEqual(FILE);

  await mailbox.act('Delete');
  await expect(mailbox.row('Re: Boat on Saturday')).toHaveCount(0);
  await mailbox.undo(/Trash|Deleted/);
  await mailbox.isOpenAgain('Re: Boat on Saturday');
  await mailbox.arrives('Re: Boat on Saturday');

  await mailbox.openFolder('Sent');
  await expect(mailbox.row('Re: Boat on Saturday').first()).toBeVisible();
  await mailbox.signOut();
});

test('the same over POP3, where a deletion waits for its undo', async ({ mailbox }) => {
  await mailbox.signIn('POP3');
  await mailbox.send({ to: ADDRESS, subject: 'By post', text: 'One folder is enough.\n' });
  await mailbox.goToInbox();
  await mailbox.arrives('By post');
  await mailbox.open('By post');
  await expect(mailbox.reader).toContainText('One folder is enough.');
  const answer = await mailbox.answer('Reply');
  await answer.attach('list.txt', 'text/plain', FILE);
  await answer.send();
  await mailbox.goToInbox();
  await mailbox.arrives('Re: By post');

  await mailbox.open('Re: By post');
  await mailbox.act('Delete');
  await expect(mailbox.row('Re: By post')).toHaveCount(0);
  await mailbox.undo(/will be deleted/);
  await mailbox.isOpenAgain('Re: By post');
  await expect(mailbox.row('Re: By post').first()).toBeVisible();
  await mailbox.signOut();
});

test('an answer to all goes to everybody but oneself', async ({ mailbox }) => {
  await mailbox.signIn();
  const draft = await mailbox.compose();
  await draft.fill({ to: `${ADDRESS}, mei@restante.test`, subject: 'Two readers', text: 'Hello both.\n' });
  await draft.send();
  await mailbox.goToInbox();
  await mailbox.arrives('Two readers');
  await mailbox.open('Two readers');
  const answer = await mailbox.answer('Reply all');
  const all = `${await answer.recipients().inputValue()} ${await answer.recipients('cc').inputValue()}`;
  expect(all).toContain('mei@restante.test');
});
