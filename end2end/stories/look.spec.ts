// The appearance in both themes and languages, and accessibility.
import type { Page } from '@playwright/test';
import { expect, expectAccessible, test } from '../support/story.ts';

const LOOKS = [
  { name: 'light', colorScheme: 'light', locale: 'en-GB' },
  { name: 'dark', colorScheme: 'dark', locale: 'en-GB' },
  { name: 'zh', colorScheme: 'light', locale: 'zh-CN' },
] as const;

for (const { name, colorScheme, locale } of LOOKS) {
  test.describe(name, () => {
    test.use({ colorScheme, locale });

    test(`every page, ${name}`, { tag: '@script' }, async ({ page, demo, faults }, info) => {
      void faults;
      const keep = async (what: string) => {
        await page.screenshot({ path: info.outputPath(`${what}-${name}.png`) });
        await expectAccessible(page);
      };
      await page.goto(demo.url('/login'));
      await expect(page.locator('html')).toHaveAttribute('lang', locale === 'zh-CN' ? 'zh-CN' : 'en');
      await keep('login');
      // By field names: the labels differ between the languages.
      await page.locator('input[type=email]').fill('demo@restante.test');
      await page.locator('input[type=password]').fill('demo');
      await page.locator('input[type=password]').press('Enter');
      await expect(page.locator('html')).toHaveClass(/\bjs\b/);
      await expect(page.locator('a.row-link').first()).toBeVisible();
      await keep('list');
      await page.locator('a.row-link').first().click();
      await expect(page.locator('article h1')).toBeVisible();
      await settled(page);
      await keep('message');
      await page.goto(demo.url('/compose'));
      await expect(page.locator('[name=subject]')).toBeVisible();
      await keep('compose');
      await page.locator('.c-format button').click();
      const editor = await page.locator('iframe.c-editor').elementHandle();
      const document = await editor!.contentFrame();
      await expect(document!.locator('#text')).toBeFocused();
      await keep('compose-formatted');
      await expectAccessible(document!);
      await page.goto(demo.url('/outbox'));
      await expect(page.locator('h1').first()).toBeVisible();
      await keep('outbox');
      await page.goto(demo.url('/settings/appearance'));
      await expect(page.locator('h1').first()).toBeVisible();
      await keep('appearance');
      for (const what of ['identities', 'contacts']) {
        await page.goto(demo.url(`/settings/${what}`));
        await page.locator('details').first().locator('summary').click();
        await keep(what);
      }
    });
  });
}

/** Waits until no skeleton row is shown. */
async function settled(page: Page): Promise<void> {
  await expect(page.locator('main [aria-busy=true]')).toHaveCount(0);
}
