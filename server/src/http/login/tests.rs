use super::*;
use crate::config::Upstream;
use app::page::PageContext;

fn upstream(host: &str, tls: Option<TlsMode>) -> Upstream {
    Upstream {
        host: host.into(),
        imap_ports: vec![1143],
        pop3_ports: vec![],
        smtp_ports: vec![1587],
        tls,
        ca_pem: None,
        domains: vec!["example.org".into()],
    }
}

/// Returns what a form leads to, and the page that is shown otherwise.
fn read(upstreams: Vec<Upstream>, form: &str) -> (Result<Option<SignIn>, RequestError>, LoginPage) {
    let mut config = Config::local(std::path::Path::new("unused"));
    config.upstream = upstreams;
    let fields = body::parse_form(form.as_bytes());
    let mut login_page = LoginPage {
        context: PageContext {
            base: String::new(),
            lang: Lang::En,
            theme: Default::default(),
            build: String::new(),
            css: String::new(),
            icons: String::new(),
            live: String::new(),
            seen: String::new(),
        },
        js: String::new(),
        wasm: String::new(),
        style: None,
        form: form_from_fields(&fields),
        is_manual_open: false,
        error: None,
        notice: None,
        demo: None,
        is_plain_allowed: false,
        return_to: None,
        is_added: false,
    };
    let password = Secret::new(field(&fields, "password").unwrap_or_default());
    let read = prepare(&config, &mut login_page, password);
    (read, login_page)
}

#[test]
fn a_listed_domain_needs_address_and_password_only() {
    let listed = vec![upstream("mail.example.org", Some(TlsMode::StartTls))];
    let (read, _) = read(listed, "email=Ann%40Example.org&password=x");
    let sign_in = read.unwrap().unwrap();
    assert_eq!(
        (sign_in.incoming.host.as_str(), sign_in.incoming.port),
        ("mail.example.org", 1143)
    );
    assert_eq!(
        (sign_in.outgoing.port, sign_in.outgoing.tls),
        (1587, TlsMode::StartTls)
    );
    assert_eq!(
        (sign_in.address.as_str(), sign_in.user),
        ("Ann@Example.org", None)
    );
}

#[test]
fn listed_domain_without_that_protocol_needs_manual_servers() {
    let listed = vec![upstream("mail.example.org", None)];
    let (read, login_page) = read(listed, "email=ann%40example.org&password=x&incoming=pop3");
    assert!(read.unwrap().is_none() && login_page.is_manual_open);
    assert_eq!(login_page.form.incoming_host, "pop.example.org");
    assert_eq!(
        login_page.form.outgoing_host, "mail.example.org",
        "what is known is filled in"
    );
}

#[test]
fn servers_of_an_unknown_domain_are_guessed_and_shown() {
    for (kind, host, port) in [
        ("imap", "imap.a.example", "993"),
        ("pop3", "pop.a.example", "995"),
    ] {
        let form = format!("email=ann%40a.example&password=x&incoming={kind}");
        let (read, login_page) = read(vec![], &form);
        assert!(read.unwrap().is_none());
        assert_eq!(
            (
                login_page.form.incoming_host.as_str(),
                login_page.form.incoming_port.as_str()
            ),
            (host, port)
        );
        assert_eq!(
            (
                login_page.form.outgoing_host.as_str(),
                login_page.form.outgoing_port.as_str()
            ),
            ("smtp.a.example", "465")
        );
        let domain = "a.example".to_owned();
        assert_eq!(login_page.notice, Some(LoginNotice::Guessed { domain }));
    }
}

const MANUAL: &str = "email=ann%40a.example&password=x&user=ann&incoming=imap\
    &incoming_host=Mail.a.example.&incoming_port=143&incoming_tls=starttls\
    &outgoing_host=mail.a.example&outgoing_port=465&outgoing_tls=implicit";

#[test]
fn entered_servers_are_used_unchanged() {
    let (read, _) = read(vec![], MANUAL);
    let sign_in = read.unwrap().unwrap();
    assert_eq!(sign_in.user.as_deref(), Some("ann"));
    let incoming = &sign_in.incoming;
    assert_eq!(
        (incoming.host.as_str(), incoming.port, incoming.tls),
        ("mail.a.example", 143, TlsMode::StartTls)
    );
}

#[test]
fn each_error_names_its_field() {
    let manual = |from: &str, to: &str| MANUAL.replace(from, to);
    for (form, error) in [
        (manual("ann%40a.example", "ann"), RequestError::Address),
        (
            manual("ann%40a.example", "%40a.example"),
            RequestError::Address,
        ),
        (
            manual("password=x", "password="),
            RequestError::Missing("password"),
        ),
        (
            manual("port=143", "port=0"),
            RequestError::Port("incoming_port"),
        ),
        (
            manual("port=465", "port=70000"),
            RequestError::Port("outgoing_port"),
        ),
        (
            manual("tls=starttls", "tls=plain"),
            RequestError::TlsMode("incoming_tls"),
        ),
    ] {
        assert_eq!(read(vec![], &form).0.unwrap_err(), error, "{form}");
    }
}

#[test]
fn plain_connections_need_permission_of_the_operator() {
    let form = MANUAL.replace("tls=starttls", "tls=plain");
    let (allowed, _) = read(
        vec![upstream("mail.a.example", Some(TlsMode::Plain))],
        &form,
    );
    assert_eq!(allowed.unwrap().unwrap().incoming.tls, TlsMode::Plain);
    let (refused, _) = read(vec![upstream("mail.a.example", None)], &form);
    assert_eq!(refused.unwrap_err(), RequestError::TlsMode("incoming_tls"));
}
