//! Signing in and out.

use super::{Product, Request};

#[tokio::test]
async fn the_sign_in_page_has_no_script_and_opens_no_session() {
    let product = Product::start().await;
    let answer = product.client().get("/login").await;
    assert_eq!(answer.status, 200);
    assert!(!answer.text().contains("<script"), "{}", answer.text());
    assert!(answer.set_cookies().is_empty());
    let policy = answer.header("content-security-policy");
    assert_eq!(policy, Some(server::http::headers::PLAIN_PAGE_CSP));
    product.stop().await;
}

#[tokio::test]
async fn the_cookie_has_the_flags_of_its_scheme() {
    let form = "email=demo%40restante.test&password=demo";
    let product = Product::start().await;
    let answer = product.client().send(Request::form("/login", form)).await;
    let cookies = answer.set_cookies();
    assert_eq!(cookies.len(), 1, "{cookies:?}");
    let (pair, flags) = cookies[0].split_once("; ").unwrap();
    assert!(pair.starts_with("restante="), "{pair}");
    assert_eq!(sorted(flags), ["HttpOnly", "Path=/", "SameSite=Lax"]);
    product.stop().await;

    let product = Product::start_with(|config| {
        config.public_origin = Some("https://mail.example.org".into());
        config.base_path = "/webmail".into();
    })
    .await;
    let answer = product
        .client()
        .send(Request::form("/webmail/login", form))
        .await;
    let (pair, flags) = answer.set_cookies()[0].split_once("; ").unwrap();
    assert!(pair.starts_with("__Secure-restante="), "{pair}");
    assert_eq!(
        sorted(flags),
        ["HttpOnly", "Path=/webmail", "SameSite=Lax", "Secure"]
    );
    product.stop().await;
}

fn sorted(flags: &str) -> Vec<&str> {
    let mut flags: Vec<&str> = flags.split("; ").collect();
    flags.sort_unstable();
    flags
}

#[tokio::test]
async fn signing_in_again_makes_a_new_session_and_ends_the_earlier_one() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    let earlier = client.cookies.clone();
    let form = "email=demo%40restante.test&password=demo&return=%2Foutbox";
    let answer = client.send(Request::form("/login", form)).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, Some("/outbox"))
    );
    assert_ne!(client.cookies, earlier);
    assert_eq!(client.get("/outbox").await.status, 200);
    client.cookies = earlier;
    assert_eq!(
        client.get("/outbox").await.status,
        303,
        "the earlier id opens nothing"
    );
    product.stop().await;
}

#[tokio::test]
async fn signing_out_ends_the_session_for_every_copy_of_the_cookie() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    let copied = client.cookies.clone();
    let answer = client.send(Request::form("/logout", "")).await;
    assert_eq!(answer.status, 303);
    assert!(client.cookies.is_empty(), "{:?}", answer.set_cookies());
    client.cookies = copied;
    assert_eq!(client.get("/outbox").await.status, 303);
    product.stop().await;
}

#[tokio::test]
async fn a_restart_ends_sessions_whose_passwords_it_forgot() {
    let product = Product::start().await;
    let client = product.signed_in("").await;
    let product = product.restart().await;
    let mut after = product.client();
    after.cookies = client.cookies.clone();
    assert_eq!(after.get("/outbox").await.status, 303);
    product.stop().await;
}

#[tokio::test]
async fn a_wrong_password_keeps_what_was_typed_but_the_password() {
    let product = Product::start().await;
    let mut client = product.client();
    let form = "email=demo%40restante.test&password=hunter2hunter2";
    let answer = client.send(Request::form("/login", form)).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("demo@restante.test"));
    assert!(!answer.text().contains("hunter2"));
    assert!(client.cookies.is_empty());
    product.stop().await;
}

#[tokio::test]
async fn servers_of_an_unknown_domain_are_shown_before_they_are_dialled() {
    let product = Product::start().await;
    let before = product.demo.commands_seen();
    let form = "email=ann%40unknown.example&password=secret-words&incoming=pop3";
    let answer = product.client().send(Request::form("/login", form)).await;
    assert_eq!(answer.status, 200);
    for shown in ["pop.unknown.example", "995", "smtp.unknown.example", "465"] {
        assert!(answer.text().contains(shown), "{shown}");
    }
    assert!(!answer.text().contains("secret-words"));
    assert_eq!(product.demo.commands_seen(), before);
    product.stop().await;
}

#[tokio::test]
async fn a_foreign_return_address_is_not_followed() {
    let product = Product::start().await;
    for wicked in [
        "%2F%2Fevil.example",
        "https%3A%2F%2Fevil.example",
        "%2F%5Cevil.example",
    ] {
        let form = format!("email=demo%40restante.test&password=demo&return={wicked}");
        let answer = product.client().send(Request::form("/login", &form)).await;
        assert_eq!(answer.header("location"), Some("/mail"), "{wicked}");
    }
    product.stop().await;
}

#[tokio::test]
async fn five_wrong_passwords_are_enough_for_a_minute() {
    let product = Product::start().await;
    let wrong = "email=demo%40restante.test&password=wrong";
    for _ in 0..5 {
        let answer = product.client().send(Request::form("/login", wrong)).await;
        assert_eq!(answer.status, 422);
    }
    let before = product.demo.commands_seen();
    let right = "email=demo%40restante.test&password=demo";
    let answer = product.client().send(Request::form("/login", right)).await;
    assert_eq!(answer.status, 429);
    assert!(answer.header("retry-after").is_some());
    assert_eq!(
        product.demo.commands_seen(),
        before,
        "the mail server is not asked"
    );
    product.stop().await;
}

#[tokio::test]
async fn the_language_is_chosen_by_link_cookie_and_browser() {
    let product = Product::start().await;
    let mut client = product.client();
    let answer = client
        .send(Request::get("/login").header("accept-language", "zh-CN,en;q=0.5"))
        .await;
    assert!(answer.text().contains("lang=\"zh-CN\""));
    let answer = client.get("/login?lang=zh-CN").await;
    assert!(answer.text().contains("lang=\"zh-CN\""));
    let answer = client
        .send(Request::get("/login").header("accept-language", "en"))
        .await;
    assert!(
        answer.text().contains("lang=\"zh-CN\""),
        "the cookie wins over the browser"
    );
    product.stop().await;
}
