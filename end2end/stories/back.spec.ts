// Back to a long list: the same rows are visible at the same scroll position.
import type { Page } from '@playwright/test';
import { expect, test } from '../support/story.ts';
import type { Mailbox } from '../support/mailbox.ts';

test.use({ demoArguments: ['--messages', '2000'] });

type Sight = { top: number; ids: string[] };

/** The visible messages, from the top to the bottom of the list's box. */
async function inSight(page: Page): Promise<Sight> {
  return page.locator('.list-scroll').evaluate((scroller) => {
    const { top, bottom } = scroller.getBoundingClientRect();
    const rows = [...scroller.querySelectorAll<HTMLElement>('.row[data-id]')].filter((row) => {
      const at = row.getBoundingClientRect();
      return at.height > 0 && at.bottom > top && at.top < bottom;
    });
    return { top: scroller.scrollTop, ids: rows.map((row) => row.dataset.id ?? '') };
  });
}

async function opensAndComesBack(mailbox: Mailbox, px: number, back: () => Promise<unknown>): Promise<void> {
  const { page } = mailbox;
  const scroller = page.locator('.list-scroll');
  await scroller.evaluate((node, px) => node.scrollTo(0, px), px);
  await expect(mailbox.list.locator('[aria-busy=true]')).toHaveCount(0);
  await expect.poll(async () => (await inSight(page)).ids.length).toBeGreaterThan(4);
  const before = await inSight(page);
  await page.locator(`.row[data-id="${before.ids[2]}"] .row-link`).click();
  await expect(mailbox.reader.getByRole('article')).toBeVisible();
  await back();
  await expect(mailbox.list).toBeVisible();
  await expect.poll(() => inSight(page), { message: `scrolled ${px} px` }).toEqual(before);
}

for (const [name, size] of [
  ['as wide as it is', undefined],
  ['in a narrow window', { width: 700, height: 800 }],
] as const) {
  test(`Back shows the rows that were in sight, ${name}`, { tag: '@script' }, async ({ mailbox, page }) => {
    if (size) await page.setViewportSize(size);
    await mailbox.signIn();
    const inApp = page.getByRole('link', { name: 'Back to the list' });
    for (const px of [4000, 300]) await opensAndComesBack(mailbox, px, () => page.goBack());
    if (await mailbox.list.locator('.fab').isVisible()) {
      await opensAndComesBack(mailbox, 3000, () => inApp.click());
    }
  });
}

test('the folders of a phone do not lose the place in the list', { tag: ['@script', '@phone'] }, async ({ mailbox, page }) => {
  await mailbox.signIn();
  await page.locator('.list-scroll').evaluate((node) => node.scrollTo(0, 2500));
  await expect.poll(async () => (await inSight(page)).top).toBe(2500);
  await expect(mailbox.list.locator('[aria-busy=true]')).toHaveCount(0);
  const before = await inSight(page);
  await mailbox.list.getByRole('link', { name: 'Folders' }).click();
  await expect(mailbox.folders).toBeVisible();
  await page.goBack();
  await expect.poll(() => inSight(page)).toEqual(before);
});
