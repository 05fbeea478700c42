//! Dovecot: IMAP and POP3, implicit TLS and STARTTLS, and LMTP and SASL for [`super::Postfix`].

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use super::{
    ADDRESS, Authority, Folder, OTHER_ADDRESS, PASSWORD, Running, free_port, tool, wait_for,
};

/// A running Dovecot with the accounts [`ADDRESS`] and [`OTHER_ADDRESS`], both empty.
///
/// It also offers a login before TLS: with client and server on one machine Dovecot considers every
/// connection secure, whatever its configuration is. A careful client does not use it.
pub(crate) struct Dovecot {
    pub(crate) imaps: u16,
    pub(crate) imap: u16,
    pub(crate) pop3s: u16,
    pub(crate) pop3: u16,
    pub(super) lmtp: u16,
    pub(super) sasl: u16,
    // Stopped before the folder is removed.
    running: Option<Running>,
    pub(crate) folder: Folder,
}

impl Dovecot {
    /// Starts Dovecot with the certificate of `authority`.
    pub(crate) fn start(authority: &Authority) -> Self {
        Self::start_with(authority, "")
    }

    /// Starts Dovecot with these settings after its own; a later setting overrides an earlier one.
    pub(crate) fn start_with(authority: &Authority, settings: &str) -> Self {
        let folder = Folder::new("dovecot");
        let mut server = Self {
            imaps: free_port(),
            imap: free_port(),
            pop3s: free_port(),
            pop3: free_port(),
            lmtp: free_port(),
            sasl: free_port(),
            running: None,
            folder,
        };
        let password = PASSWORD.replace(':', "");
        assert_eq!(password, PASSWORD, "a passwd file cannot hold a colon");
        let users: String = [ADDRESS, OTHER_ADDRESS]
            .iter()
            .map(|address| format!("{address}:{{PLAIN}}{password}\n"))
            .collect();
        server.folder.write("users", &users);
        let configuration = server.configuration(authority);
        server
            .folder
            .write("dovecot.conf", &format!("{configuration}{settings}\n"));
        let homes = server.folder.join("homes");
        fs::create_dir(&homes).expect("a folder for mailboxes");
        tool(Command::new("chown").arg("mail:mail").arg(&homes));

        let mut command = Command::new("/usr/sbin/dovecot");
        command
            .args(["-F", "-c"])
            .arg(server.folder.join("dovecot.conf"));
        server.running = Some(Running::start(&mut command));
        for port in [
            server.imaps,
            server.imap,
            server.pop3s,
            server.pop3,
            server.lmtp,
            server.sasl,
        ] {
            wait_for(port, "Dovecot", || server.log());
        }
        server
    }

    /// Delivers a message to an account's inbox.
    pub(crate) fn deliver(&self, address: &str, rfc822: &[u8]) {
        let mut child = Command::new("/usr/lib/dovecot/dovecot-lda")
            .arg("-c")
            .arg(self.folder.join("dovecot.conf"))
            .args(["-d", address])
            .stdin(Stdio::piped())
            .spawn()
            .expect("dovecot-lda");
        let mut stdin = child.stdin.take().expect("its input");
        stdin.write_all(rfc822).expect("the message is taken");
        drop(stdin);
        let status = child.wait().expect("dovecot-lda");
        assert!(status.success(), "dovecot-lda: {status}\n{}", self.log());
    }

    /// Returns Dovecot's log, for messages of failed assertions.
    pub(crate) fn log(&self) -> String {
        self.folder.log("log")
    }

    fn configuration(&self, authority: &Authority) -> String {
        let Self {
            imaps,
            imap,
            pop3s,
            pop3,
            lmtp,
            sasl,
            folder,
            ..
        } = self;
        let dir = folder.path().display();
        let certificate = authority.certificate();
        let certificate = certificate.display();
        let key = authority.key();
        let key = key.display();
        format!(
            r#"
base_dir = {dir}/run
state_dir = {dir}/state
instance_name = restante-{imaps}
log_path = {dir}/log
listen = 127.0.0.1
protocols = imap pop3 lmtp
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
first_valid_uid = 1
mail_location = maildir:~/Maildir
mail_max_userip_connections = 50
postmaster_address = postmaster@servers.test
passdb {{
  driver = passwd-file
  args = username_format=%u {dir}/users
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={dir}/homes/%n
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Drafts {{
    special_use = \Drafts
    auto = subscribe
  }}
  mailbox Sent {{
    special_use = \Sent
    auto = subscribe
  }}
  mailbox Archive {{
    special_use = \Archive
    auto = subscribe
  }}
  mailbox Junk {{
    special_use = \Junk
    auto = subscribe
  }}
  mailbox Trash {{
    special_use = \Trash
    auto = subscribe
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
service auth {{
  inet_listener sasl {{
    port = {sasl}
  }}
}}
# Else every refused password makes the next login wait.
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"#
        )
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        self.running = None;
    }
}
