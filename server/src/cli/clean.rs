//! `restante clean`: sanitizes HTML as that of a message is sanitized.

use std::path::PathBuf;

use clap::Args;
use mail_mime::charset;
use mail_mime::clean::{self, CleanOptions, Images, Scheme};

use super::error::CliError;
use super::exit::{self, Exit};
use super::files;
use crate::account::off_thread::off_thread;

/// What `restante clean` takes.
#[derive(Debug, Args)]
#[command(after_help = exit::FILES_HELP)]
pub(super) struct CleanArgs {
    /// The HTML; standard input unless given.
    #[arg(value_name = "FILE", default_value = "-", hide_default_value = true)]
    file: PathBuf,
    /// Keeps remote images with https: addresses, except tracking pixels.
    #[arg(long)]
    images: bool,
    /// The charset of the HTML; UTF-8 or a guess unless given.
    #[arg(long, value_name = "NAME")]
    charset: Option<String>,
}

/// Writes the sanitized HTML to standard output: what stands between `<body>` and `</body>`.
pub(super) async fn run(args: &CleanArgs) -> Result<Exit, CliError> {
    let html = charset::decode(&files::read(&args.file)?, args.charset.as_deref());
    let images = match args.images {
        true => Images::Allowed,
        false => Images::Blocked,
    };
    let cleaned = off_thread(move || {
        let options = CleanOptions {
            part_url: &|_| None,
            images,
            scheme: Scheme::Light,
        };
        clean::clean(&html, &options)
    })
    .await
    .map_err(|_| CliError::new(Exit::Software, "The HTML cannot be sanitized.", ""))?;
    files::write(without_controls(&cleaned.html).as_bytes())?;
    match cleaned.is_cut {
        true => Err(CliError::cut()),
        false => Ok(Exit::Done),
    }
}

/// Replaces control characters that a terminal obeys, except tabs and line ends.
pub(super) fn without_controls(html: &str) -> String {
    let is_obeyed = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    html.replace(is_obeyed, "\u{fffd}")
}
