// Chromium parses the output of the sanitizer as written: no nesting changes the tree.
import { differenceInTree, deliver, hostileDocuments } from '../support/cleaned.ts';
import { expect, test } from '../support/story.ts';

test.use({ demoArguments: ['--messages', '1'] });

test('hostile documents are the same tree in Chromium as they were cleaned to @script @desktop', async ({
  mailbox,
  page,
  demo,
  faults,
}) => {
  test.setTimeout(180_000);
  const documents = hostileDocuments();
  await mailbox.signIn();
  await deliver(demo, documents);
  await mailbox.arrives(`hostile ${documents.length - 1}`);
  // The ids of messages in one folder are ascending:
  // `/mail/{account}/{folder}/{uidvalidity}.{uid}`.
  const newest = await mailbox.row(`hostile ${documents.length - 1}`).first().getByRole('link').getAttribute('href');
  const [, folder, last] = /^(.*\.)(\d+)/.exec(newest ?? '') ?? [];
  const different: string[] = [];
  for (const [index, html] of documents.entries()) {
    const uid = Number(last) - (documents.length - 1 - index);
    const answer = await page.request.get(`${demo.origin}${folder}${uid}/body`);
    expect(answer.status()).toBe(200);
    const cleaned = await answer.text();
    const difference = await page.evaluate(differenceInTree, cleaned);
    if (difference !== undefined) different.push(`${html.slice(0, 60)}… (${html.length}): ${difference}`);
  }
  // The documents are parsed in the page, whose policy refuses their style.
  faults.forgive(/^error: Applying inline style violates/);
  expect(different).toEqual([]);
});
