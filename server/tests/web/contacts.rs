//! The page of the address book, its forms, and its files.

use super::client::{Client, Response};
use super::{Product, Request};

const PATH: &str = "/settings/contacts";

/// Posts a file to the import form of an account.
async fn import(client: &mut Client, account: &str, file: &[u8]) -> Response {
    let head = format!(
        "--b\r\nContent-Disposition: form-data; name=\"account\"\r\n\r\n{account}\r\n\
         --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.vcf\"\r\n\r\n"
    );
    let body = [head.as_bytes(), file, b"\r\n--b--\r\n"].concat();
    let path = format!("{PATH}/import");
    let request = Request::post(&path, "multipart/form-data; boundary=b", body);
    client.send(request).await
}

/// Returns the value of an attribute that follows `before` in a page.
fn value_after<'p>(page: &'p str, before: &str) -> &'p str {
    let (_, rest) = page
        .split_once(before)
        .unwrap_or_else(|| panic!("{before}: {page}"));
    rest.split('"').next().unwrap()
}

/// Returns the id of the account whose address book is shown.
async fn account(client: &mut Client) -> String {
    let page = client.get(PATH).await;
    value_after(&page.text(), "name=\"account\" value=\"").to_owned()
}

#[tokio::test]
async fn forms_add_find_correct_and_delete_a_contact() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    let page = client.get(PATH).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("No contacts yet"), "{}", page.text());

    let account = account(&mut client).await;
    let form = |fields: &str| Request::form(PATH, &format!("account={account}&{fields}"));
    let refused = form("kind=contact&name=%3Cb%3EAnn&addresses=nobody&action=save");
    let page = client.send(refused).await;
    let text = page.text();
    assert_eq!(page.status, 422, "{text}");
    assert!(
        text.contains("value=\"&lt;b&gt;Ann\"") && text.contains("nobody"),
        "{text}"
    );

    let fields = "kind=contact&name=%3Cb%3EAnn&addresses=ann%40a.example&note=n&action=save";
    let saved = client.send(form(fields)).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let page = client.get(saved.header("location").unwrap()).await;
    let text = page.text();
    assert!(
        text.contains("1 contact<") && text.contains("Saved"),
        "{text}"
    );
    assert!(!text.contains("<b>Ann"), "{text}");
    let page = client.get(&format!("{PATH}?q=nobody")).await;
    assert!(
        page.text().contains("No contact matches"),
        "{}",
        page.text()
    );

    let (_, known) = text.split_once("<bdi>&lt;b&gt;Ann").unwrap();
    let id = value_after(known, "name=\"entry\" value=\"");
    let fields = format!("kind=contact&entry={id}&action=delete");
    let deleted = client.send(form(&fields)).await;
    let page = client.get(deleted.header("location").unwrap()).await;
    assert!(page.text().contains("No contacts yet"), "{}", page.text());
    // Another tab still has its form.
    let fields = format!("kind=contact&entry={id}&addresses=ann%40a.example&action=save");
    let page = client.send(form(&fields)).await;
    assert_eq!(page.status, 404);
    assert!(page.text().contains("role=\"alert\""), "{}", page.text());
}

#[tokio::test]
async fn file_is_imported_with_a_report_and_exported() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    let file =
        "BEGIN:VCARD\nFN:=Ann\nEMAIL:ann@a.example\nEMAIL:nobody\nCATEGORIES:Team\nEND:VCARD\n";
    let account = account(&mut client).await;
    let page = import(&mut client, &account, file.as_bytes()).await;
    let text = page.text();
    assert_eq!(page.status, 200, "{text}");
    assert!(
        text.contains("Imported: 2 added, 0 changed, 0 already here."),
        "{text}"
    );
    assert!(text.contains("not an email address"), "{text}");

    for (format, media_type, start) in [
        (
            "csv",
            "text/csv; charset=utf-8",
            "\u{feff}Name,E-mail 1 - Value,Notes,Labels\r\n'=Ann,",
        ),
        (
            "vcard",
            "text/vcard; charset=utf-8",
            "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:=Ann\r\n",
        ),
    ] {
        let path = format!("{PATH}/export?account={account}&format={format}");
        let file = client.get(&path).await;
        assert_eq!(file.status, 200);
        assert_eq!(file.header("content-type"), Some(media_type));
        let disposition = file.header("content-disposition").unwrap();
        assert!(disposition.starts_with("attachment; "), "{disposition}");
        assert!(file.text().starts_with(start), "{}", file.text());
    }
    for query in [
        "account=other&format=csv",
        &format!("account={account}&format=xls"),
    ] {
        let response = client.get(&format!("{PATH}/export?{query}")).await;
        assert_eq!(response.status, 404);
    }
}

#[tokio::test]
async fn files_that_are_none_or_too_long_are_refused_on_the_page() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    let account = account(&mut client).await;
    let page = import(&mut client, &account, b"\x89PNG\r\n").await;
    assert_eq!(page.status, 422, "{}", page.text());
    assert!(
        page.text().contains("neither a vCard nor a table"),
        "{}",
        page.text()
    );
    let page = import(&mut client, &account, &vec![b'x'; (5 << 20) + 1]).await;
    assert_eq!(page.status, 413, "{}", page.text());
    assert!(page.text().contains("role=\"alert\""), "{}", page.text());
    let request = Request::post(&format!("{PATH}/import"), "text/plain", "x");
    let page = client.send(request).await;
    assert_eq!(page.status, 422, "{}", page.text());
}

#[tokio::test]
async fn address_book_needs_a_session() {
    let product = Product::start().await;
    for path in [
        PATH.to_owned(),
        format!("{PATH}/export?account=x&format=csv"),
    ] {
        let response = Client::new(&product.authority).get(&path).await;
        assert_eq!(response.status, 303);
        let location = response.header("location").unwrap().to_owned();
        assert!(location.starts_with("/login"), "{location}");
    }
}
