//! The egress fence: which hosts a sign-in form may connect to, so that it cannot reach the
//! operator's own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::ClientConfig;
use tokio::time::Instant;

use crate::rate::{Keys, Limit, RateTable, client_network};

/// Ports on which mail servers listen: SMTP, POP3 and IMAP, with and without implicit TLS.
pub const MAIL_PORTS: [u16; 7] = [25, 110, 143, 465, 587, 993, 995];

/// The port of web servers, for [`Egress::admit_web`].
pub const WEB_PORT: u16 = 443;

/// Maximum number of unlisted hosts that one client network may name within [`HOSTS_WINDOW`].
pub const NEW_HOSTS_MAX: usize = 30;
/// The window in which [`NEW_HOSTS_MAX`] is counted.
pub const HOSTS_WINDOW: Duration = Duration::from_secs(3600);
/// Maximum number of client networks in the table; [`PAIRS_MAX`] limits the pairs of network and
/// host.
const CLIENTS_MAX: usize = 10_000;
const PAIRS_MAX: usize = 50_000;
/// The limit of new hosts per network.
const NEW_HOSTS: &[Limit] = &[Limit {
    max: NEW_HOSTS_MAX,
    within: HOSTS_WINDOW,
}];
/// A host is not new if the network named it within the window.
const KNOWN_HOST: &[Limit] = &[Limit {
    max: 1,
    within: HOSTS_WINDOW,
}];

/// A host listed by the operator. It may have a private address and ports of its own.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The host name or address literal, lower case.
    pub host: String,
    /// Its ports; empty for the mail ports.
    pub ports: Vec<u16>,
    /// Its own TLS trust, if the operator gave a CA file.
    pub tls: Option<Arc<ClientConfig>>,
}

/// Why the fence refused a connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The operator allows listed hosts only, and the host is not listed.
    #[error("host {host} is not listed")]
    NotListed {
        /// The host.
        host: String,
    },
    /// The port is not one of [`MAIL_PORTS`], or not [`WEB_PORT`] of a web server.
    #[error("port {port} is not allowed for {host}")]
    Port {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// The name resolves to an address that is not public.
    #[error("{host} has the private address {address}")]
    Private {
        /// The host.
        host: String,
        /// The address.
        address: IpAddr,
    },
    /// The client named too many new hosts.
    #[error("too many new hosts from one client")]
    TooManyHosts {
        /// Seconds until the next new host is allowed.
        retry_after_secs: u64,
    },
}

/// The operator's rules for outgoing connections.
#[derive(Debug, Default)]
pub struct Egress {
    /// Whether any public host is allowed on the mail ports.
    allows_public: bool,
    /// Whether every address is allowed; set for the command line, which runs with its user's
    /// rights.
    is_unfenced: bool,
    listed: Vec<Listed>,
    new_hosts: Mutex<NewHosts>,
}

/// The new hosts that each network named.
#[derive(Debug)]
struct NewHosts {
    keys: Keys,
    clients: RateTable,
    pairs: RateTable,
}

impl Default for NewHosts {
    fn default() -> Self {
        Self {
            keys: Keys::default(),
            clients: RateTable::new(NEW_HOSTS, CLIENTS_MAX),
            pairs: RateTable::new(KNOWN_HOST, PAIRS_MAX),
        }
    }
}

impl Egress {
    /// Allows any public host on mail ports, and the listed hosts.
    pub fn public(listed: Vec<Listed>) -> Self {
        Self {
            allows_public: true,
            listed,
            ..Self::default()
        }
    }

    /// Allows the listed hosts only.
    pub fn listed_only(listed: Vec<Listed>) -> Self {
        Self {
            listed,
            ..Self::default()
        }
    }

    /// Allows every address: for a command line that runs with its user's own rights.
    pub fn unrestricted() -> Self {
        Self {
            allows_public: true,
            is_unfenced: true,
            ..Self::default()
        }
    }

    /// Returns the listed entry that covers a host and port.
    pub fn listed(&self, host: &str, port: u16) -> Option<&Listed> {
        self.listed.iter().find(|l| {
            l.host.eq_ignore_ascii_case(host)
                && if l.ports.is_empty() {
                    MAIL_PORTS.contains(&port)
                } else {
                    l.ports.contains(&port)
                }
        })
    }

    /// Whether the client must not learn if a host exists: it is fenced and not listed.
    pub(crate) fn hides(&self, host: &str) -> bool {
        let is_listed = |listed: &Listed| listed.host.eq_ignore_ascii_case(host);
        !self.is_unfenced && !self.listed.iter().any(is_listed)
    }

    /// Checks a host before its name is looked up.
    ///
    /// `client` is the address of the client that named the host; the new hosts of its network are
    /// counted whether or not the connection succeeds. `None` on a command line.
    ///
    /// # Errors
    /// [`Refusal`], which names what the operator would have to list.
    pub fn admit(&self, host: &str, port: u16, client: Option<IpAddr>) -> Result<(), Refusal> {
        if self.is_unfenced || self.listed(host, port).is_some() {
            return Ok(());
        }
        if !self.allows_public {
            return Err(Refusal::NotListed {
                host: host.to_owned(),
            });
        }
        if !MAIL_PORTS.contains(&port) {
            return Err(Refusal::Port {
                host: host.to_owned(),
                port,
            });
        }
        client.map_or(Ok(()), |client| self.count_new_host(host, client))
    }

    /// Checks a web server that a message names, before its name is looked up.
    ///
    /// # Errors
    /// [`Refusal`]: allowed are hosts that the operator listed with this port and, if any mail
    /// server is allowed, [`WEB_PORT`] of any host.
    pub fn admit_web(&self, host: &str, port: u16) -> Result<(), Refusal> {
        let host = host.to_owned();
        if self.is_unfenced || self.listed(&host, port).is_some() {
            Ok(())
        } else if !self.allows_public {
            Err(Refusal::NotListed { host })
        } else if port != WEB_PORT {
            Err(Refusal::Port { host, port })
        } else {
            Ok(())
        }
    }

    /// Checks one address to which the host's name resolves.
    ///
    /// # Errors
    /// [`Refusal::Private`].
    pub fn admit_address(&self, host: &str, port: u16, address: IpAddr) -> Result<(), Refusal> {
        if self.is_unfenced || self.listed(host, port).is_some() || is_public(address) {
            return Ok(());
        }
        Err(Refusal::Private {
            host: host.to_owned(),
            address,
        })
    }

    fn count_new_host(&self, host: &str, client: IpAddr) -> Result<(), Refusal> {
        let now = Instant::now();
        let client = client_network(client);
        let mut new_hosts = self
            .new_hosts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let pair = new_hosts.keys.key((client, host.to_ascii_lowercase()));
        if new_hosts.pairs.contains(pair, now) {
            return Ok(());
        }
        let client = new_hosts.keys.key(client);
        if let Some(wait) = new_hosts.clients.wait(client, now) {
            return Err(Refusal::TooManyHosts {
                retry_after_secs: wait.as_secs().max(1),
            });
        }
        new_hosts.clients.add(client, now);
        new_hosts.pairs.add(pair, now);
        Ok(())
    }
}

/// Returns whether an address is an ordinary public one.
///
/// Denies by default: an address that embeds, maps or translates another is not public either, so
/// no spelling of a private address passes.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(matches!(a, 0 | 10 | 127 | 224..=255)
        || (a == 100 && (64..128).contains(&b)) // shared address space, RFC 6598
        || (a == 169 && b == 254)
        || (a == 172 && (16..32).contains(&b))
        || (a == 192 && b == 168)
        || (a == 192 && b == 0 && matches!(c, 0 | 2))
        || (a == 192 && b == 88 && c == 99) // 6to4 relay anycast
        || (a == 198 && matches!(b, 18 | 19))
        || (a == 198 && b == 51 && c == 100)
        || (a == 203 && b == 0 && c == 113))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    // Global unicast is 2000::/3; the rest is loopback, mapped, NAT64, ULA, link-local, multicast.
    if a & 0xe000 != 0x2000 {
        return false;
    }
    !(a == 0x2002 // 6to4 carries an IPv4 address
        || (a == 0x2001 && b < 0x0200) // Teredo, ORCHID and other special use (2001::/23)
        || (a == 0x2001 && b == 0x0db8)
        || (a == 0x3fff && b < 0x1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_not_plainly_public_are_fenced() {
        for text in [
            "127.0.0.1",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "198.18.0.1",
            "192.0.2.7",
            "203.0.113.9",
            "::1",
            "::",
            "::ffff:10.0.0.1",
            "::ffff:8.8.8.8",
            "64:ff9b::a00:1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "2002:a00:1::",
            "2001:0:1::",
            "2001:db8::1",
            "ff02::1",
        ] {
            let address: IpAddr = text.parse().unwrap();
            assert!(!is_public(address), "{text} passed the fence");
        }
        for text in [
            "8.8.8.8",
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "2a00:1450::1",
        ] {
            let address: IpAddr = text.parse().unwrap();
            assert!(is_public(address), "{text} was fenced");
        }
    }

    #[test]
    fn a_listed_host_may_be_private_but_only_on_its_ports() {
        let egress = Egress::public(vec![Listed {
            host: "mail.lan".into(),
            ports: vec![1993],
            tls: None,
        }]);
        let private = IpAddr::from([192, 168, 1, 2]);
        assert_eq!(egress.admit("MAIL.lan", 1993, None), Ok(()));
        assert_eq!(egress.admit_address("mail.lan", 1993, private), Ok(()));
        assert!(matches!(
            egress.admit("mail.lan", 22, None),
            Err(Refusal::Port { port: 22, .. })
        ));
        assert!(matches!(
            egress.admit_address("mail.lan", 993, private),
            Err(Refusal::Private { .. })
        ));
    }

    #[test]
    fn unlisted_host_is_refused_when_only_listed_hosts_are_allowed() {
        let egress = Egress::listed_only(Vec::new());
        assert!(matches!(
            egress.admit("imap.example.org", 993, None),
            Err(Refusal::NotListed { .. })
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn one_client_may_name_thirty_new_hosts_an_hour() {
        let egress = Egress::public(Vec::new());
        let client = Some(IpAddr::from([198, 51, 100, 1]));
        for n in 0..NEW_HOSTS_MAX {
            assert_eq!(egress.admit(&format!("h{n}.example"), 993, client), Ok(()));
        }
        assert_eq!(
            egress.admit("h3.example", 993, client),
            Ok(()),
            "a known host costs nothing"
        );
        assert!(matches!(
            egress.admit("one-more.example", 993, client),
            Err(Refusal::TooManyHosts { .. })
        ));
        let other = Some(IpAddr::from([198, 51, 100, 2]));
        assert_eq!(egress.admit("one-more.example", 993, other), Ok(()));
        tokio::time::advance(HOSTS_WINDOW).await;
        assert_eq!(egress.admit("one-more.example", 993, client), Ok(()));
    }

    #[test]
    fn new_hosts_are_counted_by_ipv6_network_and_for_every_port() {
        let egress = Egress::public(Vec::new());
        let client = |last: u16| Some(IpAddr::from([0x2001, 0xdb8, 0, 7, 0, 0, 0, last]));
        for (n, port) in (0..).zip(MAIL_PORTS.iter().cycle().take(NEW_HOSTS_MAX)) {
            assert_eq!(
                egress.admit(&format!("h{n}.example"), *port, client(n)),
                Ok(())
            );
        }
        assert!(matches!(
            egress.admit("one-more.example", 587, client(99)),
            Err(Refusal::TooManyHosts { .. })
        ));
    }

    #[test]
    fn new_host_tables_are_bounded() {
        let egress = Egress::public(Vec::new());
        for n in 0..20_000_u32 {
            let client = Some(IpAddr::V4(Ipv4Addr::from_bits(0x0800_0000 + n)));
            for host in ["a.example", "b.example", "c.example"] {
                assert_eq!(egress.admit(host, 993, client), Ok(()));
            }
        }
        let new_hosts = egress.new_hosts.lock().unwrap();
        assert_eq!(
            (new_hosts.clients.len(), new_hosts.pairs.len()),
            (CLIENTS_MAX, PAIRS_MAX)
        );
    }
}
