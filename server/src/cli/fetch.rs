//! `restante fetch`: saves messages from a POP3 or IMAP server to files.

mod imap;
mod pop3;
mod report;
mod save;
mod syncer;

use std::path::PathBuf;

use app::api::types::IncomingKind;
use clap::{ArgGroup, Args};
use mail_net::{Dialer, Egress, Recorder};
use tokio_util::sync::CancellationToken;

use super::error::CliError;
use super::exit::Exit;
use super::password::PasswordArgs;
use super::serve::stop_on_signal;
use super::server_url::{ServerProtocol, ServerUrl};
use super::trust::TrustArgs;
use super::{exit, server_url, transcript};
use crate::clients::Access;
use report::FetchProgress;
use save::OutDir;

/// What `restante fetch` takes.
#[derive(Debug, Args)]
#[command(
    after_help = format!("{}\n\n{}", server_url::HELP, exit::HELP),
    group = ArgGroup::new("what").required(true).args(["list", "out"])
)]
pub(super) struct FetchArgs {
    /// The server, and by IMAP the folder.
    #[arg(
        value_name = "URL",
        help = "The server, such as pop3s://user%40example.org@mail.example.org, or \
                imaps://user@host/Folder; INBOX unless a folder is given"
    )]
    url: String,
    /// Lists the messages.
    #[arg(long)]
    list: bool,
    /// Saves each message as a file in this folder, whole or not at all. What lies there already
    /// is not fetched again.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Only the newest so many.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    #[arg(conflicts_with = "uid")]
    newest: Option<u32>,
    /// Only this message: the id that --list shows; may be given again.
    #[arg(long, value_name = "U")]
    uid: Vec<String>,
    /// POP3: deletes on the server what is safe in a file.
    #[arg(long, conflicts_with = "list")]
    delete: bool,
    #[command(flatten)]
    password: PasswordArgs,
    #[command(flatten)]
    trust: TrustArgs,
    /// Shows the conversation on standard error, without passwords.
    #[arg(long)]
    transcript: bool,
    /// Writes the results as one JSON document.
    #[arg(long)]
    json: bool,
}

/// The request of the command line.
struct Task<'a> {
    url: &'a ServerUrl,
    args: &'a FetchArgs,
    dialer: Dialer,
    access: Access,
    /// The folder to save to; `None` saves nothing.
    out: Option<OutDir>,
}

/// Fetches, reports what was saved, and returns the exit code.
pub(super) async fn run(args: &FetchArgs) -> Result<Exit, CliError> {
    let url = ServerUrl::parse(&args.url);
    let url = url.map_err(|error| CliError::usage(format!("The server: {error}.")))?;
    let kind = match url.protocol {
        ServerProtocol::Imap => IncomingKind::Imap,
        ServerProtocol::Pop3 => IncomingKind::Pop3,
        ServerProtocol::Smtp => {
            return Err(CliError::usage("Mail is fetched by imaps:// or pop3s://."));
        }
    };
    if args.delete && kind == IncomingKind::Imap {
        return Err(CliError::usage("--delete is for POP3 only."));
    }
    let Some(user) = url.user.clone() else {
        return Err(CliError::usage(
            "The server: say who signs in, as in imaps://user%40example.org@host.",
        ));
    };
    let dialer = Dialer::new(Egress::unrestricted(), args.trust.client_config()?);
    let out = args.out.as_deref().map(OutDir::open).transpose()?;
    let password = args.password.password(&user, &url)?;
    if args.transcript {
        transcript::show();
    }
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())
        .map_err(|error| CliError::new(Exit::Software, format!("{error:#}."), ""))?;
    let task = Task {
        access: Access {
            endpoint: url.endpoint.clone(),
            user,
            password,
            transcript: Recorder::new(0),
        },
        url: &url,
        args,
        dialer,
        out,
    };
    let mut progress = FetchProgress::default();
    let fetching = async {
        match kind {
            IncomingKind::Imap => imap::fetch(&task, &mut progress).await,
            IncomingKind::Pop3 => pop3::fetch(&task, &mut progress).await,
        }
    };
    // The branch not taken is dropped, which removes incomplete files.
    let result = tokio::select! {
        biased;
        result = fetching => result,
        () = stop.cancelled() => Err(CliError::interrupted()),
    };
    Ok(progress.report(&task, result.err()))
}
