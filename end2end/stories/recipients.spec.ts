// Recipients: a plain text field, with script chips and suggestions.
import type { Locator, Page } from '@playwright/test';
import { ADDRESS } from '../support/demo.ts';
import { expect, expectAccessible, test } from '../support/story.ts';
import type { Mailbox } from '../support/mailbox.ts';

test.beforeEach(async ({ mailbox }) => mailbox.signIn());

test('a list of recipients is typed and sent', async ({ mailbox }) => {
  const draft = await mailbox.compose();
  await draft.fill({ to: `${ADDRESS}; "Doe, Ann" <ann@restante.test>`, subject: 'To both', text: 'Hello.\n' });
  await expect(draft.recipients()).toHaveValue(/^demo@restante\.test[;,] "Doe, Ann" <ann@restante\.test>$/);
  await draft.send();
  await mailbox.outcome('To both', 'ann@restante.test');
});

test('complete addresses become chips, and the rest stays text', { tag: '@script' }, async ({ mailbox }) => {
  const { page } = mailbox;
  const draft = await mailbox.compose();
  await draft.to.pressSequentially('ann@a.example,ben@b.example;"Doe, C');
  await expect(chips(page)).toHaveText([/ann@a\.example/, /ben@b\.example/]);
  await expect(draft.to).toHaveValue('"Doe, C');
  await draft.to.pressSequentially('at" <cat@c.example>');
  await draft.to.press('Enter');
  await expect(chip(page, 'Doe, Cat')).toHaveAttribute('title', '"Doe, Cat" <cat@c.example>');
  await expect(draft.to).toHaveValue('');
  await expect(draft.to).toBeFocused();
  await draft.to.pressSequentially('dan@d.example');
  await draft.to.press('Tab');
  await expect(chips(page)).toHaveCount(4);
  await expect(draft.recipients()).toHaveValue('ann@a.example, ben@b.example, "Doe, Cat" <cat@c.example>, dan@d.example');
  // A group stays as typed.
  await draft.to.fill('Team: a@b.example, c@d.example;');
  await draft.subject.focus();
  await expect(chips(page)).toHaveCount(4);
  await expect(draft.to).toHaveValue('Team: a@b.example, c@d.example;');
  await expect(draft.recipients()).toHaveValue(/, Team: a@b\.example, c@d\.example;$/);
});

test('a pasted list or table becomes chips', { tag: '@script' }, async ({ mailbox }) => {
  const { page } = mailbox;
  const draft = await mailbox.compose();
  await paste(draft.to, 'a@b.example; Bob <c@d.example>\nEve\teve@e.example\r\nf@f.example\n');
  await expect(chips(page)).toHaveText([/a@b\.example/, /^\W*B?\s*Bob/, /Eve/, /f@f\.example/]);
  await expect(draft.recipients()).toHaveValue('a@b.example, Bob <c@d.example>, "Eve" <eve@e.example>, f@f.example');
  // One address is text that can be continued.
  await paste(draft.to, 'g@g.example');
  await expect(chips(page)).toHaveCount(4);
});

test('an entry that is no address is red, and can be corrected', { tag: '@script' }, async ({ mailbox }) => {
  const { page } = mailbox;
  const draft = await mailbox.compose();
  await draft.to.pressSequentially('ann@a.example, ben b.example, ');
  await expect(page.getByRole('alert').filter({ hasText: 'ben b.example is not an address' })).toBeVisible();
  await expect(draft.recipients()).toHaveValue('ann@a.example, ben b.example');
  await expectAccessible(page);
  await chip(page, 'ben b.example').click();
  await expect(draft.to).toBeFocused();
  await expect(draft.to).toHaveValue('ben b.example');
  await expect(draft.recipients()).toHaveValue('ann@a.example, ben b.example');
  await draft.to.fill('ben@b.example');
  await draft.to.press('Enter');
  await expect(page.getByRole('alert')).toHaveCount(0);
  await expect(draft.recipients()).toHaveValue('ann@a.example, ben@b.example');
  // By the keyboard.
  await draft.to.press('Backspace');
  await draft.to.press('Enter');
  await expect(draft.to).toHaveValue('ben@b.example');
});

test('keys select, copy and remove chips', { tag: '@script' }, async ({ mailbox }) => {
  const { page } = mailbox;
  const draft = await mailbox.compose();
  await paste(draft.to, 'a@a.example, b@b.example, c@c.example, d@d.example');
  await draft.to.press('Backspace');
  await expect(page.locator('.chip.picked')).toHaveText(/d@d\.example/);
  await draft.to.press('Backspace');
  await expect(draft.recipients()).toHaveValue('a@a.example, b@b.example, c@c.example');
  await draft.to.press('ArrowLeft');
  await draft.to.press('ArrowLeft');
  await draft.to.press('Delete');
  await expect(draft.recipients()).toHaveValue('a@a.example, c@c.example');
  await draft.to.press('ControlOrMeta+a');
  await expect(page.locator('.chip.picked')).toHaveCount(2);
  expect(await copied(draft.to)).toBe('a@a.example, c@c.example');
  await draft.to.press('x');
  await expect(page.locator('.chip.picked')).toHaveCount(0);
  await expect(draft.to).toHaveValue('x');
  await draft.to.fill('');
  await page.getByRole('button', { name: 'Remove a@a.example' }).click();
  await expect(draft.recipients()).toHaveValue('c@c.example');
  await draft.to.press('ControlOrMeta+a');
  await draft.to.press('Delete');
  await expect(draft.recipients()).toHaveValue('');
});

test('people written to are suggested by keyboard and by tap, and can be forgotten', { tag: '@script' }, async ({ mailbox }) => {
  const { page } = mailbox;
  await sendTo(mailbox, '"Amélie Durand" <amelie@restante.test>, 陈思远 <chen@restante.test>', 'First');
  await sendTo(mailbox, 'amos@restante.test', 'Second');
  const draft = await mailbox.compose();
  const offers = page.getByRole('listbox').getByRole('option');
  await draft.to.pressSequentially('am');
  await expect(offers).toHaveText([/amos@restante\.test/, /Amélie Durand\s*amelie@restante\.test/]);
  await expect(draft.to).toHaveAttribute('aria-expanded', 'true');
  await expectAccessible(page);
  await draft.to.press('ArrowDown');
  const active = await draft.to.getAttribute('aria-activedescendant');
  await expect(page.locator(`[id="${active}"]`)).toHaveText(/Amélie/);
  await draft.to.press('Enter');
  await expect(draft.recipients()).toHaveValue('"Amélie Durand" <amelie@restante.test>');
  await expect(draft.to).toHaveAttribute('aria-expanded', 'false');
  // A recipient of the field is not offered again.
  await draft.to.pressSequentially('am');
  await expect(offers).toHaveText([/amos/]);
  await draft.to.fill('思');
  await offers.filter({ hasText: '陈思远' }).click();
  await expect(draft.recipients()).toHaveValue('"Amélie Durand" <amelie@restante.test>, "陈思远" <chen@restante.test>');
  await expect(draft.to).toBeFocused();
  await draft.to.pressSequentially('amo');
  await expect(offers).toHaveText([/amos/]);
  const forgotten = page.waitForResponse(/person_forget/);
  await draft.to.press('Shift+Delete');
  await expect(offers).toHaveCount(0);
  await forgotten;
  await draft.to.fill('');
  await draft.to.press('ControlOrMeta+a');
  await draft.to.press('Delete');
  await expect(draft.recipients()).toHaveValue('');
  await page.goto(mailbox.demo.url('/compose'));
  await mailbox.isAlive();
  const asked = page.waitForResponse(/people_suggest/);
  await draft.to.fill('am');
  await asked;
  await expect(offers).toHaveText([/Amélie/]);
  // What looks like a known address is told, and nothing is prevented.
  await draft.to.fill('amelia@restante.test');
  await draft.to.press('Enter');
  await expect(page.getByText('amelia@restante.test is not amelie@restante.test, to whom you wrote before.')).toBeVisible();
});

test('an input method composes without ending an entry', { tag: ['@script', '@desktop'] }, async ({ mailbox }) => {
  const { page } = mailbox;
  const draft = await mailbox.compose();
  await draft.to.focus();
  const session = await page.context().newCDPSession(page);
  await session.send('Input.imeSetComposition', { text: 'chen，', selectionStart: 5, selectionEnd: 5 });
  await draft.to.dispatchEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true, cancelable: true });
  await expect(chips(page)).toHaveCount(0);
  await expect(draft.to).toBeFocused();
  await session.send('Input.insertText', { text: '陈' });
  await expect(draft.to).toHaveValue('陈');
  await expect(chips(page)).toHaveCount(0);
  await session.send('Input.insertText', { text: ' <c@c.example>，' });
  await expect(chip(page, '陈')).toHaveAttribute('title', '陈 <c@c.example>');
});

test('thousands of pasted recipients leave a page that works, and the server names the field', { tag: '@script' }, async ({ mailbox, faults }) => {
  const { page } = mailbox;
  const draft = await mailbox.compose();
  await paste(draft.to, Array.from({ length: 5_000 }, (_, n) => `p${n}@x.io`).join('\n'));
  await expect(chips(page)).toHaveCount(200);
  await expect(page.getByText('+4,800')).toBeVisible();
  await draft.to.press('Backspace');
  await draft.to.press('Backspace');
  await expect(page.getByText('+4,799')).toBeVisible();
  await draft.fill({ subject: 'Too many', text: 'x\n' });
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await expect(page.getByText('Send to 4999 people')).toBeVisible();
  await page.getByRole('button', { name: 'Send anyway' }).click();
  await expect(page.getByRole('alert').first()).toContainText('100');
  faults.forgiveStatus(422);
  await expect(draft.to).toHaveAttribute('aria-invalid', 'true');
  await expect(draft.to).toBeFocused();
});

test('chips survive a reload', { tag: '@script' }, async ({ mailbox }) => {
  const { page } = mailbox;
  const draft = await mailbox.compose();
  const stored = () => page.evaluate(() => JSON.stringify(Object.entries(localStorage).filter(([key]) => key.includes(':unsent:'))));
  await draft.text.fill('Text.\n');
  await expect.poll(stored).not.toBe('[]');
  const before = await stored();
  await draft.to.fill('ann@a.example, Bob <b@b.example>, half');
  await expect.poll(stored).not.toBe(before);
  await page.reload();
  await expect(draft.text).toHaveValue('Text.\n');
  await expect(draft.recipients()).toHaveValue('ann@a.example, Bob <b@b.example>, half');
  await expect(chips(page)).toHaveCount(3);
});

test('without script the field is a plain list', { tag: '@plain' }, async ({ mailbox, faults }) => {
  const draft = await mailbox.compose();
  await expect(draft.to).toHaveAttribute('name', 'to');
  await draft.fill({ to: `${ADDRESS}, ben b.example`, subject: 'Plain', text: 'x\n' });
  await mailbox.page.getByRole('button', { name: 'Send', exact: true }).click();
  await expect(draft.to).toHaveValue(`${ADDRESS}, ben b.example`);
  await expect(draft.to).toHaveAttribute('aria-invalid', 'true');
  faults.forgiveStatus(422);
  await draft.to.fill(ADDRESS);
  await draft.send();
});

function chips(page: Page): Locator {
  return page.locator('.c-people .chip');
}

function chip(page: Page, text: string): Locator {
  return chips(page).filter({ hasText: text });
}

async function sendTo(mailbox: Mailbox, to: string, subject: string): Promise<void> {
  await mailbox.send({ to, subject, text: 'Hello.\n' });
  await mailbox.goToInbox();
}

/** Pastes a text into a field. */
async function paste(field: Locator, text: string): Promise<void> {
  await field.focus();
  await field.evaluate((element, text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', text);
    element.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  }, text);
}

/** Returns what a copy in a field puts on the clipboard. */
async function copied(field: Locator): Promise<string> {
  return field.evaluate((element) => {
    const clipboardData = new DataTransfer();
    element.dispatchEvent(new ClipboardEvent('copy', { clipboardData, bubbles: true, cancelable: true }));
    return clipboardData.getData('text/plain');
  });
}
