// Replies and forwarded messages as common programs write them, made for tests.
import { escape, type Words } from './words.ts';

type Template = (words: Words) => string;

const paragraphs = (w: Words, tag: string, attributes = '') => w.answer.map((line) => `<${tag} ${attributes}>${escape(line)}</${tag}>`).join('');

const gmail: Template = (w) =>
  `<div dir="${w.dir}"><div class="gmail_default" style="font-family:arial,helvetica,sans-serif">${escape(w.answer[0])}</div><div>${escape(w.answer[1])}</div></div><br>
<div class="gmail_quote"><div dir="ltr" class="gmail_attr">${escape(w.wrote)}<br></div><blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex">
<div dir="${w.dir}">${escape(w.intro)}<div><ul><li>${w.items.map(({ name }) => escape(name)).join('</li><li>')}</li></ul></div><blockquote class="gmail_quote" style="margin:0 0 0 .8ex;border-left:1px #ccc solid;padding-left:1ex"><font color="#888888">${escape(w.footer)}</font></blockquote></div></blockquote></div>`;

const apple: Template = (w) =>
  `<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head><body style="overflow-wrap: break-word; -webkit-nbsp-mode: space; line-break: after-white-space;">${paragraphs(w, 'div')}<div><br class="Apple-interchange-newline"><br></div>
<div><blockquote type="cite"><div>${escape(w.wrote)}</div><br class="Apple-interchange-newline"><div><div style="font-family: Helvetica; font-size: 12px; font-style: normal; font-weight: 400; color: rgb(0, 0, 255);">${escape(w.intro)}<br><img src="cid:0A1B@shop.example" alt="picture.jpeg" width="320" height="200"></div></div></blockquote></div><span class="Apple-tab-span" style="white-space:pre">	</span></body></html>`;

const outlook: Template = (w) =>
  `<html xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:w="urn:schemas-microsoft-com:office:word"><head><meta name="Generator" content="Microsoft Word 15 (filtered medium)"><!--[if !mso]><style>v\\:* {behavior:url(#default#VML);}</style><![endif]-->
<style><!-- /* Font Definitions */ @font-face {font-family:Calibri; panose-1:2 15 5 2 2 2 4 3 2 4;} p.MsoNormal, li.MsoNormal, div.MsoNormal {margin:0cm; margin-bottom:.0001pt; font-size:11.0pt; font-family:"Calibri",sans-serif; mso-fareast-language:EN-US;}
a:link, span.MsoHyperlink {mso-style-priority:99; color:#0563C1; text-decoration:underline;} span.EmailStyle19 {mso-style-type:personal-reply; font-family:"Calibri",sans-serif; color:#1F497D;} @page WordSection1 {size:612.0pt 792.0pt; margin:70.85pt;} div.WordSection1 {page:WordSection1;} --></style>
<!--[if gte mso 9]><xml><o:shapedefaults v:ext="edit" spidmax="1026" /></xml><![endif]--></head><body lang="${w.lang}" link="#0563C1" vlink="#954F72"><div class="WordSection1">${w.answer.map((line) => `<p class="MsoNormal"><span class="EmailStyle19" style="color:#1F497D">${escape(line)}<o:p></o:p></span></p>`).join('')}
<p class="MsoNormal"><o:p>&nbsp;</o:p></p><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal"><b>From:</b> ${escape(w.person)} &lt;<a href="mailto:maria@shop.example">maria@shop.example</a>&gt;<br><b>Subject:</b> ${escape(w.title)}</p></div>
<table class="MsoTableGrid" border="1" cellspacing="0" cellpadding="0" style="border-collapse:collapse;border:none">${w.items.map(({ name, price }) => `<tr style="height:15.0pt"><td width="200" style="width:150.0pt;border:solid windowtext 1.0pt;padding:0cm 5.4pt 0cm 5.4pt"><p class="MsoNormal">${escape(name)}</p></td><td style="background:#D9E2F3;padding:0cm 5.4pt"><p class="MsoNormal" align="right" style="text-align:right">${price}</p></td></tr>`).join('')}</table></div></body></html>`;

/** The web program of QQ and others that write the font of each line. */
const web: Template = (w) =>
  `<div style="font-family:'Microsoft YaHei',Tahoma;font-size:14px;line-height:1.75"><p style="margin:0">${w.answer.map(escape).join('</p><p style="margin:0">')}</p></div><div><includetail><div>&nbsp;</div><div style="color:#000"><div style="font-size:12px;padding:2px 0">------------------&nbsp;${escape(w.person)}&nbsp;------------------</div>
<div style="font-size:12px;background:#efefef;padding:8px"><div><b>From:</b>&nbsp;"${escape(w.person)}"&lt;wang@shop.example&gt;;</div><div><b>Subject:</b>&nbsp;${escape(w.title)}</div></div></div><blockquote style="margin:8px 0 0 12px;border-left:2px solid #009688;padding-left:8px">${escape(w.intro)}</blockquote></includetail></div>`;

const thunderbird: Template = (w) =>
  `<html><head><meta http-equiv="Content-Type" content="text/html; charset=UTF-8"></head><body text="#000000" bgcolor="#FFFFFF"><p>${escape(w.answer[0])}</p><div class="moz-cite-prefix">${escape(w.wrote)}<br></div><blockquote type="cite" cite="mid:1@shop.example"><pre class="moz-quote-pre" wrap="">${escape(w.intro)}
&gt; ${escape(w.footer)}</pre></blockquote><p><br></p><pre class="moz-signature" cols="72">-- \n${escape(w.person)}\n<a class="moz-txt-link-freetext" href="https://shop.example/">https://shop.example/</a></pre></body></html>`;

const forwarded: Template = (w) =>
  `<div dir="auto">${escape(w.answer[2])}<br><br>---------- Forwarded message ---------<table style="border-left:3px solid #999999;padding-left:10px"><tr><td><table width="480" bgcolor="#f9f9f9" cellpadding="8"><tr><th align="left" style="color:#b71c1c;font-size:20px">${escape(w.title)}</th></tr><tr><td style="color:#444444">${escape(w.intro)} <a href="https://shop.example/a?b=c#d" style="color:#b71c1c">${escape(w.action)}</a></td></tr></table></td></tr></table></div>`;

/** A thread with an answer between the lines. */
const between: Template = (w) =>
  `<div>${w.items.map(({ name, text }) => `<blockquote style="border-left:2px solid blue;margin-left:5px;padding-left:5px;color:#1a237e">${escape(name)}: ${escape(text)}</blockquote><p style="color:green;font-weight:600">${escape(w.answer[0])}</p>`).join('')}</div>
<table cellpadding="0" cellspacing="0" style="font:13px ${w.fonts.replaceAll('"', "'")}"><tr><td style="padding-right:12px;border-right:2px solid #f57c00"><img src="https://images.shop.example/face.png" width="64" height="64" alt="${escape(w.person)}" style="border-radius:32px"></td><td style="padding-left:12px"><b>${escape(w.person)}</b><br><span style="color:#757575">${escape(w.brand)}</span><br><a href="https://shop.example/">shop.example</a></td></tr></table>`;

/** Replies by name. */
export const REPLIES: Record<string, Template> = { gmail, apple, outlook, web, thunderbird, forwarded, between };
