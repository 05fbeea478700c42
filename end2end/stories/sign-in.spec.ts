// Signing in and out, and every way in which it does not work that a demo can show.
import { ADDRESS, PASSWORD } from '../support/demo.ts';
import { expect, test } from '../support/story.ts';

test('the sign-in page runs no script at all', async ({ page, demo, faults }) => {
  void faults;
  await page.goto(demo.url('/login'));
  await expect(page.getByRole('heading', { name: 'Open your mailbox' })).toBeVisible();
  await expect(page.locator('script')).toHaveCount(0);
});

for (const incoming of ['IMAP', 'POP3'] as const) {
  test(`signs in by ${incoming} and out again`, async ({ page, mailbox, demo }) => {
    await mailbox.signIn(incoming);
    await expect(mailbox.list.getByRole('heading', { level: 1, name: 'Inbox' })).toBeVisible();
    await mailbox.signOut();

    await page.goto(demo.url('/mail'));
    await expect(page).toHaveURL(/\/login/);
  });
}

test('after signing in the page that was asked for is shown', async ({ page, mailbox, demo }) => {
  await page.goto(demo.url('/outbox'));
  await expect(page).toHaveURL(/\/login/);
  await page.getByLabel('Email address').fill(ADDRESS);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Open mailbox' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Outbox' })).toBeVisible();
  await mailbox.isAlive();
});

test('a wrong password is told in the words of the server, and what was typed stays', async ({ page, demo, faults }) => {
  await page.goto(demo.url('/login'));
  await page.getByLabel('Email address').fill(ADDRESS);
  await page.getByLabel('Password', { exact: true }).fill('not the password');
  await page.getByRole('button', { name: 'Open mailbox' }).click();

  const alert = page.getByRole('alert');
  await expect(alert).toContainText('password');
  await expect(alert).toContainText('AUTHENTICATIONFAILED');
  await expect(page.getByLabel('Email address')).toHaveValue(ADDRESS);
  await expect(page.getByLabel('Password', { exact: true })).toHaveValue('');
  faults.forgiveStatus(422);
});

test('an unknown domain opens the servers by hand, filled with the usual names', async ({ page, demo, faults }) => {
  await page.goto(demo.url('/login'));
  await page.getByLabel('Email address').fill('anna@nowhere.test');
  await page.getByLabel('Password', { exact: true }).fill('secret');
  await page.getByRole('button', { name: 'Open mailbox' }).click();

  await expect(page.locator('[name=incoming_host]')).toBeVisible();
  await expect(page.locator('[name=incoming_host]')).toHaveValue('imap.nowhere.test');
  await expect(page.locator('[name=incoming_port]')).toHaveValue('993');
  await expect(page.locator('[name=outgoing_host]')).toHaveValue('smtp.nowhere.test');
  await expect(page.locator('[name=outgoing_port]')).toHaveValue('465');
  await expect(page.getByLabel('Password', { exact: true })).toHaveValue('');
  faults.forgiveStatus(422);
});

test('a server that the demo does not allow is refused with the reason', async ({ page, demo, faults }) => {
  await page.goto(demo.url('/login'));
  await page.getByLabel('Email address').fill('anna@nowhere.test');
  await page.getByLabel('Password', { exact: true }).fill('secret');
  await page.getByRole('button', { name: 'Open mailbox' }).click();
  await page.getByLabel('Password', { exact: true }).fill('secret');
  await page.getByRole('button', { name: 'Open mailbox' }).click();

  await expect(page.getByRole('alert')).toBeVisible();
  await expect(page.locator('[name=incoming_host]')).toHaveValue('imap.nowhere.test');
  faults.forgiveStatus(422);
});
