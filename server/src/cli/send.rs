//! `restante send`: sends one message, through a submission server or directly to the recipients'
//! servers.

mod direct;
mod message;
mod notices;
mod report;
mod submit;

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use mail_net::{Dialer, Egress};
use mail_proto::smtp::EhloName;
use tokio_util::sync::CancellationToken;

use super::error::CliError;
use super::exit::Exit;
use super::password::PasswordArgs;
use super::serve::stop_on_signal;
use super::server_url::{ServerProtocol, ServerUrl};
use super::trust::TrustArgs;
use super::{exit, server_url, transcript};
use crate::clients::MessageBody as _;
use message::Message;
use report::{RecipientReport, SendReport, exit_of};

/// Maximum size of one chunk when writing a message.
const CHUNK_BYTES: usize = 64 << 10;

/// What `restante send` takes.
#[derive(Debug, Args)]
#[command(after_help = format!("{}\n\n{}", server_url::HELP, exit::HELP))]
pub(super) struct SendArgs {
    /// The submission server.
    #[arg(
        long,
        value_name = "URL",
        conflicts_with = "direct",
        required_unless_present_any = ["direct", "dry_run"],
        help = "The submission server, such as smtps://user%40example.org@mail.example.org; \
                without a user nobody signs in"
    )]
    server: Option<String>,
    /// Delivers to the mail exchangers of each recipient's domain, on port 25.
    #[arg(long)]
    direct: bool,
    /// Who writes: an address, or "Name <address>".
    #[arg(long, value_name = "ADDRESS")]
    from: String,
    /// To whom; may be given again.
    #[arg(long, value_name = "ADDRESS")]
    to: Vec<String>,
    /// To whom else.
    #[arg(long, value_name = "ADDRESS")]
    cc: Vec<String>,
    /// To whom else, told to nobody.
    #[arg(long, value_name = "ADDRESS")]
    bcc: Vec<String>,
    /// The subject.
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    subject: String,
    /// A file with the text in UTF-8, or - for standard input.
    #[arg(long, value_name = "FILE")]
    text: Option<PathBuf>,
    /// A file with the same as HTML. Without --text the text is made of it.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// A file to be sent along; may be given again.
    #[arg(long, value_name = "FILE")]
    attach: Vec<PathBuf>,
    #[command(flatten)]
    password: PasswordArgs,
    #[command(flatten)]
    trust: TrustArgs,
    /// The name to greet servers with; an address literal unless given.
    #[arg(long, value_name = "NAME")]
    ehlo: Option<String>,
    /// With --direct: the name server to ask, to try things out.
    #[arg(long, value_name = "ADDR:PORT", conflicts_with = "server")]
    resolver: Option<SocketAddr>,
    /// With --direct: the port of the mail exchangers, to try things out.
    #[arg(
        long,
        value_name = "PORT",
        conflicts_with = "server",
        default_value_t = 25
    )]
    mx_port: u16,
    /// Which notices are wanted, parted by commas: success, failure, delay, or never; and what of
    /// the message they are to carry: headers or full.
    #[arg(long, value_name = "WHEN")]
    dsn: Option<String>,
    /// Connects to nobody: writes the message to standard output, its envelope to standard error.
    #[arg(long, conflicts_with = "json")]
    dry_run: bool,
    /// Shows the conversation on standard error, without passwords.
    #[arg(long)]
    transcript: bool,
    /// Writes the results as one JSON document.
    #[arg(long)]
    json: bool,
}

/// Sends, reports the results, and returns the exit code.
pub(super) async fn run(args: &SendArgs) -> Result<Exit, CliError> {
    let mode = DeliveryMode::of(args)?;
    let message = Message::build(args)?;
    if args.dry_run {
        show(&message).await?;
        return Ok(Exit::Done);
    }
    if args.transcript {
        transcript::show();
    }
    let stop = CancellationToken::new();
    let recipients = match mode {
        DeliveryMode::Direct(ehlo_name) => {
            cancel_on_signal(&stop)?;
            direct::deliver(args, ehlo_name, &message, &stop).await?
        }
        DeliveryMode::Submit(url, ehlo_name) => {
            let password = match &url.user {
                Some(user) => Some(args.password.password(user, &url)?),
                None => None,
            };
            let dialer = Dialer::new(Egress::unrestricted(), args.trust.client_config()?);
            // Installed only now: during the password prompt a signal ends the program.
            cancel_on_signal(&stop)?;
            let submission = submit::Submission {
                dialer,
                url,
                password,
                ehlo_name,
            };
            submission.send(&message, &stop).await?
        }
    };
    let exit = exit_of(&recipients);
    let report = SendReport {
        outcome: SendReport::word(exit),
        exit_code: exit.code(),
        message_id: message.message_id.clone(),
        size_bytes: message.size_bytes(),
        from: message.sender().to_owned(),
        recipients,
    };
    if let Err(error) = report.write(args.json) {
        // The exit code still reports what happened to the message.
        CliError::new(exit, format!("The results cannot be written: {error}."), "").print();
    }
    Ok(exit)
}

/// The way to deliver the message.
enum DeliveryMode {
    Submit(ServerUrl, Option<EhloName>),
    Direct(Option<EhloName>),
}

impl DeliveryMode {
    fn of(args: &SendArgs) -> Result<Self, CliError> {
        let ehlo_name = args.ehlo.as_deref().map(EhloName::domain).transpose();
        let ehlo_name = ehlo_name.map_err(|error| CliError::usage(format!("--ehlo: {error}.")))?;
        let Some(text) = &args.server else {
            return Ok(Self::Direct(ehlo_name));
        };
        let url = ServerUrl::parse(text);
        let url = url.map_err(|error| CliError::usage(format!("--server: {error}.")))?;
        if url.protocol != ServerProtocol::Smtp {
            return Err(CliError::usage(
                "--server: mail is sent by smtps://, smtp:// or smtp+plain://.",
            ));
        }
        Ok(Self::Submit(url, ehlo_name))
    }
}

/// Writes the message as it would be sent to standard output, its envelope to standard error.
async fn show(message: &Message) -> Result<(), CliError> {
    let to_cli_error = |error: io::Error| {
        let cause = format!("The message cannot be written: {error}.");
        CliError::new(Exit::InputOutput, cause, "")
    };
    let mut envelope = format!("MAIL FROM:<{}>\n", message.sender());
    for recipient in message.recipients() {
        envelope.push_str(&format!("RCPT TO:<{recipient}>\n"));
    }
    io::stderr()
        .write_all(envelope.as_bytes())
        .map_err(to_cli_error)?;
    let mut reader = message.read();
    let mut out = io::stdout();
    loop {
        match reader.next(CHUNK_BYTES).await {
            Ok(Some(chunk)) => out.write_all(&chunk).map_err(to_cli_error)?,
            Ok(None) => return out.flush().map_err(to_cli_error),
            Err(error) => return Err(error),
        }
    }
}

fn cancel_on_signal(stop: &CancellationToken) -> Result<(), CliError> {
    stop_on_signal(stop.clone())
        .map_err(|error| CliError::new(Exit::Software, format!("{error:#}."), ""))
}

/// Returns the same report for every recipient: nothing was sent.
fn not_sent_reports(recipients: &[String], error: &CliError, server: &str) -> Vec<RecipientReport> {
    let reports = recipients.iter().map(|address| RecipientReport {
        server: Some(server.to_owned()),
        ..RecipientReport::not_sent(address, error)
    });
    reports.collect()
}
