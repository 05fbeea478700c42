//! Postfix: submission for the accounts of a [`Dovecot`], which checks their passwords and accepts
//! their mail. No mail leaves this machine.

use std::fs;
use std::process::Command;

use super::{ADDRESS, Authority, Dovecot, Folder, OTHER_ADDRESS, free_port, tool, wait_for};

/// Maximum message size in bytes, announced by `SIZE`.
pub(crate) const SIZE_LIMIT_BYTES: u64 = 2 << 20;

/// A running Postfix.
pub(crate) struct Postfix {
    /// Implicit TLS.
    pub(crate) smtps: u16,
    /// STARTTLS; no login is offered without it.
    pub(crate) submission: u16,
    pub(crate) folder: Folder,
}

impl Postfix {
    /// Starts Postfix in front of `dovecot`.
    ///
    /// # Panics
    /// If the test does not run as root, which Postfix requires.
    pub(crate) fn start(authority: &Authority, dovecot: &Dovecot) -> Self {
        Self::start_with(authority, dovecot, "")
    }

    /// Starts Postfix with these settings after its own.
    pub(crate) fn start_with(authority: &Authority, dovecot: &Dovecot, settings: &str) -> Self {
        let server = Self {
            smtps: free_port(),
            submission: free_port(),
            folder: Folder::new("postfix"),
        };
        for folder in ["etc", "queue", "data"] {
            fs::create_dir(server.folder.join(folder)).expect("a folder for Postfix");
        }
        tool(
            Command::new("chown")
                .arg("postfix")
                .arg(server.folder.join("data")),
        );
        let main_cf = server.main_cf(authority, dovecot) + settings;
        server.folder.write("etc/main.cf", &main_cf);
        server.folder.write("etc/master.cf", &server.master_cf());
        server.folder.write(
            "etc/mailboxes",
            // Postfix accepts the last one, and a Dovecot without SMTPUTF8 makes it bounce.
            &format!("{ADDRESS} anna\n{OTHER_ADDRESS} ben\nänna@servers.test anna\n"),
        );
        tool(&mut server.postfix("start"));
        for port in [server.smtps, server.submission] {
            wait_for(port, "Postfix", || server.log());
        }
        server
    }

    /// Returns Postfix's log, for messages of failed assertions.
    pub(crate) fn log(&self) -> String {
        self.folder.log("log")
    }

    pub(crate) fn postfix(&self, verb: &str) -> Command {
        let mut command = Command::new("/usr/sbin/postfix");
        command.arg("-c").arg(self.folder.join("etc")).arg(verb);
        command
    }

    fn main_cf(&self, authority: &Authority, dovecot: &Dovecot) -> String {
        let dir = self.folder.path().display();
        let certificate = authority.certificate();
        let certificate = certificate.display();
        let key = authority.key();
        let key = key.display();
        let Dovecot { lmtp, sasl, .. } = dovecot;
        format!(
            "compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/data
maillog_file = {dir}/log
maillog_file_prefixes = {dir}
myhostname = mail.servers.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
disable_dns_lookups = yes
mynetworks = 192.0.2.1/32
virtual_mailbox_domains = servers.test
virtual_mailbox_maps = texthash:{dir}/etc/mailboxes
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
default_transport = error:5.7.1 nothing leaves this machine
relay_transport = error:5.7.1 nothing leaves this machine
alias_maps =
local_recipient_maps =
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{sasl}
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_auth_only = yes
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
smtpd_client_event_limit_exceptions = 127.0.0.0/8
smtpd_error_sleep_time = 0
message_size_limit = {SIZE_LIMIT_BYTES}
mailbox_size_limit = 0
"
        )
    }

    fn master_cf(&self) -> String {
        let Self {
            smtps, submission, ..
        } = self;
        format!(
            "127.0.0.1:{submission} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt
127.0.0.1:{smtps} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
pickup    unix n - n 60    1 pickup
cleanup   unix n - n -     0 cleanup
qmgr      unix n - n 300   1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n -     - trivial-rewrite
bounce    unix - - n -     0 bounce
defer     unix - - n -     0 bounce
trace     unix - - n -     0 bounce
verify    unix - - n -     1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n -     - proxymap
error     unix - - n -     - error
retry     unix - - n -     - error
lmtp      unix - - n -     - lmtp
anvil     unix - - n -     1 anvil
scache    unix - - n -     1 scache
postlog   unix-dgram n - n - 1 postlogd
"
        )
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // Postfix finds the process by the id in its own queue folder.
        self.postfix("stop").output().ok();
    }
}
