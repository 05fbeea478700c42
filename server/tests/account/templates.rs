//! Texts that an account writes again and again.

use app::api::backend::MailBackend as _;
use app::api::error::ErrorKind;
use app::api::types::{Conversion, Template};

use super::test_server::{Page, TestServer};

async fn templates(page: &Page) -> Vec<Template> {
    let mut all = page.backend.template_list().await.unwrap();
    all.remove(0).templates
}

async fn save(page: &Page, template: Template) {
    let saved = page.backend.template_save(page.account.clone(), template);
    saved.await.unwrap();
}

fn template(name: &str) -> Template {
    Template {
        name: name.to_owned(),
        subject: "报价单".to_owned(),
        text: "Hello,\r\nthe offer.".to_owned(),
        ..Template::default()
    }
}

#[tokio::test]
async fn templates_are_offered_by_name_and_put_into_a_text() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    save(&page, template("thanks")).await;
    save(&page, template("Offer")).await;
    // Another session of the account has them too.
    let again = server.open(server.imap()).await.unwrap();
    let form = again
        .backend
        .compose_start(again.account.clone(), None, Vec::new());
    let offered = form.await.unwrap().templates;
    let names: Vec<_> = offered.iter().map(|template| &*template.name).collect();
    assert_eq!(names, ["Offer", "thanks"]);
    let chosen = Conversion::Template(offered[0].id.clone());
    let text = again
        .backend
        .text_convert(again.account.clone(), chosen)
        .await;
    let text = text.unwrap();
    assert_eq!(
        (&*text.subject, &*text.text),
        ("报价单", "Hello,\nthe offer.")
    );
}

#[tokio::test]
async fn template_is_changed_and_deleted() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.pop3()).await.unwrap();
    save(&page, template("Offer")).await;
    let stored = templates(&page).await.remove(0);
    let renamed = Template {
        name: "Order".to_owned(),
        ..stored.clone()
    };
    save(&page, renamed.clone()).await;
    assert_eq!(templates(&page).await, std::slice::from_ref(&renamed));
    let delete = || {
        let (account, id) = (page.account.clone(), stored.id.clone());
        page.backend.template_delete(account, id)
    };
    delete().await.unwrap();
    delete().await.unwrap();
    assert_eq!(templates(&page).await, []);
    // A form or a page that was opened before.
    let chosen = Conversion::Template(stored.id.clone());
    let gone = page.backend.text_convert(page.account.clone(), chosen);
    assert_eq!(gone.await.unwrap_err().kind, ErrorKind::NotFound);
    let saved = page.backend.template_save(page.account.clone(), renamed);
    assert_eq!(saved.await.unwrap_err().kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn template_without_a_name_or_over_a_limit_is_refused_at_its_field() {
    let server = TestServer::new(Some(1)).await;
    let page = server.open(server.imap()).await.unwrap();
    let refused = async |template: Template| {
        let saved = page.backend.template_save(page.account.clone(), template);
        let error = saved.await.unwrap_err();
        (error.kind, error.field.unwrap())
    };
    let invalid_name = (ErrorKind::Invalid, "name".to_owned());
    assert_eq!(refused(template(" \r\n ")).await, invalid_name);
    let long = Template {
        text: "x".repeat((16 << 10) + 1),
        ..template("Long")
    };
    assert_eq!(
        refused(long).await,
        (ErrorKind::TooLarge, "text".to_owned())
    );
    for nth in 0..50 {
        save(&page, template(&format!("{nth}"))).await;
    }
    assert_eq!(refused(template("One more")).await, invalid_name);
    assert_eq!(templates(&page).await.len(), 50);
}
