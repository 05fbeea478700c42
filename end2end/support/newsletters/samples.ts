// All sample newsletters and replies.
import { NEWSLETTERS } from './newsletters.ts';
import { REPLIES } from './replies.ts';
import { WORDS } from './words.ts';

export type Sample = { name: string; html: string };

/** Returns each newsletter and reply in each language. */
export function samples(): Sample[] {
  return WORDS.flatMap((words) =>
    Object.entries({ ...NEWSLETTERS, ...REPLIES }).map(([name, template]) => ({ name: `${name}-${words.lang}`, html: template(words) })),
  );
}
