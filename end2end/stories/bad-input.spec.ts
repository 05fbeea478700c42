// Invalid requests: the response gives the reason, and the session continues.
import { expect, test } from '../support/story.ts';

test.beforeEach(async ({ mailbox }) => mailbox.signIn());

test('an unknown message is not found, with a way back', async ({ mailbox, page, faults }) => {
  await mailbox.open(/./);
  const address = page.url().split('?')[0].replace(/\/[^/]*$/, '/1.999999');
  const answer = await page.goto(address);
  expect(answer?.status()).toBe(404);
  await page.getByRole('link', { name: /Back/ }).first().click();
  await mailbox.isShown();
  faults.forgiveStatus(404);
});

test('a form from another site changes nothing', async ({ page, demo, mailbox }) => {
  const answer = await page.request.post(demo.url('/logout'), {
    headers: { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' },
    maxRedirects: 0,
  });
  expect(answer.status()).toBe(403);
  await mailbox.goToInbox();
});

test('a file over the limit is refused before anything is lost', async ({ mailbox, page, faults }) => {
  const draft = await mailbox.compose();
  await draft.fill({ to: 'demo@restante.test', subject: 'A film', text: 'Words that stay.\n' });
  await page.locator('form.composer').getByLabel(/Attach/).setInputFiles({
    name: 'large.bin',
    mimeType: 'application/octet-stream',
    buffer: Buffer.alloc(27 << 20, 7),
  });
  if (!mailbox.view.hasScript) await page.getByRole('button', { name: 'Send', exact: true }).click();
  await expect(page.getByText(/too large/i).filter({ visible: true }).first()).toBeVisible();
  await expect(draft.text).toHaveValue(/Words that stay\./);
  faults.forgiveStatus(413);
});
