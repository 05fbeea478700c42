// What a reader gets from a message: its words and how they look, its links, tables and images.

export type Facts = {
  texts: string[];
  links: string[];
  tables: string[];
  images: string[];
};

/** Collects the facts of the page. Runs in the page. */
export function factsOf(): Facts {
  const facts: Facts = { texts: [], links: [], tables: [], images: [] };
  const isVisible = (element: Element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const words = (text: string | null) => (text ?? '').replace(/[\s\u034f\u2007\ufeff]+/g, ' ').trim();
  const surface = (element: Element | null): string => {
    for (let at = element; at !== null; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (color !== 'rgba(0, 0, 0, 0)') return color;
    }
    return 'none';
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    const text = words(walker.currentNode.textContent);
    if (parent === null || text === '' || !isVisible(parent) || parent.closest('style, script, title')) continue;
    const style = getComputedStyle(parent);
    const cell = parent.closest('td, th, p, li, pre, blockquote');
    const line = [
      style.color, `on ${surface(parent)}`, style.fontSize, style.fontWeight, style.fontStyle, style.fontFamily, style.lineHeight,
      style.letterSpacing, style.textAlign, style.textDecorationLine, style.textTransform, style.direction, `padded ${style.padding}`,
      cell ? `in ${cell.localName} padded ${getComputedStyle(cell).padding} border ${getComputedStyle(cell).borderWidth}` : '',
    ];
    facts.texts.push(`${text}: ${line.join(', ')}`);
  }
  for (const link of document.body.querySelectorAll<HTMLAnchorElement>('a[href]')) facts.links.push(`${link.href} ${words(link.textContent)}`);
  for (const table of document.body.querySelectorAll('table')) {
    const rows = [...table.rows].map((row) => [...row.cells].map((cell) => `${cell.colSpan}x${cell.rowSpan}`).join(' '));
    facts.tables.push(`${Math.round(table.getBoundingClientRect().width)} px: ${rows.join(' / ')}`);
  }
  for (const image of document.body.querySelectorAll('img')) {
    const { width, height } = image.getBoundingClientRect();
    if (width * height > 1) facts.images.push(`${image.alt} ${image.src.startsWith('https:') ? image.src : ''} ${Math.round(width)}x${Math.round(height)}`);
  }
  return facts;
}
