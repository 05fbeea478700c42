//! A scripted name server on loopback.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

const A: u16 = 1;
const CNAME: u16 = 5;
const MX: u16 = 15;

/// The name server's records of a name.
#[derive(Debug, Clone)]
pub(super) enum Record {
    A(Ipv4Addr),
    /// An alias (CNAME).
    Alias(&'static str),
    Mx(u16, &'static str),
    /// The name exists, without records of the requested type.
    Nothing,
    /// SERVFAIL.
    Failure,
}

/// A running name server.
pub(super) struct NameServer {
    pub(super) address: SocketAddr,
    queries: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<()>,
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl NameServer {
    pub(super) async fn start(records: &[(&'static str, Record)]) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let records = records.to_vec();
        let queries = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&queries);
        let serving = tokio::spawn(async move {
            let mut query = [0; 1500];
            while let Ok((length, client)) = socket.recv_from(&mut query).await {
                let (name, response) = respond(&query[..length], &records);
                log.lock().unwrap().push(name);
                socket.send_to(&response, client).await.unwrap();
            }
        });
        Self {
            address,
            queries,
            serving,
        }
    }

    /// Returns whether a name was queried.
    pub(super) fn was_queried(&self, name: &str) -> bool {
        self.queries
            .lock()
            .unwrap()
            .iter()
            .any(|query| query == name)
    }
}

/// Formats a response (RFC 1035 §4.1): the header, the question as received, the records.
fn respond(query: &[u8], records: &[(&'static str, Record)]) -> (String, Vec<u8>) {
    let mut labels = Vec::new();
    let mut at = 12;
    while query[at] > 0 {
        let end = at + 1 + usize::from(query[at]);
        labels.push(String::from_utf8(query[at + 1..end].to_vec()).unwrap());
        at = end;
    }
    let name = labels.join(".").to_lowercase();
    let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
    let question = &query[12..at + 5];

    let known: Vec<&Record> = records_of(records, &name);
    let mut found: Vec<Vec<u8>> = Vec::new();
    for record in &known {
        if let Record::Alias(target) = record {
            found.push(resource(&name, CNAME, &encoded(target)));
            for target_record in records_of(records, target) {
                found.extend(data(target_record, kind).map(|data| resource(target, kind, &data)));
            }
        }
        found.extend(data(record, kind).map(|data| resource(&name, kind, &data)));
    }
    let code = match known.as_slice() {
        [] => 3,
        [Record::Failure] => 2,
        _ => 0,
    };
    let mut response = query[..2].to_vec();
    response.extend([0x81, 0x80 | code, 0, 1, 0, found.len() as u8, 0, 0, 0, 0]);
    response.extend(question);
    response.extend(found.concat());
    (name, response)
}

fn records_of<'a>(records: &'a [(&'static str, Record)], name: &str) -> Vec<&'a Record> {
    let of_name = records.iter().filter(|(owner, _)| *owner == name);
    of_name.map(|(_, record)| record).collect()
}

fn data(record: &Record, kind: u16) -> Option<Vec<u8>> {
    match record {
        Record::A(address) if kind == A => Some(address.octets().to_vec()),
        Record::Mx(preference, host) if kind == MX => {
            Some([&preference.to_be_bytes()[..], &encoded(host)].concat())
        }
        _ => None,
    }
}

fn resource(owner: &str, kind: u16, data: &[u8]) -> Vec<u8> {
    let mut record = encoded(owner);
    record.extend(kind.to_be_bytes());
    record.extend([0, 1, 0, 0, 0, 60]);
    record.extend((data.len() as u16).to_be_bytes());
    record.extend(data);
    record
}

fn encoded(name: &str) -> Vec<u8> {
    let mut encoded = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        encoded.push(label.len() as u8);
        encoded.extend(label.as_bytes());
    }
    encoded.push(0);
    encoded
}
