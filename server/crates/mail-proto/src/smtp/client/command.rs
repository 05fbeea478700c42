//! Commands outside of a transaction: sending them, and their replies.

use super::{Client, State};
use crate::smtp::command::Command;
use crate::smtp::error::{Error, Stage};
use crate::smtp::event::Event;
use crate::smtp::reply::Reply;
use crate::smtp::transaction::unexpected;

impl Client {
    pub(super) fn begin_command(&mut self, command: Command) {
        self.out.send_line(&command.line());
        self.state = State::Command(command);
    }

    pub(super) fn on_command_reply(&mut self, command: Command, reply: Reply) -> Result<(), Error> {
        if !reply.is_positive() && !reply.is_refusal() {
            return Err(unexpected(Stage::Command, &reply));
        }
        if command == Command::Rset && reply.is_positive() {
            self.needs_rset = false;
        }
        self.out.report(Event::Answered { command, reply });
        Ok(())
    }
}
