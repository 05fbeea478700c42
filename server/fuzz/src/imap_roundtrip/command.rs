//! Commands, and the words that a server must parse.

use arbitrary::{Result, Unstructured};
use bytes::Bytes;
use mail_proto::imap::{
    Append, Client, Command, Config, Credentials, Flag, List, Mailbox, SearchKey, SequenceSet,
    StatusItem, Store, StoreMode, Text, Tls, Uid,
};
use mail_proto::{BodyChunk, Limits, Machine as _, Secret, Step};

use super::text;
use super::wire::{ParseResult, Word, read};

pub(super) fn run(u: &mut Unstructured<'_>) -> Result<()> {
    let (offers, allowed_bytes) =
        *u.choose(&[("", 0), (" LITERAL+", u64::MAX), (" LITERAL-", 4096)])?;
    let Some((command, expected)) = draw(u)? else {
        return Ok(());
    };
    let mut server = Server {
        client: Client::new(Config {
            tls: Tls::Implicit,
            allow_plaintext_login: false,
            limits: Limits::default(),
        }),
        received: Vec::new(),
        body: None,
    };
    let greeting = format!("* OK [CAPABILITY IMAP4rev1 UIDPLUS MOVE{offers}] ready\r\n");
    server.client.feed(greeting.as_bytes());
    server.drive();
    if let Command::Append(append) = &command {
        let body = vec![b'.'; usize::try_from(append.size_bytes).expect("short")];
        server.body = Some(body.into());
    }
    server.client.enqueue(command);
    let words = server.command(allowed_bytes);
    let (tag, words) = words.split_first().expect("a tag");
    assert_eq!(*tag, Word::atom("r1"));
    assert_eq!(words, expected);
    Ok(())
}

struct Server {
    client: Client,
    received: Vec<u8>,
    body: Option<Bytes>,
}

impl Server {
    fn command(&mut self, allowed_bytes: u64) -> Vec<Word> {
        self.drive();
        for _ in 0..100 {
            match read(&self.received, allowed_bytes) {
                ParseResult::Command(words) => return words,
                ParseResult::NeedsContinuation => {
                    let before = self.received.len();
                    self.client.feed(b"+ go on\r\n");
                    self.drive();
                    assert!(self.received.len() > before, "nothing came behind `+`");
                }
            }
        }
        panic!("the command does not end");
    }

    fn drive(&mut self) {
        loop {
            match self
                .client
                .step()
                .expect("a server that keeps to the rules")
            {
                Step::Write(bytes) => self.received.extend_from_slice(&bytes),
                Step::NeedBody { max } => {
                    let chunk = match &mut self.body {
                        Some(body) if !body.is_empty() => {
                            BodyChunk::Data(body.split_to(max.min(body.len())))
                        }
                        _ => BodyChunk::End,
                    };
                    self.client.body(chunk);
                }
                Step::NeedInput => return,
                Step::Event(_) => {}
                _ => panic!("an unexpected step"),
            }
        }
    }
}

/// Draws a command with the words after its tag; `None` if the types refuse the drawn values.
fn draw(u: &mut Unstructured<'_>) -> Result<Option<(Command, Vec<Word>)>> {
    let mut words = Vec::new();
    let command = match u.int_in_range(0..=10)? {
        0 => {
            let (mailbox, word) = mailbox(u)?;
            words.extend([Word::atom("SELECT"), word]);
            Command::Select(mailbox)
        }
        1 => {
            let (mailbox, word) = mailbox(u)?;
            words.extend([Word::atom("STATUS"), word, Word::Open]);
            words.extend([Word::atom("MESSAGES"), Word::atom("UIDNEXT"), Word::Close]);
            let items = vec![StatusItem::Messages, StatusItem::UidNext];
            Command::Status { mailbox, items }
        }
        2 => {
            let (mailbox, word) = mailbox(u)?;
            words.extend([Word::atom("CREATE"), word]);
            Command::Create {
                mailbox,
                special_use: None,
            }
        }
        3 => {
            let (set, uid) = (set(u)?, u.arbitrary::<bool>()?);
            let (mailbox, word) = mailbox(u)?;
            words.extend(uid.then(|| Word::atom("UID")));
            words.extend([Word::atom("COPY"), Word::atom(set.to_string()), word]);
            Command::Copy { set, uid, mailbox }
        }
        4 => {
            let (set, uid) = (set(u)?, u.arbitrary::<bool>()?);
            let (mailbox, word) = mailbox(u)?;
            words.extend(uid.then(|| Word::atom("UID")));
            words.extend([Word::atom("MOVE"), Word::atom(set.to_string()), word]);
            Command::Move { set, uid, mailbox }
        }
        5 => {
            let mut fields = Vec::new();
            words.extend([Word::atom("ID"), Word::Open]);
            for _ in 0..u.int_in_range(1..=3)? {
                let (Ok(field), Ok(value)) = (Text::new(text(u, 40)?), Text::new(text(u, 40)?))
                else {
                    return Ok(None);
                };
                words.extend([field.as_bytes(), value.as_bytes()].map(Word::text));
                fields.push((field, value));
            }
            words.push(Word::Close);
            Command::Id(fields)
        }
        6 => {
            let user = String::from_utf8_lossy(&text(u, 60)?).into_owned();
            let password = String::from_utf8_lossy(&text(u, 60)?).into_owned();
            words.extend([
                Word::atom("LOGIN"),
                Word::text(&user),
                Word::text(&password),
            ]);
            match Credentials::new(user, Secret::new(password)) {
                Ok(credentials) => Command::SignIn(credentials.into()),
                Err(_) => return Ok(None),
            }
        }
        7 => {
            let (reference, word) = mailbox(u)?;
            let Ok(pattern) = Text::new(text(u, 40)?) else {
                return Ok(None);
            };
            words.extend([Word::atom("LIST"), word, Word::text(pattern.as_bytes())]);
            Command::List(List {
                reference,
                pattern,
                ..List::everything()
            })
        }
        8 => {
            let uid = u.arbitrary::<bool>()?;
            let (Ok(field), Ok(value)) = (Text::new(text(u, 20)?), Text::new(text(u, 80)?)) else {
                return Ok(None);
            };
            words.extend(uid.then(|| Word::atom("UID")));
            words.push(Word::atom("SEARCH"));
            if !field.as_bytes().is_ascii() || !value.as_bytes().is_ascii() {
                words.extend([Word::atom("CHARSET"), Word::atom("UTF-8")]);
            }
            words.extend([Word::atom("NOT"), Word::atom("HEADER")]);
            words.extend([field.as_bytes(), value.as_bytes()].map(Word::text));
            let key = SearchKey::Header { field, text: value };
            Command::Search {
                uid,
                criteria: vec![SearchKey::Not(key.into())],
            }
        }
        9 => {
            let (set, uid) = (set(u)?, u.arbitrary::<bool>()?);
            words.extend(uid.then(|| Word::atom("UID")));
            words.extend([Word::atom("STORE"), Word::atom(set.to_string())]);
            words.push(Word::atom("+FLAGS.SILENT"));
            let flags = flags(u, &mut words)?;
            Command::Store(Store {
                set,
                uid,
                mode: StoreMode::Add,
                flags,
                silent: true,
            })
        }
        _ => {
            let (mailbox, word) = mailbox(u)?;
            words.extend([Word::atom("APPEND"), word]);
            let flags = match u.arbitrary()? {
                true => Vec::new(),
                false => vec![Flag::Seen],
            };
            if !flags.is_empty() {
                words.extend([Word::Open, Word::atom("\\Seen"), Word::Close]);
            }
            let size_bytes = u.int_in_range(0..=9000)?;
            words.push(Word::Text(vec![b'.'; size_bytes]));
            Command::Append(Append {
                mailbox,
                flags,
                internal_date: None,
                size_bytes: size_bytes as u64,
            })
        }
    };
    Ok(Some((command, words)))
}

/// Draws a mailbox name as a hostile server may have sent it.
fn mailbox(u: &mut Unstructured<'_>) -> Result<(Mailbox, Word)> {
    let mut name = text(u, 60)?;
    if u.ratio(1, 20)? {
        // Longer than the limit for a LITERAL- non-synchronizing literal.
        name.resize(5000, b'\\');
    }
    let mailbox = Mailbox::from_wire(name.clone());
    let word = match name.eq_ignore_ascii_case(b"INBOX") {
        true => Word::text("INBOX"),
        false => Word::Text(name),
    };
    Ok((mailbox, word))
}

fn set(u: &mut Unstructured<'_>) -> Result<SequenceSet> {
    let mut uids = Vec::new();
    for _ in 0..u.int_in_range(1..=6)? {
        uids.extend(Uid::new(u.arbitrary()?));
    }
    Ok(SequenceSet::from_numbers(uids).unwrap_or_else(SequenceSet::all))
}

/// Draws flags of any form; those that are not atoms must not be sent.
fn flags(u: &mut Unstructured<'_>, words: &mut Vec<Word>) -> Result<Vec<Flag>> {
    let mut flags = vec![Flag::Answered];
    words.extend([Word::Open, Word::atom("\\Answered")]);
    for _ in 0..u.int_in_range(0..=4)? {
        let flag = Flag::parse(&text(u, 12)?);
        if flag.can_be_set() {
            words.push(Word::atom(flag.as_str()));
        }
        flags.push(flag);
    }
    words.push(Word::Close);
    Ok(flags)
}
