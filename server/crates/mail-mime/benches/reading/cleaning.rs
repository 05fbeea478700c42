//! Newsletters through the sanitizer, compared with ammonia alone.

use std::hint::black_box;
use std::time::Duration;

use ammonia::Builder;
use mail_mime::clean::{CleanOptions, Images, Scheme, clean};

use crate::{Result, cpu_time, median, ms, newsletters, verdict};

const ROUNDS: usize = 15;
/// How often a document is cleaned in a round, by its size.
const ROUND_BYTES: usize = 1 << 20;
/// Maximum time as a multiple of ammonia's.
const RATIO_MAX: f64 = 2.5;

/// Cleans each newsletter in the light and in the dark scheme. Returns whether all are within the
/// limit.
pub(crate) fn run() -> Result<bool> {
    println!("\nNewsletters sanitized, medians of {ROUNDS}, limit {RATIO_MAX} × ammonia");
    println!(
        "  {:<34} {:>8} {:>12} {:>10} {:>12}",
        "", "KiB", "Restante, ms", "MB/s", "ammonia, ms"
    );
    let alone = ammonia_alone();
    let mut is_within = true;
    for (name, html) in newsletters::all() {
        for (scheme_name, scheme) in [("light", Scheme::Light), ("dark", Scheme::Dark)] {
            let (ours, theirs) = measure(&html, scheme, &alone)?;
            let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
            is_within &= ratio <= RATIO_MAX;
            println!(
                "  {:<34} {:>8.0} {:>12.2} {:>10.1} {:>12.2}   {ratio:.2} × ammonia, {}",
                format!("{name}, {scheme_name}"),
                html.len() as f64 / 1024.0,
                ms(ours),
                html.len() as f64 / 1e6 / ours.as_secs_f64(),
                ms(theirs),
                verdict(ratio <= RATIO_MAX),
            );
        }
    }
    Ok(is_within)
}

/// Returns the times of the sanitizer and of ammonia for one document.
fn measure(html: &str, scheme: Scheme, alone: &Builder<'_>) -> Result<(Duration, Duration)> {
    let options = CleanOptions {
        part_url: &|id| Some(format!("/part/{}", id.len())),
        images: Images::Blocked,
        scheme,
    };
    let cleaned = clean(html, &options);
    let links = |html: &str| html.matches("href=\"https://").count();
    let (kept, kept_alone) = (links(&cleaned.html), links(&alone.clean(html).to_string()));
    if cleaned.is_cut || kept == 0 || kept != kept_alone {
        return Err(format!("{kept} links are kept, {kept_alone} by ammonia").into());
    }
    let times = u32::try_from(ROUND_BYTES / html.len() + 1)?;
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    for _ in 0..ROUNDS {
        let ((), took) = cpu_time(|| {
            for _ in 0..times {
                black_box(clean(black_box(html), &options));
            }
        });
        ours.push(took / times);
        let ((), took) = cpu_time(|| {
            for _ in 0..times {
                black_box(alone.clean(black_box(html)).to_string());
            }
        });
        theirs.push(took / times);
    }
    Ok((median(ours), median(theirs)))
}

/// ammonia as it is usually set up for newsletters: style sheets, `style`, `class` and `id` are kept
/// as they are, with the attributes of layout tables. It is built once.
fn ammonia_alone() -> Builder<'static> {
    let mut builder = Builder::default();
    builder
        .rm_clean_content_tags(["style"])
        .add_tags(["style", "font", "section"])
        .add_generic_attributes([
            "style",
            "class",
            "id",
            "align",
            "valign",
            "bgcolor",
            "width",
            "height",
            "border",
            "cellpadding",
            "cellspacing",
            "role",
            "background",
            "color",
            "face",
            "size",
        ])
        .add_url_schemes(["cid"]);
    builder
}
