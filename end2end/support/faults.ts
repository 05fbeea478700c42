// Faults that fail any story: a console error, a script error, a report of the content policy.
import type { Page } from '@playwright/test';

/**
 * Chromium logs this where Playwright looks into a frame without scripts. What mail brings into a
 * frame is checked by the stories of reading, which look for scripts there.
 */
const OWN_EVALUATION = /^error: Blocked script execution in '[^']*\/(body(\?[a-z=&]+)?|part\/[\d.!]+\?view)' because the document's frame is sandboxed/;
/** The page's program is fetched early; a browser without JavaScript does not use it. */
const UNUSED_PROGRAM = /^warning: The resource \S*\.wasm was preloaded .* but not used/;

export class Faults {
  private seen: string[] = [];

  constructor(private readonly hasScript: boolean) {}

  watch(page: Page): void {
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') {
        this.seen.push(`${message.type()}: ${message.text()} (${message.location().url})`);
      }
    });
    page.on('pageerror', (error) => this.seen.push(`script: ${error.message}`));
  }

  /** Chromium logs each 4xx page as an error; a story that provokes one declares its status. */
  forgiveStatus(status: number): void {
    this.seen = this.seen.filter((fault) => !fault.includes(`responded with a status of ${status}`));
  }

  /** Allows errors that a story causes on purpose. */
  forgive(what: RegExp): void {
    this.seen = this.seen.filter((fault) => !what.test(fault));
  }

  all(): string[] {
    this.forgive(OWN_EVALUATION);
    if (!this.hasScript) this.forgive(UNUSED_PROGRAM);
    return this.seen;
  }
}
