//! Sign-in and sign-out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::{Product, Request};

#[tokio::test]
async fn the_sign_in_page_allows_its_one_script_by_hash_and_opens_no_session() {
    let product = Product::start().await;
    for path in ["/login", "/"] {
        let response = product.client().get(path).await;
        assert_eq!(response.status, 200, "{path}");
        let page = response.text();
        let scripts: Vec<&str> = page.split("<script>").skip(1).collect();
        assert_eq!(
            (scripts.len(), page.matches("<script").count()),
            (1, 1),
            "{page}"
        );
        let script = scripts[0].split("</script>").next().unwrap();
        let source = format!("'sha256-{}'", STANDARD.encode(Sha256::digest(script)));
        let policy = response.header("content-security-policy").unwrap();
        assert_eq!(policy, server::http::headers::sign_in_csp(&source, None));
        assert!(page.contains("name=\"password\""), "{page}");
        assert_eq!(response.header("cache-control"), Some("no-store"));
        assert!(response.set_cookies().is_empty());
    }
    product.stop().await;
}

/// Returns the sign-in form as a browser with script sends it.
fn scripted(return_to: &str) -> String {
    format!("email=demo%40restante.test&password=demo&script=1{return_to}")
}

/// Returns the path that a page sets as its own address.
fn own_address(page: &str) -> &str {
    let (_, rest) = page.split_once(" data-at=\"").expect(page);
    rest.split('"').next().unwrap()
}

#[tokio::test]
async fn browser_with_script_gets_the_inbox_as_the_response_to_its_form() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    let earlier = client.cookies.clone();
    let response = client.send(Request::form("/login", &scripted(""))).await;
    let page = response.text();
    assert_eq!((response.status, response.header("location")), (200, None));
    let policy = response.header("content-security-policy").unwrap();
    let nonce = policy.split("'nonce-").nth(1).unwrap();
    let nonce = nonce.split('\'').next().unwrap();
    assert_eq!(policy, server::http::headers::app_csp(nonce));
    // The first script of the document, with the nonce, sets the form's address before anything
    // else.
    let first = page.find("<script").unwrap();
    let expected = format!(
        "<script nonce=\"{nonce}\">history.replaceState(null,'',document.documentElement.dataset.at)</script>"
    );
    assert!(page[first..].starts_with(&expected), "{page}");
    assert_eq!(response.header("cache-control"), Some("no-store"));
    assert_eq!(response.header("referrer-policy"), Some("same-origin"));
    assert!(!page.contains("password"), "{page}");
    assert_ne!(client.cookies, earlier, "a session id of its own");

    let inbox = own_address(&page).to_owned();
    assert!(inbox.starts_with("/mail/"), "{inbox}");
    let list = client.get(&inbox).await;
    assert_eq!(list.status, 200);
    let rows = |text: &str| text.matches("class=\"row-link\"").count();
    assert!(rows(&page) > 10, "{page}");
    assert_eq!(rows(&list.text()), rows(&page));
    client.cookies = earlier;
    assert_eq!(
        client.get(&inbox).await.status,
        303,
        "the earlier id opens nothing"
    );
    product.stop().await;
}

#[tokio::test]
async fn the_first_list_after_sign_in_has_the_times_of_the_reader() {
    let product = Product::start().await;
    let zone = "restante_zone=Asia%2FKathmandu";
    let form = Request::form("/login", &scripted("")).header("cookie", zone);
    let page = product.client().send(form).await.text();
    let first = page.split("<time datetime=\"").nth(1).expect("a row");
    let instant = first.split('"').next().unwrap();
    assert!(instant.ends_with("+05:45"), "{instant}");
    product.stop().await;
}

#[tokio::test]
async fn only_own_list_pages_are_returned_without_a_redirect() {
    let product = Product::start().await;
    let mut client = product.client();
    let page = client
        .send(Request::form("/login", &scripted("")))
        .await
        .text();
    let inbox = own_address(&page).to_owned();

    let second = format!("&return={inbox}%3Fpage%3D2");
    let response = client
        .send(Request::form("/login", &scripted(&second)))
        .await;
    assert_eq!(response.status, 200);
    assert_eq!(own_address(&response.text()), format!("{inbox}?page=2"));
    for (return_to, location) in [
        ("%2Foutbox".to_owned(), "/outbox".to_owned()),
        ("%2Fcompose".to_owned(), "/compose".to_owned()),
        (format!("{inbox}%2F1.1"), format!("{inbox}/1.1")),
    ] {
        let form = scripted(&format!("&return={return_to}"));
        let response = client.send(Request::form("/login", &form)).await;
        assert_eq!(
            (response.status, response.header("location")),
            (303, Some(location.as_str()))
        );
    }
    for foreign in [
        "%2F%2Fevil.example%2Fmail%2Fa%2Fb",
        "https%3A%2F%2Fevil.example%2Fmail%2Fa%2Fb",
        "javascript%3Aalert(1)",
    ] {
        let form = scripted(&format!("&return={foreign}"));
        let response = client.send(Request::form("/login", &form)).await;
        assert_eq!(response.status, 200, "{foreign}");
        assert_eq!(own_address(&response.text()), inbox, "{foreign}");
    }
    let quoted = scripted("&return=%2Fmail%2Fa%2Fb%3Fx%3D%22onload%3D'%26lt;");
    let page = client.send(Request::form("/login", &quoted)).await.text();
    assert!(!page.contains("\"onload"), "{page}");
    product.stop().await;
}

#[tokio::test]
async fn another_site_cannot_sign_a_user_in() {
    let product = Product::start().await;
    let mut client = product.client();
    let form = Request::form("/login", &scripted("")).header("sec-fetch-site", "cross-site");
    assert_eq!(client.send(form).await.status, 403);
    assert!(client.cookies.is_empty());
    product.stop().await;
}

#[tokio::test]
async fn start_page_is_the_inbox_without_another_round_trip() {
    for base in ["", "/webmail"] {
        let product = Product::start_with(|config| config.base_path = base.into()).await;
        let mut client = product.signed_in(base).await;
        let page = client.get(&format!("{base}/")).await;
        assert_eq!(page.status, 200);
        let inbox = own_address(&page.text()).to_owned();
        assert!(inbox.starts_with(&format!("{base}/mail/")), "{inbox}");
        let redirect = client.get(&format!("{base}/mail")).await;
        assert_eq!(redirect.header("location"), Some(inbox.as_str()));
        product.stop().await;
    }
}

#[tokio::test]
async fn the_cookie_has_the_flags_of_its_scheme() {
    let form = "email=demo%40restante.test&password=demo";
    let product = Product::start().await;
    let response = product.client().send(Request::form("/login", form)).await;
    let cookies = response.set_cookies();
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
    let response = product
        .client()
        .send(Request::form("/webmail/login", form))
        .await;
    let (pair, flags) = response.set_cookies()[0].split_once("; ").unwrap();
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
    let response = client.send(Request::form("/login", form)).await;
    assert_eq!(
        (response.status, response.header("location")),
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
    let response = client.send(Request::form("/logout", "")).await;
    assert_eq!(response.status, 303);
    assert!(client.cookies.is_empty(), "{:?}", response.set_cookies());
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
async fn wrong_password_keeps_all_fields_except_the_password() {
    let product = Product::start().await;
    let mut client = product.client();
    let form = "email=demo%40restante.test&password=hunter2hunter2";
    let response = client.send(Request::form("/login", form)).await;
    assert_eq!(response.status, 422);
    assert!(response.text().contains("demo@restante.test"));
    assert!(!response.text().contains("hunter2"));
    assert!(client.cookies.is_empty());
    product.stop().await;
}

#[tokio::test]
async fn servers_of_an_unknown_domain_are_shown_before_they_are_dialled() {
    let product = Product::start().await;
    let before = product.demo.command_count();
    let form = "email=ann%40unknown.example&password=secret-words&incoming=pop3";
    let response = product.client().send(Request::form("/login", form)).await;
    assert_eq!(response.status, 200);
    for shown in ["pop.unknown.example", "995", "smtp.unknown.example", "465"] {
        assert!(response.text().contains(shown), "{shown}");
    }
    assert!(!response.text().contains("secret-words"));
    assert_eq!(product.demo.command_count(), before);
    product.stop().await;
}

#[tokio::test]
async fn a_foreign_return_address_is_not_followed() {
    let product = Product::start().await;
    for foreign in [
        "%2F%2Fevil.example",
        "https%3A%2F%2Fevil.example",
        "%2F%5Cevil.example",
    ] {
        let form = format!("email=demo%40restante.test&password=demo&return={foreign}");
        let response = product.client().send(Request::form("/login", &form)).await;
        assert_eq!(response.header("location"), Some("/"), "{foreign}");
    }
    product.stop().await;
}

#[tokio::test]
async fn five_wrong_passwords_block_the_sign_in_for_a_minute() {
    let product = Product::start().await;
    let wrong = "email=demo%40restante.test&password=wrong";
    for _ in 0..5 {
        let response = product.client().send(Request::form("/login", wrong)).await;
        assert_eq!(response.status, 422);
    }
    let before = product.demo.command_count();
    let right = "email=demo%40restante.test&password=demo";
    let response = product.client().send(Request::form("/login", right)).await;
    assert_eq!(response.status, 429);
    assert!(response.header("retry-after").is_some());
    assert_eq!(
        product.demo.command_count(),
        before,
        "the mail server is not asked"
    );
    product.stop().await;
}

#[tokio::test]
async fn the_language_is_chosen_by_link_cookie_and_browser() {
    let product = Product::start().await;
    let mut client = product.client();
    let response = client
        .send(Request::get("/login").header("accept-language", "zh-CN,en;q=0.5"))
        .await;
    assert!(response.text().contains("lang=\"zh-CN\""));
    let response = client.get("/login?lang=zh-CN").await;
    assert!(response.text().contains("lang=\"zh-CN\""));
    let response = client
        .send(Request::get("/login").header("accept-language", "en"))
        .await;
    assert!(
        response.text().contains("lang=\"zh-CN\""),
        "the cookie wins over the browser"
    );
    product.stop().await;
}
