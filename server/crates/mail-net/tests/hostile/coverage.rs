//! The matrix of classes and places: each cell has a case, or a reason why it cannot have one.

use std::collections::BTreeMap;

use libtest_mimic::{Failed, Trial};

use crate::case::{Class, Position as _, Protocol, Table, snake};

/// The number of cases in a table, in total and by class.
pub(crate) struct Count {
    pub(crate) protocol: &'static str,
    pub(crate) cases: usize,
    /// Class, number of cases; in the order of [`Class::ALL`].
    pub(crate) by_class: Vec<(String, usize)>,
}

impl Count {
    pub(crate) fn of<P: Protocol>(table: &Table<P>) -> Self {
        let by_class = Class::ALL.iter().map(|class| {
            let of_class = table.cases.iter().filter(|case| case.class == *class);
            (snake(class), of_class.count())
        });
        Self {
            protocol: P::NAME,
            cases: table.cases.len(),
            by_class: by_class.filter(|(_, cases)| *cases > 0).collect(),
        }
    }
}

/// Builds the test that no cell of the matrix is empty.
pub(crate) fn trial<P: Protocol>(table: &Table<P>) -> Trial {
    let findings = findings(table);
    let name = format!("{}::every_cell_has_a_case_or_a_reason", P::NAME);
    Trial::test(name, move || {
        if findings.is_empty() {
            return Ok(());
        }
        Err(Failed::from(findings.join("\n")))
    })
}

fn findings<P: Protocol>(table: &Table<P>) -> Vec<String> {
    let mut findings = Vec::new();
    for class in Class::ALL {
        for position in P::Position::ALL {
            let cases = table
                .cases
                .iter()
                .filter(|case| case.class == *class && case.position == *position);
            let reasons = table
                .impossible
                .iter()
                .filter(|(of, at, _)| of == class && at == position);
            let cell = format!("{} x {}", snake(class), snake(position));
            match (cases.count(), reasons.count()) {
                (0, 0) => findings.push(format!("{cell}: neither a case nor a reason")),
                (0, 1) | (1.., 0) => {}
                (0, reasons) => findings.push(format!("{cell}: {reasons} reasons")),
                (cases, _) => findings.push(format!("{cell}: {cases} cases and a reason against")),
            }
        }
    }
    let mut names = BTreeMap::new();
    for case in &table.cases {
        *names.entry(case.name()).or_insert(0) += 1;
    }
    let twice = names.into_iter().filter(|(_, count)| *count > 1);
    findings.extend(twice.map(|(name, count)| format!("{name}: {count} cases of this name")));
    findings
}
