// A hostile case: HTML that does harm where nothing defends against it.

/** What a case does. */
export type HostileClass = 'script' | 'load' | 'form' | 'navigation' | 'style' | 'overlay' | 'clobber';

/** Where the harm is written. */
export type Place = 'element' | 'attribute' | 'css' | 'field';

export type HostileCase = {
  /** Unique: the class, the place and a name. */
  id: string;
  class: HostileClass;
  place: Place;
  /** The published advisories about the same trick. */
  advisories: string[];
  /** A fragment or a document. */
  html: string;
  /** A charset of JavaScript's `Buffer` that the HTML is sent in, without a declaration; UTF-8 if absent. */
  encoding?: 'latin1' | 'utf16le';
};

/** The host of everything that a case loads, opens or posts to. */
export const HOSTILE_HOST = 'hostile.example';

/**
 * Returns the cases of a table from names to HTML. In the HTML, `{url}` is a remote address of the
 * case alone, `{host}` its host, and `{run}` a script that reports that it runs.
 */
export function table(
  kind: HostileClass,
  place: Place,
  advisories: string[],
  rows: Record<string, string>,
  encoding?: HostileCase['encoding'],
): HostileCase[] {
  return Object.entries(rows).map(([name, html]) => {
    const id = `${kind}/${place}/${name}`;
    return { id, class: kind, place, advisories, html: fill(html, id), encoding };
  });
}

/** Returns the address that a case loads. */
export function addressOf(id: string): string {
  return `https://${HOSTILE_HOST}/${id.replace(/[^a-z0-9-]/gi, '.')}`;
}

function fill(html: string, id: string): string {
  return html.replaceAll('{url}', addressOf(id)).replaceAll('{host}', HOSTILE_HOST).replaceAll('{run}', 'ran()');
}

/** Returns an object with one entry for each item. */
export function entries<Item>(items: Item[], entry: (item: Item, index: number) => [string, string]): Record<string, string> {
  return Object.fromEntries(items.map(entry));
}
