// All hostile cases of HTML.
import type { HostileCase } from './case.ts';
import { loads } from './loads.ts';
import { pages } from './pages.ts';
import { parsing } from './parsing.ts';
import { scripts } from './scripts.ts';

/** Returns the cases in a fixed order. */
export function hostileCases(): HostileCase[] {
  const cases = [...scripts(), ...parsing(), ...loads(), ...pages()];
  const ids = new Set(cases.map(({ id }) => id));
  if (ids.size !== cases.length) throw new Error('two hostile cases have one id');
  return cases;
}

/** Returns the bytes of a case as a message holds them. */
export function bytesOf({ html, encoding }: HostileCase): Buffer {
  return Buffer.from(html, encoding ?? 'utf8');
}
