use super::*;
use alloc::string::ToString as _;
use proptest::prelude::*;

const LOGIN: &str = "ann@example.org";
const PASSWORD: &str = "hun\"ter2\\Zq9 sec&ret%ü";

fn known(password: &str) -> Arc<KnownSecrets> {
    Arc::new(KnownSecrets::new(LOGIN, &Secret::new(password)))
}

fn redacted(password: &str, texts: &[&str]) -> Vec<String> {
    let mut redactor = Redactor::new(known(password));
    let redact = |text: &&str| {
        let mut text = text.to_string();
        redactor.redact(&mut text);
        text
    };
    texts.iter().map(redact).collect()
}

fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

#[test]
fn every_form_that_a_server_may_print_is_masked() {
    for form in [
        PASSWORD,
        "HUN\"TER2\\ZQ9 SEC&RETü".replace("RET", "RET%").as_str(),
        "hun\\\"ter2\\\\Zq9 sec&ret%ü",
        "hun%22ter2%5CZq9%20sec%26ret%25%C3%BC",
        "hun%22ter2%5czq9+sec%26ret%25%c3%bc",
        "hun&quot;ter2\\Zq9 sec&amp;ret%ü",
        "68756e22746572325c5a7139207365632672657425c3bc",
        "hun\"ter2\\Zq9 sec&-ret%&APw-",
    ] {
        let seen = redacted(PASSWORD, &[&format!("no such password: {form} (535)")]);
        assert_eq!(seen, ["no such password: *** (535)"], "{form}");
    }
}

#[test]
fn sasl_messages_are_masked_completely() {
    for message in [
        base64(PASSWORD),
        base64(&format!("\0{LOGIN}\0{PASSWORD}")),
        base64(&format!("somebody\0another\0{PASSWORD}")),
        base64(&format!("user={LOGIN}\x01auth=Bearer {PASSWORD}\x01\x01")),
        base64(&format!("x{PASSWORD}y")),
        base64(&format!("xy{PASSWORD}")),
        base64(&format!("xyz{PASSWORD}")),
        base64(PASSWORD).replace('+', "-").replace('/', "_"),
    ] {
        let seen = redacted(PASSWORD, &[&format!("AUTH PLAIN {message}, no")]);
        assert_eq!(seen, ["AUTH PLAIN ***, no"], "{message}");
    }
}

#[test]
fn a_password_split_over_two_or_three_texts_is_masked() {
    let password = "hunter2-Zq9-secret";
    for at in 1..password.len() {
        let (first, second) = password.split_at(at);
        let seen = redacted(
            password,
            &[
                &format!("5.7.8 you said {first}"),
                &format!("5.7.8 {second} is wrong"),
                "bye",
            ],
        );
        let visible = seen.join("");
        // At most 3 bytes of the shorter piece stay visible.
        assert!(!visible.contains(first) || first.len() < 4, "{seen:?}");
        assert!(!visible.contains(second) || second.len() < 4, "{seen:?}");
        assert!(
            seen[0].contains("***") || seen[1].contains("***"),
            "{seen:?}"
        );
        assert_eq!(seen[2], "bye");
    }
    let seen = redacted(password, &["said hunter2-", "5.0.0 Zq9-se", "5.0.0 cret"]);
    assert_eq!(seen, ["said ***", "5.0.0 ***", "5.0.0 ***"]);
}

#[test]
fn text_that_only_begins_like_the_password_is_not_masked() {
    let texts = ["a hun", "a hun", "h", "unter", "hunter2 it is", "secret"];
    let expected = ["a hun", "a hun", "h", "***", "hunter2 it is", "secret"];
    assert_eq!(redacted("hunter2-Zq9-secret", &texts), expected);
}

#[test]
fn a_very_short_password_masks_no_text() {
    for password in ["a", "in", "the"] {
        let text = "the sign-in of a user failed in the end";
        assert_eq!(redacted(password, &[text]), [text]);
        let plain = base64(&format!("\0{LOGIN}\0{password}"));
        assert_eq!(redacted(password, &[&format!("no: {plain}")]), ["no: ***"]);
    }
    assert_eq!(redacted("", &["all stays"]), ["all stays"]);
    assert_eq!(
        redacted("abcd", &["xabcdx ABCD YWJjZA=="]),
        ["x***x *** ***"]
    );
}

#[test]
fn adjacent_matches_share_one_mask() {
    assert_eq!(redacted("abcd", &["abcdabcd"]), ["***"]);
    assert_eq!(redacted("aaaa", &["aaaaaa"]), ["***aa"]);
}

#[test]
fn debug_prints_no_secret() {
    let debug = format!("{:?}", Redactor::new(known(PASSWORD)));
    assert!(!debug.contains("hun"), "{debug}");
}

proptest! {
    #[test]
    fn no_text_holds_the_password_afterwards(
        password in "[ -~]{4,40}|[a-zäöü \"\\\\%&]{4,20}",
        before in "[ -~]{0,30}",
        behind in "[ -~]{0,30}",
    ) {
        let whole = format!("{before}{password}{behind}");
        let mut text = whole;
        known(&password).redact(&mut text);
        prop_assert!(!text.contains(&password) || MASK.contains(&password) || password.contains('*'));
        let mut text = base64(&format!("{before}{password}{behind}"));
        let is_long = password.len() > 6;
        known(&password).redact(&mut text);
        prop_assert!(!is_long || text == MASK, "{text}");
    }

    #[test]
    fn redaction_accepts_any_text(password in ".{0,12}", texts in proptest::collection::vec(".{0,40}", 0..5)) {
        let mut redactor = Redactor::new(known(&password));
        for mut text in texts {
            let length = text.len();
            redactor.redact(&mut text);
            prop_assert!(text.len() <= length.max(1) * 3);
        }
    }
}

#[test]
fn forms_are_few() {
    assert!(known(PASSWORD).forms.len() < 40);
}
