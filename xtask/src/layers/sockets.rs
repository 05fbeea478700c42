//! Invariant 4: only mail-net connects; only server and mail-demo listen.

use crate::sources::{Findings, Sources};

/// Calls that reach another host; Unix sockets do not. A name lookup already discloses the name to
/// a resolver.
const CONNECTS: [&str; 6] = [
    "TcpStream::connect",
    "TcpSocket::new",
    "UdpSocket",
    "lookup_host",
    "to_socket_addrs",
    "reqwest::",
];
const LISTENS: [&str; 2] = ["TcpListener::bind", "UnixListener::bind"];

const MAY_CONNECT: [&str; 1] = ["server/crates/mail-net/src/"];
const MAY_LISTEN: [&str; 2] = ["server/src/", "server/crates/mail-demo/src/"];

/// Excluded, because it contains the searched words.
const THIS: &str = "xtask/src/layers/sockets.rs";

pub(super) fn check(sources: &Sources) -> Findings {
    let mut findings = Findings::new();
    for source in sources.rust().filter(|source| source.path != THIS) {
        let within =
            |folders: &[&str]| folders.iter().any(|folder| source.path.starts_with(folder));
        for (number, line) in source.product_lines() {
            let find =
                |types: &[&'static str]| types.iter().copied().find(|name| line.contains(name));
            if !within(&MAY_CONNECT)
                && let Some(name) = find(&CONNECTS)
            {
                findings.push(format!(
                    "{}:{number}: `{name}`: only mail-net connects, behind its address check",
                    source.path
                ));
            }
            if !within(&MAY_LISTEN)
                && let Some(name) = find(&LISTENS)
            {
                findings.push(format!(
                    "{}:{number}: `{name}`: only server and mail-demo listen",
                    source.path
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_from_the_server_itself_is_found() {
        let sources = Sources::of(&[
            (
                "server/src/account/actor.rs",
                "let s = TcpStream::connect(a).await?;",
            ),
            (
                "server/crates/mail-net/src/dial.rs",
                "let s = TcpStream::connect(a).await?;",
            ),
            (
                "server/src/cli/serve.rs",
                "let l = TcpListener::bind(a).await?;",
            ),
        ]);
        let findings = check(&sources);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].starts_with("server/src/account/actor.rs:1:"));
    }

    #[test]
    fn mail_net_does_not_listen() {
        let text = "let l = TcpListener::bind(a).await?;";
        let sources = Sources::of(&[("server/crates/mail-net/src/drive.rs", text)]);
        assert_eq!(check(&sources).len(), 1);
    }

    #[test]
    fn tests_may_do_both() {
        let text = "#[cfg(test)]\nmod tests {\n let l = TcpListener::bind(a);\n}\n";
        let sources = Sources::of(&[
            ("server/crates/mail-net/src/drive.rs", text),
            ("server/tests/peer.rs", "TcpStream::connect(a)"),
        ]);
        assert!(check(&sources).is_empty());
    }
}
