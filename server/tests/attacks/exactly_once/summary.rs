//! What must hold at the end, and the table of figures.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Seen;
use super::ledger::Entry;
use super::plan::{Action, Plan, STEPS, Step};
use super::record::Record;

/// Everything that is known at the end.
pub(super) struct Summary {
    pub(super) plans: Vec<Plan>,
    /// The entries of all ledgers, by message.
    pub(super) entries: BTreeMap<usize, Vec<Entry>>,
    /// Messages and recipients for whom the ledger announced another attempt after the last fault.
    pub(super) announced: BTreeSet<(usize, usize)>,
    /// The number of processes that were killed.
    pub(super) kills: u32,
}

impl Summary {
    /// Returns the messages and recipients that the server accepted more than once.
    fn duplicates(&self, record: &Record) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for (nth, message) in &record.messages {
            let recipients = 0..self.plans[*nth].recipients;
            let twice = recipients.filter(|to| message.copies(*to) > 1);
            found.extend(twice.map(|to| (*nth, to)));
        }
        found
    }

    /// Returns the answered messages without an entry.
    fn lost(&self, seen: &Seen) -> Vec<usize> {
        let answered = seen.answered.iter().copied();
        answered
            .filter(|nth| !self.entries.contains_key(nth))
            .collect()
    }

    /// Returns everything that must not be.
    pub(super) fn faults(&self, record: &Record, seen: &Seen) -> Vec<String> {
        let mut found = seen.contradictions.clone();
        let duplicates = self.duplicates(record);
        found.extend(
            duplicates
                .iter()
                .map(|to| format!("accepted twice: {to:?}")),
        );
        found.extend(self.lost(seen).iter().map(|nth| format!("lost: {nth}")));
        let mut ids = BTreeSet::new();
        for (nth, message) in &record.messages {
            let is_one = message
                .message_ids
                .iter()
                .filter(|id| ids.insert(*id))
                .count()
                == 1;
            if message.received.is_empty() {
                continue;
            }
            if !is_one || message.message_ids.len() != 1 {
                found.push(format!("{nth} has the ids {:?}", message.message_ids));
            }
            if message.is_truncated {
                found.push(format!("{nth} was truncated"));
            }
            if !self.entries.contains_key(nth) {
                found.push(format!("{nth} was sent without an entry"));
            }
        }
        for (nth, entries) in &self.entries {
            if entries.len() > 1 {
                found.push(format!("{nth} has {} entries", entries.len()));
            }
        }
        for (nth, to) in &self.announced {
            let entry = self.entries.get(nth).and_then(|entries| entries.first());
            let is_handed_over =
                entry.is_some_and(|entry| entry.recipients_in(&["handed_over"]).contains(to));
            let copies = record
                .messages
                .get(nth)
                .map_or(0, |message| message.copies(*to));
            if !is_handed_over || copies != 1 {
                found.push(format!(
                    "announced and not sent once: {nth}.{to}, {copies} copies"
                ));
            }
        }
        found
    }

    pub(super) fn table(
        &self,
        record: &Record,
        seen: &Seen,
        sent: Duration,
        all: Duration,
    ) -> String {
        let entries = || self.entries.values().flatten();
        let recipients = |states: &[&str]| -> usize {
            entries()
                .map(|entry| entry.recipients_in(states).len())
                .sum()
        };
        let copies = record
            .messages
            .values()
            .flat_map(|message| &message.received);
        let accepted = copies.clone().filter(|copy| copy.is_accepted);
        let lost_replies = accepted.clone().filter(|copy| copy.written.is_none());
        let to: usize = accepted.clone().map(|copy| copy.recipients.len()).sum();
        let fired = |wanted: &dyn Fn(Step, Action) -> bool| -> u32 {
            let fired = record.fired.iter();
            let fired = fired.filter(|((step, action), _)| wanted(*step, *action));
            fired.map(|(_, count)| count).sum()
        };
        let by_step: Vec<String> = STEPS
            .iter()
            .map(|step| format!("{step:?} {}", fired(&|at, _| at == *step)))
            .collect();
        let by_action: Vec<String> = [
            Action::Cut,
            Action::Reset,
            Action::Stall,
            Action::Late,
            Action::Refuse,
            Action::Kill,
        ]
        .iter()
        .map(|action| format!("{action:?} {}", fired(&|_, does| does == *action)))
        .collect();
        // The ledger has to assume that they may have it.
        let unfounded: usize = entries()
            .map(|entry| {
                let unknown = entry.recipients_in(&["unknown"]).into_iter();
                let message = record.messages.get(&entry.nth());
                let is_free = |to: &usize| message.is_none_or(|message| !message.may_have(*to));
                unknown.filter(is_free).count()
            })
            .sum();
        let rows = [
            ("sends", format!("{}", self.plans.len())),
            ("posts answered", format!("{}", seen.answered.len())),
            ("posts never answered", format!("{}", seen.unanswered.len())),
            ("sends with a kill", format!("{}", record.killed.len())),
            ("processes killed", format!("{}", self.kills)),
            ("faults by step", by_step.join(", ")),
            ("faults by action", by_action.join(", ")),
            ("received", format!("{:?}", record.modes)),
            (
                "accepted copies",
                format!("{}, for {to} recipients", accepted.count()),
            ),
            ("accepted, reply lost", format!("{}", lost_replies.count())),
            ("ledger rows", format!("{}", entries().count())),
            ("handed over", format!("{}", recipients(&["handed_over"]))),
            (
                "unknown",
                format!(
                    "{}, {unfounded} of them without the message",
                    recipients(&["unknown"])
                ),
            ),
            ("refused", format!("{}", recipients(&["refused"]))),
            ("not sent", format!("{}", recipients(&["not_sent"]))),
            ("retries pressed", format!("{}", seen.pressed)),
            ("announced at the end", format!("{}", self.announced.len())),
            ("duplicates", format!("{}", self.duplicates(record).len())),
            ("lost", format!("{}", self.lost(seen).len())),
            ("contradictions", format!("{}", seen.contradictions.len())),
            (
                "seconds",
                format!("{}, sent in {}", all.as_secs(), sent.as_secs()),
            ),
        ];
        let lines = rows.map(|(name, value)| format!("  {name:<22}{value}"));
        format!("exactly once:\n{}", lines.join("\n"))
    }
}
