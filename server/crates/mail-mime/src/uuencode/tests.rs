use proptest::prelude::*;

use super::*;

/// Encodes as `uuencode` does, with `zero` for the value 0.
fn lines_of(octets: &[u8], zero: char) -> String {
    let character = |value: u8| {
        if value == 0 {
            zero
        } else {
            char::from(b' ' + value)
        }
    };
    let mut out = String::new();
    for line in octets.chunks(45) {
        out.push(character(u8::try_from(line.len()).unwrap()));
        for group in line.chunks(3) {
            let octet = |index| group.get(index).copied().unwrap_or_default();
            let (a, b, c) = (octet(0), octet(1), octet(2));
            let values = [
                a >> 2,
                (a & 3) << 4 | b >> 4,
                (b & 15) << 2 | c >> 6,
                c & 63,
            ];
            out.extend(values.map(character));
        }
        out.push('\n');
    }
    out
}

fn file(name: &str, octets: &[u8]) -> String {
    format!("begin 644 {name}\n{}`\nend\n", lines_of(octets, '`'))
}

/// Returns name and octets of the files, and the text.
fn extracted(text: &str) -> (Vec<(String, Vec<u8>)>, String) {
    let found = extract(text);
    let files = found.files.iter().map(|file| {
        let octets = file.decode(text).unwrap_or_default();
        (file.name.clone().unwrap_or_default(), octets)
    });
    (files.collect(), found.text.into_owned())
}

fn one(name: &str, octets: &[u8]) -> Vec<(String, Vec<u8>)> {
    vec![(name.to_owned(), octets.to_vec())]
}

#[test]
fn a_file_is_taken_out_of_the_text() {
    let text = "Hello,\n\nbegin 644 cat.txt\n#0V%T\n`\nend\n\nRegards\n";
    assert_eq!(
        extracted(text),
        (one("cat.txt", b"Cat"), "Hello,\n\n\nRegards\n".to_owned())
    );
    let found = extract(text);
    assert_eq!(found.files[0].size_bytes, 3);
    assert!(found.files[0].is_complete && !found.is_over_limit);
    let with_crlf = text.replace('\n', "\r\n");
    assert_eq!(
        extracted(&with_crlf),
        (
            one("cat.txt", b"Cat"),
            "Hello,\r\n\r\n\r\nRegards\r\n".to_owned()
        )
    );
}

#[test]
fn several_files_of_a_text_keep_their_order() {
    let text = format!(
        "one\n{}two\n{}begin-base64 755 c.bin\nAAECAw==\n====\nthree",
        file("a.bin", b"first"),
        file("b.bin", &[0; 100]),
    );
    let (files, rest) = extracted(&text);
    assert_eq!(
        files,
        [
            ("a.bin".to_owned(), b"first".to_vec()),
            ("b.bin".to_owned(), vec![0; 100]),
            ("c.bin".to_owned(), vec![0, 1, 2, 3]),
        ]
    );
    assert_eq!(rest, "one\ntwo\nthree");
    let found = extract(&text);
    assert_eq!(found.files[2].encoding, FileEncoding::Base64);
    assert_eq!(found.files[2].size_bytes, 4);
}

#[test]
fn spaces_and_back_quotes_are_zero_and_spaces_may_be_cut() {
    let octets = [&[0; 50][..], b"x", &[0; 60]].concat();
    let spaces = format!("begin 644 z\n{} \nend\n", lines_of(&octets, ' '));
    assert_eq!(extracted(&spaces), (one("z", &octets), String::new()));
    let cut: Vec<&str> = spaces.lines().map(str::trim_end).collect();
    let cut = cut.join("\n") + "\n";
    assert!(cut.contains("\n\nend"));
    assert_eq!(extracted(&cut), (one("z", &octets), String::new()));
}

#[test]
fn lines_of_programs_that_pad_otherwise_are_read() {
    // With a character behind each line, and without the rest of the last group.
    for text in [
        "begin 644 cat.txt\n#0V%TX\n`\nend\n",
        "begin 644 cat.txt\n\"0V$\n`\nend\n",
        "begin 0644 cat.txt\n!0P\n \nend",
    ] {
        let (files, rest) = extracted(text);
        assert_eq!(rest, "", "{text}");
        assert!(b"Cat".starts_with(&files[0].1), "{text}: {files:?}");
    }
}

#[test]
fn a_file_without_its_end_is_read_up_to_the_text_after_it() {
    let octets = [7; 90];
    let lines = lines_of(&octets, '`');
    for after in ["\nRegards\n", "Regards\n", "", "THANKS\n", "-- \nBEST\n"] {
        let text = format!("begin 644 a.bin\n{lines}{after}");
        assert_eq!(extracted(&text), (one("a.bin", &octets), after.to_owned()));
        assert!(!extract(&text).files[0].is_complete);
    }
    // The line of length 0 is an end as well.
    let text = format!("begin 644 a.bin\n{lines}`\nRegards\n");
    assert_eq!(extracted(&text).1, "Regards\n");
    assert!(extract(&text).files[0].is_complete);
}

#[test]
fn wrong_line_lengths_give_no_more_than_they_announce() {
    let text = "begin 644 a.bin\n#0V%T\n!0V%T0V%T0V%T\nM0V%T\n`\nend\n";
    let (files, rest) = extracted(text);
    assert_eq!(rest, "");
    let expected = [&b"CatCCat"[..], &[0; 42]].concat();
    assert_eq!(files, one("a.bin", &expected));
}

#[test]
fn an_empty_file_has_an_end() {
    for text in [
        "begin 644 empty\n`\nend\n",
        "begin 644 empty\nend",
        "begin 644 empty\n\nend\n",
    ] {
        assert_eq!(
            extracted(text),
            (one("empty", b""), String::new()),
            "{text}"
        );
    }
}

#[test]
fn sentences_are_not_files() {
    for text in [
        "begin with a sentence\nend\n",
        "begin 644\n#0V%T\n`\nend\n",
        "begin 644 \n#0V%T\n`\nend\n",
        "begin 894 cat.txt\n#0V%T\n`\nend\n",
        "begin 12345 cat.txt\n#0V%T\n`\nend\n",
        "We begin 644 cat.txt\n#0V%T\n`\nend\n",
        "> begin 644 cat.txt\n> #0V%T\n> `\n> end\n",
        "begin 644 people joined\nand then they left.\nend\n",
        "begin 644 people joined\n\nand more\n",
        "begin 644 people joined",
        "BEGIN 644 CAT.TXT\nHELLO\nEND\n",
        "begin 644 cat.txt\nHELLO WORLD\nand more\n",
        "begin-base64 644 x\nHello, world\n",
        "begin-base64 644 x\n\n====\n",
        "=ybegin line=128 size=3 name=x.bin\nno end\n",
        "=ybegin is how yEnc begins\n=yend\n",
        "end\n`\n",
        "",
    ] {
        let found = extract(text);
        assert_eq!(found.files, [], "{text}");
        assert!(matches!(found.text, Cow::Borrowed(_)), "{text}");
        assert_eq!(found.text, text);
    }
}

#[test]
fn a_file_after_a_sentence_is_found() {
    let text = format!("begin 644 people joined\n{}", file("a.txt", b"a"));
    assert_eq!(
        extracted(&text),
        (one("a.txt", b"a"), "begin 644 people joined\n".to_owned())
    );
}

#[test]
fn base64_without_its_end_stops_at_its_padding() {
    let text = "begin-base64 644 a\nQ2F0\nQ2E=\nBest\n";
    assert_eq!(extracted(text), (one("a", b"CatCa"), "Best\n".to_owned()));
    assert!(!extract(text).files[0].is_complete);
    assert_eq!(extract(text).files[0].size_bytes, 5);
}

#[test]
fn yenc_is_named_and_not_decoded() {
    let text =
        "a\n=ybegin line=128 size=3 name=pic ture.jpg\n\u{fffd}\u{fffd}=}\n=yend size=3\nb\n";
    let found = extract(text);
    assert_eq!(found.text, "a\nb\n");
    assert_eq!(found.files[0].encoding, FileEncoding::YEnc);
    assert_eq!(found.files[0].name.as_deref(), Some("pic ture.jpg"));
    assert_eq!(found.files[0].decode(text), None);
}

#[test]
fn names_are_cleaned() {
    for (written, name) in [
        ("../../etc/passwd", Some("passwd")),
        ("C:\\a\\invoice\u{202e}fdp.exe  ", Some("invoicefdp.exe")),
        ("a b 报价.xlsx", Some("a b 报价.xlsx")),
        ("..", None),
    ] {
        let text = file(written, b"x");
        assert_eq!(extract(&text).files[0].name.as_deref(), name, "{written}");
    }
}

#[test]
fn files_over_the_limit_stay_in_the_text() {
    let text = file("a.txt", b"a").repeat(FILES_MAX + 1);
    let found = extract(&text);
    assert_eq!(found.files.len(), FILES_MAX);
    assert!(found.is_over_limit);
    assert_eq!(found.text, file("a.txt", b"a"));
}

/// Asserts what holds for any text.
fn check(text: &str) {
    let found = extract(text);
    assert!(found.files.len() <= FILES_MAX);
    assert!(found.text.len() <= text.len());
    let mut at = 0;
    for file in &found.files {
        assert!(at <= file.data.start && file.data.start <= file.data.end);
        at = file.data.end;
        if let Some(octets) = file.decode(text) {
            assert_eq!(octets.len(), file.size_bytes);
        }
    }
    assert!(at <= text.len());
}

/// Pieces of texts with files.
const PIECES: [&str; 22] = [
    "begin 644 a\n",
    "begin 755 b c\r\n",
    "begin-base64 644 d\n",
    "=ybegin line=1 size=1 name=e\n",
    "=yend\n",
    "end\n",
    "end",
    "`\n",
    " \n",
    "\n",
    "\r\n",
    "====\n",
    "#0V%T\n",
    "#0V%T",
    "M\n",
    "!0P\n",
    "Q2F0\n",
    "Q2E=\n",
    "Q2",
    "TEXT\n",
    "text é\n",
    "begin ",
];

proptest! {
    #[test]
    fn an_encoded_file_is_decoded(
        octets: Vec<u8>, name in "[a-z]{1,10}", zero in prop::sample::select(&[' ', '`'][..]),
        before in "[a-z \n]{0,20}", is_cut: bool,
    ) {
        let lines = lines_of(&octets, zero);
        let mut text = format!("{before}\nbegin 600 {name}\n{lines}{zero}\nend\nafter");
        if is_cut {
            let cut: Vec<&str> = text.lines().map(str::trim_end).collect();
            text = cut.join("\n");
        }
        let (files, rest) = extracted(&text);
        prop_assert_eq!(files, one(&name, &octets));
        prop_assert!(rest.ends_with("\nafter"));
    }

    #[test]
    fn any_text_is_read_without_harm(text in "\\PC{0,100}|[ -`\n]{0,200}|(begin 644 x\n)?[ -`\r\nend]{0,300}") {
        check(&text);
    }

    #[test]
    fn any_order_of_pieces_is_read_without_harm(
        pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..30),
    ) {
        check(&pieces.concat());
    }

    #[test]
    fn text_without_files_is_not_copied(text in "[a-zA-Z \n]{0,200}") {
        let found = extract(&text);
        prop_assert_eq!(found.files.len(), 0);
        prop_assert!(matches!(found.text, Cow::Borrowed(_)));
    }
}
