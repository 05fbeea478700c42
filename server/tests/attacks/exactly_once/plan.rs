//! What is sent, and which faults meet it: chosen by a seed, so that a run can be repeated.

use crate::random::Random;

/// Where the server acts, in the order of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// Before the greeting.
    Greeting,
    /// Before the reply to EHLO.
    Ehlo,
    /// Before the reply to AUTH.
    Auth,
    /// Before the reply to MAIL.
    Mail,
    /// Before the reply to a RCPT.
    Rcpt,
    /// Before the reply to DATA, or before the octets of the first BDAT.
    Data,
    /// In the middle of the message.
    Body,
    /// After the final dot or the last chunk, before the reply.
    Dot,
    /// In the middle of the final reply.
    Reply,
    /// After the final reply: at QUIT or at the next message; a kill follows the reply at once.
    Quit,
}

pub(super) const STEPS: [Step; 10] = [
    Step::Greeting,
    Step::Ehlo,
    Step::Auth,
    Step::Mail,
    Step::Rcpt,
    Step::Data,
    Step::Body,
    Step::Dot,
    Step::Reply,
    Step::Quit,
];

impl Step {
    /// Returns whether the message is not known yet: the fault meets the next connection of the
    /// account.
    pub(super) fn is_of_connection(self) -> bool {
        self <= Self::Mail
    }
}

/// What the server does at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    /// Closes the connection.
    Cut,
    /// Closes the connection with RST.
    Reset,
    /// Is silent, and then closes the connection.
    Stall,
    /// Is silent, and then continues.
    Late,
    /// Refuses with 4yz or 5yz.
    Refuse,
    /// The product's process is killed, and nothing is answered before it is dead.
    Kill,
    /// Is silent until the test releases it, and then continues.
    Hold,
}

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) step: Step,
    pub(super) action: Action,
    /// Duration of a silence, in milliseconds.
    pub(super) delay_ms: u64,
    /// A refusal is 5yz.
    pub(super) is_permanent: bool,
    /// Selects the recipient, or the position in the message or in the reply.
    pub(super) part: usize,
}

impl Fault {
    /// Creates a fault that waits for the test.
    pub(super) fn hold(step: Step) -> Self {
        Self {
            step,
            action: Action::Hold,
            delay_ms: 0,
            is_permanent: false,
            part: 100,
        }
    }
}

/// How a message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// A form, posted after its page was opened, which makes the product connect ahead.
    OpenedForm,
    /// A form: the response waits up to 2 s for the first attempt.
    Form,
    /// A JSON request: the response does not wait.
    Json,
}

/// One message and its faults.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) nth: usize,
    pub(super) recipients: usize,
    pub(super) is_pipelined: bool,
    pub(super) is_chunking: bool,
    pub(super) body_bytes: usize,
    /// Size of an attached file; 0 without one.
    pub(super) attachment_bytes: usize,
    pub(super) way: Way,
    /// The faults of its first attempts, one each.
    pub(super) faults: Vec<Fault>,
    /// The process is killed this long after the message was posted, in milliseconds.
    pub(super) kill_after_ms: Option<u64>,
    /// The user presses "retry now" when it waits.
    pub(super) presses_retry: bool,
    /// The user posts the form again when there was no response.
    pub(super) posts_again: bool,
    /// It is posted together with the one before.
    pub(super) joins_former: bool,
}

impl Plan {
    /// Returns the address of a recipient.
    pub(super) fn address(&self, recipient: usize) -> String {
        format!("m{:04}.{recipient}@peer.test", self.nth)
    }

    /// Returns the subject, which no other message has.
    pub(super) fn subject(&self) -> String {
        format!("exactly once {:04}", self.nth)
    }

    /// Returns the last line of the text.
    pub(super) fn last_line(nth: usize) -> String {
        format!("end of {nth:04}.")
    }

    /// Returns the text.
    pub(super) fn text(&self) -> String {
        let mut text = ".a line that begins with a dot\n".repeat(self.body_bytes / 31);
        text.push_str(&Self::last_line(self.nth));
        text
    }
}

/// Chooses `count` messages; `kills` of them meet a kill of the process.
pub(super) fn plans(seed: u64, count: usize, kills: usize) -> Vec<Plan> {
    let mut random = Random::new(seed);
    let mut is_killed: Vec<bool> = (0..count).map(|nth| nth < kills).collect();
    random.shuffle(&mut is_killed);
    let plans = is_killed.into_iter().enumerate();
    plans
        .map(|(nth, is_killed)| plan(&mut random, nth, is_killed))
        .collect()
}

fn plan(random: &mut Random, nth: usize, is_killed: bool) -> Plan {
    let mut faults = Vec::new();
    let mut kill_after_ms = None;
    if is_killed && random.is_one_in(4) {
        kill_after_ms = Some(random.below(60) as u64);
    } else if is_killed {
        // Where a wrong decision sends a copy twice, most of all.
        let step = match random.is_one_in(2) {
            true => random.pick(&[Step::Body, Step::Dot, Step::Dot, Step::Reply, Step::Quit]),
            false => random.pick(&STEPS),
        };
        faults.push(fault(random, step, Action::Kill));
    } else if !random.is_one_in(10) {
        faults.push(any_fault(random));
    }
    if random.is_one_in(3) {
        faults.push(any_fault(random));
    }
    let is_cut_inside = faults.iter().any(|fault| fault.step == Step::Body);
    Plan {
        nth,
        recipients: random.below(5) + 1,
        is_pipelined: random.is_one_in(2),
        is_chunking: random.is_one_in(2),
        // More than the receive buffer of the server.
        body_bytes: if is_cut_inside { 200_000 } else { 100 },
        attachment_bytes: 0,
        way: random.pick(&[Way::OpenedForm, Way::Form, Way::Form, Way::Json, Way::Json]),
        faults,
        kill_after_ms,
        presses_retry: !random.is_one_in(4),
        posts_again: !random.is_one_in(4),
        joins_former: random.is_one_in(3),
    }
}

fn any_fault(random: &mut Random) -> Fault {
    const ACTIONS: [Action; 6] = [
        Action::Cut,
        Action::Reset,
        Action::Stall,
        Action::Late,
        Action::Refuse,
        Action::Refuse,
    ];
    let step = random.pick(&STEPS);
    let action = random.pick(&ACTIONS);
    fault(random, step, action)
}

fn fault(random: &mut Random, step: Step, action: Action) -> Fault {
    Fault {
        step,
        action,
        // Sometimes longer than a post waits.
        delay_ms: match random.is_one_in(25) {
            true => 2_500,
            false => random.below(400) as u64,
        },
        is_permanent: random.is_one_in(4),
        part: random.below(1_000),
    }
}
