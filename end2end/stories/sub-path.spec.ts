// The whole product below a path, as behind a proxy that also serves other sites.
import { ADDRESS } from '../support/demo.ts';
import { expect, test } from '../support/story.ts';

test.use({ basePath: '/webmail' });

test('reads and sends under /webmail, and asks for nothing outside of it', async ({ mailbox, page }) => {
  const outside: string[] = [];
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (!pathname.startsWith('/webmail/') && pathname !== '/webmail') outside.push(pathname);
  });
  await mailbox.signIn();
  await mailbox.send({ to: ADDRESS, subject: 'Under a path', text: 'Here.\n' });
  await mailbox.goToInbox();
  await mailbox.arrives('Under a path');
  await mailbox.open('Under a path');
  await expect(page).toHaveURL(/\/webmail\/mail\//);
  await mailbox.act('Delete');
  await mailbox.undo(/Trash|Deleted/);
  await mailbox.isOpenAgain('Under a path');
  await mailbox.openFolder('Sent');
  await expect(mailbox.row('Under a path').first()).toBeVisible();
  await mailbox.signOut();
  expect(outside).toEqual([]);
});

test('a path beside the product is not found', async ({ demo, request }) => {
  expect((await request.get(`${demo.origin}/mail`)).status()).toBe(404);
  expect((await request.get(`${demo.origin}/webmailx/login`)).status()).toBe(404);
  expect((await request.get(`${demo.origin}/healthz`)).status()).toBe(200);
  expect((await request.get(`${demo.origin}/webmail/healthz`)).status()).toBe(200);
});
