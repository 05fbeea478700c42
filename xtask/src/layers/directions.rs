//! Invariant 1: the allowed dependencies between workspace members.

use std::collections::BTreeSet;

use super::metadata::Metadata;
use crate::sources::Findings;

/// Each member with the members on which it may depend. Optional dependencies count, so the rule
/// holds under any feature.
const ALLOWED: [(&str, &[&str]); 8] = [
    ("frontend", &["app"]),
    ("app", &[]),
    (
        "server",
        &["app", "mail-proto", "mail-mime", "mail-net", "mail-demo"],
    ),
    ("mail-net", &["mail-proto"]),
    ("mail-demo", &["mail-proto", "mail-mime"]),
    ("mail-proto", &[]),
    ("mail-mime", &[]),
    ("xtask", &[]),
];

pub(super) fn check(metadata: &Metadata) -> Findings {
    let members: BTreeSet<&str> = metadata
        .members()
        .map(|package| package.name.as_str())
        .collect();
    let mut findings = Findings::new();
    for package in metadata.members() {
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == package.name) else {
            findings.push(format!(
                "{}: a new member; say in xtask/src/layers/directions.rs what it may depend on",
                package.name
            ));
            continue;
        };
        for dependency in &package.dependencies {
            let name = dependency.as_str();
            if members.contains(name) && !allowed.contains(&name) {
                findings.push(format!("{} must not depend on {name}", package.name));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(app_depends_on: &str, kind: &str) -> Metadata {
        Metadata::parse(&format!(
            r#"{{"packages": [
                {{"name": "app", "version": "1.0.0", "source": null, "dependencies":
                    [{{"name": "{app_depends_on}", "kind": {kind}, "optional": true}}]}},
                {{"name": "mail-proto", "version": "1.0.0", "source": null, "dependencies": []}},
                {{"name": "serde", "version": "1.0.0", "source": "registry", "dependencies": []}}
            ]}}"#
        ))
        .unwrap()
    }

    #[test]
    fn an_optional_dependency_of_app_on_a_mail_crate_is_found() {
        assert_eq!(
            check(&metadata("mail-proto", "null")),
            ["app must not depend on mail-proto"]
        );
    }

    #[test]
    fn a_build_dependency_counts_as_well() {
        assert_eq!(check(&metadata("mail-proto", "\"build\"")).len(), 1);
    }

    #[test]
    fn crates_of_others_are_not_the_business_of_this_check() {
        assert!(check(&metadata("serde", "null")).is_empty());
    }
}
