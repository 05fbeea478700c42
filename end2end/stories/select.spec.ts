// Selection of messages: the layout does not move under the pointer, ranges, and all loaded
// messages.
import type { Locator } from '@playwright/test';
import { expect, test } from '../support/story.ts';
import type { Mailbox } from '../support/mailbox.ts';

test.use({ demoArguments: ['--messages', '2000'] });
test.beforeEach(async ({ mailbox }) => mailbox.signIn());

const box = (mailbox: Mailbox, index: number) => mailbox.list.getByRole('checkbox').nth(index);
const bar = (mailbox: Mailbox) => mailbox.list.getByRole('toolbar', { name: 'Selected messages' });

async function middle(of: Locator): Promise<{ x: number; y: number }> {
  const { x, y, width, height } = (await of.boundingBox())!;
  return { x: x + width / 2, y: y + height / 2 };
}

async function expectTicked(mailbox: Mailbox, indexes: number[]): Promise<void> {
  await expect(bar(mailbox)).toContainText(new RegExp(`^\\s*${indexes.length} of [\\d,]+ selected`));
  for (let index = 0; index < 8; index += 1) {
    await expect(box(mailbox, index), `row ${index}`).toBeChecked({ checked: indexes.includes(index) });
  }
}

test('ticking a row moves nothing, so that the next tick hits the next row', { tag: '@script' }, async ({ mailbox, page }) => {
  const second = await middle(box(mailbox, 1));
  const first = await middle(box(mailbox, 0));
  await page.mouse.click(first.x, first.y);
  await expect(bar(mailbox)).toBeVisible();
  expect(await middle(box(mailbox, 1))).toEqual(second);
  await page.mouse.click(second.x, second.y);
  await expectTicked(mailbox, [0, 1]);
  await bar(mailbox).getByRole('button', { name: 'Select none' }).click();
  await expect(bar(mailbox)).toHaveCount(0);
  expect(await middle(box(mailbox, 1))).toEqual(second);
  await expect(mailbox.list.getByRole('heading', { level: 1 })).toBeVisible();
});

test('with Shift a click ticks the range from the last tick', { tag: ['@script', '@desktop'] }, async ({ mailbox, context }) => {
  await box(mailbox, 1).click({ force: true });
  await box(mailbox, 4).click({ force: true, modifiers: ['Shift'] });
  await expectTicked(mailbox, [1, 2, 3, 4]);

  // Also on a subject, where the browser would open a window; the end of the range moves.
  await mailbox.list.getByRole('listitem').nth(3).getByRole('link').click({ modifiers: ['Shift'] });
  await expectTicked(mailbox, [1, 2, 3]);
  expect(context.pages()).toHaveLength(1);
  await expect(mailbox.page).toHaveURL(/\/mail\/[^/]+\/[^/]+$/);
  expect(await mailbox.page.evaluate(() => getSelection()?.toString())).toBe('');
});

test('a range goes over rows that were never in sight', { tag: ['@script', '@desktop'] }, async ({ mailbox }) => {
  await box(mailbox, 0).click({ force: true });
  const scroller = mailbox.list.locator('.list-scroll');
  const rowPx = await mailbox.list.locator('.row-item').first().evaluate((row) => row.getBoundingClientRect().height);
  await scroller.evaluate((node, top) => node.scrollTo(0, top), rowPx * 300);
  const inTheMiddle = () => scroller.evaluate((node) => {
    const { left, top, width, height } = node.getBoundingClientRect();
    return document.elementFromPoint(left + width / 2, top + height / 2)?.closest('[data-id]')?.getAttribute('data-id');
  });
  await expect.poll(inTheMiddle).toBeTruthy();
  const hit = await inTheMiddle();
  await mailbox.list.locator(`[data-id="${hit}"] input`).click({ force: true, modifiers: ['Shift'] });
  await expect(bar(mailbox)).toContainText(/^\s*30\d of 2,0\d\d selected/);
});

test('keys tick ranges and everything that is loaded', { tag: ['@script', '@desktop'] }, async ({ mailbox }) => {
  const { keyboard } = mailbox.page;
  await keyboard.press('j');
  for (const key of ['Shift+ArrowDown', 'Shift+ArrowDown', 'Shift+ArrowDown']) await keyboard.press(key);
  await expectTicked(mailbox, [0, 1, 2, 3]);
  await keyboard.press('Shift+ArrowUp');
  await expectTicked(mailbox, [0, 1, 2]);
  await keyboard.press('Escape');
  await expect(bar(mailbox)).toHaveCount(0);
  await keyboard.press('ControlOrMeta+a');
  await expect(bar(mailbox)).toContainText(/^\s*(50|100) of [\d,]+ selected/);
});

test('"all" is what is loaded, and says so', { tag: '@script' }, async ({ mailbox }) => {
  await box(mailbox, 2).click({ force: true });
  await bar(mailbox).getByRole('button', { name: /Select the (50|100) loaded/ }).click();
  await expect(bar(mailbox)).toContainText(/^\s*(50|100) of [\d,]+ selected/);
  await bar(mailbox).getByRole('button', { name: 'Archive', exact: true }).click();
  await mailbox.undo(/50|100/);
});

test('a row that is held is ticked, and then a tap ticks', { tag: ['@script', '@phone'] }, async ({ mailbox, page }) => {
  const touch = await page.context().newCDPSession(page);
  const tap = async (of: Locator, meanwhile?: () => Promise<void>) => {
    const { x, y } = await middle(of);
    await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x, y }] });
    await meanwhile?.();
    await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  };
  const row = (index: number) => mailbox.list.locator('.row').nth(index);
  // It is ticked during the touch.
  await tap(row(1), () => expectTicked(mailbox, [1]));
  await expectTicked(mailbox, [1]);
  await tap(row(3));
  await expectTicked(mailbox, [1, 3]);
  await tap(row(1));
  await tap(row(3));
  await expect(bar(mailbox)).toHaveCount(0);
  // No message is ticked any more: a tap opens one again.
  await tap(row(1));
  await expect(mailbox.reader.getByRole('article')).toBeVisible();
});
