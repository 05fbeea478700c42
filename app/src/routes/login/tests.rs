use super::*;
use crate::api::error::ErrorKind;
use crate::api::types::{Lang, Theme};

fn page(base: &str, lang: Lang) -> LoginPage {
    LoginPage {
        context: PageContext {
            base: base.to_owned(),
            lang,
            theme: Theme::Dark,
            build: "b".into(),
            css: "main.1.css".into(),
            icons: "icons.1.svg".into(),
            live: String::new(),
            seen: String::new(),
        },
        js: format!("{base}/a/b/restante.js"),
        wasm: format!("{base}/a/b/restante_bg.wasm"),
        style: None,
        form: LoginForm::default(),
        is_manual_open: false,
        error: None,
        notice: None,
        demo: None,
        is_plain_allowed: false,
        return_to: None,
        is_added: false,
    }
}

#[test]
fn page_has_one_script_and_every_field() {
    let html = render(page("/webmail", Lang::En));
    assert!(
        html.starts_with("<!DOCTYPE html><html lang=\"en\""),
        "{html}"
    );
    assert_eq!(html.matches("<script").count(), 1, "{html}");
    assert!(
        html.contains(&format!("<script>{SCRIPT}</script>")),
        "{html}"
    );
    assert!(!html.contains("style="), "{html}");
    for field in [
        "email",
        "password",
        "user",
        "incoming",
        "incoming_host",
        "incoming_port",
        "incoming_tls",
        "outgoing_host",
        "outgoing_port",
        "outgoing_tls",
    ] {
        assert!(html.contains(&format!("name=\"{field}\"")), "{field}");
    }
    assert!(html.contains("action=\"/webmail/login\""), "{html}");
    assert!(html.contains("href=\"/webmail/a/main.1.css\""), "{html}");
    assert!(html.contains("data-theme=\"dark\""), "{html}");
    assert!(!html.contains("value=\"plain\""), "{html}");
}

#[test]
fn configured_style_replaces_the_style_sheet() {
    let mut page = page("", Lang::En);
    page.style = Some(".a>.b { content: \"<\" }".into());
    let html = render(page);
    assert!(
        html.contains("<style>.a>.b { content: \"<\" }</style>"),
        "{html}"
    );
    assert!(!html.contains("rel=\"stylesheet\""), "{html}");
    assert!(
        html.contains("rel=\"prefetch\" href=\"/a/main.1.css\""),
        "{html}"
    );
}

#[test]
fn typed_fields_are_escaped_and_shown_with_the_error() {
    let mut page = page("", Lang::ZhCn);
    page.form.email = "\"><script>a@b".to_owned();
    page.form.incoming_tls = TlsChoice::Plain;
    page.is_plain_allowed = true;
    page.is_manual_open = true;
    page.return_to = Some("/mail/a/b?x=1&y=2".to_owned());
    page.error = Some(ApiError {
        kind: ErrorKind::Password,
        cause: "密码错误".into(),
        fix: "请重试".into(),
        retry_after_secs: None,
        reply: Some("NO <b>LOGIN</b>".into()),
        field: Some("password".into()),
        ref_id: "r-1".into(),
    });
    let html = render(page);
    assert_eq!(html.matches("<script").count(), 1, "{html}");
    assert!(
        html.contains("value=\"&quot;&gt;&lt;script&gt;a@b\""),
        "{html}"
    );
    assert!(!html.contains("<b>LOGIN"), "{html}");
    assert!(
        html.contains("密码错误") && html.contains("请重试"),
        "{html}"
    );
    assert!(html.contains("<details open class=\"fold\""), "{html}");
    assert!(html.contains("value=\"plain\" selected"), "{html}");
    assert!(
        html.contains("name=\"password\" type=\"password\""),
        "{html}"
    );
    assert!(html.contains("value=\"/mail/a/b?x=1&amp;y=2\""), "{html}");
}

#[test]
fn demo_mailbox_button_is_shown_only_if_configured() {
    let mut with_demo = page("", Lang::En);
    assert!(!render(with_demo.clone()).contains("demo mailbox"));
    with_demo.demo = Some(DemoMailbox {
        address: "demo@restante.test".into(),
        password: "demo".into(),
    });
    let html = render(with_demo);
    assert!(html.contains("value=\"demo@restante.test\""), "{html}");
    assert!(html.contains("Try the demo mailbox"), "{html}");
}
