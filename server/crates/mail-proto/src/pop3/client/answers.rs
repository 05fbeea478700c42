//! Handling of the server's responses to the commands of a session.

use alloc::vec::Vec;
use core::mem;

use bytes::Bytes;

use super::{Client, Pending, Reading};
use crate::pop3::body::BodyDecoder;
use crate::pop3::capability::CapabilityListing;
use crate::pop3::command::CommandId;
use crate::pop3::error::{Error, Misbehaviour, Stage};
use crate::pop3::event::Event;
use crate::pop3::listing::{Batch, DropListing, Listing, ScanListing, UniqueIdListing};
use crate::pop3::response::{Response, Status};

/// Maximum number of octets of a message in one event.
const MAX_CHUNK_BYTES: usize = 64 << 10;

impl Client {
    /// Handles the response to the oldest pending command.
    pub(super) fn on_response(&mut self, status: Status) -> Result<(), Error> {
        let Some((id, pending)) = self.in_flight.pop_front() else {
            return Err(match status {
                // Servers announce in this way that they close an inactive session.
                Status::Err(response) => Error::Rejected {
                    stage: Stage::Idle,
                    response,
                },
                _ => Error::PeerMisbehaved(Misbehaviour::UnsolicitedResponse),
            });
        };
        match (pending, status) {
            (Pending::Login(login), status) => self.on_login(id, login, status),
            (_, Status::Challenge(_)) => {
                Err(Error::PeerMisbehaved(Misbehaviour::UnexpectedChallenge))
            }
            (pending, Status::Err(response)) => {
                self.out.report(Event::Rejected { id, response });
                if matches!(pending, Pending::Quit) {
                    self.reading = Reading::Done;
                }
                Ok(())
            }
            (pending, Status::Ok(response)) => self.on_ok(id, pending, response),
        }
    }

    fn on_ok(&mut self, id: CommandId, pending: Pending, response: Response) -> Result<(), Error> {
        let malformed = || Error::PeerMisbehaved(Misbehaviour::MalformedListing);
        match pending {
            Pending::Dele => self.session.marked_one(),
            Pending::Rset => self.session.unmarked_all(),
            Pending::Login(_) | Pending::Plain => {}
            Pending::Quit => {
                self.session.quit_confirmed();
                self.out.report(Event::Quit { id, response });
                self.reading = Reading::Done;
                return Ok(());
            }
            Pending::Stat => {
                let listing = DropListing::parse(&response.text).ok_or_else(malformed)?;
                self.out.report(Event::Stat { id, listing });
                return Ok(());
            }
            Pending::ListOne => {
                let row = ScanListing::parse(response.text.as_bytes()).ok_or_else(malformed)?;
                let rows = Vec::from([row]);
                self.out.report(Event::Listing { id, rows });
            }
            Pending::UidlOne => {
                let row = UniqueIdListing::parse(response.text.as_bytes()).ok_or_else(malformed)?;
                let rows = Vec::from([row]);
                self.out.report(Event::UniqueIds { id, rows });
            }
            Pending::Body => {
                self.in_flight.push_front((id, Pending::Body));
                self.reading = Reading::Body {
                    decoder: BodyDecoder::default(),
                    size_bytes: 0,
                };
                return Ok(());
            }
            Pending::Capa | Pending::Languages | Pending::List | Pending::Uidl => {
                let listing = match pending {
                    Pending::Capa => Listing::Capability(CapabilityListing::new()),
                    Pending::Languages => Listing::Language,
                    Pending::List => Listing::Scan,
                    _ => Listing::UniqueId,
                };
                self.in_flight.push_front((id, pending));
                self.reading = Reading::Listing {
                    listing,
                    response,
                    size_bytes: 0,
                };
                return Ok(());
            }
        }
        self.out.report(Event::Completed { id, response });
        Ok(())
    }

    /// Reads the available part of a message; returns whether there was any.
    pub(super) fn read_body(&mut self, mut decoder: BodyDecoder, size_bytes: u64) -> bool {
        let input = self.input.peek();
        let input = input.get(..MAX_CHUNK_BYTES).unwrap_or(input);
        let mut bytes = Vec::new();
        let (used, is_over) = decoder.decode(input, &mut bytes);
        self.input.consume(used);
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let size_bytes = size_bytes.saturating_add(length);
        let id = self.in_flight.front().map(|(id, _)| *id);
        if let Some(id) = id {
            if !bytes.is_empty() {
                let bytes = Bytes::from(bytes);
                self.out.report(Event::BodyChunk { id, bytes });
            }
            if is_over {
                self.out.transcript.received_body(size_bytes);
                self.out.report(Event::BodyEnd { id, size_bytes });
            }
        }
        if is_over {
            self.in_flight.pop_front();
            self.reading = Reading::Serving;
        } else {
            self.reading = Reading::Body {
                decoder,
                size_bytes,
            };
        }
        used > 0
    }

    /// Reads the available lines of a listing; returns whether there were any.
    pub(super) fn read_listing(
        &mut self,
        mut listing: Listing,
        response: Response,
        size_bytes: u64,
    ) -> Result<bool, Error> {
        let Some(id) = self.in_flight.front().map(|(id, _)| *id) else {
            return Ok(false);
        };
        let mut batch = Batch {
            size_bytes,
            ..Batch::default()
        };
        let result = batch.read(&mut self.input, &mut listing);
        // Report the rows before an error too.
        if !batch.scans.is_empty() {
            let rows = mem::take(&mut batch.scans);
            self.out.report(Event::Listing { id, rows });
        }
        if !batch.unique_ids.is_empty() {
            let rows = mem::take(&mut batch.unique_ids);
            self.out.report(Event::UniqueIds { id, rows });
        }
        if !batch.languages.is_empty() {
            let rows = mem::take(&mut batch.languages);
            self.out.report(Event::Languages { id, rows });
        }
        result?;
        let size_bytes = batch.size_bytes;
        if !batch.is_last {
            self.reading = Reading::Listing {
                listing,
                response,
                size_bytes,
            };
            return Ok(batch.lines > 0);
        }
        self.in_flight.pop_front();
        self.out.transcript.received_body(size_bytes);
        if let Listing::Capability(CapabilityListing { capabilities, .. }) = listing {
            self.capabilities = capabilities.clone();
            self.out.report(Event::Capabilities { id, capabilities });
        } else {
            self.out.report(Event::Completed { id, response });
        }
        Ok(true)
    }
}
