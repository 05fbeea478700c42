// `test` for stories: a separate demo for each, and no console error at its end.
import { writeFile } from 'node:fs/promises';
import axe from 'axe-core';
import { test as base, expect, type Frame, type Page } from '@playwright/test';
import { Demo, type DemoOptions } from './demo.ts';
import { Faults } from './faults.ts';
import { Mailbox } from './mailbox.ts';

type Fixtures = {
  demo: Demo;
  faults: Faults;
  mailbox: Mailbox;
};

export const test = base.extend<DemoOptions & Fixtures>({
  basePath: ['', { option: true }],
  demoArguments: [[], { option: true }],

  demo: async ({ basePath, demoArguments }, use, info) => {
    const demo = await Demo.start({ basePath, demoArguments });
    await use(demo);
    const endedByItself = await demo.stop();
    if (info.status !== info.expectedStatus) await writeFile(info.outputPath('server.log'), demo.log());
    expect(endedByItself, 'the server ends on SIGTERM').toBe(true);
    expect(demo.log()).not.toContain('panicked');
  },

  faults: async ({ context, javaScriptEnabled }, use) => {
    const faults = new Faults(javaScriptEnabled ?? true);
    // The page of the story may be open before this: the order of fixtures is not ours.
    context.pages().forEach((page) => faults.watch(page));
    context.on('page', (page) => faults.watch(page));
    await use(faults);
    expect(faults.all(), 'console, script and content policy').toEqual([]);
  },

  mailbox: async ({ page, demo, faults, isMobile, javaScriptEnabled }, use) => {
    const view = { isPhone: isMobile ?? false, hasScript: javaScriptEnabled ?? true };
    await use(new Mailbox(page, demo, view, faults));
  },
});

/** Checks that axe-core reports no serious violation; message frames run no script: skipped. */
export async function expectAccessible(page: Page | Frame): Promise<void> {
  // Evaluated, not added as an element: the content policy refuses foreign scripts.
  await page.evaluate(axe.source);
  const serious = await page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: typeof axe }).axe.run(document, { iframes: false });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join('\n    ')}`);
  });
  expect(serious).toEqual([]);
}

export { expect };
