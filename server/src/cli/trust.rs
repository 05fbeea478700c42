//! `--ca-file`: certificate authorities to trust in addition to those of this machine.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use mail_net::Trust;
use rustls::ClientConfig;

use super::error::CliError;
use super::exit::Exit;

#[derive(Debug, Args)]
pub(super) struct TrustArgs {
    /// A file with certificates (PEM) of further authorities to trust.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

impl TrustArgs {
    /// Returns the TLS configuration with these authorities.
    pub(super) fn client_config(&self) -> Result<Arc<ClientConfig>, CliError> {
        let mut trust = Trust::platform();
        if let Some(path) = &self.ca_file {
            let pem = std::fs::read_to_string(path).map_err(|error| {
                let cause = format!("{} cannot be read: {error}.", path.display());
                CliError::new(Exit::NoInput, cause, "")
            })?;
            if !pem.contains("-----BEGIN CERTIFICATE-----") {
                let cause = format!("{} holds no certificate in PEM.", path.display());
                return Err(CliError::usage(cause));
            }
            trust.ca_pem.push(pem);
        }
        trust
            .client_config()
            .map_err(|error| CliError::new(Exit::Usage, format!("--ca-file: {error}."), ""))
    }
}
