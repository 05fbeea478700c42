use proptest::prelude::*;

use super::*;

fn of(html: &str) -> String {
    fragment(html, &|_| None).html
}

#[test]
fn a_fragment_has_neither_wrapper_nor_sheet_nor_class() {
    let html = of("<style>p{color:red}</style><p class=a id=b style=\"color:red\">Hi</p>");
    assert_eq!(html, "<p style=\"color:red\">Hi</p>");
}

#[test]
fn links_keep_their_address_only() {
    assert_eq!(
        of("<a href=\"https://example.org/\" onclick=\"x()\" target=_top>go</a>"),
        "<a href=\"https://example.org/\">go</a>"
    );
    assert_eq!(of("<a href=\"javascript:alert(1)\">go</a>"), "<a>go</a>");
}

#[test]
fn scripts_forms_and_frames_are_removed() {
    let html = of(
        "<p>a<script>alert(1)</script><iframe src=x></iframe><form><input value=v></form>\
         <img src=x onerror=alert(1)><svg><a xlink:href=\"javascript:x\">s</a></svg></p>",
    );
    for bad in ["script", "iframe", "form", "input", "onerror", "svg"] {
        assert!(!html.contains(bad), "{bad}: {html}");
    }
    assert!(html.contains('a'));
}

#[test]
fn the_colours_of_a_quoted_body_stay_around_it() {
    let html = of("<html><body dir=rtl style=\"color:#333\"><p>x</p></body></html>");
    assert_eq!(html, "<div dir=\"rtl\" style=\"color:#333\"><p>x</p></div>");
    assert_eq!(of(&html), html);
}

#[test]
fn pictures_get_their_new_addresses_and_unknown_ones_their_words() {
    let url = |id: &str| (id == "a@x").then(|| "cid:new".to_owned());
    let cleaned = fragment(
        "<img src=\"cid:a@x\" alt=\"A\"><img src=\"cid:b@x\" alt=\"B\"><img src=\"cid:c@x\">",
        &url,
    );
    assert_eq!(cleaned.html, "<img alt=\"A\" src=\"cid:new\">B");
    assert!(cleaned.content_ids.contains("a@x") && cleaned.content_ids.len() == 1);
}

#[test]
fn files_of_the_sender_are_not_loaded() {
    let html =
        of("<p><img src=\"file:///C:/clip.png\"><img src=\"https://example.org/a.png\"></p>");
    assert_eq!(html, "<p><img src=\"https://example.org/a.png\"></p>");
}

/// What Word puts on the clipboard: conditional comments, sheets, `o:p` elements, `mso-` styles.
#[test]
fn a_paste_from_word_keeps_its_text_and_loses_its_markup() {
    let html = of(
        "<html xmlns:o=\"urn:schemas-microsoft-com:office:office\"><head>\
         <meta name=Generator content=\"Microsoft Word 15\"><!--[if gte mso 9]><xml>\
         <w:WordDocument><w:View>Normal</w:View></w:WordDocument></xml><![endif]-->\
         <style><!-- p.MsoNormal {margin:0cm;mso-pagination:widow-orphan} --></style></head>\
         <body lang=EN-GB style='tab-interval:36.0pt'><!--StartFragment-->\
         <p class=MsoNormal><b>Offer<o:p></o:p></b></p>\
         <p class=MsoListParagraph style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'>\
         <![if !supportLists]><span style='font-family:Symbol'>·<span>&nbsp; </span></span><![endif]>\
         First<o:p></o:p></p>\
         <p class=MsoNormal style='margin-bottom:0cm;mso-margin-top-alt:auto;color:#1F497D'>120 €</p>\
         <!--EndFragment--></body></html>",
    );
    for bad in [
        "mso",
        "Mso",
        "o:p",
        "xml",
        "w:View",
        "Normal",
        "StartFragment",
        "[if",
    ] {
        assert!(!html.contains(bad), "{bad}: {html}");
    }
    for text in ["<b>Offer</b>", "First", "120 €", "color:#1f497d"] {
        assert!(html.contains(text), "{text}: {html}");
    }
}

/// What Outlook puts on the clipboard: nested tables and `x_` classes.
#[test]
fn a_paste_from_outlook_keeps_its_table() {
    let html = of(
        "<div class=\"x_elementToProof\" style=\"font-family:Aptos,sans-serif; font-size:12pt\">\
         <table class=\"x_MsoTable\" border=1 style=\"border-collapse:collapse\"><tr>\
         <td width=100 style=\"padding:0 5.4pt\"><p class=\"x_MsoNormal\">Disk</p></td></tr></table></div>",
    );
    assert!(!html.contains("class") && !html.contains("x_"), "{html}");
    assert!(
        html.contains("<table border=\"1\"") && html.contains("<p>Disk</p>"),
        "{html}"
    );
}

#[test]
fn a_long_source_is_cut() {
    let html = "<p>x</p>".repeat(SHOWN_BYTES / 8 + 10);
    assert!(fragment(&html, &|_| None).is_cut);
}

proptest! {
    #[test]
    fn cleaning_again_changes_nothing(
        html in "(<(p|b|div|a href=\"https://e\\.org/\"|table|td|li|blockquote|img src=\"cid:x\"|/p|/b|/div|/a|/table|script|style)>|[ a-z&;<]){0,40}"
    ) {
        let url = |id: &str| Some(format!("cid:{id}"));
        let once = fragment(&html, &url).html;
        prop_assert_eq!(&fragment(&once, &url).html, &once);
    }
}
