// Faults that fail any story: a console error, a script error, a report of the content policy.
import type { Page } from '@playwright/test';

export class Faults {
  private seen: string[] = [];

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
    return this.seen;
  }
}
