use super::*;
use crate::config::Peer;
use crate::store::TestDir;

fn read(text: &str) -> Result<Config, ConfigError> {
    read_with(text, &[])
}

fn read_with(text: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let dir = TestDir::new();
    let path = dir.path().join("restante.toml");
    std::fs::write(&path, text).unwrap();
    let environment = environment
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    load(Some(&path), environment)
}

#[test]
fn the_empty_configuration_serves_this_machine_only() {
    let config = load(None, []).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:3000");
    assert_eq!(
        (config.base_path.as_str(), config.upstreams),
        ("", Upstreams::Public)
    );
    assert!(config.public_origin.is_none() && !config.is_https());
}

#[test]
fn every_key_is_parsed() {
    let config = read(
        r#"
        listen = "0.0.0.0:8080"
        base_path = "/webmail/"
        public_origin = "https://Mail.example.org/"
        insecure_http = false
        state_dir = "/var/lib/restante"
        trusted_proxies = ["127.0.0.1", "10.0.0.0/8", "unix"]
        upstreams = "listed"
        sessions_per_account = 3
        upload_max_bytes = 1048576
        spool_account_max_bytes = 3145728
        spool_max_bytes = 4000000
        ledger_keep_days = 30

        [[upstream]]
        host = "Mail.example.org"
        ports = { imap = [1993, 1143], smtp = 1465 }
        tls = "starttls"
        domains = ["Example.org"]
        "#,
    )
    .unwrap();
    assert_eq!(config.base_path, "/webmail");
    assert_eq!(
        config.public_origin.as_deref(),
        Some("https://mail.example.org")
    );
    assert!(config.trusted_proxies.contains(&Peer::Unix));
    assert_eq!(config.sessions_per_account, 3);
    assert_eq!(config.spool.account_max_bytes, 3 << 20);
    assert_eq!(
        (config.spool.max_bytes, config.ledger_keep_days),
        (4_000_000, 30)
    );
    let preset = config.preset("EXAMPLE.org").unwrap();
    let imap = preset.imap.unwrap();
    assert_eq!(
        (imap.host.as_str(), imap.port, imap.tls),
        ("mail.example.org", 1993, TlsMode::StartTls)
    );
    assert_eq!(preset.pop3, None);
    assert_eq!(preset.smtp.unwrap().port, 1465);
    assert_eq!(config.upstream[0].ports(), [1993, 1143, 1465]);
}

#[test]
fn the_environment_overrides_the_file() {
    let environment = [
        ("RESTANTE__BASE_PATH", "/mail"),
        ("RESTANTE__INSECURE_HTTP", "true"),
        ("RESTANTE__TRUSTED_PROXIES", "[\"::1\"]"),
        ("RESTANTE__UPLOAD_MAX_BYTES", "1000"),
        ("RESTANTE_PASSWORD", "is no key"),
    ];
    let config = read_with("base_path = '/other'", &environment).unwrap();
    assert_eq!(
        (config.base_path.as_str(), config.upload_max_bytes),
        ("/mail", 1000)
    );
    assert!(config.insecure_http);
    assert_eq!(config.trusted_proxies.len(), 1);
}

#[test]
fn an_error_names_the_location_the_key_and_the_fix() {
    for (text, line, key) in [
        ("\nlisten = 'nowhere'", "line 2", "`listen`"),
        ("listn = '127.0.0.1:1'", "line 1", "`listn`"),
        ("base_path = 'a b'", "line 1", "`base_path`"),
        ("\n\nbase_path = '/a/../b'", "line 3", "`base_path`"),
        (
            "public_origin = 'https://a.example/path'",
            "line 1",
            "`public_origin`",
        ),
        (
            "public_origin = 'ftp://a.example'",
            "line 1",
            "`public_origin`",
        ),
        (
            "public_origin = 'http://mail.example.org'",
            "line 1",
            "`public_origin`",
        ),
        ("listen = '0.0.0.0:80'", "line 1", "`public_origin`"),
        (
            "trusted_proxies = ['10.0.0.0/33']",
            "line 1",
            "`trusted_proxies`",
        ),
        (
            "sessions_per_account = 0",
            "line 1",
            "`sessions_per_account`",
        ),
        ("upload_max_bytes = 0", "line 1", "`upload_max_bytes`"),
        (
            "upload_max_bytes = 999999999999",
            "line 1",
            "`upload_max_bytes`",
        ),
        (
            "spool_account_max_bytes = 1000",
            "line 1",
            "`spool_account_max_bytes`",
        ),
        ("spool_max_bytes = 1000", "line 1", "`spool_max_bytes`"),
        ("ledger_keep_days = 0", "line 1", "`ledger_keep_days`"),
        ("[[upstream]]\nhost = 'x'\nport = 1", "line 3", "`port`"),
        ("[[upstream]]\nhost = 'a/b'", "line 1", "`host`"),
        (
            "[[upstream]]\nhost = 'x'\nca_file = 'not-there.pem'",
            "line 1",
            "`ca_file`",
        ),
        ("upstreams = 'everything'", "line 1", "everything"),
    ] {
        let error = read(text).expect_err(text);
        assert!(error.location.ends_with(line), "{text}: {error}");
        assert!(error.problem.contains(key), "{text}: {error}");
        assert!(!error.fix.is_empty(), "{text}: {error}");
    }
    let error = read_with("", &[("RESTANTE__LISTEN", "here")]).unwrap_err();
    assert_eq!(error.location, "environment, RESTANTE__LISTEN");
    let error = read_with("", &[("RESTANTE__LISTN", "127.0.0.1:1")]).unwrap_err();
    assert!(error.problem.contains("`listn`"), "{error}");
}

#[test]
fn plain_http_from_other_machines_requires_insecure_http() {
    assert!(read("public_origin = 'http://localhost:3000'").is_ok());
    assert!(read("listen = '0.0.0.0:80'\ninsecure_http = true").is_ok());
    assert!(read("listen = 'unix:/run/r.sock'\npublic_origin = 'https://a.example'").is_ok());
    assert!(read("listen = 'unix:/run/r.sock'").is_err());
}
