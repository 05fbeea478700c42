//! Reads the password for a command: from a file, the environment, or the terminal.

use std::path::PathBuf;

use clap::Args;
use mail_proto::Secret;
use zeroize::Zeroize as _;

use super::error::CliError;
use super::exit::Exit;
use super::server_url::ServerUrl;

/// The variable that may hold the password.
const VARIABLE: &str = "RESTANTE_PASSWORD";

#[derive(Debug, Args)]
pub(super) struct PasswordArgs {
    /// A file whose first line is the password. Else the variable `RESTANTE_PASSWORD` is taken,
    /// else it is asked for.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl PasswordArgs {
    /// Returns the password of a user at a server.
    pub(super) fn password(&self, user: &str, server: &ServerUrl) -> Result<Secret, CliError> {
        if let Some(path) = &self.password_file {
            let mut text = std::fs::read_to_string(path).map_err(|error| {
                let cause = format!("{} cannot be read: {error}.", path.display());
                CliError::new(Exit::NoInput, cause, "")
            })?;
            let secret = Secret::new(text.lines().next().unwrap_or_default());
            text.zeroize();
            return not_empty(secret, &path.display().to_string());
        }
        if let Ok(mut text) = std::env::var(VARIABLE) {
            let secret = Secret::new(text.as_str());
            text.zeroize();
            return not_empty(secret, VARIABLE);
        }
        let prompted = rpassword::prompt_password(format!("Password of {user} at {server}: "));
        match prompted {
            Ok(mut text) => {
                let secret = Secret::new(text.as_str());
                text.zeroize();
                not_empty(secret, "the answer")
            }
            Err(_) => Err(CliError::new(
                Exit::Usage,
                "A password is needed, and there is no terminal to ask at.",
                format!("Use --password-file, or the variable {VARIABLE}."),
            )),
        }
    }
}

fn not_empty(secret: Secret, source: &str) -> Result<Secret, CliError> {
    if secret.is_empty() {
        return Err(CliError::new(
            Exit::Usage,
            format!("There is no password in {source}."),
            "",
        ));
    }
    Ok(secret)
}
