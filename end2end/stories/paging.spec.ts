// A folder of any size: pages with links without JavaScript, one long list with it.
import type { Locator } from '@playwright/test';
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
    // A message is in the middle of the visible area; rows that are still loading have no link.
    await expect.poll(() => scroller.evaluate(showsMessage)).toBe(true);
    await expect(mailbox.list.locator('[aria-busy=true]')).toHaveCount(0);
    expect(await mailbox.list.getByRole('listitem').count()).toBeLessThan(220);
  }
});

test('the page after the first is there before somebody scrolls to it', { tag: '@script' }, async ({ mailbox, page }) => {
  const next = page.waitForResponse((response) => response.request().postData()?.includes('"offset":50') ?? false);
  await mailbox.signIn();
  await (await next).finished();
  const scroller = mailbox.list.locator('.list-scroll');
  await countShadows(scroller);
  const requests: string[] = [];
  page.on('request', (request) => requests.push(request.postData() ?? ''));
  const first = await scroller.evaluate(async (node) => {
    const row = node.querySelector('.row-item')!.getBoundingClientRect().height;
    node.scrollTo(0, 50 * row);
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    await frame();
    await frame();
    const { left, top } = node.getBoundingClientRect();
    const seen = document.elementFromPoint(left + 100, top + row / 2)?.closest('li');
    return seen?.querySelector('a')?.getAttribute('href');
  });
  expect(first).toContain('page=2');
  expect(await shadows(scroller)).toBe(0);
  // Rows fetched from now on are further down.
  expect(requests.filter((body) => body.includes('"offset":50,'))).toEqual([]);
});

test('rows that are asked for are shown as shadows after a moment only', { tag: '@script' }, async ({ mailbox, page }) => {
  await page.clock.install();
  await mailbox.signIn();
  await page.waitForLoadState('networkidle');
  const scroller = mailbox.list.locator('.list-scroll');
  await countShadows(scroller);
  // The clock is paused: the rows arrive first, and no skeleton row is drawn.
  await page.clock.pauseAt(Date.now() + 60_000);
  await scroller.evaluate((node) => node.scrollTo(0, node.scrollHeight / 2));
  await expect.poll(() => scroller.evaluate(showsMessage)).toBe(true);
  expect(await shadows(scroller)).toBe(0);
  await page.waitForLoadState('networkidle');

  let answer = () => {};
  const held = new Promise<void>((done) => (answer = done));
  await page.route('**/api/message_list', async (route) => {
    await held;
    await route.continue();
  });
  const asked = page.waitForRequest('**/api/message_list');
  await scroller.evaluate((node) => node.scrollTo(0, node.scrollHeight));
  await asked;
  expect(await shadows(scroller)).toBe(0);
  await page.clock.runFor(100);
  await expect(mailbox.list.locator('[aria-busy=true]').last()).toBeVisible();
  answer();
  await expect(mailbox.list.locator('[aria-busy=true]')).toHaveCount(0);
  await expect.poll(() => scroller.evaluate(showsMessage)).toBe(true);
});

/** Counts the skeleton rows that are added in the visible area. */
async function countShadows(scroller: Locator): Promise<void> {
  await scroller.evaluate((node) => {
    let count = 0;
    const isInSight = (row: Element) => {
      const [box, { top, bottom }] = [node.getBoundingClientRect(), row.getBoundingClientRect()];
      return bottom > box.top && top < box.bottom;
    };
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes)
        for (const added of addedNodes) if (added instanceof Element && added.matches('[aria-busy]') && isInSight(added)) count += 1;
      (node as HTMLElement).dataset.shadows = String(count);
    }).observe(node, { childList: true, subtree: true });
  });
}

async function shadows(scroller: Locator): Promise<number> {
  return Number((await scroller.getAttribute('data-shadows')) ?? 0);
}

function showsMessage(scroller: Element): boolean {
  const { left, top, width, height } = scroller.getBoundingClientRect();
  const seen = document.elementFromPoint(left + width / 2, top + height / 2);
  return seen?.closest('li')?.querySelector('a') != null;
}
