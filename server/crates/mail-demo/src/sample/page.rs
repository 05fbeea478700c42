//! HTML for the sample: renders a script's marked-up text as a plain mail or a newsletter.
//!
//! Marks: `# heading`, `- item`, `! image alt`, `| cell | cell`, `[text](address)`, `> quote`.

/// The layout of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// Paragraphs, like the HTML of a mail program.
    Letter,
    /// A table of 600 pixels with remote images and a tracking pixel, like a newsletter.
    Newsletter,
}

/// Renders marked-up text as HTML. `host` serves its remote images; `inline_images` are
/// `Content-ID`s of images shown at the end.
pub(super) fn html(text: &str, layout: Layout, host: &str, inline_images: &[String]) -> String {
    let mut body = String::new();
    let mut open: Option<&'static str> = None;
    for line in text.lines() {
        let (container, content) = match line.split_at_checked(2) {
            Some(("# ", heading)) => (
                None,
                format!(
                    "<h2 style=\"font-family:Georgia,serif;color:#1f3d3a\">{}</h2>",
                    inline(heading)
                ),
            ),
            Some(("- ", item)) => (Some("ul"), format!("<li>{}</li>", inline(item))),
            Some(("> ", quote)) => (Some("blockquote"), format!("<p>{}</p>", inline(quote))),
            Some(("! ", alt)) => (None, image(host, alt)),
            Some(("| ", row)) => {
                let cells = row.trim_end_matches('|').split('|').map(|cell| {
                    format!(
                        "<td style=\"padding:6px 12px;border-bottom:1px solid #ddd\">{}</td>",
                        inline(cell.trim())
                    )
                });
                (
                    Some("table"),
                    format!("<tr>{}</tr>", cells.collect::<String>()),
                )
            }
            _ if line.trim().is_empty() => (None, String::new()),
            _ => (None, format!("<p>{}</p>", inline(line))),
        };
        if open != container {
            if let Some(name) = open {
                body.push_str(&format!("</{name}>\n"));
            }
            if let Some(name) = container {
                body.push_str(&format!("<{name}>\n"));
            }
            open = container;
        }
        body.push_str(&content);
        body.push('\n');
    }
    if let Some(name) = open {
        body.push_str(&format!("</{name}>\n"));
    }
    for content_id in inline_images {
        body.push_str(&format!(
            "<p><img src=\"cid:{content_id}\" alt=\"\" width=\"480\"></p>\n"
        ));
    }
    let head = "<!DOCTYPE html>\n<html><head><title></title></head>";
    match layout {
        Layout::Letter => format!("{head}<body>\n{body}</body></html>\n"),
        Layout::Newsletter => format!(
            "{head}<body style=\"margin:0;background:#f2efe9\">\n\
             <table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\"><tr><td align=\"center\">\n\
             <table role=\"presentation\" width=\"600\" style=\"background:#ffffff\"><tr><td style=\"padding:24px\">\n{body}</td></tr>\n\
             <tr><td style=\"padding:16px 24px;font-size:12px;color:#666\">You get this because you signed up at {host}. \
             <a href=\"https://{host}/unsubscribe?u=8841\">Unsubscribe</a></td></tr></table>\n</td></tr></table>\n\
             <img src=\"https://{host}/open/8841.gif\" width=\"1\" height=\"1\" alt=\"\">\n</body></html>\n"
        ),
    }
}

/// Returns the text without its marks, for the plain text alternative.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::new();
    for line in text.lines() {
        let line = match line.split_at_checked(2) {
            Some(("# ", heading)) => {
                format!("{heading}\n{}", "=".repeat(heading.chars().count().min(60)))
            }
            Some(("! ", _)) => continue,
            Some(("| ", row)) => row
                .trim_end_matches('|')
                .split('|')
                .map(str::trim)
                .collect::<Vec<_>>()
                .join("  "),
            _ => line.to_owned(),
        };
        plain.push_str(&links(&line, |text, address| format!("{text} <{address}>")));
        plain.push('\n');
    }
    plain
}

fn image(host: &str, alt: &str) -> String {
    let alt = escaped(alt);
    format!(
        "<img src=\"https://{host}/images/{:x}.jpg\" width=\"552\" alt=\"{alt}\">",
        super::hash::fnv1a(&alt)
    )
}

fn inline(text: &str) -> String {
    links(&escaped(text), |text, address| {
        format!("<a href=\"{address}\">{text}</a>")
    })
}

fn links(text: &str, link: fn(&str, &str) -> String) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        let found = after.split_once("](").and_then(|(label, after)| {
            let (address, after) = after.split_once(')')?;
            Some((label, address, after))
        });
        out.push_str(before);
        match found {
            Some((label, address, after)) => {
                out.push_str(&link(label, address));
                rest = after;
            }
            None => {
                out.push('[');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_elements_and_text_is_escaped() {
        let page = html(
            "# A & B\n- one\n- [two](https://x.example/)\n\nend <b>",
            Layout::Letter,
            "x.example",
            &[],
        );
        assert!(page.contains(">A &amp; B</h2>"));
        assert!(page.contains(
            "<ul>\n<li>one</li>\n<li><a href=\"https://x.example/\">two</a></li>\n</ul>"
        ));
        assert!(page.contains("<p>end &lt;b&gt;</p>"));
        assert_eq!(plain("# A\n! pic\n[x](y) [z"), "A\n=\nx <y> [z\n");
    }
}
