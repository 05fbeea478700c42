// A folder of any size: pages of links without JavaScript, one long list with it.
import { expect, test } from '../support/story.ts';

test.use({ demoArguments: ['--messages', '100000'] });

test('pages through a large folder by links', { tag: '@plain' }, async ({ mailbox, page }) => {
  await mailbox.signIn();
  await expect(mailbox.list.getByRole('checkbox')).toHaveCount(50);
  const first = await mailbox.list.getByRole('listitem').nth(1).getByRole('link').innerText();
  await page.getByRole('link', { name: 'Older', exact: true }).click();
  await expect(page).toHaveURL(/page=2/);
  await expect(mailbox.list.getByRole('checkbox')).toHaveCount(50);
  expect(await mailbox.list.getByRole('listitem').nth(1).getByRole('link').innerText()).not.toBe(first);
  await page.getByRole('link', { name: 'Newer', exact: true }).click();
  await expect(mailbox.list.getByRole('listitem').nth(1).getByRole('link')).toHaveText(first);
});

test('scrolls to the middle and the end of a large folder', { tag: '@script' }, async ({ mailbox }) => {
  await mailbox.signIn();
  const scroller = mailbox.list.locator('.list-scroll');
  for (const part of [0.5, 1, 0]) {
    await scroller.evaluate((node, part) => node.scrollTo(0, node.scrollHeight * part), part);
    // In the middle of what is seen there is a message; rows that are still on their way have no link.
    await expect.poll(() => scroller.evaluate(showsMessage)).toBe(true);
    await expect(mailbox.list.locator('[aria-busy=true]')).toHaveCount(0);
    expect(await mailbox.list.getByRole('listitem').count()).toBeLessThan(220);
  }
});

function showsMessage(scroller: Element): boolean {
  const { left, top, width, height } = scroller.getBoundingClientRect();
  const seen = document.elementFromPoint(left + width / 2, top + height / 2);
  return seen?.closest('li')?.querySelector('a') != null;
}
