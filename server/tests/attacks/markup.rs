//! Markup in every text that a sender, a mail server or a request controls: no page contains an
//! element, an attribute or a comment from it.
//!
//! Each page is fetched twice, with harmless strings and with a payload in their place, and parsed
//! as a browser does, with script and without: the two trees must be the same.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
use futures_util::stream::{self, StreamExt as _};

use crate::client::{Request, Response};
use crate::mailserver::{ClientCommand, Mail, MailServer, Reply, Script, fetch_set, row};
use crate::outline::Document;
use crate::product::{PASSWORD, Product};
use crate::watch::{Probe, Watch};

/// With a space, as payloads have one: it is no media type either.
const HARMLESS: &str = "harmless words";
/// Harmless with a character that is not shown: a message says that its sender has some.
const HIDING: &str = "harm\u{202e}less words";

/// Returns the payloads that replace each string.
fn payloads() -> Vec<String> {
    let mut payloads: Vec<String> = [
        "</title><meta http-equiv=refresh content=\"0;url=/x\">",
        "</title><meta name=referrer content=unsafe-url>",
        "</title></head><base href=//x>",
        "\"><form action=//x><input name=a>",
        "'onx=1 \" onx=1 x=\"",
        "</script><script>alert(1)</script>",
        "<!--",
        "--><img src=x>",
        "--!><img src=x>",
        "<![CDATA[ ]]><b>",
        "&lt;b&gt; &amp; &#60;i>",
        "</textarea><b>x",
        "</style></noscript></template><template><b>",
        "\u{2028}\u{2029}<b>\u{85}",
        "\0<b>\0</title\0>\u{1b}[31m\r\n<i>",
        "\u{202e}<b>\u{2066}\u{feff}\u{fffe}\u{10ffff}",
        "\\\"><b>\\u003cb>\\",
        "+ADw-b+AD4-<svg><script xlink:href=//x>",
    ]
    .map(str::to_owned)
    .to_vec();
    payloads.push("</title><b>".repeat(22));
    payloads
}

fn word(text: &str) -> String {
    format!("=?UTF-8?B?{}?=", BASE64_STANDARD.encode(text))
}

/// Formats a text as an IMAP quoted string, without the characters that one cannot hold.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text
        .chars()
        .filter(|c| c.is_ascii() && !"\r\n\0".contains(*c))
    {
        if "\\\"".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out + "\""
}

/// Formats a text as part of a line.
fn line(text: &str) -> String {
    let plain = |c: &char| !"\r\n\0".contains(*c);
    text.chars().filter(plain).take(400).collect()
}

/// Encodes a folder's name for IMAP (RFC 3501 §5.1.3).
fn folder_name(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        match c {
            '&' => out.push_str("&-"),
            ' '..='~' => out.push(c),
            _ => {
                let mut units = [0; 2];
                let bytes: Vec<u8> = c
                    .encode_utf16(&mut units)
                    .iter()
                    .flat_map(|unit| unit.to_be_bytes())
                    .collect();
                let text = BASE64_STANDARD_NO_PAD.encode(bytes).replace('/', ",");
                let _ = write!(out, "&{text}-");
            }
        }
    }
    out
}

fn folder_literal(name: &str) -> String {
    let name = folder_name(name);
    format!("{{{}}}\r\n{name}", name.len())
}

/// Creates a message with the text in each of its header fields, in its body, and in the names,
/// types and descriptions of its attachments.
fn mail(text: &str) -> Mail {
    let (word, line) = (word(text), line(text));
    let raw = format!(
        "From: {word} <ann@peer.test>\r\nSender: {word} <sender@peer.test>\r\n\
         Reply-To: {word} <reply@peer.test>\r\nTo: {word} <to@peer.test>, \"{0}\" <b@peer.test>\r\n\
         Cc: {word} <cc@peer.test>\r\nBcc: {word} <bcc@peer.test>\r\nSubject: {word}\r\n\
         Date: Sun, 01 Feb 2026 10:00:00 +0000\r\nMessage-ID: <{0}@peer.test>\r\n\
         References: <{0}@peer.test>\r\nX-Line: {line}\r\nX-Word: {word}\r\n\
         List-Unsubscribe: <{line}>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nHello {line}\r\n> {line}\r\n--b--\r\n",
        line.replace(['"', '\\', '<', '>'], "_"),
    );
    let part = |kind: &str, subtype: &str| {
        format!(
            "({kind} {subtype} (\"NAME\" {0}) {0} {0} \"BASE64\" 400 NIL (\"ATTACHMENT\" \
             (\"FILENAME\" {1})) NIL NIL)",
            quoted(text),
            quoted(&word),
        )
    };
    Mail {
        subject: word.clone(),
        structure: format!(
            "((\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 8 1 NIL NIL NIL NIL){}{}{} \"MIXED\" \
             (\"BOUNDARY\" \"b\") NIL NIL NIL)",
            part("\"IMAGE\"", "\"PNG\""),
            part("\"APPLICATION\"", &quoted(text)),
            part(&quoted(text), &quoted(text)),
        ),
        raw,
    }
}

/// Replaces the ENVELOPE of the message.
fn with_envelope(row: &str, text: &str) -> String {
    let Some((before, rest)) = row.split_once(" ENVELOPE (") else {
        return row.to_owned();
    };
    let Some((_, after)) = rest.split_once(" NIL NIL NIL NIL NIL NIL NIL)") else {
        return row.to_owned();
    };
    let (word, raw) = (quoted(&word(text)), quoted(text));
    let list = format!("(({word} NIL \"ann\" \"peer.test\")({raw} {raw} {raw} {raw}))");
    format!(
        "{before} ENVELOPE ({raw} {word} {list} {list} {list} {list} {list} NIL {raw} \
         {raw}){after}"
    )
}

/// Starts a server that sends the text in every free-form position.
async fn server_of(text: &str) -> MailServer {
    let (mail, text) = (mail(text), text.to_owned());
    let mails = vec![mail.clone(), mail.clone()];
    let script: Script = Box::new(move |protocol, received| match protocol {
        "imap" => imap(&mail, &text, received),
        "smtp" => smtp(&text, received),
        _ => None,
    });
    MailServer::start(mails, script).await
}

fn imap(mail: &Mail, text: &str, received: &ClientCommand<'_>) -> Option<Reply> {
    let ClientCommand { tag, command } = received;
    let reply_line = line(text);
    let fetch = command
        .strip_prefix("UID ")
        .unwrap_or(command)
        .strip_prefix("FETCH ");
    if let Some(items) = fetch {
        let mut responses = String::new();
        for seq in fetch_set(items, 2) {
            responses.push_str(&with_envelope(&row(seq, mail, items), text));
        }
        return Some(Reply::text(format!("{responses}{tag} OK done\r\n")));
    }
    let name = command.split(' ').next().unwrap_or_default();
    match name {
        "LIST" => {
            let name = folder_literal(text);
            Some(Reply::text(format!(
                "* LIST (\\HasNoChildren) \"|\" INBOX\r\n\
                 * LIST (\\HasNoChildren) \"|\" {name}\r\n\
                 * LIST (\\HasNoChildren \\Trash) \"|\" Trash\r\n\
                 * LIST (\\HasNoChildren \\Archive) \"|\" Archive\r\n{tag} OK done\r\n"
            )))
        }
        "STATUS" => {
            let rest = command.split_once(' ').map_or("", |(_, rest)| rest);
            let known = ["INBOX", "Trash", "Archive"];
            let known = known.iter().find(|name| rest.starts_with(*name));
            let name = known.map_or_else(|| folder_literal(text), |name| (*name).to_owned());
            Some(Reply::text(format!(
                "* STATUS {name} (MESSAGES 2 UNSEEN 2)\r\n{tag} OK done\r\n"
            )))
        }
        // The server refuses this user with a free-form reply.
        "AUTHENTICATE" => {
            let response = command.rsplit(' ').next().unwrap_or_default();
            let response = BASE64_STANDARD.decode(response).unwrap_or_default();
            String::from_utf8_lossy(&response)
                .contains("wrong")
                .then(|| Reply::text(format!("{tag} NO [AUTHENTICATIONFAILED] {reply_line}\r\n")))
        }
        "UID" if command.contains("MOVE") || command.contains("STORE") => {
            Some(Reply::text(format!("{tag} NO {reply_line}\r\n")))
        }
        _ => None,
    }
}

fn smtp(text: &str, received: &ClientCommand<'_>) -> Option<Reply> {
    received
        .command
        .starts_with("RCPT")
        .then(|| Reply::text(format!("550 5.1.1 {}\r\n", line(text))))
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Builds a compose form as a browser sends it.
fn compose(account: &str, fields: &[(&str, &str)], file_name: Option<&str>) -> Request {
    let mut body = String::new();
    for (name, value) in [("account", account)].iter().chain(fields) {
        let _ = write!(
            body,
            "--b0\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
    }
    if let Some(file_name) = file_name {
        // As browsers do (RFC 7578 §4.2); a control character would break the part's header.
        let file_name = line(file_name).replace('"', "%22");
        let file_name = file_name.replace(|c: char| c.is_control() || c == '\\', "");
        let _ = write!(
            body,
            "--b0\r\ncontent-disposition: form-data; name=\"attachment\"; filename=\"{file_name}\"\
             \r\ncontent-type: text/plain\r\n\r\nwords\r\n"
        );
    }
    body.push_str("--b0--\r\n");
    Request::post("/compose", "multipart/form-data; boundary=b0", body)
}

/// Fetches every page that contains a text, by name.
async fn pages(product: &Product, server: &MailServer, text: &str) -> BTreeMap<String, Response> {
    let mut pages = BTreeMap::new();
    let mut client = product.signed_in(server).await;
    let inbox = client.get("/mail").await;
    let inbox = inbox.header("location").expect("the inbox").to_owned();
    let account = inbox.split('/').nth(2).expect("an account").to_owned();
    let encoded = percent(text);

    let list = client.get(&inbox).await;
    // The second folder of the tree is the one with the server's name.
    let hostile_folder = links(&list.text(), &format!("href=\"/mail/{account}/"))
        .into_iter()
        .find(|path| {
            !path.starts_with(&inbox) && !path.contains("VHJhc2g") && !path.contains("QXJjaGl2ZQ")
        });
    pages.insert("list".to_owned(), list);
    if let Some(folder) = hostile_folder {
        pages.insert("other folder".to_owned(), client.get(&folder).await);
    }
    let message = format!("{inbox}/7.1");
    let folder = inbox.rsplit('/').next().unwrap_or_default();
    let answering = |kind: &str| {
        format!("/compose?account={account}&kind={kind}&folder={folder}&message=7.1&form=k")
    };
    for (name, path) in [
        ("message", message.clone()),
        ("message document", format!("{message}/body")),
        ("message of another", format!("{inbox}/{encoded}")),
        ("document of another", format!("{inbox}/{encoded}/body")),
        ("part of another", format!("{message}/part/{encoded}")),
        ("source of another", format!("{inbox}/{encoded}/source")),
        ("unknown account", format!("/mail/{encoded}/{encoded}")),
        ("unknown folder", format!("/mail/{account}/{encoded}")),
        ("page", format!("{inbox}?page={encoded}&view={encoded}")),
        (
            "images",
            format!("{message}?images={encoded}&page={encoded}"),
        ),
        ("reply", answering("reply")),
        ("reply to all", answering("reply_all")),
        ("forward", answering("forward")),
        ("new", format!("/compose?account={account}&form={encoded}")),
        (
            "compose query",
            format!(
                "/compose?account={encoded}&kind=reply&folder={encoded}&message={encoded}&form=k"
            ),
        ),
        ("compose again", format!("/compose?again={encoded}&form=k")),
        ("settings", format!("/settings/appearance?x={encoded}")),
        ("unknown path", format!("/nowhere/{encoded}?{encoded}")),
        ("unknown asset", format!("/a/{encoded}")),
    ] {
        // A request line has a maximum length; a longer one is answered without a page.
        if path.len() < 8_000 {
            pages.insert(name.to_owned(), client.get(&path).await);
        }
    }

    let act = format!(
        "message={account}/SU5CT1g/7.1&action=archive&return={}",
        percent(&inbox)
    );
    client.send(Request::form("/act", &act)).await;
    pages.insert("refused move".to_owned(), client.get(&inbox).await);
    let act = format!("message={encoded}&action={encoded}&return={encoded}");
    let response = client.send(Request::form("/act", &act)).await;
    pages.insert("malformed action".to_owned(), response);
    pages.insert("flash of it".to_owned(), client.get(&inbox).await);

    let fields = ["to", "cc", "bcc", "subject", "body", "keep", "upload"].map(|n| (n, text));
    let refused = client.send(compose(&account, &fields, Some(text))).await;
    pages.insert("compose refused".to_owned(), refused);
    // A longer subject is refused.
    let subject = &text[..text.floor_char_boundary(4_000)];
    let fields = [("to", "x@peer.test"), ("subject", subject), ("body", text)];
    let sent = client.send(compose(&account, &fields, Some(text))).await;
    let entry = sent.header("location").map(str::to_owned);
    let entry = entry.unwrap_or_else(|| panic!("sent: {}", sent.text()));
    let shown = loop {
        let shown = client.get(&entry).await;
        if shown.text().contains("/retry\"") || shown.text().contains("again=") {
            break shown;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    pages.insert("outbox".to_owned(), shown);
    let id = entry
        .rsplit(['=', '#', '/'])
        .next()
        .unwrap_or_default()
        .to_owned();
    let reopened = client.get(&format!("/compose?again={id}&form=k")).await;
    pages.insert("compose again, found".to_owned(), reopened);

    client.send(Request::form("/logout", "")).await;
    pages.extend(signed_out(product, server, text).await);
    pages
}

/// Fetches the pages without a session. Each payload comes from a separate address: failed sign-ins
/// are counted by address.
async fn signed_out(
    product: &Product,
    server: &MailServer,
    text: &str,
) -> BTreeMap<String, Response> {
    let mut pages = BTreeMap::new();
    let encoded = percent(&text.chars().take(600).collect::<String>());
    // The part that one of our paths may hold; the link to anything else is not followed.
    let path: String = text
        .chars()
        .filter(|c| c.is_ascii_graphic() && *c != '\\')
        .take(600)
        .collect();
    let names = [
        "email",
        "user",
        "password",
        "incoming",
        "incoming_host",
        "incoming_port",
        "incoming_tls",
        "outgoing_host",
        "outgoing_port",
        "outgoing_tls",
        "return",
    ];
    let mut forms = vec![(
        "sign in, all fields".to_owned(),
        names.map(|name| format!("{name}={encoded}")).join("&"),
    )];
    let domain: String = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .take(600)
        .collect();
    // The server guesses settings for a valid domain only, which holds no markup.
    let domain = percent(&format!("a@@{domain}"));
    forms.push((
        "sign in, refused domain".to_owned(),
        format!("email={domain}&password=x&incoming_host=&outgoing_host="),
    ));
    for name in names {
        let known = BTreeMap::from([
            ("email", format!("wrong-{}%40localhost", server.imap)),
            ("user", String::new()),
            ("password", PASSWORD.to_owned()),
            ("incoming", "imap".to_owned()),
            ("incoming_host", "localhost".to_owned()),
            ("incoming_port", server.imap.to_string()),
            ("incoming_tls", "plain".to_owned()),
            ("outgoing_host", "localhost".to_owned()),
            ("outgoing_port", server.smtp.to_string()),
            ("outgoing_tls", "plain".to_owned()),
            ("return", String::new()),
        ]);
        // SASL cannot carry control characters; this is reported before the server is contacted.
        let encoded = match name {
            "user" | "password" => percent(
                &text
                    .replace(char::is_control, "")
                    .chars()
                    .take(200)
                    .collect::<String>(),
            ),
            _ => encoded.clone(),
        };
        let fields = known.iter().map(|(known, value)| match *known == name {
            true => format!("{known}={encoded}"),
            false => format!("{known}={value}"),
        });
        forms.push((
            format!("sign in, {name}"),
            fields.collect::<Vec<_>>().join("&"),
        ));
    }
    let from = server.imap.to_be_bytes();
    for ((name, form), nth) in forms.into_iter().zip(1..) {
        let address = format!("10.{}.{}.{nth}", from[0], from[1]);
        let request = Request::form("/login", &form).header("x-forwarded-for", &address);
        let response = product.client().send(request).await;
        pages.insert(name, response);
    }
    for (name, path) in [
        (
            "sign-in query",
            format!("/login?return={encoded}&lang={encoded}&end={encoded}&{encoded}={encoded}"),
        ),
        (
            "sign-in return",
            format!("/login?return=/{}", percent(&path)),
        ),
        ("stranger's page", format!("/mail/{encoded}?{encoded}")),
    ] {
        pages.insert(name.to_owned(), product.client().get(&path).await);
    }
    let cookie: String = text
        .chars()
        .filter(|c| (' '..='~').contains(c) && *c != ';')
        .take(600)
        .collect();
    let mut client = product.client();
    for name in [
        "restante",
        "restante_lang",
        "restante_theme",
        "restante_zone",
    ] {
        client.cookies.insert(name.to_owned(), cookie.clone());
    }
    let request = Request::get("/login")
        .header("accept-language", &cookie)
        .header("referer", &cookie)
        .header("user-agent", &cookie)
        .header("x-forwarded-for", &cookie)
        .header("x-forwarded-host", &cookie);
    pages.insert("cookies and headers".to_owned(), client.send(request).await);
    let request = Request::form("/logout", "").header("sec-fetch-site", "cross-site");
    let response = product.client().send(request).await;
    pages.insert("other site".to_owned(), response);
    pages
}

fn links(html: &str, start: &str) -> Vec<String> {
    html.split(start)
        .skip(1)
        .map(|rest| {
            let path = rest.split('"').next().unwrap_or_default();
            format!("{}{path}", &start["href=\"".len()..])
        })
        .collect()
}

/// Returns what a browser makes of a response: its status, the names of its headers, and its tree.
fn seen(response: &Response, has_script: bool) -> Vec<String> {
    let mut names: Vec<&str> = response.headers.iter().map(|(n, _)| n.as_str()).collect();
    names.sort_unstable();
    let mut seen = vec![format!("{} {}", response.status, names.join(" "))];
    let is_html = response
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("text/html"));
    if is_html {
        let document = Document::parse(&response.text(), has_script);
        for script in document.texts_of("script") {
            let is_data = script.starts_with("__RESOLVED") || script.starts_with("__PENDING");
            let outside = ["<", "-->", "\u{2028}", "\u{2029}"];
            assert!(
                !is_data || !outside.iter().any(|part| script.contains(part)),
                "{script}"
            );
        }
        seen.extend(document.outline());
    }
    seen
}

/// With script and without.
type Views = [Vec<String>; 2];

fn views(response: &Response) -> Views {
    let with_script = seen(response, true);
    // Parsers differ in this one element (HTML §13.2.6.4.4).
    let differs = response.text().to_ascii_lowercase().contains("<noscript");
    let without_script = match differs {
        true => seen(response, false),
        false => with_script.clone(),
    };
    [with_script, without_script]
}

/// Returns the first lines in which two responses differ.
fn difference(baseline: &Views, seen: &Views) -> Option<String> {
    let (baseline, seen) = baseline
        .iter()
        .zip(seen)
        .find(|(baseline, seen)| baseline != seen)?;
    let at = baseline.iter().zip(seen).position(|(a, b)| a != b);
    let at = at.unwrap_or(baseline.len().min(seen.len()));
    let window = |lines: &[String]| {
        let end = lines.len().min(at + 4);
        let lines = lines.get(at.saturating_sub(2)..end);
        lines.unwrap_or_default().join("\n    ")
    };
    Some(format!(
        "  usual:\n    {}\n  seen:\n    {}",
        window(baseline),
        window(seen)
    ))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn untrusted_text_never_becomes_markup() {
    let valid = MailServer::valid().await;
    let harmless = server_of(HARMLESS).await;
    let hiding = server_of(HIDING).await;
    let payloads = payloads();
    let mut servers = Vec::new();
    for payload in &payloads {
        servers.push(server_of(payload).await);
    }
    let mut all = vec![&valid, &harmless, &hiding];
    all.extend(&servers);
    let product = Product::start_with(&all, "trusted_proxies = [\"127.0.0.1\"]");
    let baseline_of = async |server, text: &'static str| -> BTreeMap<String, Views> {
        let pages = pages(&product, server, text).await.into_iter();
        pages
            .map(|(name, response)| (name, views(&response)))
            .collect()
    };
    let baseline = baseline_of(&harmless, HARMLESS).await;
    let baseline_hiding = baseline_of(&hiding, HIDING).await;
    let probe = Probe::new(&product, &valid).await;
    let watch = Watch::begin("markup", &product, probe);

    let (product_, baseline_, hiding_) = (&product, &baseline, &baseline_hiding);
    let tried = payloads
        .iter()
        .zip(&servers)
        .map(async |(payload, server)| {
            let shown: String = payload.chars().take(60).collect();
            let pages = pages(product_, server, payload).await;
            let is_hiding = payload.contains(['\0', '\u{202e}']);
            let usual = if is_hiding { hiding_ } else { baseline_ };
            let changed = pages.iter().filter_map(|(name, response)| {
                let found = match usual.get(name) {
                    None => "no such page usually".to_owned(),
                    Some(baseline) => difference(baseline, &views(response))?,
                };
                Some(format!("{name} with {shown:?}:\n{found}"))
            });
            (pages.len(), changed.collect::<Vec<_>>())
        });
    let tried: Vec<_> = stream::iter(tried).buffer_unordered(4).collect().await;
    let compared: usize = tried.iter().map(|(pages, _)| pages).sum();
    let changed: Vec<String> = tried.into_iter().flat_map(|(_, changed)| changed).collect();
    let what = format!(
        "{} payloads in {} pages, {compared} documents, {} with a stranger's markup",
        payloads.len(),
        baseline.len(),
        changed.len()
    );
    assert!(changed.is_empty(), "{what}\n{}", changed.join("\n"));
    watch.end(&what).await;
    let log = product.log();
    let is_plain = |line: &str| !line.contains(|c: char| c.is_control() || c == '\u{202e}');
    assert!(log.lines().all(is_plain), "{log}");
}
