//! The floor: a client that sends the same IMAP commands and parses nothing.

use std::time::{Duration, Instant};

use mail_demo::{ADDRESS, Demo, PASSWORD};
use tokio::io::BufReader;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{Meter, Result, Step, line, send, skip, trust};

const ROWS: &str = "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)";

pub(super) struct Floor {
    stream: BufReader<TlsStream<TcpStream>>,
    tags: u32,
}

impl Floor {
    /// The four steps of the product: sign in and list, open, next 50, middle.
    pub(super) async fn run(demo: &Demo) -> Result<Vec<Step>> {
        let mut steps = Vec::new();
        let meter = Meter::start(demo);
        let mut floor = Self::connect(demo).await?;
        floor
            .command(&format!("LOGIN {ADDRESS} {PASSWORD}"))
            .await?;
        floor
            .command("LIST (SPECIAL-USE) \"\" \"*\" RETURN (STATUS (MESSAGES UNSEEN))")
            .await
            .ok();
        let total = floor.select().await?;
        floor
            .command(&format!(
                "FETCH {}:{total} {ROWS}",
                total.saturating_sub(49).max(1)
            ))
            .await?;
        steps.push(meter.step(0));
        for command in [
            format!(
                "FETCH {total} (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER] BODY.PEEK[1]<0.1048576>)"
            ),
            format!(
                "FETCH {}:{} {ROWS}",
                total.saturating_sub(99).max(1),
                total.saturating_sub(50).max(1)
            ),
            format!(
                "FETCH {}:{} {ROWS}",
                (total / 2).saturating_sub(49).max(1),
                (total / 2).max(1)
            ),
        ] {
            let meter = Meter::start(demo);
            floor.command(&command).await?;
            steps.push(meter.step(0));
        }
        Ok(steps)
    }

    /// Signs in and runs one search of INBOX. Returns the time from the command to its response.
    pub(super) async fn search(demo: &Demo, criteria: &str) -> Result<Duration> {
        let mut floor = Self::connect(demo).await?;
        let login = format!("LOGIN {ADDRESS} {PASSWORD}");
        floor.command(&login).await?;
        floor.select().await?;
        let began = Instant::now();
        floor.command(&format!("UID SEARCH {criteria}")).await?;
        Ok(began.elapsed())
    }

    async fn connect(demo: &Demo) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", demo.ports().imaps)).await?;
        stream.set_nodelay(true)?;
        let name = rustls::pki_types::ServerName::try_from("localhost")?;
        let stream = TlsConnector::from(trust(demo)?)
            .connect(name, stream)
            .await?;
        let mut floor = Self {
            stream: BufReader::new(stream),
            tags: 0,
        };
        line(&mut floor.stream).await?;
        Ok(floor)
    }

    async fn select(&mut self) -> Result<u32> {
        let mut exists = 0;
        self.tags += 1;
        let tag = format!("f{}", self.tags);
        send(self.stream.get_mut(), &format!("{tag} SELECT INBOX\r\n")).await?;
        loop {
            let line = line(&mut self.stream).await?;
            if let Some(count) = line.strip_suffix(" EXISTS\r\n") {
                exists = count.trim_start_matches("* ").parse()?;
            }
            if line.starts_with(&tag) {
                return Ok(exists);
            }
        }
    }

    async fn command(&mut self, command: &str) -> Result<()> {
        self.tags += 1;
        let tag = format!("f{} ", self.tags);
        send(self.stream.get_mut(), &format!("{tag}{command}\r\n")).await?;
        loop {
            let line = line(&mut self.stream).await?;
            if line.starts_with(&tag) {
                return match line.contains(" OK ") {
                    true => Ok(()),
                    false => Err(line.into()),
                };
            }
            let literal = line
                .trim_end()
                .strip_suffix('}')
                .and_then(|l| l.rsplit_once('{'));
            if let Some((_, size)) = literal {
                skip(&mut self.stream, size.trim_end_matches('+').parse()?).await?;
            }
        }
    }
}
