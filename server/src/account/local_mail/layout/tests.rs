use proptest::prelude::*;

use super::*;
use mail_mime::body::Body;

/// Reads a message in pieces of a length, as a file is read. Returns its skeleton too.
async fn scan(raw: &[u8], piece: usize) -> (Bytes, Split, Layout) {
    let mut skeleton = Skeleton::default();
    for piece in raw.chunks(piece) {
        skeleton.push(piece);
    }
    let (octets, omissions) = skeleton.finish();
    let octets = Bytes::from(octets);
    let split = Split::of(octets.clone()).await.unwrap();
    let layout = Layout::of(&split, &octets, &omissions);
    (octets, split, layout)
}

fn base64_lines(bytes: usize) -> Vec<u8> {
    [&[b'Q'; 76], b"\r\n".as_slice()]
        .concat()
        .repeat(bytes / 78 + 1)
}

/// A message with a text and with files of these sizes, as encoded.
fn message(files: &[usize]) -> Vec<u8> {
    let mut raw = b"Subject: files\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\nHello\r\n"
        .to_vec();
    for (index, size) in files.iter().enumerate() {
        let head = format!(
            "--b\r\nContent-Type: application/octet-stream; name={index}.bin\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n"
        );
        raw.extend_from_slice(head.as_bytes());
        raw.extend_from_slice(&base64_lines(*size));
    }
    raw.extend_from_slice(b"--b--\r\n");
    raw
}

/// Asserts that the layout is that of the whole message.
async fn assert_same_layout(raw: &[u8], piece: usize) -> Bytes {
    let (skeleton, split, layout) = scan(raw, piece).await;
    let raw = Bytes::copy_from_slice(raw);
    let whole = Split::of(raw.clone()).await.unwrap();
    assert_eq!(*layout.root(), whole.root);
    for (section, range) in whole.ranges(&raw) {
        let found = layout.range(section).unwrap();
        if !range.is_empty() {
            assert_eq!(found, range.start as u64..range.end as u64, "{section}");
        }
    }
    assert_eq!(split.headers.subject(), whole.headers.subject());
    skeleton
}

#[tokio::test]
async fn large_files_are_left_out_and_their_positions_are_exact() {
    let raw = message(&[3 << 20, 5 << 20, 100, 9 << 20]);
    for piece in [raw.len(), 64 << 10, 1_000] {
        let skeleton = assert_same_layout(&raw, piece).await;
        assert!(skeleton.len() < 5 << 20, "{}", skeleton.len());
    }
    let (_, split, layout) = scan(&raw, 4096).await;
    let Body::Text { text, .. } = Arc::new(split).body().await.unwrap() else {
        panic!("no text");
    };
    assert_eq!(text.trim_end(), "Hello");
    assert_eq!(layout.root().readable().attachments.len(), 4);
}

#[tokio::test]
async fn a_text_in_base64_is_whole() {
    let text = "长的文字。".repeat(200_000);
    let encoded = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(&text)
    };
    let lines: Vec<&[u8]> = encoded.as_bytes().chunks(76).collect();
    let mut raw = b"Content-Type: text/plain; charset=utf-8\r\n\
        Content-Transfer-Encoding: base64\r\n\r\n"
        .to_vec();
    for line in lines {
        raw.extend_from_slice(line);
        raw.extend_from_slice(b"\r\n");
    }
    let skeleton = assert_same_layout(&raw, 64 << 10).await;
    assert_eq!(skeleton, raw);
}

/// A line of a message, or many.
#[derive(Debug, Clone)]
enum Piece {
    Line(&'static str),
    /// An empty line and a large file.
    File,
    Base64(String),
    Octets(Vec<u8>),
}

impl Piece {
    fn octets(&self) -> Vec<u8> {
        match self {
            Self::Line(line) => format!("{line}\r\n").into_bytes(),
            Self::File => [b"\r\n".to_vec(), base64_lines(3 << 20)].concat(),
            Self::Base64(line) => format!("{line}\r\n").into_bytes(),
            Self::Octets(octets) => octets.clone(),
        }
    }
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        Just(Piece::Line("--b")),
        Just(Piece::Line("--b--")),
        Just(Piece::Line("")),
        Just(Piece::Line("Content-Type: multipart/mixed; boundary=b")),
        Just(Piece::Line("Content-Transfer-Encoding: base64")),
        Just(Piece::File),
        "[A-Za-z0-9+/=]{1,90}".prop_map(Piece::Base64),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(Piece::Octets),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn structure_of_any_message_is_that_of_the_whole(
        pieces in proptest::collection::vec(piece(), 0..12),
        length in 64_usize..200_000,
    ) {
        let raw: Vec<u8> = pieces.iter().flat_map(Piece::octets).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(assert_same_layout(&raw, length));
    }
}
