//! Newsletters as the common programs write them: layout tables with inline styles, a style sheet
//! with media queries, conditional comments, remote images with tracking links.

use std::fmt::Write as _;

const HEAD: &str = "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" \
    \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n\
    <html xmlns=\"http://www.w3.org/1999/xhtml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\">\n\
    <head>\n<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\">\n\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
    <title>The week in the garden</title>\n\
    <!--[if mso]><xml><o:OfficeDocumentSettings><o:AllowPNG/></o:OfficeDocumentSettings></xml><![endif]-->\n";

const SHEET: &str = "<style type=\"text/css\">\n\
    #outlook a { padding: 0; }\n\
    body { margin: 0; padding: 0; -webkit-text-size-adjust: 100%; -ms-text-size-adjust: 100%; }\n\
    table, td { border-collapse: collapse; mso-table-lspace: 0pt; mso-table-rspace: 0pt; }\n\
    img { border: 0; height: auto; line-height: 100%; outline: none; text-decoration: none; }\n\
    p { display: block; margin: 13px 0; }\n\
    a { color: #0b5fff; text-decoration: underline; }\n\
    .ExternalClass, .ExternalClass p, .ExternalClass span, .ExternalClass td { line-height: 100%; }\n\
    .button a { background-color: #0b5fff; border-radius: 4px; color: #ffffff; padding: 12px 24px; }\n\
    .preheader { display: none !important; visibility: hidden; opacity: 0; color: transparent; }\n\
    h1, h2, .headline { font-family: 'Helvetica Neue', Helvetica, Arial, sans-serif; margin: 0; }\n\
    @media only screen and (max-width: 480px) {\n\
      .column { width: 100% !important; max-width: 100% !important; display: block !important; }\n\
      .stack td { display: block; padding: 0 16px !important; }\n\
      .mobile-hide { display: none !important; }\n\
      h1 { font-size: 24px !important; line-height: 30px !important; }\n\
    }\n\
    @media only screen and (min-width: 480px) { .mj-column-per-50 { width: 50% !important; max-width: 50%; } }\n";

const DARK_RULES: &str = "@media (prefers-color-scheme: dark) {\n\
      .email-body { background-color: #121212 !important; }\n\
      .card, .card td { background-color: #1e1e1e !important; color: #eeeeee !important; }\n\
      a { color: #8ab4f8 !important; }\n\
    }\n";

const WORDS: [&str; 6] = [
    "The first tomatoes are ripe, and the beans have never stood so high as in this wet summer.",
    "Members save 15&nbsp;% on every order until Sunday &mdash; the code is already in your basket.",
    "We moved the meeting to Thursday; bring the figures of the quarter and the plan for the hall.",
    "Lies hier, was sich f&uuml;r Vereine &auml;ndert und welche Fristen im Herbst gelten.",
    "本周的新品已经上架，会员可提前一天选购，满二百元免运费。",
    "A long read for the weekend: how a town of nine thousand people built its own power grid.",
];

/// Returns the newsletters with their names.
pub(crate) fn all() -> Vec<(&'static str, String)> {
    vec![
        ("announcement", filled(30, SHEET, "", announcement)),
        ("shop", filled(100, SHEET, "", product)),
        (
            "shop with dark rules",
            filled(100, SHEET, DARK_RULES, product),
        ),
        ("Word", filled(100, WORD_SHEET, "", word_paragraph)),
        ("digest", filled(500, SHEET, "", article)),
    ]
}

/// Returns a page of articles; no two numbers give the same page.
pub(crate) fn article_page(n: usize, size_bytes: usize) -> String {
    let mut html = format!("{HEAD}{SHEET}</style></head><body><table>");
    let mut count = n;
    while html.len() < size_bytes {
        article(&mut html, count);
        count += 1;
    }
    html.push_str("</table></body></html>\n");
    html
}

/// Returns a document of a size, with as many sections as fit.
fn filled(kib: usize, sheet: &str, more_rules: &str, section: fn(&mut String, usize)) -> String {
    let mut html = format!(
        "{HEAD}{sheet}{more_rules}</style>\n</head>\n<body class=\"email-body\" bgcolor=\"#f4f4f7\" \
         style=\"margin:0;padding:0;background-color:#f4f4f7;\">\n\
         <div class=\"preheader\" style=\"display:none;font-size:1px;color:#f4f4f7;max-height:0;\
         overflow:hidden;\">What grew this week&#847;&zwnj;&nbsp;&#847;&zwnj;&nbsp;</div>\n\
         <table role=\"presentation\" width=\"100%\" border=\"0\" cellpadding=\"0\" cellspacing=\"0\">\
         <tr><td align=\"center\" style=\"padding:24px 0;\">\n\
         <table role=\"presentation\" class=\"card\" width=\"600\" border=\"0\" cellpadding=\"0\" \
         cellspacing=\"0\" style=\"width:600px;max-width:600px;background:#ffffff;\">\n"
    );
    let mut count = 0;
    while html.len() < kib << 10 {
        section(&mut html, count);
        count += 1;
    }
    html.push_str(
        "<tr><td style=\"padding:24px;font:12px/18px Arial,sans-serif;color:#888888;\">You get this \
         because you signed up. <a href=\"https://news.shop.example/leave?u=8c1f\" \
         style=\"color:#888888;\">Unsubscribe</a><img src=\"https://t.shop.example/o.gif?u=8c1f\" \
         width=\"1\" height=\"1\" alt=\"\"></td></tr>\n</table></td></tr></table>\n</body>\n</html>\n",
    );
    html
}

fn words(n: usize) -> &'static str {
    WORDS[n % WORDS.len()]
}

/// Text under a headline, and a button.
fn announcement(html: &mut String, n: usize) {
    let (first, second) = (words(n), words(n + 1));
    let _ = writeln!(
        html,
        "<tr><td class=\"stack\" style=\"padding:16px 32px;\">\
         <h2 class=\"headline\" style=\"font-size:22px;line-height:28px;color:#1a1a1a;\">News {n}</h2>\n\
         <p style=\"font-family:Georgia,serif;font-size:16px;line-height:24px;color:#333333;\">{first} \
         <strong>{second}</strong> {first} {second}</p>\n\
         <p style=\"font-family:Georgia,serif;font-size:16px;line-height:24px;color:#333333;\">{second} {first}<br>\n\
         {first}</p>\n\
         <!--[if mso]><v:roundrect href=\"https://shop.example/{n}\" arcsize=\"8%\"><![endif]-->\n\
         <div class=\"button\"><a href=\"https://click.shop.example/r/{n}?m=8c1f&amp;u=2\" target=\"_blank\" \
         style=\"display:inline-block;background-color:#0b5fff;color:#ffffff;padding:12px 24px;\
         border-radius:4px;text-decoration:none;font-weight:bold;\">Read on</a></div>\n\
         <!--[if mso]></v:roundrect><![endif]--></td></tr>"
    );
}

/// A row of two products, each in a table of its own.
fn product(html: &mut String, n: usize) {
    html.push_str("<tr><td style=\"padding:0 24px;\"><table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\"><tr>\n");
    for column in 0..2 {
        let (text, item) = (words(n + column), 2 * n + column);
        let _ = writeln!(
            html,
            "<td class=\"column mj-column-per-50\" width=\"276\" valign=\"top\" \
             style=\"width:276px;padding:8px;vertical-align:top;\">\n\
             <table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" \
             style=\"border:1px solid #e2e2e2;border-radius:6px;\">\n\
             <tr><td align=\"center\" style=\"padding:12px;\"><a href=\"https://click.shop.example/p/{item}?m=8c1f&amp;s=img\" \
             target=\"_blank\"><img src=\"https://img.shop.example/p/{item}@2x.jpg\" width=\"240\" height=\"240\" \
             alt=\"Product {item}\" style=\"display:block;width:240px;height:auto;border:0;\"></a></td></tr>\n\
             <tr><td style=\"padding:0 12px;font-family:Arial,Helvetica,sans-serif;font-size:14px;line-height:20px;\
             color:#333333;\"><a href=\"https://click.shop.example/p/{item}\" style=\"color:#333333;\
             text-decoration:none;\"><b>Product {item}</b></a><br>{text}</td></tr>\n\
             <tr><td style=\"padding:8px 12px;font-family:Arial,Helvetica,sans-serif;font-size:18px;\
             color:#c0392b;font-weight:bold;\">€&nbsp;{}.95 <span style=\"color:#999999;font-size:14px;\
             text-decoration:line-through;\">€&nbsp;{}.95</span></td></tr>\n</table></td>",
            item % 90 + 9,
            item % 90 + 19,
        );
    }
    html.push_str("</tr></table></td></tr>\n");
}

/// An article with an image beside it and links in its text.
fn article(html: &mut String, n: usize) {
    let _ = writeln!(
        html,
        "<tr><td style=\"padding:20px 32px;border-bottom:1px solid #eeeeee;\">\
         <!--[if mso | IE]><table role=\"presentation\"><tr><td style=\"width:300px;\"><![endif]-->\n\
         <div class=\"mj-column-per-50 mj-outlook-group-fix\" style=\"font-size:0px;text-align:left;\
         direction:ltr;display:inline-block;vertical-align:top;width:100%;\">\n\
         <table role=\"presentation\" border=\"0\" cellpadding=\"0\" cellspacing=\"0\" width=\"100%\"><tbody>\n\
         <tr><td align=\"left\" style=\"font-size:0px;padding:10px 25px;word-break:break-word;\">\
         <div style=\"font-family:Ubuntu, Helvetica, Arial, sans-serif;font-size:13px;line-height:1.5;\
         text-align:left;color:#000000;\"><h3 style=\"margin:0 0 8px;font-size:18px;\">\
         <a href=\"https://click.daily.example/a/{n}?utm_source=mail&amp;utm_medium=digest&amp;utm_campaign=w{}\" \
         style=\"color:#111111;text-decoration:none;\">Article {n}</a></h3>\n\
         <p style=\"margin:0 0 10px;\">{} {} <em>{}</em> {}</p>\n\
         <ul style=\"margin:0;padding-left:18px;\"><li>{}</li><li><a href=\"https://click.daily.example/b/{n}\">\
         More on this</a></li></ul></div></td></tr>\n\
         <tr><td style=\"padding:10px 25px;\"><img alt=\"\" height=\"auto\" width=\"250\" \
         src=\"https://img.daily.example/{n}/cover.png\" style=\"border:0;border-radius:{}px;display:block;\
         outline:none;text-decoration:none;height:auto;width:100%;font-size:13px;\"></td></tr>\n\
         </tbody></table></div>\n<!--[if mso | IE]></td></tr></table><![endif]--></td></tr>",
        n % 52,
        words(n),
        words(n + 1),
        words(n + 2),
        words(n + 3),
        words(n + 4),
        n % 12,
    );
}

const WORD_SHEET: &str = "<style><!--\n\
    /* Font Definitions */\n\
    @font-face {font-family:\"Cambria Math\"; panose-1:2 4 5 3 5 4 6 3 2 4;}\n\
    @font-face {font-family:Calibri; panose-1:2 15 5 2 2 2 4 3 2 4;}\n\
    /* Style Definitions */\n\
    p.MsoNormal, li.MsoNormal, div.MsoNormal {margin:0cm; font-size:11.0pt; font-family:\"Calibri\",sans-serif; mso-fareast-language:EN-US;}\n\
    a:link, span.MsoHyperlink {mso-style-priority:99; color:#0563C1; text-decoration:underline;}\n\
    span.EmailStyle17 {mso-style-type:personal-compose; font-family:\"Calibri\",sans-serif; color:windowtext;}\n\
    .MsoChpDefault {mso-style-type:export-only; font-family:\"Calibri\",sans-serif;}\n\
    @page WordSection1 {size:612.0pt 792.0pt; margin:70.85pt 70.85pt 2.0cm 70.85pt;}\n\
    div.WordSection1 {page:WordSection1;}\n--> ";

/// Paragraphs as Word writes them, one with a bordered cell.
fn word_paragraph(html: &mut String, n: usize) {
    let _ = writeln!(
        html,
        "<tr><td width=\"312\" valign=\"top\" style=\"width:233.75pt;border:solid windowtext 1.0pt;\
         padding:0cm 5.4pt 0cm 5.4pt\"><p class=\"MsoNormal\" style=\"margin-bottom:12.0pt\">\
         <span lang=\"EN-US\" style=\"font-size:10.0pt;font-family:&quot;Arial&quot;,sans-serif;\
         color:#1F497D\">{}<o:p></o:p></span></p>\n<p class=\"MsoNormal\"><b><span lang=\"DE\" \
         style=\"font-size:10.0pt;color:black;mso-fareast-language:DE\">{}</span></b><span lang=\"DE\">\
         <a href=\"https://intranet.example/doc/{n}\"><span style=\"color:#0563C1\">Document {n}</span></a>\
         <o:p>&nbsp;</o:p></span></p></td></tr>",
        words(n),
        words(n + 1),
    );
}
