//! Package metadata from cargo.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::workspace::{Workspace, output_of};

/// The target platforms: the server's and the page's.
const PLATFORMS: [&str; 2] = ["x86_64-unknown-linux-gnu", "wasm32-unknown-unknown"];

/// The packages of both platforms.
pub(super) struct Metadata {
    packages: Vec<Package>,
}

/// One package.
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) license: Option<String>,
    pub(super) is_member: bool,
    /// Declared dependencies, including optional and platform-specific ones, without
    /// dev-dependencies.
    pub(super) dependencies: BTreeSet<String>,
}

impl Metadata {
    pub(super) fn read(workspace: &Workspace) -> Result<Self> {
        let mut cargo = workspace.cargo("metadata");
        cargo.args(["--format-version", "1"]);
        for platform in PLATFORMS {
            cargo.args(["--filter-platform", platform]);
        }
        Self::parse(&output_of(&mut cargo)?)
    }

    pub(super) fn parse(json: &str) -> Result<Self> {
        let root: Value = serde_json::from_str(json).context("cargo metadata")?;
        let packages = root
            .get("packages")
            .and_then(Value::as_array)
            .context("cargo metadata names no packages")?
            .iter()
            .map(Package::parse)
            .collect::<Result<Vec<_>>>()?;
        Ok(Self { packages })
    }

    pub(super) fn packages(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter()
    }

    pub(super) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages().filter(|package| package.is_member)
    }

    pub(super) fn len(&self) -> usize {
        self.packages.len()
    }
}

impl Package {
    fn parse(value: &Value) -> Result<Self> {
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let declared = value
            .get("dependencies")
            .and_then(Value::as_array)
            .context("a package without dependencies in cargo metadata")?;
        let dependencies = declared
            .iter()
            .filter(|one| one.get("kind").and_then(Value::as_str) != Some("dev"))
            .filter_map(|one| one.get("name")?.as_str().map(str::to_owned))
            .collect();
        Ok(Self {
            name: text("name").context("a package without a name in cargo metadata")?,
            version: text("version").unwrap_or_default(),
            license: text("license"),
            is_member: text("source").is_none(),
            dependencies,
        })
    }
}
