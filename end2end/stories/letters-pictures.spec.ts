// Pictures of letters as their reader sees them, to be looked at: in `RESTANTE_PICTURES`, or among
// the results of the test.
import { deliverMessages } from '../support/cleaned.ts';
import * as letters from '../support/letters.ts';
import { expect, test } from '../support/story.ts';

const LETTERS = [
  ['gb18030', letters.gb18030(), '季度预算汇总'],
  ['look-alike', letters.lookAlike(), 'Your account is limited'],
  ['invitation', letters.invitation(), 'Invitation: Rust Meetup #14'],
  ['bounce', letters.bounce(), 'Undelivered Mail Returned to Sender'],
  ['winmail', letters.winmail(), 'The plan'],
  ['mailing-list', letters.mailingList(), '[list] Which charset'],
  ['answer', letters.answer(), 'Re: At ten?'],
  ['files', letters.files(), 'Four files'],
  ['newsletter-dark', letters.newsletter(), 'The autumn sale'],
] as const;

test('pictures of letters', { tag: '@script' }, async ({ mailbox, page }, info) => {
  const folder = process.env.RESTANTE_PICTURES ?? info.outputPath();
  await mailbox.signIn();
  await deliverMessages(mailbox.demo, LETTERS.map(([, message]) => message));
  await mailbox.arrives('The autumn sale');
  for (const [name, , subject] of LETTERS) {
    await page.emulateMedia({ colorScheme: name.endsWith('dark') ? 'dark' : 'light' });
    await mailbox.open(subject);
    const frame = page.locator('iframe.html-frame');
    if ((await frame.count()) > 0) await expect(frame.contentFrame().locator('body')).not.toBeEmpty();
    await page.screenshot({ path: `${folder}/${name}-${info.project.name}.png`, scale: 'css', animations: 'disabled' });
    await mailbox.goToInbox();
  }
});
