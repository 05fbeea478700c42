//! Scripted hostile servers, against the driver and the protocol clients, as a table of class and
//! place.
//!
//! Each case runs a session that is honest up to one place, and hostile there. All cases assert the
//! exact error, the duration by a paused clock, that the password is neither in clear nor in a
//! transcript nor in an error, that no message is committed twice, and that both ends together use
//! less than 32 MiB.
#![expect(clippy::print_stdout, reason = "a test harness tells its counts")]

mod case;
mod certificates;
mod coverage;
mod defences;
mod deflate;
mod imap;
mod link;
mod peer;
mod pop3;
mod run;
mod scram;
mod secrets;
mod smtp;
mod tls;

use libtest_mimic::{Arguments, Trial};

use self::case::{Protocol, Table};
use self::coverage::Count;

fn main() {
    let arguments = Arguments::from_args();
    let mut tests = Tests::default();
    tests.add(imap::table());
    tests.add(pop3::table());
    tests.add(smtp::table());
    tests.trials.extend(defences::trials());
    let conclusion = libtest_mimic::run(&arguments, tests.trials);
    if !arguments.list {
        print_counts(&tests.counts);
    }
    conclusion.exit();
}

#[derive(Default)]
struct Tests {
    trials: Vec<Trial>,
    counts: Vec<Count>,
}

impl Tests {
    fn add<P: Protocol>(&mut self, table: Table<P>) {
        self.counts.push(Count::of(&table));
        self.trials.push(coverage::trial(&table));
        self.trials.extend(table.cases.into_iter().map(run::trial));
    }
}

/// Prints `hostile: 3 cases: imap 2, smtp 1`, and a line for each protocol with its classes.
fn print_counts(counts: &[Count]) {
    let list = |counts: &mut dyn Iterator<Item = (&str, usize)>| {
        let parts: Vec<String> = counts.map(|(of, cases)| format!("{of} {cases}")).collect();
        parts.join(", ")
    };
    for count in counts {
        let classes = &mut count.by_class.iter().map(|(class, n)| (class.as_str(), *n));
        println!("hostile: {}: {}", count.protocol, list(classes));
    }
    let all: usize = counts.iter().map(|count| count.cases).sum();
    let protocols = &mut counts.iter().map(|count| (count.protocol, count.cases));
    println!("hostile: {all} cases: {}", list(protocols));
}
