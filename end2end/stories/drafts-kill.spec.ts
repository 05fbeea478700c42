// A tab that is killed again and again while one writes: at most the last 2 s of typing are missing
// in the browser, and the server has one copy of the draft.
import { type CDPSession, type Page } from '@playwright/test';
import { expect, test } from '../support/story.ts';

const KILLS = 50;
/** The longest that one types before the tab is killed. */
const TYPING_MS = 700;
/** The longest typing that may be missing. */
const LOSS_MS = 2_000;
const SUBJECT = 'A letter in pieces';

/** mulberry32: the seed repeats the moments of the kills. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Kills the process of a tab: no handler of the page runs. */
async function kill(page: Page, control: CDPSession): Promise<void> {
  const crashed = page.waitForEvent('crash');
  control.send('Page.crash').catch(() => {});
  await crashed;
  await page.close();
}

// A trace of 50 tabs takes longer than the story.
test.use({ trace: 'off' });

test('a tab killed 50 times while one writes', { tag: ['@script', '@desktop'] }, async ({ mailbox, context, faults }) => {
  test.setTimeout(180_000);
  const seed = Number(process.env.DRAFTS_KILL_SEED ?? 14);
  const next = random(seed);
  // Drafts are saved soon after a change, so that kills meet saves.
  await context.addInitScript(() => {
    const later = window.setTimeout.bind(window);
    const sooner = (run: TimerHandler, ms?: number, ...rest: unknown[]) => later(run, ms === 6000 ? 150 : ms, ...rest);
    window.setTimeout = sooner as typeof window.setTimeout;
  });
  let saves = 0;
  context.on('request', (request) => {
    if (request.url().endsWith('/api/draft_save')) saves += 1;
  });
  await mailbox.signIn();
  await mailbox.page.close();

  let typed = '';
  let lost = 0;
  let lostMs = 0;
  let killedAt = 0;
  /** The length of the text after each key, and the time. */
  let keys: { length: number; at: number }[] = [];

  /** Opens the letter in a new tab, with what the browser has of it. */
  const reopen = async (): Promise<Page> => {
    const page = await context.newPage();
    await page.goto(mailbox.demo.url('/mail'));
    const text = page.getByLabel('Message text');
    if (keys.length === 0) {
      await expect(page.locator('html')).toHaveClass(/\bjs\b/);
      await page.getByRole('navigation', { name: 'Folders and accounts' }).getByRole('link', { name: 'Compose' }).click();
      await page.getByLabel('Subject').fill(SUBJECT);
      return page;
    }
    await page.getByRole('button', { name: 'Continue' }).click();
    await expect(page.getByLabel('Subject')).toHaveValue(SUBJECT);
    await expect(text).not.toHaveValue('');
    const found = await text.inputValue();
    expect(typed.startsWith(found), `${JSON.stringify(found)} is not the beginning of ${JSON.stringify(typed)}`).toBe(true);
    const missing = keys.filter(({ length }) => length > found.length);
    if (missing.length > 0) {
      lost += 1;
      lostMs = Math.max(lostMs, killedAt - missing[0]!.at);
    }
    expect(lostMs, 'ms of typing that are missing').toBeLessThanOrEqual(LOSS_MS);
    typed = found;
    return page;
  };

  for (let nth = 0; nth < KILLS; nth += 1) {
    const page = await reopen();
    const control = await context.newCDPSession(page);
    const text = page.getByLabel('Message text');
    await text.focus();
    await page.keyboard.press('Control+End');
    let isKilled = false;
    const type = async () => {
      for (const key of `${nth === 0 ? 'Dear Mei' : ''}, piece ${nth} of a long evening at the river`) {
        if (isKilled) return;
        typed += key;
        keys.push({ length: typed.length, at: Date.now() });
        await page.keyboard.type(key);
      }
    };
    keys = keys.filter(({ length }) => length <= typed.length);
    if (nth === 0) {
      // From then on, there is a text to be continued.
      await type();
      await expect.poll(() => page.evaluate(() => Object.keys(localStorage).some((name) => name.includes(':unsent:')))).toBe(true);
    }
    const typing = nth === 0 ? Promise.resolve() : type().catch(() => {});
    await page.waitForTimeout(next() * TYPING_MS);
    killedAt = Date.now();
    isKilled = true;
    await kill(page, control);
    await typing;
  }

  const page = await reopen();
  const text = page.getByLabel('Message text');
  await text.press('Control+End');
  await page.keyboard.type('. The end.');
  typed += '. The end.';
  await expect(page.getByText('Saved in Drafts')).toBeVisible();
  await page.getByRole('link', { name: 'Close and keep the text' }).click();
  await page.getByRole('link', { name: /Drafts/ }).first().click();
  const rows = page.getByRole('region', { name: 'Messages' }).getByRole('listitem').filter({ hasText: SUBJECT });
  await expect(rows).toHaveCount(1);
  await rows.getByRole('link').first().click();
  await expect(text).toHaveValue(typed);
  // A tab that was killed during a save knows the copy before: the text is opened without it.
  faults.forgive(/status of 404 .*\/api\/draft_open\)$/);
  console.log(
    `drafts-kill: seed ${seed}, ${KILLS} tabs killed, ${saves} saves; typing was missing after ${lost} of them, ` +
      `at most the last ${lostMs} ms; 1 copy in Drafts`,
  );
});
