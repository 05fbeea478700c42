//! Checks the sources of packages, and the packages that are banned.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context as _, Result};

use crate::sources::Findings;
use crate::workspace::Workspace;

/// Banned crates, each with its replacement.
const BANNED: [(&str, &str); 6] = [
    ("openssl-sys", "rustls"),
    ("native-tls", "rustls"),
    ("aws-lc-rs", "ring, as the one provider of rustls"),
    ("aws-lc-sys", "ring, as the one provider of rustls"),
    ("cmake", "a crate that builds with a C compiler alone"),
    ("openssl", "rustls"),
];

/// Crates that may occur in one version only: two versions double audits and trust stores.
const SINGLE: [&str; 7] = [
    "rustls",
    "ring",
    "axum",
    "hyper",
    "http",
    "html5ever",
    "tokio",
];

pub(super) fn check(workspace: &Workspace) -> Result<Findings> {
    let text = fs::read_to_string(workspace.root.join("Cargo.lock"))?;
    let mut findings = judge(&text)?;
    let config = fs::read_to_string(workspace.root.join(".cargo/config.toml")).unwrap_or_default();
    if config.contains("[source") || config.contains("[registries") || config.contains("[patch") {
        findings.push(".cargo/config.toml: packages are taken from elsewhere".to_owned());
    }
    Ok(findings)
}

fn judge(lock: &str) -> Result<Findings> {
    let lock: toml::Table = lock.parse().context("Cargo.lock")?;
    let packages = lock
        .get("package")
        .and_then(toml::Value::as_array)
        .context("Cargo.lock names no package")?;
    let mut findings = Findings::new();
    let mut sources = BTreeSet::new();
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages {
        let text = |key: &str| package.get(key).and_then(toml::Value::as_str);
        let name = text("name").context("Cargo.lock: a package without a name")?;
        if let Some(source) = text("source") {
            if !source.starts_with("registry+") || text("checksum").is_none() {
                findings.push(format!("{name} does not come from the registry: {source}"));
            }
            sources.insert(source);
            versions
                .entry(name)
                .or_default()
                .insert(text("version").unwrap_or_default());
        }
        if let Some((_, instead)) = BANNED.iter().find(|(banned, _)| *banned == name) {
            findings.push(format!("{name} is banned; use {instead}"));
        }
    }
    if sources.len() > 1 {
        findings.push(format!("more than one registry: {sources:?}"));
    }
    for name in SINGLE {
        if let Some(several) = versions.get(name).filter(|several| several.len() > 1) {
            findings.push(format!(
                "{name} is there in {} versions: {several:?}",
                several.len()
            ));
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(packages: &[(&str, &str, &str)]) -> String {
        packages
            .iter()
            .map(|(name, version, source)| {
                format!(
                    "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n\
                     source = \"{source}\"\nchecksum = \"00\"\n"
                )
            })
            .collect()
    }

    #[test]
    fn a_second_rustls_is_found() {
        let lock = lock(&[
            ("rustls", "0.22.0", "registry+r"),
            ("rustls", "0.23.0", "registry+r"),
        ]);
        assert_eq!(judge(&lock).unwrap().len(), 1);
    }

    #[test]
    fn git_and_a_second_registry_are_found() {
        let lock = lock(&[
            ("a", "1.0.0", "git+https://x"),
            ("b", "1.0.0", "registry+r"),
        ]);
        assert_eq!(judge(&lock).unwrap().len(), 2);
    }

    #[test]
    fn a_banned_crate_is_found_by_name() {
        let lock = lock(&[("openssl-sys", "0.9.0", "registry+r")]);
        assert_eq!(judge(&lock).unwrap(), ["openssl-sys is banned; use rustls"]);
    }
}
