// The form's code is a WebAssembly module of its own, which a page loads after it is interactive.
import type { Page } from '@playwright/test';
import { ADDRESS } from '../support/demo.ts';
import type { Faults } from '../support/faults.ts';
import type { Mailbox } from '../support/mailbox.ts';
import { expect, test } from '../support/story.ts';

const MODULE = '**/split_lazy.wasm';
const LETTER = { to: ADDRESS, subject: 'Without the module', text: 'Written all the same.' };

/** Chromium logs each request that fails here on purpose, and the loader each module. */
function forgive(faults: Faults): void {
  faults.forgive(/net::ERR_|status of 404|TypeError: |Failed to load resource|preloaded .* but not used/);
}

async function missing(page: Page): Promise<void> {
  await page.route(MODULE, (route) => route.fulfill({ status: 404, body: 'no such file\n' }));
}

async function followCompose({ list, folders, view }: Mailbox): Promise<void> {
  await (view.isPhone ? list : folders).getByRole('link', { name: 'Compose' }).click();
}

test('a page without its second module leads to the form of the server', { tag: '@script' }, async ({ mailbox, page, faults }) => {
  await missing(page);
  await mailbox.signIn();
  await followCompose(mailbox);
  await page.waitForURL(/\/compose\?/);
  await expect(page.locator('html')).not.toHaveClass(/\bjs\b/);
  const form = page.locator('form.composer');
  await form.getByLabel('To', { exact: true }).fill(LETTER.to);
  await form.getByLabel('Subject').fill(LETTER.subject);
  await form.getByLabel('Message text').fill(LETTER.text);
  await form.getByRole('button', { name: 'Send' }).click();
  await expect(mailbox.entry(LETTER.subject)).toBeVisible();
  await page.unroute(MODULE);
  await mailbox.goToInbox();
  await mailbox.arrives(LETTER.subject);
  forgive(faults);
});

test('the outbox is shown without its module', { tag: '@script' }, async ({ mailbox, page, demo, faults }) => {
  await missing(page);
  await mailbox.signIn();
  await page.goto(demo.url('/outbox'));
  await expect(page.getByRole('heading', { level: 1, name: 'Outbox' })).toBeVisible();
  await expect(page.locator('html')).not.toHaveClass(/\bjs\b/);
  forgive(faults);
});

test('a form that is asked for at once is shown when its module is there', { tag: '@script' }, async ({ mailbox, page }) => {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route(MODULE, async (route) => {
    await released;
    await route.continue();
  });
  await mailbox.signIn();
  await followCompose(mailbox);
  await expect(page.locator('.sk.box').last()).toBeAttached();
  await expect(page.locator('form.composer')).toHaveCount(0);
  release();
  const draft = await mailbox.opened();
  await expect(draft.to).toBeFocused();
});

test('without a network the place of the form says so, and the form comes with the network', { tag: ['@script', '@desktop'] }, async ({ mailbox, page, context, faults }) => {
  await page.route(MODULE, (route) => route.abort());
  await mailbox.signIn();
  await context.setOffline(true);
  await followCompose(mailbox);
  await expect(mailbox.dock.getByRole('alert')).toContainText('Restante cannot be reached.');
  await page.unroute(MODULE);
  await context.setOffline(false);
  const draft = await mailbox.opened();
  await expect(draft.to).toBeFocused();
  forgive(faults);
});
