//! `cargo xtask test`: runs all tests, or one part.
//!
//! Nothing is skipped silently: a missing program stops the run and is named, and an ignored test
//! or a part without tests counts as a failure.

pub(crate) mod browser;
mod cargo_tests;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};

use self::browser::Browser;
use self::cargo_tests::Count;
use crate::tools::{self, Needed};
use crate::workspace::Workspace;

/// The parts to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parts {
    unit: bool,
    servers: bool,
    browser: bool,
}

impl Parts {
    const ALL: Self = Self {
        unit: true,
        servers: true,
        browser: true,
    };
    const NONE: Self = Self {
        unit: false,
        servers: false,
        browser: false,
    };

    pub(crate) fn parse(args: &[String]) -> Result<Self> {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let only = match args.as_slice() {
            [] => return Ok(Self::ALL),
            ["--only", part] => part,
            [one] => match one.strip_prefix("--only=") {
                Some(part) => part,
                None => bail!("`test` does not know `{one}`; it takes --only unit|servers|browser"),
            },
            _ => bail!("`test` takes nothing but --only unit|servers|browser"),
        };
        match only {
            "unit" => Ok(Self {
                unit: true,
                ..Self::NONE
            }),
            "servers" => Ok(Self {
                servers: true,
                ..Self::NONE
            }),
            "browser" => Ok(Self {
                browser: true,
                ..Self::NONE
            }),
            other => bail!("there is no kind of tests `{other}`: unit, servers or browser"),
        }
    }
}

/// The real servers of the `servers` part. Each runs in its own folder on free ports.
const SERVERS: [Needed; 8] = [
    Needed {
        program: "dovecot",
        package: "dovecot-core",
    },
    Needed {
        program: "/usr/lib/dovecot/imap",
        package: "dovecot-imapd",
    },
    Needed {
        program: "/usr/lib/dovecot/pop3",
        package: "dovecot-pop3d",
    },
    Needed {
        program: "/usr/lib/dovecot/lmtp",
        package: "dovecot-lmtpd",
    },
    Needed {
        program: "postfix",
        package: "postfix",
    },
    Needed {
        program: "nginx",
        package: "nginx-light",
    },
    Needed {
        program: "couriertcpd",
        package: "courier-base",
    },
    Needed {
        program: "/usr/lib/courier-authlib/libauthuserdb.so.0",
        package: "courier-authlib-userdb",
    },
];

/// The parts of Courier that Debian cannot install beside Dovecot, and a library that only they
/// need.
const COURIER: [Needed; 3] = [
    Needed {
        program: "usr/bin/imapd",
        package: "courier-imap",
    },
    Needed {
        program: "usr/lib/courier/courier/courierpop3d",
        package: "courier-pop",
    },
    Needed {
        program: "usr/share/doc/libgamin0/copyright",
        package: "libgamin0",
    },
];

/// Runs the chosen parts: cargo's first with their sum, then the browser's, whose summary line ends
/// the output.
pub(crate) fn run(workspace: &Workspace, parts: Parts) -> Result<ExitCode> {
    // Missing programs are reported before the build, which takes minutes.
    if parts.servers {
        println!("Real servers: {}", tools::debian(&SERVERS)?);
        // The folder where the tests look: below their CARGO_TARGET_TMPDIR.
        let courier = workspace.target.join("tmp/courier");
        println!("Courier: {}", tools::debian_unpacked(&COURIER, &courier)?);
        if !tools::is_root() {
            bail!(
                "Postfix starts only as root: run this as root (a container will do), \
                 or choose --only unit and --only browser"
            );
        }
    }
    if parts.browser {
        println!("Browser: {}", browser::tools(workspace, Browser::Headless)?);
    }

    let began = Instant::now();
    let part = |name: &str| {
        let secs = began.elapsed().as_secs();
        println!("\n{name} (at {} min {:02} s)", secs / 60, secs % 60);
    };
    let mut sum = Count::default();
    if parts.unit {
        part("Unit, property and in-process tests");
        sum += cargo_tests::unit(workspace)?;
    }
    if parts.servers {
        part("Against real Dovecot, Courier, Postfix and nginx");
        sum += cargo_tests::servers(workspace)?;
    }
    if parts.unit || parts.servers {
        println!("\n{} passed, {} failed", sum.passed, sum.failed);
    }
    let stories_passed = !parts.browser || {
        part("In Chromium");
        browser::run(workspace, parts.unit || parts.servers)?
    };
    Ok(if sum.failed == 0 && stories_passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Parts> {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        Parts::parse(&args)
    }

    #[test]
    fn without_arguments_everything_runs() {
        assert_eq!(parse(&[]).unwrap(), Parts::ALL);
    }

    #[test]
    fn only_chooses_one_part() {
        let servers = parse(&["--only", "servers"]).unwrap();
        assert!(servers.servers && !servers.unit && !servers.browser);
        assert_eq!(parse(&["--only=servers"]).unwrap(), servers);
    }

    #[test]
    fn an_unknown_part_is_refused() {
        assert!(parse(&["--only", "quick"]).is_err());
        assert!(parse(&["unit"]).is_err());
    }
}
