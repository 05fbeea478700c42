//! Tools that the commands need: finds them, installs them if allowed, or names the missing ones.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::workspace::{Workspace, must_succeed, output_of};

/// Ensures that the page can be compiled.
pub(crate) fn wasm_target(workspace: &Workspace) -> Result<((), String)> {
    rust_target(workspace, "wasm32-unknown-unknown")
}

/// Ensures that a target's standard library is installed; adds it by rustup if not.
pub(crate) fn rust_target(workspace: &Workspace, target: &str) -> Result<((), String)> {
    let rustc = || {
        let mut command = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        command.current_dir(&workspace.root);
        command
    };
    let version = output_of(rustc().arg("--version")).context("no Rust compiler was found")?;
    let version = version.trim();
    let folder = output_of(rustc().args(["--print", "target-libdir", "--target", target]))?;
    if Path::new(folder.trim()).is_dir() {
        return Ok(((), format!("{version}, {target}")));
    }
    if on_path("rustup").is_none() {
        bail!(
            "the target {target} is missing and rustup was not found: install rustup, \
             or {target} for your own toolchain, and repeat"
        );
    }
    println!("      adding {target} by rustup");
    must_succeed(
        Command::new("rustup")
            .current_dir(&workspace.root)
            .args(["target", "add", target]),
    )
    .with_context(|| format!("install it by hand and repeat: rustup target add {target}"))?;
    Ok(((), format!("{version}, {target} (added)")))
}

/// A program or file, and the Debian package that contains it.
pub(crate) struct Needed {
    /// A program name on the path, or a full path.
    pub(crate) program: &'static str,
    pub(crate) package: &'static str,
}

/// Ensures that all of `needed` are installed.
///
/// As root on Debian, installs the missing packages without starting their services. Otherwise
/// returns an error with every missing program and the command that installs them.
pub(crate) fn debian(needed: &[Needed]) -> Result<String> {
    let missing: Vec<&Needed> = needed
        .iter()
        .filter(|need| find(need.program).is_none())
        .collect();
    if missing.is_empty() {
        return Ok("all there".to_owned());
    }
    let mut packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    packages.sort_unstable();
    packages.dedup();
    let packages_line = packages.join(" ");
    if on_path("apt-get").is_none() || !is_root() {
        let names: Vec<&str> = missing.iter().map(|need| need.program).collect();
        bail!(
            "missing: {}. On Debian or Ubuntu: sudo apt-get install {packages_line}",
            names.join(", ")
        );
    }

    println!("      installing {packages_line}");
    let log = env::temp_dir().join("restante-apt.log");
    let guard = NoServiceStarts::set()?;
    if packages.contains(&"postfix") {
        // Otherwise the package asks for the type of mail server.
        preseed_debconf("postfix postfix/main_mailer_type select No configuration")?;
    }
    apt(&["update", "-qq"], &log)?;
    let mut install = vec!["install", "-y", "-qq", "--no-install-recommends"];
    install.extend(&packages);
    apt(&install, &log)?;
    drop(guard);

    if let Some(absent) = missing.iter().find(|need| find(need.program).is_none()) {
        bail!(
            "{} is still missing after installing {}",
            absent.program,
            absent.package
        );
    }
    Ok(format!("installed {packages_line}"))
}

/// Ensures that packages are unpacked in a folder, without installing them: for packages that
/// conflict with others in Debian. Their programs are paths in the folder.
pub(crate) fn debian_unpacked(needed: &[Needed], folder: &Path) -> Result<String> {
    let is_there = |need: &&Needed| folder.join(need.program).exists();
    let missing: Vec<&str> = needed
        .iter()
        .filter(|need| !is_there(need))
        .map(|need| need.package)
        .collect();
    if missing.is_empty() {
        return Ok("all there".to_owned());
    }
    let packages_line = missing.join(" ");
    if on_path("apt-get").is_none() || on_path("dpkg-deb").is_none() {
        bail!(
            "missing below {}: {packages_line}, packages of Debian",
            folder.display()
        );
    }
    println!("      unpacking {packages_line}");
    let downloads = folder.join("downloads");
    fs::create_dir_all(&downloads)?;
    let download = |log: &Path| {
        let mut command = vec!["download", "-qq"];
        command.extend(&missing);
        apt_in(&downloads, &command, log)
    };
    let log = env::temp_dir().join("restante-apt.log");
    if download(&log).is_err() {
        // The package lists are missing or older than the packages.
        apt(&["update", "-qq"], &log)?;
        download(&log)?;
    }
    for file in fs::read_dir(&downloads)? {
        let archive = file?.path();
        must_succeed(Command::new("dpkg-deb").arg("-x").arg(archive).arg(folder))?;
    }
    fs::remove_dir_all(&downloads)?;
    if let Some(absent) = needed.iter().find(|need| !is_there(need)) {
        bail!(
            "{} is still missing after unpacking {}",
            absent.program,
            absent.package
        );
    }
    Ok(format!("unpacked {packages_line}"))
}

/// Finds a program: on the path, among the system programs, or at its full path.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|path| path.exists());
    }
    on_path(program).or_else(|| {
        // The location of daemons, which is not on the path of every user.
        Some(Path::new("/usr/sbin").join(program)).filter(|path| path.is_file())
    })
}

fn on_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

pub(crate) fn is_root() -> bool {
    output_of(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

fn apt(args: &[&str], log: &Path) -> Result<()> {
    apt_in(&env::temp_dir(), args, log)
}

fn apt_in(folder: &Path, args: &[&str], log: &Path) -> Result<()> {
    let file = fs::File::options().create(true).append(true).open(log)?;
    let status = Command::new("apt-get")
        .current_dir(folder)
        .args(args)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .status()?;
    if !status.success() {
        bail!(
            "`apt-get {}` ended with {status}; its words are in {}",
            args.join(" "),
            log.display()
        );
    }
    Ok(())
}

fn preseed_debconf(line: &str) -> Result<()> {
    use std::io::Write as _;
    let mut child = Command::new("debconf-set-selections")
        .stdin(Stdio::piped())
        .spawn()
        .context("debconf-set-selections is missing")?;
    if let Some(mut stdin) = child.stdin.take() {
        writeln!(stdin, "{line}")?;
    }
    if !child.wait()?.success() {
        bail!("debconf did not take `{line}`");
    }
    Ok(())
}

/// Prevents packages from starting their services while it exists: the tests start their own.
struct NoServiceStarts {
    is_ours: bool,
}

impl NoServiceStarts {
    const POLICY: &str = "/usr/sbin/policy-rc.d";

    fn set() -> Result<Self> {
        if Path::new(Self::POLICY).exists() {
            return Ok(Self { is_ours: false });
        }
        fs::write(Self::POLICY, "#!/bin/sh\nexit 101\n")?;
        let guard = Self { is_ours: true };
        must_succeed(Command::new("chmod").args(["755", Self::POLICY]))?;
        Ok(guard)
    }
}

impl Drop for NoServiceStarts {
    fn drop(&mut self) {
        if self.is_ours
            && let Err(error) = fs::remove_file(Self::POLICY)
        {
            eprintln!("could not remove {}: {error}", Self::POLICY);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_by_name_and_by_path() {
        let shell = find("sh").unwrap();
        assert_eq!(find(shell.to_str().unwrap()), Some(shell));
        assert_eq!(find("/nowhere/at/all"), None);
        assert_eq!(find("no-such-program-here"), None);
    }
}
