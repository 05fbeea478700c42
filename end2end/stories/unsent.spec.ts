// Unsent text is stored in the browser, encrypted, and offered when the user returns. The form has a
// page of its own here; for the form beside the page see docked.spec.ts.
import type { Page } from '@playwright/test';
import { ADDRESS } from '../support/demo.ts';
import { Mailbox, subjectOf } from '../support/mailbox.ts';
import { expect, test } from '../support/story.ts';

const LETTER = { to: 'mei@restante.test', subject: 'Half a letter', text: 'The boat leaves at' };

test.beforeEach(async ({ mailbox }) => mailbox.signIn());

test('a text that is left for a folder is offered, gone on with and sent', { tag: '@script' }, async ({ mailbox }) => {
  const { page } = mailbox;
  const draft = await mailbox.composeOnItsPage();
  await draft.fill(LETTER);
  await isKept(page, 1);
  expect(JSON.stringify(await kept(page))).not.toMatch(/mei|letter|boat/);
  await leave(mailbox);
  const offer = offered(page);
  await expect(offer).toContainText(/unsent text from \d\d:\d\d to mei@restante\.test/);
  await offer.getByRole('button', { name: 'Continue' }).click();
  await holds(mailbox, LETTER);
  await expect(offered(page)).toHaveCount(0);
  await draft.to.fill(ADDRESS);
  await draft.send();
  await isKept(page, 0);
  await mailbox.goToInbox();
  await expect(offered(page)).toHaveCount(0);
});

test('Back, reload and a closed tab keep the text', { tag: '@script' }, async ({ mailbox }) => {
  const { page } = mailbox;
  const subject = await subjectOf(mailbox.list.getByRole('listitem').first());
  await mailbox.open(subject);
  const answer = await mailbox.answerOnItsPage('Reply');
  // A form that was only opened stores nothing.
  await isKeptUp(page);
  await isKept(page, 0);
  const quoted = await answer.text.inputValue();
  await answer.text.pressSequentially('Yes, at ten.');
  await isKept(page, 1);
  await isKeptUp(page);
  await page.reload();
  await expect(answer.text).toHaveValue(`Yes, at ten.${quoted}`);
  await page.goBack();
  await offered(page).getByRole('button', { name: 'Continue' }).click();
  await expect(answer.text).toHaveValue(`Yes, at ten.${quoted}`);
  await expect(answer.subject).toHaveValue(/^Re: /);
  await page.close();
  const next = await page.context().newPage();
  await next.goto(mailbox.demo.url('/mail'));
  await offered(next).getByRole('button', { name: 'Continue' }).click();
  await expect(next.getByLabel('Message text')).toHaveValue(`Yes, at ten.${quoted}`);
});

test('what was typed last is stored before another page is loaded', { tag: ['@script', '@phone'] }, async ({ mailbox }) => {
  const { page } = mailbox;
  await page.addInitScript(() => {
    // A browser that encrypts slowly.
    const { subtle } = crypto;
    const encrypt = subtle.encrypt.bind(subtle);
    subtle.encrypt = async (...how) => {
      await new Promise((later) => setTimeout(later, 300));
      return encrypt(...how);
    };
  });
  await page.reload();
  const draft = await mailbox.composeOnItsPage();
  await draft.to.fill(LETTER.to);
  await isKept(page, 1);
  await draft.fill(LETTER);
  await leave(mailbox);
  await offered(page).getByRole('button', { name: 'Continue' }).click();
  await holds(mailbox, LETTER);
});

test('a text is offered as it was left, however long the browser looks for texts', { tag: ['@script', '@desktop'] }, async ({ mailbox }) => {
  const { page } = mailbox;
  const draft = await mailbox.composeOnItsPage();
  await draft.to.fill(LETTER.to);
  await isKept(page, 1);
  // A check that has read the stored texts, and learns late which of them are being edited.
  await page.evaluate(() => {
    const locks = navigator.locks;
    const query = locks.query.bind(locks);
    locks.query = () => {
      locks.query = query;
      return new Promise((answer) => Object.assign(window, { answerLook: () => answer(query()) }));
    };
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await page.waitForFunction(() => 'answerLook' in window);
  await draft.fill(LETTER);
  await leave(mailbox);
  // The form has released its lock: its text is stored.
  await expect.poll(() => page.evaluate(async () => {
    const { held } = await navigator.locks.query();
    return held?.filter((lock) => lock.name?.includes(':unsent:')).length;
  })).toBe(0);
  await page.evaluate(() => (window as unknown as { answerLook(): void }).answerLook());
  // The check completes.
  await page.evaluate(() => navigator.locks.query());
  await offered(page).getByRole('button', { name: 'Continue' }).click();
  await holds(mailbox, LETTER);
});

test('a message whose answer is lost is one message, also when it is sent again after a reload', { tag: '@script' }, async ({ mailbox, faults }) => {
  const { page } = mailbox;
  const draft = await mailbox.composeOnItsPage();
  await draft.fill({ ...LETTER, to: ADDRESS });
  await isKept(page, 1);
  await page.route('**/api/message_send', async (route) => {
    await route.fetch();
    await route.abort();
  }, { times: 1 });
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  faults.forgive(/net::ERR_FAILED .*message_send/);
  await isKeptUp(page);
  await page.reload();
  await expect(draft.subject).toHaveValue(LETTER.subject);
  await expect(draft.text).toHaveValue(LETTER.text);
  await draft.send();
  await mailbox.outcome(LETTER.subject, 'Handed over');
  await expect(mailbox.entry(LETTER.subject)).toHaveCount(1);
  await isKept(page, 0);
  await mailbox.goToInbox();
  await mailbox.arrives(LETTER.subject);
  await expect(mailbox.row(LETTER.subject)).toHaveCount(1);
});

test('discarding asks first', { tag: ['@script', '@desktop'] }, async ({ mailbox }) => {
  const { page } = mailbox;
  const draft = await mailbox.composeOnItsPage();
  await draft.fill(LETTER);
  const close = page.getByRole('link', { name: 'Discard' });
  await close.click();
  const question = page.getByRole('alertdialog', { name: 'Discard this text?' });
  await expect(question.getByRole('button', { name: 'Go on writing' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(close).toBeFocused();
  await holds(mailbox, LETTER);
  await close.click();
  await question.getByRole('button', { name: 'Discard' }).click();
  await mailbox.isShown();
  await isKept(page, 0);
  await expect(offered(page)).toHaveCount(0);
});

test('no form takes the place of a written one without asking', { tag: ['@script', '@desktop'] }, async ({ mailbox }) => {
  const { page } = mailbox;
  const subject = await subjectOf(mailbox.list.getByRole('listitem').first());
  await mailbox.open(subject);
  const answer = await mailbox.answer('Reply');
  await answer.text.fill('An answer');
  const compose = mailbox.folders.getByRole('link', { name: 'Compose' });
  const question = page.getByRole('alertdialog', { name: 'Your text is not sent yet' });
  await compose.click();
  await page.keyboard.press('Escape');
  await expect(question).toBeHidden();
  await expect(answer.text).toHaveValue('An answer');
  await compose.click();
  await question.getByRole('button', { name: 'Keep it' }).click();
  await expect(answer.recipients()).toHaveValue('');
  await expect(answer.to).toBeFocused();
  // No text of the reply is left in the new message.
  await expect(answer.subject).toHaveValue('');
  await expect(answer.text).toHaveValue('');
  await isKeptUp(page);
  await isKept(page, 1);
  await answer.fill(LETTER);
  await offered(page).getByRole('button', { name: 'Continue' }).click();
  await question.getByRole('button', { name: 'Discard' }).click();
  await expect(answer.text).toHaveValue('An answer');
  await isKept(page, 1);
});

test('signing out asks, and then deletes what is kept', { tag: '@script' }, async ({ mailbox }) => {
  const { page } = mailbox;
  await leavesALetter(mailbox);
  await expect(offered(page)).toBeVisible();
  if (mailbox.view.isPhone) await mailbox.list.getByRole('link', { name: 'Folders' }).click();
  const signOut = page.getByRole('button', { name: 'Sign out', exact: true });
  const question = page.getByRole('alertdialog', { name: 'You have an unsent text' });
  await signOut.click();
  await question.getByRole('button', { name: 'Stay' }).click();
  await expect(question).toBeHidden();
  await isKept(page, 1);
  await signOut.click();
  await question.getByRole('button', { name: 'Sign out and delete it' }).click();
  await expect(page.getByRole('heading', { name: 'Open your mailbox' })).toBeVisible();
  await isKept(page, 0);
});

test('after the session ended, signing in again leads back to the text', { tag: '@script' }, async ({ mailbox, faults }) => {
  const { page } = mailbox;
  const draft = await mailbox.composeOnItsPage();
  await draft.fill(LETTER);
  await isKept(page, 1);
  await isKeptUp(page);
  await page.context().clearCookies();
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  const again = page.getByRole('link', { name: 'Sign in again' });
  await expect(again).not.toHaveAttribute('target', '_blank');
  await again.click();
  await mailbox.typeSignIn();
  await page.getByRole('button', { name: 'Open mailbox' }).click();
  await expect(page).toHaveURL(/\/compose/);
  await holds(mailbox, LETTER);
  faults.forgiveStatus(401);
});

test('a text is nobody else\'s', { tag: '@script' }, async ({ mailbox, faults }) => {
  const { page } = mailbox;
  const draft = await mailbox.composeOnItsPage();
  await draft.fill(LETTER);
  await isKept(page, 1);
  await page.context().clearCookies();
  const looked = page.waitForResponse('**/api/unsent_keys');
  await mailbox.signIn('POP3');
  await looked;
  await expect(offered(page)).toHaveCount(0);
  await page.context().clearCookies();
  await mailbox.signIn();
  await expect(offered(page)).toBeVisible();
  // Pages that were left had no session any more.
  faults.forgiveStatus(401);
});

test('two tabs with the same form keep two texts', { tag: ['@script', '@desktop'] }, async ({ mailbox, demo }) => {
  const first = mailbox.page;
  const draft = await mailbox.composeOnItsPage();
  await draft.fill(LETTER);
  await isKept(first, 1);
  const second = await first.context().newPage();
  const looked = second.waitForResponse('**/api/unsent_keys');
  await second.goto(first.url());
  const other = new Mailbox(second, demo, mailbox.view);
  await other.isAlive();
  // The text of the first tab is being edited there.
  await looked;
  await expect(offered(second)).toHaveCount(0);
  await second.getByLabel('Subject').fill('Another letter');
  await isKept(second, 2);
  const before = await kept(first);
  await draft.subject.fill('Half a letter, and more');
  await isRewritten(first, before);
  await second.close();
  await first.close();
  const third = await first.context().newPage();
  await third.goto(demo.url('/mail'));
  await expect(offered(third)).toContainText('1 more');
  await offered(third).getByRole('button', { name: 'Continue' }).click();
  await expect(third.getByLabel('Subject')).toHaveValue('Half a letter, and more');
  await expect(offered(third)).not.toContainText('more');
});

test('where nothing can be kept the form says so, and the browser asks', { tag: '@script' }, async ({ mailbox }) => {
  const { page } = mailbox;
  await page.addInitScript(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
  });
  await mailbox.goToInbox();
  const draft = await mailbox.composeOnItsPage();
  await draft.text.pressSequentially('Not kept.');
  await expect(page.getByText('This browser cannot keep your text')).toBeVisible();
  const asked = page.waitForEvent('dialog');
  const reload = page.reload();
  const dialog = await asked;
  expect(dialog.type()).toBe('beforeunload');
  await dialog.accept();
  await reload;
});

test('a file that is on its way holds the page', { tag: '@script' }, async ({ mailbox }) => {
  const { page } = mailbox;
  await page.route('**/upload', () => {});
  const draft = await mailbox.composeOnItsPage();
  await draft.text.pressSequentially('With a file.');
  await isKept(page, 1);
  await isKeptUp(page);
  const before = await kept(page);
  await page.locator('form.composer').getByLabel(/Attach/).setInputFiles({ name: 'list.txt', mimeType: 'text/plain', buffer: Buffer.from('x') });
  await expect(page.getByRole('progressbar')).toHaveCount(1);
  // Stored with its file: the value is encrypted, so only a changed value shows it.
  await isRewritten(page, before);
  await isKept(page, 1);
  const asked = page.waitForEvent('dialog');
  const reload = page.reload();
  await (await asked).accept();
  await reload;
  await expect(draft.text).toHaveValue('With a file.');
  await expect(page.getByText('Not kept: attach it again, or remove it.')).toBeVisible();
});

test('a text that nobody came back for goes after a week', { tag: ['@script', '@desktop'] }, async ({ mailbox }) => {
  const { page } = mailbox;
  await leavesALetter(mailbox);
  await expect(offered(page)).toBeVisible();
  await page.evaluate(() => {
    for (const [name, value] of Object.entries(localStorage)) {
      const weekAgo = Date.now() - 7 * 24 * 3600 * 1000 - 1;
      localStorage.setItem(name, value.replace(/^\d+/, String(weekAgo)));
    }
  });
  await page.reload();
  await isKept(page, 0);
  await expect(offered(page)).toHaveCount(0);
});

function offered(page: Page) {
  return page.locator('.banner').filter({ hasText: 'You have an unsent text' });
}

/** The texts that the browser stores for the product. */
function kept(page: Page): Promise<[string, string][]> {
  return page.evaluate(() => Object.entries(localStorage).filter(([name]) => name.includes(':unsent:')));
}

/** Waits until this many texts are stored: within 2 s, and longer on a busy machine. */
async function isKept(page: Page, count: number): Promise<void> {
  await expect.poll(async () => (await kept(page)).length, { timeout: 5_000, intervals: [50] }).toBe(count);
}

/** Waits until the last typed text is stored, too: for 1 s the stored value does not change. */
async function isKeptUp(page: Page): Promise<void> {
  let before = '';
  await expect.poll(async () => {
    const now = JSON.stringify(await kept(page));
    const isSame = now === before;
    before = now;
    return isSame;
  }, { timeout: 5_000, intervals: [1_000] }).toBe(true);
}

/** Waits until the stored value differs from `before`. */
async function isRewritten(page: Page, before: [string, string][]): Promise<void> {
  await expect.poll(() => kept(page), { timeout: 5_000, intervals: [50] }).not.toEqual(before);
}

/** Writes the letter, and leaves it unsent by opening the list. */
async function leavesALetter(mailbox: Mailbox): Promise<void> {
  const draft = await mailbox.composeOnItsPage();
  await draft.fill(LETTER);
  await isKept(mailbox.page, 1);
  await leave(mailbox);
}

/** Leaves the form by opening the list. */
async function leave(mailbox: Mailbox): Promise<void> {
  if (mailbox.view.isPhone) await mailbox.page.getByRole('link', { name: 'Back to mail' }).click();
  else await mailbox.folders.getByRole('link', { name: /Inbox/ }).click();
  await mailbox.isShown();
}

async function holds(mailbox: Mailbox, letter: typeof LETTER): Promise<void> {
  const { page } = mailbox;
  await expect(page.locator('input[name="to"]')).toHaveValue(letter.to);
  await expect(page.getByLabel('Subject')).toHaveValue(letter.subject);
  await expect(page.getByLabel('Message text')).toHaveValue(letter.text);
}
