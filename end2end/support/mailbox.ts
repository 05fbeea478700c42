// The mailbox as the user operates it. The differences between desktop and phone, and with and
// without JavaScript, are handled here, so that the stories are the same for all.
import { expect, type Locator, type Page } from '@playwright/test';
import { ADDRESS, type Demo, PASSWORD } from './demo.ts';
import type { Faults } from './faults.ts';

export type View = { isPhone: boolean; hasScript: boolean };

/** Returns the subject that a row shows, without the text before it for screen readers. */
export async function subjectOf(row: Locator): Promise<string> {
  return subjectIn(await row.getByRole('link').innerText());
}

/** Returns the subject in the text of a row's link. */
export function subjectIn(text: string): string {
  return text.replace(/^\s*((Unread|Starred)\.\s*)*/, '').trim();
}

export class Mailbox {
  private incoming: 'IMAP' | 'POP3' = 'IMAP';

  constructor(
    readonly page: Page,
    readonly demo: Demo,
    readonly view: View,
    private readonly faults?: Faults,
  ) {}

  // Signing in and out

  async signIn(incoming: 'IMAP' | 'POP3' = 'IMAP'): Promise<void> {
    this.incoming = incoming;
    await this.page.goto(this.demo.url('/login'));
    await this.typeSignIn();
    if (incoming === 'POP3') {
      await this.page.getByText('Set the servers by hand').click();
      await this.page.getByRole('radio', { name: 'POP3' }).check();
    }
    await this.page.getByRole('button', { name: 'Open mailbox' }).click();
    await this.isShown();
  }

  /** Fills in the sign-in form on the page; the story submits it. */
  async typeSignIn(): Promise<void> {
    await this.page.getByLabel('Email address').fill(ADDRESS);
    await this.page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  }

  /** Waits until the list is visible and the page is hydrated, if script runs. */
  async isShown(): Promise<void> {
    await expect(this.list.getByRole('listitem').first()).toBeVisible();
    await this.isAlive();
  }

  /** Waits until the script has hydrated the page; an earlier click would submit a plain form. */
  async isAlive(): Promise<void> {
    if (this.view.hasScript) await expect(this.page.locator('html')).toHaveClass(/\bjs\b/);
  }

  async signOut(): Promise<void> {
    if (this.view.isPhone) await this.showFolders();
    await this.page.getByRole('button', { name: 'Sign out' }).click();
    await expect(this.page.getByRole('heading', { name: 'Open your mailbox' })).toBeVisible();
    // A request of the page that is left may come after the end of its session.
    this.faults?.forgive(/status of 401 .*\/api\/\w+\)$/);
  }

  // The list

  get list(): Locator {
    return this.page.getByRole('region', { name: 'Messages' });
  }

  row(subject: string | RegExp): Locator {
    return this.list.getByRole('listitem').filter({ hasText: subject });
  }

  /** Opens a message from the list. */
  async open(subject: string | RegExp): Promise<void> {
    await this.row(subject).first().getByRole('link').click();
    await expect(this.reader.getByRole('heading', { level: 1, name: subject })).toBeVisible();
  }

  /**
   * Waits for mail. IMAP reports it, so the page shows it without a reload, or after one if no
   * script runs. POP3 reports nothing: a reload checks for mail, a few seconds after the last
   * check.
   */
  async arrives(subject: string | RegExp): Promise<void> {
    await expect(async () => {
      if (this.incoming === 'POP3' || !this.view.hasScript) {
        await this.page.reload();
        await this.isShown();
      }
      await expect(this.row(subject).first()).toBeVisible({ timeout: 2_000 });
    }).toPass({ timeout: 25_000 });
  }

  async openFolder(name: string | RegExp): Promise<void> {
    if (this.view.isPhone) await this.showFolders();
    await this.folders.getByRole('link', { name }).first().click();
    await expect(this.list.getByRole('heading', { level: 1, name })).toBeVisible();
  }

  get folders(): Locator {
    return this.page.getByRole('navigation', { name: 'Folders and accounts' });
  }

  async showFolders(): Promise<void> {
    if (await this.folders.isVisible()) return;
    await this.backToList();
    await this.list.getByRole('link', { name: 'Folders' }).click();
    await expect(this.folders).toBeVisible();
  }

  // The message

  get reader(): Locator {
    return this.page.getByRole('main', { name: 'Message', exact: true });
  }

  /** Returns to the list. On a phone the list and the message are two pages. */
  async backToList(): Promise<void> {
    if (!this.view.isPhone) return;
    const back = this.page.getByRole('link', { name: 'Back to the list' });
    if (await back.isVisible()) await back.click();
    await expect(this.list).toBeVisible();
  }

  /** Presses one of the buttons of the open message. */
  async act(name: 'Archive' | 'Delete' | 'Mark unread' | 'Star'): Promise<void> {
    await this.reader.getByRole('button', { name, exact: true }).click();
  }

  async moveTo(folder: string): Promise<void> {
    await this.reader.getByLabel('Move to').filter({ visible: true }).click();
    await this.reader.getByRole('button', { name: folder }).click();
  }

  /** Checks the notice about a change, and undoes the change. */
  async undo(said: RegExp): Promise<void> {
    const snack = this.page.getByRole('status').filter({ hasText: said });
    await expect(snack).toBeVisible();
    await snack.getByRole('button', { name: 'Undo' }).click();
    await expect(this.page.getByRole('status').filter({ hasText: 'Taken back' })).toBeVisible();
  }

  /** Checks that undo reopens a message that was removed from its own page. This needs script. */
  async isOpenAgain(subject: string): Promise<void> {
    if (!this.view.hasScript) return;
    await expect(this.reader.getByRole('heading', { level: 1, name: subject })).toBeVisible();
    await this.backToList();
  }

  // Writing

  /** The form beside the page, on a desktop. */
  get dock(): Locator {
    return this.page.getByRole('dialog', { name: 'Compose' });
  }

  async compose(): Promise<Draft> {
    // On a phone the link is above the list, on a desktop beside the folders.
    const place = this.view.isPhone ? this.list : this.folders;
    await place.getByRole('link', { name: 'Compose' }).click();
    return this.opened();
  }

  /** Discards the text in the form. */
  async discard(): Promise<void> {
    await this.page.locator('form.composer').getByRole('link', { name: 'Discard' }).click();
    await this.page.getByRole('alertdialog').getByRole('button', { name: 'Discard' }).click();
    await expect(this.page.locator('form.composer')).toHaveCount(0);
  }

  /** Opens the form on a page of its own, on a desktop too: leaving that page leaves the form. */
  async composeOnItsPage(): Promise<Draft> {
    const place = this.view.isPhone ? this.list : this.folders;
    return this.openOnItsPage(place.getByRole('link', { name: 'Compose' }));
  }

  async answerOnItsPage(kind: 'Reply' | 'Reply all' | 'Forward'): Promise<Draft> {
    return this.openOnItsPage(this.reader.getByRole('link', { name: kind, exact: true }));
  }

  private async openOnItsPage(link: Locator): Promise<Draft> {
    const form = await link.getAttribute('href');
    await this.page.goto(new URL(form ?? '', this.page.url()).href);
    return this.opened();
  }

  async answer(kind: 'Reply' | 'Reply all' | 'Forward'): Promise<Draft> {
    await this.reader.getByRole('link', { name: kind, exact: true }).click();
    return this.opened();
  }

  /** The form that was opened. */
  async opened(): Promise<Draft> {
    await expect(this.page.locator('form.composer footer .btn-primary')).toBeVisible();
    await this.isAlive();
    return new Draft(this.page, this.view);
  }

  /** Writes a message and sends it; ends on its entry in the outbox. */
  async send(letter: { to: string; subject: string; text: string }): Promise<void> {
    const draft = await this.compose();
    await draft.fill(letter);
    await draft.send();
  }

  /** The entry of a message in the outbox. */
  entry(subject: string): Locator {
    return this.page.getByRole('article').filter({ hasText: subject });
  }

  /** Waits for the result of a message; without JavaScript the page is reloaded for it. */
  async outcome(subject: string, words: string | RegExp): Promise<void> {
    await expect(async () => {
      if (!this.view.hasScript) await this.page.reload();
      await expect(this.entry(subject).first()).toContainText(words, { timeout: 2_000 });
    }).toPass({ timeout: 20_000 });
  }

  async goToInbox(): Promise<void> {
    await this.page.goto(this.demo.url('/mail'));
    await this.isShown();
  }
}

/** Opens the entry of the message that was just sent. With script the page returns to the mail. */
export async function openEntry(page: Page): Promise<void> {
  const outbox = page.getByRole('heading', { level: 1, name: 'Outbox' });
  const details = page.locator('.snack').getByRole('link', { name: 'Details' });
  await expect(outbox.or(details).first()).toBeVisible();
  if (await details.isVisible()) await details.click();
  await expect(outbox).toBeVisible();
}

export class Draft {
  constructor(
    private readonly page: Page,
    private readonly view: View,
  ) {}

  private get form(): Locator {
    return this.page.locator('form.composer');
  }

  get to(): Locator {
    return this.form.getByLabel('To', { exact: true });
  }

  /** The field that holds all recipients as one text. With script the user sees chips of it. */
  recipients(field: 'to' | 'cc' | 'bcc' = 'to'): Locator {
    return this.form.locator(`input[name="${field}"]`);
  }

  get subject(): Locator {
    return this.form.getByLabel('Subject');
  }

  get text(): Locator {
    return this.form.getByLabel('Message text');
  }

  async fill(letter: { to?: string; subject?: string; text?: string }): Promise<void> {
    if (letter.to !== undefined) await this.to.fill(letter.to);
    if (letter.subject !== undefined) await this.subject.fill(letter.subject);
    if (letter.text !== undefined) await this.text.fill(letter.text);
  }

  /** Attaches a file; with script it is uploaded at once. */
  async attach(name: string, mimeType: string, buffer: Buffer): Promise<void> {
    await this.form.getByLabel(/Attach/).setInputFiles({ name, mimeType, buffer });
    if (this.view.hasScript) {
      await expect(this.form.getByRole('button', { name: `Remove ${name}` })).toBeVisible();
      await expect(this.form.getByRole('progressbar')).toHaveCount(0);
    }
  }

  /** Sends the message, and opens its entry in the outbox. */
  async send(button = 'Send'): Promise<void> {
    await this.form.getByRole('button', { name: button, exact: true }).click();
    await openEntry(this.page);
  }
}
