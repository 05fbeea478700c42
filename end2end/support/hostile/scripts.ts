// Scripts: handlers, script elements, addresses with script, documents in attributes.
import { entries, type HostileCase, table } from './case.ts';

/** Elements that the sanitizer keeps: on these, only the list of attributes defends. */
const KEPT = ['a', 'b', 'blockquote', 'center', 'code', 'div', 'em', 'font', 'h1', 'i', 'img', 'li', 'ol', 'p', 'pre', 'span', 'u', 'ul'];

const EVENTS = [
  'abort', 'animationcancel', 'animationend', 'animationiteration', 'animationstart', 'auxclick', 'beforecopy',
  'beforecut', 'beforeinput', 'beforepaste', 'beforetoggle', 'blur', 'cancel', 'canplay', 'change', 'click',
  'close', 'command', 'contentvisibilityautostatechange', 'contextmenu', 'copy', 'cut', 'dblclick', 'drag', 'dragend',
  'dragenter', 'dragleave', 'dragover', 'dragstart', 'drop', 'focus', 'focusin', 'focusout',
  'gotpointercapture', 'input', 'invalid', 'keydown', 'keypress', 'keyup', 'mousedown', 'mouseenter', 'mouseleave', 'mousemove',
  'mouseout', 'mouseover', 'mouseup', 'mousewheel', 'paste', 'pointerdown', 'pointerenter', 'pointermove', 'pointerover',
  'pointerrawupdate', 'pointerup', 'reset', 'scroll', 'scrollend', 'select', 'selectionchange', 'selectstart', 'submit',
  'toggle', 'touchend', 'touchmove', 'touchstart',
  'wheel',
];

/** Handlers that run without an action of the reader. */
const LIVE_HANDLERS = {
  'img-error': '<img src=x onerror={run}>',
  'img-load': '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=" onload={run}>',
  'image-error': '<image src=x onerror={run}>',
  'body-load': '<body onload={run}>',
  'body-pageshow': '<body onpageshow={run}>',
  'svg-load': '<svg onload={run}>',
  'svg-in-paragraph': '<p>x<svg onload={run}></svg></p>',
  'style-load': '<style onload={run}>x{}</style>',
  'link-error': '<link rel=stylesheet href=x onerror={run}>',
  'iframe-load': '<iframe onload={run}></iframe>',
  'object-error': '<object data=x onerror={run}></object>',
  'embed-load': '<embed src="data:text/html," onload={run}>',
  'script-error': '<script src=x onerror={run}></script>',
  'video-error': '<video src=x onerror={run}></video>',
  'video-loadstart': '<video src=x onloadstart={run}></video>',
  'video-source-error': '<video><source src=x onerror={run}></video>',
  'audio-error': '<audio src=x onerror={run}></audio>',
  'audio-source-error': '<audio><source src=x onerror={run}></audio>',
  'track-error': '<video src=x><track default src=x onerror={run}></video>',
  'input-image-error': '<input type=image src=x onerror={run}>',
  'input-autofocus': '<input autofocus onfocus={run}>',
  'select-autofocus': '<select autofocus onfocus={run}></select>',
  'textarea-autofocus': '<textarea autofocus onfocus={run}></textarea>',
  'button-autofocus': '<button autofocus onfocus={run}>x</button>',
  'div-autofocus': '<div tabindex=0 autofocus onfocus={run}>x</div>',
  'details-toggle': '<details open ontoggle={run}>x</details>',
  'animation': '<style>@keyframes k{from{opacity:1}}</style><p style="animation:k 1ms" onanimationstart={run}>x</p>',
  'svg-image-error': '<svg><image href=x onerror={run} /></svg>',
  'math-handler': '<math><mtext onclick={run}>x</mtext></math>',
  'picture-img-error': '<picture><source srcset=x><img src=x onerror={run}></picture>',
  'table-in-table': '<table><tr><td><table background=x><tr><td><img src=x onerror={run}></table></table>',
};

const SCRIPT_ELEMENTS = {
  'plain': '<script>{run}</script>',
  'upper-case': '<SCRIPT>{run}</SCRIPT>',
  'slash': '<script/x>{run}</script>',
  'module': '<script type=module>{run}</script>',
  'old-language': '<script language=javascript1.5>{run}</script>',
  'data-source': '<script src="data:text/javascript,{run}"></script>',
  'data-base64': `<script src="data:text/javascript;base64,${btoa('ran()')}"></script>`,
  'in-svg': '<svg><script>{run}</script></svg>',
  'in-svg-entities': '<svg><script>&#114;an()</script></svg>',
  'in-svg-href': '<svg><script href="data:text/javascript,{run}"></script></svg>',
  'in-svg-xlink': '<svg><script xlink:href="data:text/javascript,{run}"></script></svg>',
  'in-math': '<math><mtext><script>{run}</script></mtext></math>',
  'in-table': '<table><script>{run}</script></table>',
  'in-select': '<select><script>{run}</script></select>',
  'in-list': '<ul><li><script>{run}</script></ul>',
  'nested-in-tag': '<scr<script>ipt>{run}</script>x<script>{run}</script>',
  'after-comment': '<!-- --><script>{run}</script>',
  'in-conditional-comment': '<!--[if mso]><x><![endif]--><!--[if !mso]><!--><script>{run}</script><!--<![endif]-->',
  'in-downlevel-comment': '<![if !mso]><script>{run}</script><![endif]>',
  'before-html': '<script>{run}</script><html><body>x',
  'in-head': '<html><head><title>x</title><script>{run}</script></head><body>x',
  'after-body': '<html><body>x</body></html><script>{run}</script>',
  'with-event-for': '<script for=window event=onload>{run}</script><script>{run}</script>',
  'import': '<script type=module>import "data:text/javascript,{run}"</script>',
  'import-map': '<script type=importmap>{"imports":{"x":"data:text/javascript,{run}"}}</script><script type=module>import "x"</script>',
};

/** Where an address with script runs, live or by a click. */
const SCRIPT_ADDRESSES = {
  'a': '<a href="javascript:{run}">x</a>',
  'a-upper-case': '<a href="JaVaScRiPt:{run}">x</a>',
  'a-with-target': '<a href="javascript:{run}" target=_self>x</a>',
  'a-around-table': '<a href="javascript:{run}"><table><tr><td>x</table></a>',
  'a-duplicate': '<a href="javascript:{run}" href="https://x.example/">x</a>',
  'area': '<map name=m><area shape=default href="javascript:{run}"></map><img usemap=#m src=x>',
  'svg-a': '<svg><a href="javascript:{run}"><text y=20>x</text></a></svg>',
  'svg-a-xlink': '<svg><a xlink:href="javascript:{run}"><text y=20>x</text></a></svg>',
  'form': '<form action="javascript:{run}"><button>x</button></form>',
  'button': '<form><button formaction="javascript:{run}">x</button></form>',
  'input-submit': '<form><input type=submit formaction="javascript:{run}"></form>',
  'input-image': '<form><input type=image formaction="javascript:{run}"></form>',
  'button-of-other-form': '<form id=f></form><button form=f formaction="javascript:{run}">x</button>',
  'iframe': '<iframe src="javascript:top.{run}"></iframe>',
  'iframe-spaces': '<iframe src=" &#10;javascript:top.{run}"></iframe>',
  'base': '<base href="javascript:x/"><a href="javascript:{run}">x</a>',
};

/** Spellings of a scheme that browsers read as `javascript:`. */
const SCHEMES = [
  'java\tscript:', 'java\nscript:', 'java\rscript:', '\u0001javascript:', '\u001fjavascript:', ' \t\n javascript:', 'javascript\t:',
  '&#106;avascript:', '&#x6a;avascript:', '&#0000106;avascript:', '&#x006A;avascript:', '&#106avascript:', 'java&Tab;script:',
  'java&NewLine;script:', 'javascript&colon;', '&#1;javascript:', '&#x20;javascript:', 'java&#9;script:', 'java&#10;script:',
  'java&#xd;script:', 'j&#97;v&#97;script&#58;', '&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;&#58;',
  'jav&#x0A;ascript:', 'j\na\nv\na\ns\nc\nr\ni\np\nt\n:',
];

const DOCUMENTS = {
  'srcdoc': '<iframe srcdoc="<script>top.{run}</script>"></iframe>',
  'srcdoc-entities': '<iframe srcdoc="&lt;img src=x onerror=top.{run}&gt;"></iframe>',
  'srcdoc-nested': '<iframe srcdoc="<iframe srcdoc=\'<script>top.{run}</script>\'></iframe>"></iframe>',
  'iframe-data': '<iframe src="data:text/html,<script>{run}</script>"></iframe>',
  'iframe-data-base64': `<iframe src="data:text/html;base64,${btoa('<script>ran()</script>')}"></iframe>`,
  'iframe-data-svg': '<iframe src="data:image/svg+xml,<svg xmlns=\'http://www.w3.org/2000/svg\' onload=\'{run}\'/>"></iframe>',
  'iframe-data-xhtml': '<iframe src="data:application/xhtml+xml,<x:script xmlns:x=\'http://www.w3.org/1999/xhtml\'>{run}</x:script>"></iframe>',
  'object-data': '<object data="data:text/html,<script>{run}</script>"></object>',
  'object-svg': '<object type=image/svg+xml data="data:image/svg+xml,<svg xmlns=\'http://www.w3.org/2000/svg\' onload=\'{run}\'/>"></object>',
  'embed-data': '<embed src="data:text/html,<script>{run}</script>">',
  'embed-svg': '<embed type=image/svg+xml src="data:image/svg+xml,<svg xmlns=\'http://www.w3.org/2000/svg\' onload=\'{run}\'/>">',
  'shadow-root': '<div><template shadowrootmode=open><img src=x onerror={run}></template></div>',
  'shadow-root-script': '<div><template shadowrootmode=open><script>{run}</script></template></div>',
};

const ANIMATIONS = {
  'begin': '<svg><animate onbegin={run} attributeName=x dur=1s /></svg>',
  'set-begin': '<svg><set onbegin={run} attributeName=x /></svg>',
  'transform-begin': '<svg><animateTransform onbegin={run} attributeName=transform dur=1s /></svg>',
  'motion-begin': '<svg><animateMotion onbegin={run} dur=1s /></svg>',
  'end': '<svg><animate onend={run} attributeName=x dur=1ms /></svg>',
  'repeat': '<svg><animate onrepeat={run} attributeName=x dur=10ms repeatCount=3 /></svg>',
  'href-values': '<svg><a><animate attributeName=href values="javascript:{run}" /><text y=20>x</text></a></svg>',
  'href-to': '<svg><a><set attributeName=href to="javascript:{run}" /><text y=20>x</text></a></svg>',
  'href-from': '<svg><a id=x><text y=20>x</text></a><animate href=#x attributeName=href from="javascript:{run}" to="javascript:{run}" dur=9s /></svg>',
  'in-annotation': '<math><annotation-xml encoding="text/html"><svg><animate onbegin={run} attributeName=x dur=1s /></svg></annotation-xml></math>',
};

export function scripts(): HostileCase[] {
  return [
    ...table('script', 'attribute', ['CVE-2025-27915', 'CVE-2026-8496'], entries(EVENTS, (event, index) => {
      const element = KEPT[index % KEPT.length];
      return [`${element}-${event}`, `<${element} on${event}="{run}">x</${element}>`];
    })),
    ...table('script', 'attribute', ['CVE-2024-11182'], LIVE_HANDLERS),
    ...table('script', 'element', [], SCRIPT_ELEMENTS),
    ...table('script', 'attribute', ['CVE-2023-43770', 'CVE-2020-35730'], entries(Object.entries(SCRIPT_ADDRESSES), ([name, html]) => [`address-${name}`, html])),
    ...table('script', 'attribute', ['CVE-2023-5631'], entries(SCHEMES, (scheme, index) => [`scheme-${index}`, `<a href="${scheme}{run}">x</a>`])),
    ...table('script', 'attribute', ['CVE-2023-5631', 'CVE-2020-16145', 'CVE-2016-4068'], entries(Object.entries(DOCUMENTS), ([name, html]) => [`document-${name}`, html])),
    ...table('script', 'element', ['CVE-2024-37383', 'CVE-2025-68461', 'CVE-2026-48848', 'RUSTSEC-2026-0213'], entries(Object.entries(ANIMATIONS), ([name, html]) => [`animation-${name}`, html])),
  ];
}
