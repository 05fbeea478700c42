// Newsletters and notices as common programs write them, made for tests.
import { escape, type Words } from './words.ts';

const IMAGES = 'https://images.shop.example';
const SHOP = 'https://shop.example';

type Template = (words: Words) => string;

const image = (name: string, alt: string, size: string, more = '') =>
  `<img src="${IMAGES}/${name}.png" alt="${escape(alt)}" ${size} border="0" style="display:block;border:0;outline:none;${more}">`;

const document = (words: Words, head: string, body: string, attributes = '') => `<!DOCTYPE html>
<html lang="${words.lang}" dir="${words.dir}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(words.title)}</title>${head}</head>
<body ${attributes}>${body}</body></html>`;

const preheader = ({ preheader }: Words) =>
  `<div style="display:none;font-size:1px;color:#ffffff;line-height:1px;max-height:0;max-width:0;opacity:0;overflow:hidden;">${escape(preheader)}&#8199;&#65279;&#847; </div>`;

/** Nested tables with attributes, as before CSS was usable. */
const attributes: Template = (w) =>
  document(w, '', `<table width="100%" bgcolor="#eeeeee" cellpadding="0" cellspacing="0" border="0"><tr><td align="center">
<table width="600" bgcolor="#ffffff" cellpadding="12" cellspacing="0" border="0">
<tr><td bgcolor="#224466" align="center"><font face="Arial" size="5" color="#ffffff"><b>${escape(w.brand)}</b></font></td></tr>
<tr><td><font face="Verdana" size="2" color="#333333">${escape(w.intro)}</font></td></tr>
${w.items.map(({ name, text, price }) => `<tr><td><table width="100%" border="1" cellpadding="4"><tr><td width="120" valign="top">${image('book', name, 'width="100" height="140"')}</td>
<td valign="top"><b>${escape(name)}</b><br>${escape(text)}<br><i>${price}</i></td></tr></table></td></tr>`).join('\n')}
<tr><td align="center"><a href="${SHOP}/list"><font color="#cc0000">${escape(w.action)}</font></a></td></tr>
</table></td></tr></table>`, 'bgcolor="#eeeeee" text="#222222" link="#0055aa" topmargin="0"');

/** As MJML compiles it: columns by classes and a media query, Outlook by comments. */
const columns: Template = (w) =>
  document(w, `<style type="text/css">#outlook a { padding:0; } body { margin:0;padding:0; } table, td { border-collapse:collapse; }
img { border:0;height:auto;line-height:100%; } p { display:block;margin:13px 0; }</style>
<!--[if mso]><noscript><xml><o:OfficeDocumentSettings><o:AllowPNG/></o:OfficeDocumentSettings></xml></noscript><![endif]-->
<style type="text/css">@media only screen and (min-width:480px) { .mj-column-per-50 { width:50% !important; max-width: 50%; } .mj-column-per-100 { width:100% !important; } }</style>`,
`${preheader(w)}<div style="background-color:#f4f4f4;"><!--[if mso | IE]><table align="center" border="0" style="width:600px;" width="600"><tr><td><![endif]-->
<div style="background:#ffffff;background-color:#ffffff;margin:0px auto;max-width:600px;">
<table align="center" border="0" cellpadding="0" cellspacing="0" role="presentation" style="background:#ffffff;width:100%;"><tbody><tr><td style="direction:${w.dir};font-size:0px;padding:20px 0;text-align:center;">
${w.items.slice(0, 2).map(({ name, text }) => `<div class="mj-column-per-50 mj-outlook-group-fix" style="font-size:0px;text-align:left;direction:${w.dir};display:inline-block;vertical-align:top;width:100%;">
<table border="0" cellpadding="0" cellspacing="0" width="100%"><tbody><tr><td align="left" style="font-size:0px;padding:10px 25px;word-break:break-word;">
<div style="font-family:Ubuntu, Helvetica, Arial;font-size:20px;font-weight:bold;line-height:1;color:#F45E43;">${escape(name)}</div></td></tr>
<tr><td style="padding:10px 25px;font-size:13px;color:#55575d">${escape(text)}</td></tr></tbody></table></div>`).join('')}
</td></tr><tr><td align="center" style="padding:10px 25px;"><a href="${SHOP}/all?a=1&amp;b=2" style="display:inline-block;background:#414141;color:#ffffff;font-size:13px;padding:10px 25px;border-radius:3px;text-decoration:none;">${escape(w.action)}</a></td></tr></tbody></table></div>
<!--[if mso | IE]></td></tr></table><![endif]--></div>`, 'style="word-spacing:normal;background-color:#f4f4f4;"');

/** A sheet with classes and rules for phones and for the dark scheme. */
const responsive: Template = (w) =>
  document(w, `<meta name="color-scheme" content="light dark"><style>
body { margin: 0; background: #f0f4f8; font-family: ${w.fonts}; color: #102a43; }
.wrap { width: 600px; margin: 0 auto; background: #ffffff; }
.wrap > tbody > tr > td { padding: 24px 32px; }
h1 { font-size: 28px; margin: 0 0 12px; color: #0b69a3; } h2.item, td.item h3 { font-size: 18px; margin: 0; }
.button a { background-color: #0b69a3; color: #ffffff !important; padding: 12px 20px; text-decoration: none; font-weight: 600; }
.footer, .footer a { font-size: 12px; color: #829ab1; text-align: center }
@media (max-width: 600px) { .wrap { width: 100% !important; } .wrap > tbody > tr > td { padding: 12px !important; } }
@media (prefers-color-scheme: dark) { body { background: #111111; color: #eeeeee } .wrap { background: #222222 } h1 { color: #62b0e8 } }
[data-ogsc] h1 { color: #62b0e8 !important; }
</style>`, `${preheader(w)}<table class="wrap" cellspacing="0"><tbody><tr><td><h1>${escape(w.title)}</h1><p>${escape(w.intro)}</p></td></tr>
${w.items.map(({ name, text, price }) => `<tr><td class="item" style="border-top:1px solid #d9e2ec"><h3>${escape(name)}</h3><p>${escape(text)}</p><strong>${price}</strong></td></tr>`).join('')}
<tr><td class="button" align="center"><a href="${SHOP}/go">${escape(w.action)}</a></td></tr>
<tr><td class="footer">${escape(w.footer)} <a href="${SHOP}/unsubscribe">${escape(w.unsubscribe)}</a></td></tr></tbody></table>`);

const receipt: Template = (w) =>
  document(w, `<style>table.lines{width:560px;border-collapse:collapse}table.lines th{background:#333;color:#fff;padding:8px;text-align:start}
table.lines td{padding:8px;border-bottom:1px solid #ddd}.num{text-align:right}.total td{font-weight:bold;font-size:18px}</style>`,
`<center><h2 style="color:#2e7d32">${escape(w.brand)}</h2><table class="lines"><thead><tr><th>#</th><th colspan="2">${escape(w.title)}</th><th class="num">€</th></tr></thead><tbody>
${w.items.map(({ name, text, price }, index) => `<tr><td>${index + 1}</td><td>${escape(name)}</td><td style="color:#777;font-size:12px">${escape(text)}</td><td class="num">${price}</td></tr>`).join('')}
<tr class="total"><td colspan="3">${escape(w.total)}</td><td class="num">55.40</td></tr></tbody></table>
<p style="font-size:12px;color:#888888">${escape(w.footer)}</p></center>`, `style="font-family:${w.fonts.replaceAll('"', "'")}"`);

const shipping: Template = (w) =>
  document(w, '', `<table width="640" align="center" style="font-family:Arial;border:1px solid #cccccc;"><tr><td style="padding:16px;background-color:#232f3e">${image('logo', w.brand, 'width="120" height="36"')}</td></tr>
<tr><td style="padding:16px"><h3 style="font-weight:normal;margin:0;color:#c45500">${escape(w.title)}</h3><p style="margin:1px 0 8px 0;font:12px/16px Arial,sans-serif">${escape(w.intro)}</p>
<table style="width:100%;border-top:3px solid #2d3741" cellspacing="0"><tr>${w.items.map(({ name, price }) => `<td style="width:33%;vertical-align:top;padding:11px 18px 18px;background-color:#efefef;font-size:14px"><span style="color:#666">${escape(name)}</span><br><b>${price}</b></td>`).join('')}</tr></table>
<!--[if mso]><v:roundrect href="${SHOP}/track" style="height:40px;v-text-anchor:middle;width:200px;" fillcolor="#d62828"><center>x</center></v:roundrect><![endif]-->
<!--[if !mso]><!--><a href="${SHOP}/track" style="background-color:#d62828;border-radius:4px;color:#ffffff;display:inline-block;font-family:sans-serif;font-size:13px;font-weight:bold;line-height:40px;text-align:center;text-decoration:none;width:200px;-webkit-text-size-adjust:none;mso-hide:all;">${escape(w.action)}</a><!--<![endif]-->
</td></tr></table><img src="${SHOP}/open.gif?u=1" width="1" height="1" alt="">`);

const digest: Template = (w) =>
  document(w, '<style>li{margin-bottom:6px}ul.tags{list-style:square}ol{padding-left:30px}blockquote{border-left:4px solid #6cf;margin:0;padding-left:12px;color:#555}</style>',
`<h1 style="font-family:Georgia,serif;font-weight:400;letter-spacing:-0.5px">${escape(w.title)}</h1><p>${escape(w.intro)}</p>
<ol start="3">${w.items.map(({ name, text }) => `<li value="${name.length % 9}"><a href="${SHOP}/${encodeURIComponent(name)}">${escape(name)}</a><br><small>${escape(text)}</small></li>`).join('')}</ol>
<ul class="tags" type="square"><li>${escape(w.brand)}<ul><li><em>${escape(w.total)}</em></li><li><u>${escape(w.action)}</u></li></ul></li></ul>
<blockquote>${escape(w.intro)}</blockquote><hr width="50%" size="1" color="#cccccc"><dl><dt><b>${escape(w.person)}</b></dt><dd>${escape(w.footer)}</dd></dl>
<pre style="background:#f6f8fa;padding:12px;font-size:12px">git clone ${SHOP}/x.git\n  cd x &amp;&amp; make</pre><p>H<sub>2</sub>O, x<sup>2</sup>, <s>old</s> <ins>new</ins> <mark>marked</mark> <kbd>Ctrl</kbd>+<code>C</code></p>`);

const timetable: Template = (w) =>
  document(w, '', `<table border="1" cellpadding="6" cellspacing="0" style="border-collapse:collapse;width:500px" summary="x"><caption style="font-weight:bold;padding:4px">${escape(w.title)}</caption>
<colgroup><col width="80"><col span="2" style="width:210px"></colgroup><thead><tr><th rowspan="2">9:00</th><th colspan="2" bgcolor="#ffe08a">${escape(w.brand)}</th></tr><tr><th>A</th><th>B</th></tr></thead>
<tbody>${w.items.map(({ name, text }, index) => `<tr style="background:${index % 2 ? '#fafafa' : '#ffffff'}"><td nowrap align="right">${10 + index}:30</td><td>${escape(name)}</td><td style="text-align:center;font-style:italic">${escape(text)}</td></tr>`).join('')}</tbody>
<tfoot><tr><td colspan="3" align="center"><a href="mailto:events@shop.example?subject=${encodeURIComponent(w.title)}">${escape(w.action)}</a> · <a href="tel:+4930123456">+49 30 123456</a></td></tr></tfoot></table>`);

/** A picture behind text, as heads of campaigns have. */
const hero: Template = (w) =>
  document(w, '<style>.hero{background-image:url(https://images.shop.example/hero.jpg);background-size:cover;background-color:#1b4332}.hero td{color:#ffffff}@media(max-width:480px){.hero h1{font-size:22px}}</style>',
`<table class="hero" width="600" height="240" background="${IMAGES}/hero.jpg" cellpadding="40"><tr><td align="center" valign="middle"><h1 style="font-size:36px;margin:0;text-transform:uppercase;letter-spacing:2px;text-shadow:0 1px 2px #000">${escape(w.title)}</h1>
<p style="font-size:16px;line-height:1.6">${escape(w.intro)}</p></td></tr></table><p style="width:600px;text-align:justify;color:rgb(80,80,80)">${escape(w.footer)}</p><p><a href="${SHOP}"><img src="${IMAGES}/wide.png" alt="${escape(w.brand)}" width="600" height="90" style="max-width:100%;border-radius:8px"></a></p>`);

const security: Template = (w) =>
  document(w, '', `<div style="max-width:520px;margin:24px auto;font-family:Roboto,Arial,sans-serif;border:thin solid #dadce0;border-radius:8px;padding:40px 20px;text-align:center">
<div style="font-size:24px;line-height:32px;border-bottom:thin solid #dadce0;color:rgba(0,0,0,0.87);padding-bottom:24px">${escape(w.title)}</div>
<table align="center" style="margin-top:8px"><tr style="line-height:normal"><td align="right" style="padding-right:8px"><img width="20" height="20" style="width:20px;height:20px;vertical-align:sub;border-radius:50%" src="cid:avatar@shop.example" alt="${escape(w.person)}"></td><td><a style="font-size:14px;line-height:20px;color:rgba(0,0,0,0.87)">maria@shop.example</a></td></tr></table>
<div style="padding-top:20px;font-size:14px;line-height:20px;color:rgba(0,0,0,0.87);text-align:start">${escape(w.intro)}</div>
<p style="font-family:monospace;font-size:32px;letter-spacing:6px;font-weight:700;background-color:#f1f3f4;padding:12px">482 913</p>
<div style="padding-top:32px"><a href="${SHOP}/check" target="_blank" style="line-height:16px;color:#ffffff;font-weight:400;text-decoration:none;font-size:14px;display:inline-block;padding:10px 24px;background-color:#4184f3;border-radius:5px;min-width:90px">${escape(w.action)}</a></div></div>`);

const invoice: Template = (w) =>
  document(w, `<style>*{box-sizing:border-box}html,body{margin:0}body,td{font-family:${w.fonts};font-size:14px;line-height:1.5}.c1{color:#7b1fa2}.box{border:2px dashed #7b1fa2;padding:10px 14px}
table table td:first-child{font-weight:bold}table.grid tr:nth-child(even) td{background:#f3e5f5}a:link{color:#7b1fa2}</style>`,
`<table width="100%"><tr><td><table width="580" align="center"><tr><td class="c1">${escape(w.brand)}</td><td align="right">2026-11-03</td></tr></table>
<table class="grid" width="580" align="center" cellspacing="2">${w.items.concat(w.items).map(({ name, price }) => `<tr><td>${escape(name)}</td><td align="right">${price}</td></tr>`).join('')}</table>
<table width="580" align="center"><tr><td class="box" id="sum">${escape(w.total)}: 110.80</td></tr></table></td></tr></table><p align="center"><a href="${SHOP}/pay">${escape(w.action)}</a></p>`);

/** Newsletters by name. */
export const NEWSLETTERS: Record<string, Template> = {
  attributes, columns, responsive, receipt, shipping, digest, timetable, hero, security, invoice,
};
