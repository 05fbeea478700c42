//! IDLE, and waiting for unsolicited responses (RFC 2177).

use mail_net::{ConnectionEvent, Phase};
use mail_proto::imap::{Capability, Command, Event, Status};
use tokio::time::Instant;

use super::{ClientError, ImapConnection, MailboxState, UNSOLICITED_MAX_BYTES};

impl<M: MailboxState> ImapConnection<M> {
    /// Enters the idle phase, without a deadline: no command runs.
    pub(crate) fn begin_idle_phase(&mut self) {
        if self.idle.is_none() {
            self.connection.begin(Phase::Idle);
        }
    }

    /// Returns whether IDLE runs or is queued.
    pub(crate) fn is_idling(&self) -> bool {
        self.idle.is_some()
    }

    /// Returns whether the server supports IDLE and has not refused it.
    pub(crate) fn can_idle(&self) -> bool {
        !self.is_idle_refused && self.capabilities().has(Capability::Idle)
    }

    /// Returns the start time of IDLE.
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        self.idle.map(|(_, since)| since)
    }

    /// Returns the time of the last tagged response.
    pub(crate) fn talked_at(&self) -> Instant {
        self.talked_at
    }

    /// Queues IDLE; [`wait`](Self::wait) sends it.
    pub(crate) fn enter_idle(&mut self) {
        if self.idle.is_none() {
            let tag = self.connection.machine_mut().enqueue(Command::Idle);
            // The deadline ends when the server confirms IDLE.
            self.connection.begin(Phase::Command);
            self.idle = Some((tag, Instant::now()));
        }
    }

    /// Ends IDLE and enters it again: some networks drop connections that are silent for long.
    pub(crate) fn renew_idle(&mut self) {
        self.leave_idle();
        self.enter_idle();
    }

    pub(super) fn leave_idle(&mut self) {
        if self.idle.take().is_some() {
            self.connection.machine_mut().enqueue(Command::Done);
        }
    }

    /// Waits for unsolicited responses. Cancel-safe. Returns after each event.
    pub(crate) async fn wait(&mut self) -> Result<(), ClientError> {
        match self.next().await? {
            ConnectionEvent::Event(Event::Bye { code, text }) => {
                self.is_over = true;
                Err(self.refused(code.as_ref(), &text))
            }
            ConnectionEvent::Event(event) => {
                if matches!(event, Event::Idling { .. }) {
                    self.connection.begin(Phase::Idle);
                }
                if let Event::Completed { tag, status, .. } = &event
                    && self.idle.is_some_and(|(idle, _)| idle == *tag)
                {
                    // If the server ended IDLE, it is entered again later; if it refused IDLE, it
                    // is not.
                    self.idle = None;
                    self.talked_at = Instant::now();
                    self.is_idle_refused = *status != Status::Ok;
                }
                self.apply(&event);
                self.check_received(UNSOLICITED_MAX_BYTES)
            }
            ConnectionEvent::NeedBody { .. } | ConnectionEvent::Done => Err(self.closed()),
        }
    }
}
