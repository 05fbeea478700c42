//! The compose form without script: a form sends one message, no message is sent without a selected
//! file, and a text whose session ended is restored after the sign-in.

use super::client::Response;
use super::{Client, Product, Request};

const SIGN_IN: &str = "email=demo%40restante.test&password=demo";

/// The compose form in a page.
#[derive(Debug, Clone, Default)]
struct Form {
    address: String,
    /// Hidden fields and ticked boxes, in their order.
    fields: Vec<(String, String)>,
    files: Vec<(String, Vec<u8>)>,
}

impl Form {
    /// Opens a compose page, as a browser follows a link to it.
    async fn open(client: &mut Client, path: &str) -> Self {
        let mut address = path.to_owned();
        loop {
            let response = client.get(&address).await;
            match response.status {
                303 => response
                    .header("location")
                    .unwrap()
                    .clone_into(&mut address),
                200 => return Self::shown(&address, &response),
                status => panic!("{address}: {status} {}", response.text()),
            }
        }
    }

    fn shown(address: &str, response: &Response) -> Self {
        let page = response.text();
        let form = page.split_once("class=\"composer\"").expect(&page).1;
        let form = form.split_once("</form>").unwrap().0;
        let mut fields = Vec::new();
        for input in form.split("<input").skip(1) {
            let input = input.split_once('>').unwrap().0;
            let kind = attribute(input, "type").unwrap_or_default();
            let is_sent = kind != "file" && (kind != "checkbox" || input.contains(" checked"));
            if let (Some(name), true) = (attribute(input, "name"), is_sent) {
                fields.push((name, attribute(input, "value").unwrap_or_default()));
            }
        }
        let text = form.split_once("<textarea").unwrap().1;
        let text = text.split_once('>').unwrap().1.split_once('<').unwrap().0;
        let text = plain(text.strip_prefix('\n').unwrap_or(text));
        fields.push(("body".into(), text));
        Self {
            address: address.to_owned(),
            fields,
            files: Vec::new(),
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        let found = fields.find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        match self.fields.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.fields.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self
    }

    fn file(mut self, name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.push((name.to_owned(), bytes.into()));
        self
    }

    fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for (name, value) in &self.fields {
            let head = format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n");
            body.extend(head.bytes());
            body.extend(value.replace('\n', "\r\n").bytes());
            body.extend(b"\r\n");
        }
        for (name, bytes) in &self.files {
            let head = format!(
                "--x\r\ncontent-disposition: form-data; name=\"attachment\"; \
                 filename=\"{name}\"\r\ncontent-type: text/plain\r\n\r\n"
            );
            body.extend(head.bytes());
            body.extend(bytes);
            body.extend(b"\r\n");
        }
        body.extend(b"--x--\r\n");
        body
    }

    fn request(&self) -> Request {
        Request::post("/compose", "multipart/form-data; boundary=x", self.body())
    }

    async fn send(&self, client: &mut Client) -> Response {
        client.send(self.request()).await
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let value = tag.split_once(&format!(" {name}=\""))?.1;
    Some(plain(value.split_once('"')?.0))
}

fn plain(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">");
    text.replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

/// Returns the same browser, for a product that runs at another address.
fn with_cookies_of(browser: Client, product: &Product) -> Client {
    let mut moved = product.client();
    moved.cookies = browser.cookies;
    moved
}

/// Fills in a form.
async fn filled_form(client: &mut Client, subject: &str) -> Form {
    let form = Form::open(client, "/compose").await;
    form.with("to", "ann@restante.test")
        .with("subject", subject)
        .with("body", "First line.\nSecond <line>.")
}

/// Returns how many entries of the outbox have a subject.
async fn entries(client: &mut Client, subject: &str) -> usize {
    let page = client.get("/outbox").await.text();
    page.matches(&format!(">{subject}<")).count()
}

fn entry(response: &Response) -> String {
    assert_eq!(response.status, 303, "{}", response.text());
    let location = response.header("location").unwrap();
    assert!(location.starts_with("/outbox?entry="), "{location}");
    location.to_owned()
}

#[tokio::test]
async fn two_clicks_on_send_are_one_message() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    let form = filled_form(&mut client, "Two clicks")
        .await
        .file("a.txt", "A file.");
    let (mut first, mut second) = (client.clone(), client.clone());
    let (first, second) = tokio::join!(form.send(&mut first), form.send(&mut second));
    assert_eq!(entry(&first), entry(&second));
    assert_eq!(entries(&mut client, "Two clicks").await, 1);
    product.stop().await;
}

#[tokio::test]
async fn coming_back_to_a_sent_form_sends_no_second_message_even_after_a_restart() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    let form = filled_form(&mut client, "Once").await;
    let first = entry(&form.send(&mut client).await);
    // A browser requests the page again and restores the typed text.
    let back = Form::open(&mut client, &form.address).await;
    assert_eq!(back.get("form"), form.get("form"));
    assert_eq!(entry(&form.send(&mut client).await), first);
    let product = product.restart().await;
    let mut client = product.signed_in("").await;
    assert_eq!(entry(&form.send(&mut client).await), first);
    assert_eq!(entries(&mut client, "Once").await, 1);
    product.stop().await;
}

#[tokio::test]
async fn changed_text_in_a_sent_form_is_sent_after_confirmation() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    let form = filled_form(&mut client, "The first").await;
    let first = entry(&form.send(&mut client).await);
    let changed = form.with("subject", "The second");
    let response = changed.send(&mut client).await;
    assert_eq!(response.status, 422);
    assert!(
        response.text().contains("was sent already"),
        "{}",
        response.text()
    );
    assert_eq!(entries(&mut client, "The second").await, 0);
    let confirmation = Form::shown("", &response);
    assert_eq!(confirmation.get("subject"), Some("The second"));
    assert_ne!(confirmation.get("form"), changed.get("form"));
    assert_ne!(entry(&confirmation.send(&mut client).await), first);
    assert_eq!(entries(&mut client, "The second").await, 1);
    assert_eq!(entries(&mut client, "The first").await, 1);
    product.stop().await;
}

/// Posts a form whose session is over; returns the sign-in path.
async fn post_after_session_end(client: &mut Client, form: &Form) -> String {
    let response = form.send(client).await;
    assert_eq!(response.status, 303, "{}", response.text());
    let location = response.header("location").unwrap().to_owned();
    assert!(location.starts_with("/login?return="), "{location}");
    assert!(
        !location.contains("First"),
        "the text is in the address: {location}"
    );
    location
}

/// Signs in at the given path, and follows the redirect.
async fn sign_in(client: &mut Client, location: &str, form: &str) -> String {
    let page = client.get(location).await.text();
    let back = page.split_once("name=\"return\" value=\"").expect(&page).1;
    let back = plain(back.split_once('"').unwrap().0);
    let form = format!("{form}&return={}", app::text::url::encode(&back));
    let response = client.send(Request::form("/login", &form)).await;
    assert_eq!(response.status, 303, "{}", response.text());
    response.header("location").unwrap().to_owned()
}

#[tokio::test]
async fn text_of_an_ended_session_is_restored_after_the_sign_in_and_sent_once() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    let form = filled_form(&mut client, "Kept for me").await;
    let product = product.restart().await;
    let mut client = with_cookies_of(client, &product);
    let location = post_after_session_end(&mut client, &form).await;
    let page = client.get(&location).await.text();
    assert!(page.contains("Its text is kept"), "{page}");
    // Two clicks on Send.
    post_after_session_end(&mut client, &form).await;
    let back = sign_in(&mut client, &location, SIGN_IN).await;
    let response = client.get(&back).await;
    assert_eq!(response.status, 200, "{back}");
    assert!(
        response.text().contains("was not sent"),
        "{}",
        response.text()
    );
    let shown = Form::shown(&back, &response);
    for name in ["to", "subject", "body", "form"] {
        assert_eq!(shown.get(name), form.get(name), "{name}");
    }
    assert_eq!(entries(&mut client, "Kept for me").await, 0);
    // A reload shows the form once more.
    let reloaded = client.get(&back).await;
    assert_eq!(Form::shown(&back, &reloaded).get("body"), form.get("body"));
    let first = entry(&shown.send(&mut client).await);
    assert_eq!(entry(&shown.send(&mut client).await), first);
    assert_eq!(entries(&mut client, "Kept for me").await, 1);
    let after = Form::open(&mut client, &back).await;
    assert_eq!(
        after.get("body"),
        Some(""),
        "a text that was sent is not offered again"
    );
    product.stop().await;
}

#[tokio::test]
async fn stored_text_is_shown_to_its_account_in_its_browser_only() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    let form = filled_form(&mut client, "A secret of mine").await;
    let product = product.restart().await;
    let mut client = with_cookies_of(client, &product);
    let location = post_after_session_end(&mut client, &form).await;

    // The POP3 account is a different one.
    let other = format!("{SIGN_IN}&incoming=pop3");
    let mut another = client.clone();
    let back = sign_in(&mut another, &location, &other).await;
    let page = another.get(&back).await.text();
    assert!(page.contains("another account"), "{page}");
    assert!(!page.contains("A secret of mine"), "{page}");

    let mut elsewhere = product.signed_in("").await;
    let empty = Form::open(&mut elsewhere, &back).await;
    assert_eq!(empty.get("subject"), Some(""));

    let back = sign_in(&mut client, &location, SIGN_IN).await;
    let mine = Form::open(&mut client, &back).await;
    assert_eq!(mine.get("subject"), Some("A secret of mine"));
    client.send(Request::form("/logout", "")).await;
    let mut client = with_cookies_of(client, &product);
    sign_in(&mut client, &location, SIGN_IN).await;
    let forgotten = Form::open(&mut client, &back).await;
    assert_eq!(forgotten.get("subject"), Some(""), "signing out forgets it");
    product.stop().await;
}

#[tokio::test]
async fn forged_form_is_not_stored() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    let form = filled_form(&mut client, "Not ours").await;
    let mut anonymous = product.client();
    for forged in [
        form.clone()
            .with("form", "abcdefghijklmnop.abcdefghijklmnop"),
        form.clone().with("account", "AAAAAAAAAAAAAAAA"),
        form.clone().without("form"),
        form.clone().without("account"),
    ] {
        let response = forged.send(&mut anonymous).await;
        assert_eq!(response.header("location"), Some("/login"));
        assert!(
            response.set_cookies().is_empty(),
            "{:?}",
            response.set_cookies()
        );
    }
    product.stop().await;
}

#[tokio::test]
async fn files_of_an_ended_session_must_be_chosen_again() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    let form = filled_form(&mut client, "With a file")
        .await
        .file("plan.txt", "The plan.");
    let product = product.restart().await;
    let mut client = with_cookies_of(client, &product);
    let location = post_after_session_end(&mut client, &form).await;
    let back = sign_in(&mut client, &location, SIGN_IN).await;
    let shown = Form::open(&mut client, &back).await;
    assert_eq!(shown.get("missing"), Some("plan.txt"));
    let refused = shown.send(&mut client).await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.text().contains("plan.txt is not with this message"),
        "{}",
        refused.text()
    );
    assert_eq!(entries(&mut client, "With a file").await, 0);
    let shown = Form::shown("", &refused);
    entry(&shown.file("plan.txt", "The plan.").send(&mut client).await);
    assert_eq!(entries(&mut client, "With a file").await, 1);
    product.stop().await;
}

#[tokio::test]
async fn nothing_is_sent_without_a_file_that_was_too_large_until_it_is_unticked() {
    let product = Product::start_with(|config| config.upload_max_bytes = 1 << 20).await;
    let mut client = product.signed_in("").await;
    let form = filled_form(&mut client, "Heavy").await;
    let form = form
        .file("small.txt", "small")
        .file("big.bin", vec![b'b'; 3 << 20]);
    let response = form.file("last.txt", "last").send(&mut client).await;
    assert_eq!(response.status, 413);
    assert!(response.text().contains("big.bin: "), "{}", response.text());
    let shown = Form::shown("", &response);
    assert_eq!(shown.get("missing"), Some("big.bin"));
    let uploads = shown.fields.iter().filter(|(name, _)| name == "upload");
    assert_eq!(
        uploads.count(),
        2,
        "the files around it are kept: {shown:?}"
    );
    assert_eq!(shown.send(&mut client).await.status, 422);
    assert_eq!(entries(&mut client, "Heavy").await, 0);
    entry(&shown.without("missing").send(&mut client).await);
    assert_eq!(entries(&mut client, "Heavy").await, 1);
    product.stop().await;
}

#[tokio::test]
async fn form_cut_off_in_a_file_is_returned_filled_and_names_the_file() {
    let product = Product::start().await;
    let mut client = product.signed_in("").await;
    let form = filled_form(&mut client, "Cut off")
        .await
        .file("report.pdf", vec![b'p'; 9000]);
    let mut body = form.body();
    body.truncate(body.len() - 4000);
    let request = Request::post("/compose", "multipart/form-data; boundary=x", body);
    let response = client.send(request).await;
    assert_eq!(response.status, 422, "{}", response.text());
    let shown = Form::shown("", &response);
    assert_eq!(shown.get("subject"), Some("Cut off"));
    assert_eq!(shown.get("missing"), Some("report.pdf"));
    assert!(
        response
            .text()
            .contains("report.pdf: The upload broke off."),
        "{}",
        response.text()
    );
    assert_eq!(entries(&mut client, "Cut off").await, 0);
    product.stop().await;
}

#[tokio::test]
async fn files_of_an_earlier_session_are_reported_as_missing() {
    let product = Product::start_with(|config| config.upload_max_bytes = 1 << 20).await;
    let mut client = product.signed_in("").await;
    let form = filled_form(&mut client, "Old file")
        .await
        .with("to", "not an address");
    let refused = form.file("a.txt", "a").send(&mut client).await;
    assert_eq!(refused.status, 422);
    let shown = Form::shown("", &refused).with("to", "ann@restante.test");
    assert!(shown.get("upload").is_some(), "{shown:?}");
    // A sign-out in another tab ends the session that the upload belongs to.
    client.send(Request::form("/logout", "")).await;
    client.send(Request::form("/login", SIGN_IN)).await;
    let response = shown.send(&mut client).await;
    assert_eq!(response.status, 422, "{}", response.text());
    let shown = Form::shown("", &response);
    assert_eq!(shown.get("missing"), Some("a.txt"));
    assert_eq!(shown.send(&mut client).await.status, 422);
    assert_eq!(entries(&mut client, "Old file").await, 0);
    product.stop().await;
}

#[tokio::test]
async fn action_of_an_ended_session_is_reported_as_not_done() {
    let product = Product::start().await;
    let mut anonymous = product.client();
    for path in ["/act", "/undo", "/outbox/x/retry"] {
        let form = "message=1.2&action=archive&return=%2Fmail%2Fa%2FSU5CT1g%3Fpage%3D2";
        let response = anonymous.send(Request::form(path, form)).await;
        let location = response.header("location").unwrap().to_owned();
        let back = "/login?return=%2Fmail%2Fa%2FSU5CT1g%3Fpage%3D2&end=not_done";
        assert_eq!(location, back, "{path}");
        let page = anonymous.get(&location).await.text();
        assert!(page.contains("was not done"), "{page}");
    }
    product.stop().await;
}
