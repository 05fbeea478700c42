//! Invalid arguments, and the sources of a password.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use mail_demo::{ADDRESS, PASSWORD as DEMO_PASSWORD};

use super::{RunOutput, TestDir, demo, restante, text};

#[tokio::test]
async fn invalid_arguments_end_with_64_and_a_reason() {
    for (args, message) in [
        (&["send"][..], "--from"),
        (
            &["send", "--from", "a@x.example", "--to", "b@x.example"],
            "--server",
        ),
        (
            &["send", "--direct", "--from", "a@x.example"],
            "nobody to send to",
        ),
        (
            &[
                "send",
                "--direct",
                "--from",
                "nobody",
                "--to",
                "b@x.example",
            ],
            "nobody cannot be used as an address: the address has no @",
        ),
        (
            &[
                "send",
                "--server",
                "smtp://h",
                "--direct",
                "--from",
                "a@x.example",
            ],
            "cannot be used with",
        ),
        (
            &[
                "send",
                "--server",
                "imaps://h",
                "--from",
                "a@x.example",
                "--to",
                "b@x.example",
            ],
            "smtps://",
        ),
        (
            &[
                "send",
                "--mx-port",
                "26",
                "--from",
                "a@x.example",
                "--server",
                "smtp://h",
            ],
            "cannot be used with",
        ),
        (&["fetch", "imaps://u@h"], "--list"),
        (
            &["fetch", "imaps://u@h", "--list", "--newest", "0"],
            "--newest",
        ),
        (&["fetch", "imaps://h", "--list"], "who signs in"),
        (&["fetch", "smtps://u@h", "--list"], "imaps://"),
        (&["fetch", "pop3s://u@h/Folder", "--list"], "folders"),
        (
            &["fetch", "pop3s://u@h", "--list", "--delete"],
            "cannot be used with",
        ),
        (
            &["fetch", "imaps://u@h", "--out", "/tmp", "--delete"],
            "POP3",
        ),
        (&["sendd"], "unrecognized subcommand"),
    ] {
        let output = restante(args).end().await;
        assert_eq!(output.code, 64, "{args:?}: {output:?}");
        assert!(output.stderr.contains(message), "{args:?}: {output:?}");
        assert_eq!(output.stdout, "", "{args:?}");
    }
}

#[tokio::test]
async fn password_in_the_url_or_an_argument_is_a_usage_error_that_names_the_three_sources() {
    for url in [
        "pop3s://ann:sesame@localhost",
        "imaps://ann:sesame@localhost/x",
    ] {
        let output = restante(&["fetch", "--list", url]).end().await;
        assert_eq!(output.code, 64, "{output:?}");
        for source in ["to be asked", "--password-file", "RESTANTE_PASSWORD"] {
            assert!(output.stderr.contains(source), "{output:?}");
        }
        assert!(!output.stderr.contains("sesame"), "{output:?}");
    }
    let output = restante(&[
        "fetch",
        "--list",
        "pop3s://ann@localhost",
        "--password",
        "sesame",
    ])
    .end()
    .await;
    assert_eq!(output.code, 64, "{output:?}");
}

#[tokio::test]
async fn help_lists_urls_and_exit_codes() {
    for command in ["send", "fetch"] {
        let output = restante(&[command, "--help"]).end().await;
        assert_eq!(output.code, 0);
        assert!(output.stdout.contains("smtp+plain imap+plain pop3+plain"));
        assert!(
            output.stdout.contains("\n  64  the command line"),
            "{output:?}"
        );
    }
}

#[tokio::test]
async fn missing_files_end_with_66_and_folders_that_cannot_be_created_with_73() {
    let dir = TestDir::new("");
    let send = [
        "send",
        "--direct",
        "--from",
        "a@x.example",
        "--to",
        "b@x.example",
    ];
    for option in ["--attach", "--text", "--html"] {
        let output = restante(&send).args([option, "/not/there"]).end().await;
        assert_eq!(output.code, 66, "{output:?}");
        assert!(output.stderr.contains("/not/there"), "{output:?}");
    }
    let file = dir.file("file", "x");
    let output = restante(&["fetch", "pop3s://u@localhost", "--out", text(&file)])
        .end()
        .await;
    assert_eq!(output.code, 73, "{output:?}");
    let output = restante(&["fetch", "pop3s://u@localhost", "--list"])
        .args(["--password-file", "/not/there"])
        .end()
        .await;
    assert_eq!(output.code, 66, "{output:?}");
    let output = restante(&["fetch", "pop3s://u@localhost", "--list"])
        .args(dir.trust())
        .end()
        .await;
    assert_eq!(output.code, 64, "{output:?}");
    assert!(output.stderr.contains("no certificate"), "{output:?}");
}

#[tokio::test]
async fn the_password_file_wins_over_the_environment() {
    let demo = demo(Some(1)).await;
    let dir = TestDir::new(demo.ca_pem());
    let url = pop3s(&demo);
    let right = dir.file("right", format!("{DEMO_PASSWORD}\nsecond line\n"));
    let list = |file| {
        restante(&["fetch", "--list", &url])
            .args(dir.trust())
            .args(["--password-file", text(file)])
            .password("wrong")
    };
    let output = list(&right).end().await;
    assert_eq!(output.code, 0, "{output:?}");
    let empty = dir.file("empty", "\n");
    let output = list(&empty).end().await;
    assert_eq!(output.code, 64, "{output:?}");
}

#[tokio::test]
async fn without_a_terminal_there_is_no_password_prompt() {
    // A new session has no terminal, wherever the tests run.
    let output = tokio::task::spawn_blocking(|| {
        Command::new("setsid")
            .arg("--wait")
            .args([env!("CARGO_BIN_EXE_restante"), "fetch", "--list"])
            .arg("pop3s://ann@localhost:1")
            .env_remove("RESTANTE_PASSWORD")
            .output()
    });
    let output = RunOutput::of(output.await.unwrap().unwrap());
    assert_eq!(output.code, 64, "{output:?}");
    assert!(output.stderr.contains("--password-file"), "{output:?}");
}

#[tokio::test]
async fn password_prompt_on_a_terminal_shows_no_input() {
    let demo = demo(Some(1)).await;
    let dir = TestDir::new(demo.ca_pem());
    let line = format!(
        "tty && exec {} fetch --list --json {} --ca-file {}",
        env!("CARGO_BIN_EXE_restante"),
        pop3s(&demo),
        text(&dir.ca_file)
    );
    // `script` runs a program on its own terminal.
    let talking = tokio::task::spawn_blocking(move || {
        let mut child = Command::new("script")
            .args(["--quiet", "--return", "--command", &line, "/dev/null"])
            .env_remove("RESTANTE_PASSWORD")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut shown = Vec::new();
        let mut out = child.stdout.take().unwrap();
        // Not before the prompt: the terminal would show it.
        while !shown.ends_with(b": ") {
            let mut byte = [0];
            out.read_exact(&mut byte).unwrap();
            shown.extend(byte);
        }
        // The prompt comes first, and echo is switched off right after it.
        let terminal = String::from_utf8(shown.clone()).unwrap();
        let terminal = terminal.lines().next().unwrap();
        let is_echo_off = || {
            let state = Command::new("stty").args(["-F", terminal, "-a"]).output();
            let state = String::from_utf8(state.unwrap().stdout).unwrap();
            state.split_whitespace().any(|word| word == "-echo")
        };
        while !is_echo_off() {}
        let mut keyboard = child.stdin.take().unwrap();
        keyboard
            .write_all(format!("{DEMO_PASSWORD}\n").as_bytes())
            .unwrap();
        out.read_to_end(&mut shown).unwrap();
        drop(keyboard);
        (child.wait().unwrap(), String::from_utf8(shown).unwrap())
    });
    let (status, shown) = talking.await.unwrap();
    assert!(status.success(), "{shown}");
    let (_terminal, shown) = shown.split_once("\r\n").unwrap();
    let (prompt, remainder) = shown.split_once(": ").unwrap();
    assert!(prompt.starts_with("Password of demo@restante.test at localhost:"));
    let report = remainder.trim_start();
    assert!(
        report.starts_with('{'),
        "nothing is shown before the report: {shown:?}"
    );
}

fn pop3s(demo: &mail_demo::Demo) -> String {
    let user = ADDRESS.replace('@', "%40");
    format!("pop3s://{user}@localhost:{}", demo.ports().pop3s)
}
