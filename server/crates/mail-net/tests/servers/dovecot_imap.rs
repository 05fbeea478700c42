//! Dovecot by IMAP, with all its extensions enabled.

mod capabilities;
mod listing;
mod messages;
mod poor;
mod resync;
mod searching;
mod watching;

use super::machine::{Authority, Dovecot};

/// Settings that Dovecot's default configuration disables.
const EVERYTHING: &str = "
protocol imap {
  mail_plugins = quota imap_quota imap_zlib
}
plugin {
  quota = count:User quota
  quota_rule = *:storage=100M
  quota_vsizes = yes
}
";

fn everything(authority: &Authority) -> Dovecot {
    Dovecot::start_with(authority, EVERYTHING)
}
