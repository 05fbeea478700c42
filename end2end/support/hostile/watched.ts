// A browser page that shows one hostile case at a time and reports what the case did. Every request
// is intercepted: only the documents of the page itself are answered.
import type { Browser, BrowserContext, Frame, Page, Request, Route } from '@playwright/test';

/** The origin of the page: nothing listens there. */
const ORIGIN = 'http://mail.test';

/** A document as a server sends it. */
export type Served = {
  body: string | Buffer;
  /** Without a charset, browsers detect it. */
  contentType?: string;
  policy?: string;
};

/** The page around a case: a bar, a menu and a foot, all outside of `main`. */
const AROUND =
  '<style>:root{--accent:#123456}body{margin:0;font:15px sans-serif}header{height:60px;background:#eee}' +
  'nav{float:left;width:150px;height:200px;background:#ddd;color:var(--accent)}' +
  'footer{position:fixed;bottom:0;left:0;right:0;height:40px;background:#ccc}main{margin-left:150px}' +
  'main>div{overflow-x:auto}iframe.mail{display:block;border:0;width:900px;height:500px}' +
  '@keyframes appear{from{opacity:.9}to{opacity:1}}button{animation:appear 1ms both}</style>' +
  '<header class=bar><button class=button>Reply</button> <a class=link>Folders</a></header>' +
  '<nav id=menu><p>Inbox</p></nav><footer><p>Foot</p></footer>';

/** Returns a page with HTML of a message in it, without any policy. */
export function bare(html: string): Served {
  return {
    body: `<!doctype html><meta charset=utf-8><title>Mail</title>${AROUND}<main>${html}`,
    contentType: 'text/html; charset=utf-8',
  };
}

/** Returns a page with frames, each for one of the documents that are served with it. */
export function framing(frames: number, attributes: string, policy?: string): Served {
  const each = (index: number) => `<iframe class=mail ${attributes} src="${pathOf(index)}"></iframe>`;
  return {
    body: `<!doctype html><meta charset=utf-8><title>Mail</title>${AROUND}<main>${Array.from({ length: frames }, (_, index) => each(index)).join('')}</main>`,
    contentType: 'text/html; charset=utf-8',
    policy,
  };
}

/** The only addresses that the message of a frame may load without consent. */
export function partsOf(index: number): string {
  return `${ORIGIN}/mail/a/b/1.${index}/part/`;
}

function pathOf(index: number): string {
  return `/mail/a/b/1.${index}/body`;
}

/** What a watched page shows. */
export type Shown = {
  page: Served;
  frames?: Served[];
  /** Stops at the first harm of this kind. */
  until?: RegExp;
  /** How long each kind of action may take to have an effect. */
  settleMs?: number;
  /** Whether the frames hold pages of their own around a case. */
  looksInside?: boolean;
};

/** Shows cases one after the other. */
export class WatchedPage {
  private served = new Map<string, Served>();
  private readonly seen = new Set<string>();
  /** What the bar, the menu and the foot look like without a case. */
  private readonly usual = new Map<string, Set<string>>();

  private constructor(
    private readonly context: BrowserContext,
    private readonly page: Page,
  ) {}

  static async open(browser: Browser): Promise<WatchedPage> {
    const context = await browser.newContext({ serviceWorkers: 'block', viewport: { width: 1200, height: 800 } });
    const page = await context.newPage();
    const watched = new WatchedPage(context, page);
    await context.route('**/*', (route) => watched.answer(route));
    await context.exposeFunction('ran', () => watched.note('script'));
    await context.addInitScript(watchScripts);
    context.on('page', (popup) => void watched.closePopup(popup));
    page.on('dialog', (dialog) => {
      watched.note('script: dialog');
      void dialog.dismiss();
    });
    page.on('download', (download) => watched.note(`download: ${download.url()}`));
    await watched.learn();
    return watched;
  }

  async close(): Promise<void> {
    await this.context.close();
  }

  /**
   * Shows a page, and the documents of its frames, and returns what these did: alone, after every
   * kind of action, and after they were written and parsed once more.
   */
  async harmOf(shown: Shown): Promise<string[]> {
    const { page, frames = [], until } = shown;
    await this.visit(page, frames);
    const acts = [undefined, provoke, parseAgain, provoke];
    for (const [index, act] of acts.entries()) {
      if (act !== undefined) await this.page.evaluate(act);
      // That nothing happens has no event to wait for: harm is given this time to show.
      await this.page.waitForTimeout(shown.settleMs ?? 60);
      if (index === 0 || index === acts.length - 1 || until !== undefined) {
        // A document in bytes of its own has no page around it.
        if (typeof page.body === 'string') await this.look(this.page.mainFrame(), frames.length > 0 ? 'framing' : 'bare');
        if (shown.looksInside === true) for (const frame of this.page.mainFrame().childFrames()) await this.look(frame, 'framed');
      }
      if (until !== undefined && [...this.seen].some((harm) => until.test(harm))) break;
    }
    const seen = [...this.seen].sort();
    await this.page.goto('about:blank');
    this.seen.clear();
    return seen;
  }

  private async visit(page: Served, frames: Served[]): Promise<void> {
    this.served = new Map(frames.map((frame, index) => [ORIGIN + pathOf(index), frame]));
    this.served.set(`${ORIGIN}/page`, page);
    await this.page.goto(`${ORIGIN}/page`, { waitUntil: 'load' });
    await this.page.mouse.move(400, 100);
  }

  /** Remembers what pages look like around no message. */
  private async learn(): Promise<void> {
    const outline = async (kind: string, page: Served, frames: Served[]) => {
      await this.visit(page, frames);
      const frame = kind === 'framed' ? this.page.mainFrame().childFrames()[0] : this.page.mainFrame();
      this.usual.set(kind, new Set(await frame.evaluate(lookAround)));
    };
    await outline('bare', bare(''), []);
    await outline('framing', framing(1, ''), [bare('')]);
    await outline('framed', framing(1, ''), [bare('')]);
  }

  /** Notes differences of the page around a case. */
  private async look(frame: Frame, kind: string): Promise<void> {
    const lines = await frame.evaluate(lookAround).catch(() => ['script: the page does not respond']);
    for (const line of lines) if (this.usual.get(kind)?.has(line) !== true) this.note(line);
  }

  private note(what: string): void {
    this.seen.add(what);
  }

  private async answer(route: Route): Promise<void> {
    const request = route.request();
    const url = request.url();
    const served = this.served.get(url);
    if (served !== undefined && request.method() === 'GET' && request.isNavigationRequest()) {
      // Each is served once: a second request is a navigation of the case.
      this.served.delete(url);
      const headers: Record<string, string> = { 'content-type': served.contentType ?? 'text/html' };
      if (served.policy !== undefined) {
        headers['content-security-policy'] = served.policy;
        headers['referrer-policy'] = 'no-referrer';
      }
      await route.fulfill({ status: 200, headers, body: served.body });
      return;
    }
    this.note(`${this.kindOf(request)}: ${url}`);
    if (request.headers()['referer'] !== undefined && request.isNavigationRequest()) this.note('referrer');
    // Without content the page stays; its other requests fail.
    await (request.isNavigationRequest() ? route.fulfill({ status: 204 }) : route.abort()).catch(() => undefined);
  }

  private kindOf(request: Request): string {
    if (!request.isNavigationRequest()) return 'load';
    try {
      if (request.frame().page() !== this.page) return 'window';
      return request.frame() === this.page.mainFrame() ? 'navigation' : 'load';
    } catch {
      // The page of a new window does not exist yet.
      return 'window';
    }
  }

  private async closePopup(popup: Page): Promise<void> {
    if (popup === this.page) return;
    if ((await popup.opener()) !== null) this.note('opener');
    this.note('window');
    await popup.close();
  }
}

/** Reports scripts that call what a page would call. Runs in every frame before its scripts. */
function watchScripts(): void {
  const { ran } = window as unknown as { ran: () => void };
  for (const name of ['alert', 'confirm', 'prompt', 'print', 'open'] as const) {
    (window as unknown as Record<string, unknown>)[name] = () => ran?.();
  }
}

/**
 * Returns lines about the page around the case: its computed styles, what is on top of it, and names
 * that its scripts use. Runs in the page.
 */
function lookAround(): string[] {
  const lines: string[] = [];
  const properties = [
    'animation-name', 'background-color', 'background-image', 'border-top-width', 'color', 'color-scheme', 'content', 'cursor', 'direction',
    'display', 'filter', 'float', 'font-family', 'font-size', 'font-weight', 'letter-spacing', 'line-height', 'list-style-type',
    'margin-left', 'margin-top', 'opacity', 'outline-width', 'overflow-x', 'padding-left', 'pointer-events', 'position', 'text-align', 'text-decoration-line',
    'text-transform', 'transform', 'visibility', 'white-space', 'writing-mode', 'z-index', 'zoom',
  ];
  const find = Document.prototype.querySelectorAll;
  for (const element of find.call(document, 'html, body, header, header *, nav, nav *, footer, footer *')) {
    // On a busy machine the page's short animation may not have ended.
    for (const animation of Element.prototype.getAnimations.call(element)) {
      if (animation.effect?.getComputedTiming().endTime !== Infinity) animation.finish();
    }
    for (const pseudo of ['', '::before', '::after']) {
      const style = getComputedStyle(element, pseudo);
      const values = properties.map((property) => style.getPropertyValue(property));
      lines.push(`style: ${element.localName}${pseudo} ${values.join(' ')}`);
    }
  }
  scrollTo(0, 0);
  for (const selector of ['header', 'nav', 'footer']) {
    const element = find.call(document, selector)[0] as HTMLElement | undefined;
    const box = element?.getBoundingClientRect();
    if (box === undefined) continue;
    // The page's own box, whatever its place: the bar is at the top, the menu below it.
    lines.push(`style: ${selector} is at ${box.left} ${box.top} ${box.width} ${box.height}`);
    for (const part of [0.1, 0.5, 0.9]) {
      const top = document.elementFromPoint(box.left + box.width * part, box.top + box.height * part);
      if (top?.closest(selector) !== element) lines.push(`overlay: ${top?.localName} over ${selector}`);
    }
  }
  if ('appConfig' in window) lines.push('clobber: appConfig');
  for (const name of ['getElementById', 'querySelector'] as const) {
    if (typeof document[name] !== 'function') lines.push(`clobber: ${name}`);
  }
  if (typeof document.cookie !== 'string') lines.push('clobber: cookie');
  if (!(document.body instanceof HTMLBodyElement)) lines.push('clobber: body');
  return lines;
}

/**
 * Does to the messages in the frames of the page, or to the page if it has none, what a reader may
 * do, and fires every event that has a handler. Runs in the page.
 */
export function provoke(): void {
  // A message may give its elements the names of properties of the document.
  const find = (within: Node, selector: string): Element[] => {
    const { querySelectorAll } = within.nodeType === Node.DOCUMENT_NODE ? Document.prototype : DocumentFragment.prototype;
    return [...querySelectorAll.call(within, selector)];
  };
  const frames = find(document, 'iframe:is(.mail,.html-frame)') as HTMLIFrameElement[];
  const roots = frames.length > 0 ? frames.map((frame) => frame.contentDocument) : [document];
  const elements: Element[] = [];
  const collect = (within: Node) => {
    for (const element of find(within, '*:not(:is(header,nav,footer,:is(header,nav,footer) *))')) {
      elements.push(element);
      if (element.shadowRoot) collect(element.shadowRoot);
    }
  };
  // A frame whose navigation was refused has no document that its page may read.
  for (const root of roots) if (root !== null) collect(root);
  for (const element of elements) {
    const names = [...Object.getOwnPropertyDescriptor(Element.prototype, 'attributes')?.get?.call(element)].map(({ name }: Attr) => name);
    for (const name of names) {
      if (name.startsWith('on')) EventTarget.prototype.dispatchEvent.call(element, new Event(name.slice(2)));
    }
    if (Element.prototype.matches.call(element, 'form')) HTMLFormElement.prototype.requestSubmit.call(element);
    if (Element.prototype.matches.call(element, 'a, area, button, input, summary')) {
      element.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, view: window }));
    }
  }
}

/** Writes each message as HTML and parses it again, as an editor does. Runs in the page. */
function parseAgain(): void {
  const find = Document.prototype.querySelector;
  const frames = [...Document.prototype.getElementsByClassName.call(document, 'mail')] as HTMLIFrameElement[];
  for (const root of frames.length > 0 ? frames.map((frame) => frame.contentDocument) : [document]) {
    const message = root && (find.call(root, 'main') ?? find.call(root, 'body'));
    if (message && message.innerHTML.length < 200_000) message.innerHTML = String(message.innerHTML);
  }
}

/** Runs a task for each item, on a few pages at once; returns the results in the order of the items. */
export async function onPages<Item, Result>(
  browser: Browser,
  items: Item[],
  task: (page: WatchedPage, item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const work = async () => {
    const page = await WatchedPage.open(browser);
    while (next < items.length) {
      const index = next++;
      results[index] = await task(page, items[index]);
    }
    await page.close();
  };
  await Promise.all(Array.from({ length: 6 }, work));
  return results;
}
