// The stories run four times: on a desktop and on a phone, each with and without JavaScript.
// A story that needs JavaScript says so in its tag (@script), one that is about its absence @plain;
// one of a desktop alone is @desktop, one of a phone alone @phone.
import { defineConfig } from '@playwright/test';
import { binary, type DemoOptions } from './support/demo.ts';

const desktop = { viewport: { width: 1440, height: 900 } };
const phone = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  hasTouch: true,
  isMobile: true,
};

binary('CHROMIUM', '/usr/bin/chromium');

export default defineConfig<DemoOptions>({
  testDir: 'stories',
  outputDir: 'test-results',
  forbidOnly: true,
  fullyParallel: true,
  // Two cores: each worker drives a browser and a server of its own.
  workers: 2,
  // A story that fails once and passes then is told as flaky, to be looked at.
  retries: process.env.CI ? 1 : 0,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [['list']],
  use: {
    locale: 'en-GB',
    timezoneId: 'Asia/Shanghai',
    colorScheme: 'light',
    screenshot: 'only-on-failure',
    // A trace of each story takes a third of the time of all: `--trace on` records one on request.
    trace: 'on-first-retry',
    launchOptions: {
      executablePath: binary('CHROMIUM', '/usr/bin/chromium'),
      args: [
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        // Chromium refuses its sandbox to root, which is who runs in most containers.
        ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      ],
    },
  },
  projects: [
    { name: 'desktop', use: desktop, grepInvert: /@plain|@phone/ },
    { name: 'phone', use: phone, grepInvert: /@plain|@desktop/ },
    {
      name: 'desktop without JavaScript',
      use: { ...desktop, javaScriptEnabled: false },
      grepInvert: /@script|@phone/,
    },
    {
      name: 'phone without JavaScript',
      use: { ...phone, javaScriptEnabled: false },
      grepInvert: /@script|@desktop/,
    },
  ],
});
