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
pub(super) struct Names {
    pub(super) address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<()>,
}

impl Drop for Names {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Names {
    pub(super) async fn start(records: &[(&'static str, Record)]) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let records = records.to_vec();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let noted = Arc::clone(&asked);
        let serving = tokio::spawn(async move {
            let mut query = [0; 1500];
            while let Ok((length, client)) = socket.recv_from(&mut query).await {
                let (name, answer) = answer(&query[..length], &records);
                noted.lock().unwrap().push(name);
                socket.send_to(&answer, client).await.unwrap();
            }
        });
        Self {
            address,
            asked,
            serving,
        }
    }

    /// Returns whether a name was queried.
    pub(super) fn was_asked_about(&self, name: &str) -> bool {
        self.asked.lock().unwrap().iter().any(|asked| asked == name)
    }
}

/// Formats a response (RFC 1035 §4.1): the header, the question as received, the records.
fn answer(query: &[u8], records: &[(&'static str, Record)]) -> (String, Vec<u8>) {
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

    let known: Vec<&Record> = of(records, &name);
    let mut found: Vec<Vec<u8>> = Vec::new();
    for record in &known {
        if let Record::Alias(target) = record {
            found.push(resource(&name, CNAME, &encoded(target)));
            for behind in of(records, target) {
                found.extend(data(behind, kind).map(|data| resource(target, kind, &data)));
            }
        }
        found.extend(data(record, kind).map(|data| resource(&name, kind, &data)));
    }
    let code = match known.as_slice() {
        [] => 3,
        [Record::Failure] => 2,
        _ => 0,
    };
    let mut answer = query[..2].to_vec();
    answer.extend([0x81, 0x80 | code, 0, 1, 0, found.len() as u8, 0, 0, 0, 0]);
    answer.extend(question);
    answer.extend(found.concat());
    (name, answer)
}

fn of<'a>(records: &'a [(&'static str, Record)], name: &str) -> Vec<&'a Record> {
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
