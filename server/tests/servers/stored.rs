//! What the real servers have stored: the mailboxes of Dovecot and the queues of Postfix.

use std::fs;
use std::process::Command;

use super::{Dovecot, Postfix, tool};

impl Dovecot {
    /// Returns the messages of an account's folder, `""` for its inbox, in no order.
    pub(super) fn messages(&self, address: &str, folder: &str) -> Vec<String> {
        let name = address.split('@').next().unwrap_or_default();
        let mut maildir = self.folder.join("homes").join(name).join("Maildir");
        if !folder.is_empty() {
            maildir.push(format!(".{folder}"));
        }
        let mut messages = Vec::new();
        for state in ["new", "cur"] {
            let files = fs::read_dir(maildir.join(state)).into_iter().flatten();
            for file in files.flatten() {
                // Between the two, Dovecot may rename it.
                let Ok(octets) = fs::read(file.path()) else {
                    return self.messages(address, folder);
                };
                messages.push(String::from_utf8_lossy(&octets).into_owned());
            }
        }
        messages
    }
}

impl Postfix {
    /// Reads the tables of the configuration again.
    pub(super) fn reload(&self) {
        tool(&mut self.postfix("reload"));
    }

    /// Returns the messages in a queue such as `hold`: envelope records and content of each, as
    /// `postcat` prints them.
    pub(super) fn queue(&self, queue: &str) -> Vec<String> {
        let mut messages = Vec::new();
        let mut folders = vec![self.folder.join("queue").join(queue)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                if entry.path().is_dir() {
                    folders.push(entry.path());
                    continue;
                }
                let mut postcat = Command::new("/usr/sbin/postcat");
                postcat.arg("-c").arg(self.folder.join("etc"));
                let printed = tool(postcat.arg("-v").arg(entry.path()));
                messages.push(String::from_utf8_lossy(&printed.stdout).into_owned());
            }
        }
        messages
    }

    /// Delivers the messages that are on hold.
    pub(super) fn release(&self) {
        for arguments in [
            ["/usr/sbin/postsuper", "-H", "ALL"],
            ["/usr/sbin/postqueue", "-f", ""],
        ] {
            let [program, option, value] = arguments;
            let mut command = Command::new(program);
            command.arg("-c").arg(self.folder.join("etc")).arg(option);
            command.args(Some(value).filter(|value| !value.is_empty()));
            tool(&mut command);
        }
    }
}
