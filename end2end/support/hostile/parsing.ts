// Script behind the rules of the parser: other namespaces, raw text, comments, broken tags, charsets.
import { entries, type HostileCase, table } from './case.ts';

const IMG = '<img src=x onerror={run}>';

/** What stands around a harmful image: a start and an end. */
const AROUND: Record<string, [string, string]> = {
  'svg': ['<svg>', '</svg>'],
  'svg-style': ['<svg><style>', '</style></svg>'],
  'svg-style-slashes': ['<svg><style><//>', '</style></svg>'],
  'svg-desc': ['<svg><desc>', '</desc></svg>'],
  'svg-title': ['<svg><title>', '</title></svg>'],
  'svg-foreign-object': ['<svg><foreignObject>', '</foreignObject></svg>'],
  'svg-font': ['<svg><font color=red>', '</font></svg>'],
  'svg-p': ['<svg><p>', '</p></svg>'],
  'svg-cdata': ['<svg><![CDATA[x]]>', '</svg>'],
  'svg-end-p': ['<svg></p>', '</svg>'],
  'svg-end-br': ['<svg></br>', '</svg>'],
  'svg-xmp': ['<svg><xmp>', '</xmp></svg>'],
  'svg-noscript': ['<svg><noscript>', '</noscript></svg>'],
  'svg-textarea': ['<svg><textarea>', '</textarea></svg>'],
  'svg-plaintext': ['<svg><plaintext>', '</svg>'],
  'svg-iframe': ['<svg><iframe>', '</iframe></svg>'],
  'svg-comment-style': ['<svg><style><!--</style>', '--></style></svg>'],
  'math': ['<math>', '</math>'],
  'math-mtext': ['<math><mtext>', '</mtext></math>'],
  'math-mi': ['<math><mi>', '</mi></math>'],
  'math-style': ['<math><style>', '</style></math>'],
  'math-annotation': ['<math><annotation-xml encoding="text/html">', '</annotation-xml></math>'],
  'math-annotation-svg': ['<math><annotation-xml><svg><desc>', '</desc></svg></annotation-xml></math>'],
  'math-mglyph': ['<math><mtext><mglyph><style>', '</style></mglyph></mtext></math>'],
  'math-malignmark': ['<math><mtext><malignmark>', '</malignmark></mtext></math>'],
  'math-table': ['<math><mtext><table><mglyph>', '</table></mtext></math>'],
  'title': ['<title></title>', ''],
  'textarea': ['<textarea></textarea>', ''],
  'xmp': ['<xmp></xmp>', ''],
  'noscript': ['<noscript></noscript>', ''],
  'noembed': ['<noembed></noembed>', ''],
  'noframes': ['<noframes></noframes>', ''],
  'style': ['<style></style>', ''],
  'style-in-style': ['<style><style></style>', ''],
  'style-quoted-end': ['<style>a{content:"</style>', '"}</style>'],
  'style-commented-end': ['<style>/*</style>', '*/</style>'],
  'style-cdata-end': ['<style><![CDATA[</style>', ']]></style>'],
  'script-end-in-string': ['<script>x="</script>', '"</script>'],
  'textarea-end-in-attribute': ['<textarea><b title="</textarea>', '">'],
  'title-end-in-attribute': ['<title><b title="</title>', '">'],
  'noscript-end-in-attribute': ['<noscript><b title="</noscript>', '">'],
  'xmp-end-in-attribute': ['<xmp><b title="</xmp>', '">'],
  'noembed-end-in-attribute': ['<noembed><b title="</noembed>', '">'],
  'noframes-end-in-attribute': ['<noframes><b title="</noframes>', '">'],
  'iframe-end-in-attribute': ['<iframe><b title="</iframe>', '">'],
  'comment-end-in-attribute': ['<!-- <b title="-->', '">'],
  'iframe-content': ['<iframe></iframe>', ''],
  'object-content': ['<object>', '</object>'],
  'video-content': ['<video>', '</video>'],
  'canvas-content': ['<canvas>', '</canvas>'],
  'select-ended': ['<select><option></select>', ''],
  'table-fostered': ['<table>', '</table>'],
  'table-fostered-row': ['<table><tr>', '</tr></table>'],
  'table-svg': ['<table><svg><td>', '</td></svg></table>'],
  'colgroup': ['<table><colgroup>', '</table>'],
  'caption-svg': ['<table><caption><svg><style>', '</style></svg></caption></table>'],
  'button': ['<button>', '</button>'],
  'details': ['<details><summary>', '</summary></details>'],
  'dialog': ['<dialog open>', '</dialog>'],
  'marquee': ['<marquee>', '</marquee>'],
  'unknown-element': ['<x-y>', '</x-y>'],
  'namespaced-element': ['<o:p>', '</o:p>'],
  'form-table': ['<form><table><form>', '</form></table></form>'],
  'formatting-p': ['<b><p></b>', '</p>'],
  'nested-a': ['<a href=#><table><a href=#>', '</a></table></a>'],
  'ruby': ['<ruby><rt>', '</rt></ruby>'],
  'frameset-ignored': ['x<frameset>', '</frameset>'],
  'body-end': ['</body></html>', ''],
  'head-end': ['<head></head>', ''],
};

/** Comments and declarations that end where they do not seem to. */
const COMMENTS = {
  'abrupt': `<!-->${IMG}-->`,
  'abrupt-dash': `<!--->${IMG}-->`,
  'bang': `<!-- --!>${IMG}-->`,
  'bogus': `<!x>${IMG}`,
  'bogus-question': `<?x >${IMG}?>`,
  'bogus-end-tag': `</ >${IMG}`,
  'bogus-percent': `<% >${IMG}`,
  'empty-declaration': `<!>${IMG}`,
  'cdata-in-html': `<![CDATA[>${IMG}]]>`,
  'doctype': `<!doctype html "${IMG}">${IMG}`,
  'doctype-system': `<!DOCTYPE x SYSTEM ">${IMG}">`,
  'xml-stylesheet': `<?xml version="1.0"?>${IMG}`,
  'nested-start': `<!-- <!-- -->${IMG}-->`,
  'conditional-gte': `<!--[if gte mso 9]><xml><![endif]-->${IMG}`,
  'entity-declaration': `<!ENTITY x ">">${IMG}`,
};

/** Tags that only a browser's tokenizer reads as tags with a handler. */
const TOKENS = {
  'slashes': '<img/src="x"/onerror={run}>',
  'slash-between': '<img src=x/ /onerror={run}>',
  'form-feed': '<img\fsrc=x\fonerror={run}>',
  'line-ends': '<img\nsrc=x\r\nonerror\n=\nRUN\n>',
  'no-space': '<img src="x"onerror="{run}">',
  'no-end': '<img src=x onerror={run} x="1"\n<b>x</b>',
  'quote-in-name': '<img src=x x"y onerror={run}>',
  'quote-unbalanced': '<img title="x" "y src=x onerror={run}>',
  'equals-first': '<img =x src=x onerror={run}>',
  'equals-twice': '<img src==x onerror={run}>',
  'less-in-name': '<img <x src=x onerror={run}>',
  'less-in-tag': '<img<x src=x onerror={run}><img src=x <b onerror={run}>',
  'backtick': '<img src=`x` onerror={run}>',
  'backtick-quote': '<img src="`><x" onerror={run}>',
  'entity-in-handler': '<img src=x onerror="&#114;&#97;&#110;&#40;&#41;">',
  'entity-without-semicolon': '<img src=x onerror="&#114an()">',
  'named-entities': '<img src=x onerror="ran&lpar;&rpar;">',
  'upper-case': '<IMG SRC=X ONERROR={run}>',
  'mixed-case': '<iMg SrC=x OnErRoR={run}>',
  'nul-in-value': '<img src=\0x onerror={run}>',
  'duplicate': '<img src=x src=y onerror={run} onerror=x>',
  'long-attribute': `<img title="${'x'.repeat(70_000)}" src=x onerror={run}>`,
  'many-attributes': `<img ${Array.from({ length: 2_000 }, (_, index) => `a${index}=x`).join(' ')} src=x onerror={run}>`,
  'byte-order-mark': '\ufeff<img src=x onerror={run}>',
  'greater-in-value': '<img title=">" src=x onerror={run}>',
  'greater-in-single': "<img title='>' src=x onerror={run}>",
  'self-closing-script': '<script/>{run}</script>',
  'replacement': '<img\ufffd src=x><img src=x onerror={run}>',
  'separators': '<img\u2028src=x><img src=x\u3000 onerror={run}>',
};

/** HTML that is harmless until it is written and parsed a second time, as quoting and editing do. */
const MUTATIONS = {
  'form-mtext': '<form><math><mtext></form><form><mglyph><style></math><img src onerror={run}>',
  'svg-style-title': '<svg></p><style><a title="</style><img src=x onerror={run}>">',
  'math-style-title': '<math></p><style><a title="</style><img src=x onerror={run}>"></style></math>',
  'noscript-title': '<noscript><p title="</noscript><img src=x onerror={run}>"></noscript>',
  'noembed-title': '<svg><noembed><p title="</noembed><img src=x onerror={run}>"></noembed></svg>',
  'xmp-title': '<svg><xmp><p title="</xmp><img src=x onerror={run}>"></xmp></svg>',
  'desc-style': '<svg><desc><style><a id="</style><img src=x onerror={run}>"></style></desc></svg>',
  'annotation-style': '<math><annotation-xml encoding="text/html"><style><a id="</style><img src=x onerror={run}>"></style></annotation-xml></math>',
  'iframe-in-math': '<math><iframe><a title="</iframe><img src=x onerror={run}>"></iframe></math>',
  'title-in-svg': '<svg><title><style><a title="</style><img src=x onerror={run}>"></title></svg>',
  'textarea-in-math': '<math><textarea><a title="</textarea><img src=x onerror={run}>"></textarea></math>',
  'nested-forms': '<form id=o><div></form><form id=i><math><mtext></form><form><mglyph><style></math><img src=x onerror={run}>',
};

/** Text that is markup in a charset that the text declares itself. */
const CHARSETS = {
  'iso-2022-jp': '<meta charset=iso-2022-jp><p title="\u001b$B">x</p>\u001b(B<p title="><img src=x onerror={run}>">',
  'windows-1252-bytes': '<meta charset=windows-1252><p title="\u0093\u00ff">\u0080</p><img src=x onerror={run}>',
  'gbk-bytes': '<meta charset=gbk><p title="\u0081"><img src=x onerror={run}>">',
  'shift-jis-bytes': '<meta charset=shift_jis><p title="\u0081"><img src=x onerror={run}>">',
  'overlong': '<p>\u00c0\u00bcscript\u00c0\u00be</p><img src=x onerror={run}>',
  'declared-utf-16': '<meta charset=utf-16><img src=x onerror={run}>',
};

/** Documents beyond the limits of the sanitizer. */
const BOMBS = {
  'depth-400': `${'<div>'.repeat(400)}${IMG}`,
  'depth-3000': `${'<b>'.repeat(3_000)}${IMG}`,
  'depth-of-tables': `${'<table><tr><td>'.repeat(300)}${IMG}`,
  'depth-of-svg': `${'<svg><g>'.repeat(200)}</svg>${IMG}`,
  'depth-of-fonts': `${'<font><p>'.repeat(150)}${IMG}`,
  'many-elements': `${'<br>'.repeat(30_000)}${IMG}`,
  'many-comments': `${'<!-->'.repeat(20_000)}${IMG}`,
  'many-ends': `${'</p>'.repeat(5_000)}${IMG}`,
  'large': `<p>${'words '.repeat(60_000)}</p>${IMG}`,
};

export function parsing(): HostileCase[] {
  const prefixed = (prefix: string, rows: Record<string, string>) =>
    entries(Object.entries(rows), ([name, html]) => [`${prefix}-${name}`, html]);
  const around = entries(Object.entries(AROUND), ([name, [start, end]]) => [`around-${name}`, `${start}${IMG}${end}`]);
  return [
    ...table('script', 'element', ['CVE-2018-19206', 'CVE-2020-12625', 'RUSTSEC-2021-0074', 'CVE-2024-45800'], around),
    ...table('script', 'element', ['CVE-2020-12625', 'CVE-2017-6820'], prefixed('comment', COMMENTS)),
    ...table('script', 'attribute', ['CVE-2024-45800', 'CVE-2022-24682'], prefixed('token', TOKENS)),
    ...table('script', 'element', ['RUSTSEC-2025-0071', 'RUSTSEC-2026-0193', 'CVE-2026-63430', 'CVE-2024-45800'], prefixed('mutation', MUTATIONS)),
    ...table('script', 'element', [], prefixed('charset', CHARSETS), 'latin1'),
    ...table('script', 'element', [], { 'charset-utf-16': '\ufeff<img src=x onerror={run}>' }, 'utf16le'),
    ...table('script', 'element', ['CVE-2024-45800'], prefixed('bomb', BOMBS)),
  ];
}
