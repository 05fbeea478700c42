//! Hostile HTML of the size that is shown at most.

use mail_mime::limits::SHOWN_BYTES;

use super::filled;

/// Number of elements that a document may have.
const ELEMENTS: usize = 60_000;

/// Returns the documents with their names.
pub(super) fn documents() -> Vec<(&'static str, String)> {
    let mut all: Vec<(&'static str, String)> = repeated()
        .into_iter()
        .map(|(name, head, piece)| (name, filled(&head, SHOWN_BYTES, |_| piece.to_owned())))
        .collect();
    let mut add = |name, head: &str, piece: fn(usize) -> String| {
        all.push((name, filled(head, SHOWN_BYTES, piece)));
    };
    add("a colour for each element", "", |n| {
        format!("<font color=c{n}>x")
    });
    add("a colour style for each element", "", |n| {
        format!("<p style='color:#{:06x}'>x", n * 7)
    });
    add("a content id for each image", "", |n| {
        format!("<img src=cid:{n}@x>")
    });
    add("an attribute for each number", "<p ", |n| {
        format!("a{n}=b ")
    });
    add("a class for each number", "<p class='", |n| {
        format!("a{n} ")
    });
    add("a selector for each number", "<style>", |n| {
        format!(".a{n} #b{n}{{color:red}}")
    });
    add("a hidden class for each number", "<style>", |n| {
        format!(".a{n}{{display:block!important}}")
    });
    let rules: String = (0..3_000)
        .map(|n| format!(".a{n}{{display:block!important}}"))
        .collect();
    add(
        "3,000 rules and 60,000 elements with classes",
        &format!("<style>{rules}</style>"),
        |n| {
            let small = n % 1_000;
            format!("<p class='a{small} a b c' style='display:none'>")
        },
    );
    let names = "abcdefgh ".repeat(50);
    all.push((
        "3,000 rules and elements with 50 classes",
        filled(&format!("<style>{rules}</style>"), SHOWN_BYTES, |n| {
            format!("<p class='{names}{n}' style='display:none'>x")
        }),
    ));
    let colors: String = (0..200)
        .map(|n| format!("<td bgcolor='#ff{n:02x}ff'>x"))
        .collect();
    all.push((
        "200 colours and 60,000 elements",
        filled(
            &format!("<table><tr>{colors}"),
            SHOWN_BYTES.min(30 * ELEMENTS),
            |n| format!("<td bgcolor='#ff{:02x}ff'>x", n % 200),
        ),
    ));
    all
}

/// Returns a piece as often as it may be nested.
fn deep(piece: &str) -> String {
    piece.repeat(252 / piece.matches('<').count())
}

/// Names, beginnings and the pieces that are repeated after them.
fn repeated() -> Vec<(&'static str, String, &'static str)> {
    let none = String::new;
    let style = || "<style>".to_owned();
    let attribute = || "<p style='".to_owned();
    vec![
        ("list items in a deep list", deep("<ul><li>"), "<li>x"),
        ("end tags in a deep list", deep("<ul><li>"), "<b></b>"),
        ("blocks in deep blocks", deep("<div>"), "<div></div>"),
        (
            "paragraphs outside a table",
            format!("<p><table><tr><td>{}", deep("<span>")),
            "<div></div>",
        ),
        (
            "links around a table",
            format!("<a href='http://x'><table><tr><td>{}", deep("<i>")),
            "<a href='http://y'>z",
        ),
        (
            "end tags without a start",
            deep("<span>"),
            "</p></td></li></a>",
        ),
        ("deeper and deeper blocks", none(), "<div>"),
        ("deeper and deeper lists", none(), "<ul><li>"),
        ("unclosed formatting", none(), "<font color=red><p>"),
        ("unclosed bold", none(), "<b><p>"),
        ("crossing formatting", none(), "<b><i></b></i>"),
        ("crossing links", none(), "<a href=http://x><div></a>"),
        ("empty cells", "<table><tr><td>x".to_owned(), "<td>"),
        ("blank cells", "<table><tr><td>".to_owned(), "<td>&nbsp;"),
        ("tables in tables", none(), "<table><tr><td>"),
        (
            "table soup",
            none(),
            "<table><tr><a><caption><td></table><tbody>",
        ),
        ("text in tables", "<table>".to_owned(), "x<tr>y<td>"),
        ("rows", "<table>".to_owned(), "<tr><td>x"),
        ("headings", none(), "<h1>x<h2>"),
        ("foreign content", none(), "<svg><p><math>"),
        ("templates", none(), "<template><select><option>"),
        ("60,000 line breaks", none(), "<br>"),
        ("comments", none(), "<!-->--<!--x--!>"),
        ("comments without end", none(), "<!--"),
        ("hyphens in a comment", "<!--".to_owned(), "-- !"),
        ("declarations without end", none(), "<!doctype '"),
        ("tags without end", none(), "<a "),
        ("quotes without end", none(), "<a href=\"'"),
        ("one attribute repeated", "<p ".to_owned(), "align=a "),
        (
            "1,000 attributes each",
            none(),
            "<p a=a a=a a=a a=a a=a a=a a=a a=a a=a>",
        ),
        ("references", none(), "&amp&notit;&#x41&"),
        ("ampersands", none(), "&"),
        (
            "references in an attribute",
            "<p title='".to_owned(),
            "&lt;&amp",
        ),
        ("angle brackets", none(), "<"),
        ("escaped angle brackets", none(), "&lt;"),
        ("no-break spaces", none(), "\u{a0}"),
        ("NUL", none(), "\0"),
        ("one text", none(), "x"),
        (
            "style elements without end",
            none(),
            "<style>x</styl</style>",
        ),
        ("titles without end", none(), "<title></titl"),
        ("quotations", none(), "<blockquote>x"),
        (
            "line breaks in a link",
            "<a href='http://x'>".to_owned(),
            "x<br>",
        ),
        ("preformatted lines", "<pre>".to_owned(), "\n x"),
        ("ruby", none(), "<ruby><rt>x<rp>"),
        (
            "an image with a style",
            none(),
            "<img style='width:1px;background:url(http://x)' src=http://y>",
        ),
        (
            "a style for each element",
            none(),
            "<p style='font:1px a;background:url(cid:a)'>x",
        ),
        (
            "formatting with long styles",
            format!("<b style='font-family:{}'>", "abcdefgh,".repeat(500)),
            "<p>x",
        ),
        ("rules", style(), "p{color:red}"),
        ("selectors", style(), "p a,"),
        ("compounds", style(), "p>"),
        ("classes of a selector", style(), ".a"),
        ("negations", style(), ":not("),
        (
            "declarations of a rule",
            "<style>p{".to_owned(),
            "color:red;",
        ),
        ("declarations of an attribute", attribute(), "color:red;x"),
        (
            "values of an attribute",
            "<p style='font:".to_owned(),
            "1px ",
        ),
        ("calc", "<p style='width:".to_owned(), "calc("),
        ("variables", "<p style='width:".to_owned(), "var(--a,"),
        ("media queries", "<style>@media ".to_owned(), "(width:1px),"),
        ("media rules", style(), "@media all{p{color:red}"),
        ("imports", style(), "@import url(x);"),
        ("blocks of a style sheet", style(), "a{{(["),
        ("strings of a style sheet", style(), "'\n\""),
        ("escapes of a style sheet", style(), "\\61 "),
        ("comments of a style sheet", style(), "/* */a"),
        (
            "addresses of a style sheet",
            style(),
            "p{background:url(cid:a)}",
        ),
        ("an unclosed address", style(), "url("),
        ("style elements", none(), "<style>p{color:red}</style>"),
        (
            "dark rules",
            style(),
            "@media (prefers-color-scheme:dark){p{color:red}}",
        ),
    ]
}
