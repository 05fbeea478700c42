// Sign-in and sign-out, and every failure that a demo can show.
import type { Page } from '@playwright/test';
import { ADDRESS } from '../support/demo.ts';
import { expect, test } from '../support/story.ts';

test('the sign-in page has one script and carries its own style', async ({ page, demo, faults }) => {
  void faults;
  for (const address of ['/', '/login']) {
    await page.goto(demo.url(address));
    expect(new URL(page.url()).pathname).toBe(new URL(demo.url(address)).pathname);
    await expect(page.getByRole('heading', { name: 'Open your mailbox' })).toBeVisible();
    await expect(page.locator('script')).toHaveCount(1);
    await expect(page.locator('link[rel=stylesheet]')).toHaveCount(0);
    // The style is applied: the content policy allows it.
    await expect(page.locator('.login-card')).toHaveCSS('display', 'grid');
  }
});

// Records the requests that a browser sends on its way into the mailbox and in it.
function watch(page: Page): string[] {
  const requests: string[] = [];
  page.on('request', (request) => {
    if (request.isNavigationRequest()) requests.push(`${request.method()} ${new URL(request.url()).pathname}`);
    else if (request.url().includes('/api/message_list')) requests.push('list');
  });
  return requests;
}

test('one request leads from the form to the inbox', { tag: '@script' }, async ({ page, mailbox, demo }) => {
  await page.goto(demo.url('/'));
  await mailbox.typeSignIn();
  const requests = watch(page);
  await page.getByRole('button', { name: 'Open mailbox' }).click();
  await mailbox.isShown();
  await expect(page).toHaveURL(/\/mail\/[^/]+\/[^/]+$/);
  const inbox = new URL(page.url()).pathname;
  // The time zone is known: the list is not requested again to format its times.
  await expect(mailbox.list.locator('time').first()).toHaveAttribute('datetime', /\+08:00$/);
  await page.waitForLoadState('networkidle');
  expect(requests.filter((request) => request !== 'list')).toEqual(['POST /login']);
  const lists = requests.filter((request) => request === 'list').length;
  expect(lists, 'at most the page after the first, fetched ahead').toBeLessThanOrEqual(1);

  // Nothing sends the password again: neither a reload nor Back nor Forward.
  requests.length = 0;
  await page.reload();
  await mailbox.isShown();
  expect(requests.find((request) => request !== 'list')).toBe(`GET ${inbox}`);
  await page.goto(demo.url('/outbox'));
  await page.goBack();
  await mailbox.isShown();
  expect(new URL(page.url()).pathname).toBe(inbox);
  await page.goBack();
  await mailbox.isShown();
  expect(new URL(page.url()).pathname).toBe(inbox);
  expect(requests.filter((request) => request.startsWith('POST'))).toEqual([]);
});

test('without script the answer to the form can be loaded again', { tag: '@plain' }, async ({ page, mailbox, demo }) => {
  await page.goto(demo.url('/'));
  await mailbox.typeSignIn();
  const requests = watch(page);
  await page.getByRole('button', { name: 'Open mailbox' }).click();
  await mailbox.isShown();
  await page.reload();
  await mailbox.isShown();
  expect(requests).toEqual(['POST /login', 'GET /', 'GET /']);
});

test('the start page is the inbox of whoever is signed in', async ({ page, mailbox, demo }) => {
  await mailbox.signIn();
  const requests = watch(page);
  await page.goto(demo.url('/'));
  await mailbox.isShown();
  expect(requests.filter((request) => request !== 'list')).toEqual(['GET /']);
  if (mailbox.view.hasScript) await expect(page).toHaveURL(/\/mail\/[^/]+\/[^/]+$/);
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
  await mailbox.typeSignIn();
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
