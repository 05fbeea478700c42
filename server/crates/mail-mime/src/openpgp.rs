//! Recognizes `OpenPGP` in a plain text (RFC 9580 §6.2, §7). Nothing is decrypted or verified.

/// What a text has in `OpenPGP`'s armor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Armored {
    /// An encrypted message.
    Encrypted,
    /// A signed text, between the text's header and its signature.
    Signed,
}

/// Returns the kind of the first armored message in a text. Quoted ones do not count, nor those
/// without an end.
pub fn armored(text: &str) -> Option<Armored> {
    let mut lines = text.lines().map(str::trim_end);
    let (kind, end) = lines.find_map(|line| match line {
        "-----BEGIN PGP MESSAGE-----" => Some((Armored::Encrypted, "-----END PGP MESSAGE-----")),
        "-----BEGIN PGP SIGNED MESSAGE-----" => {
            Some((Armored::Signed, "-----END PGP SIGNATURE-----"))
        }
        _ => None,
    })?;
    lines.any(|line| line == end).then_some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn armored_messages_are_recognized_in_a_text() {
        let encrypted = "-----BEGIN PGP MESSAGE-----\n\nhQEMA\n=abcd\n-----END PGP MESSAGE-----";
        let signed = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nwords\n\
             -----BEGIN PGP SIGNATURE-----\n\niQ\n-----END PGP SIGNATURE-----\n";
        for (text, expected) in [
            (encrypted, Some(Armored::Encrypted)),
            (signed, Some(Armored::Signed)),
        ] {
            assert_eq!(armored(text), expected);
            assert_eq!(armored(&text.replace('\n', " \r\n")), expected);
            assert_eq!(armored(&format!("Hello,\n\n{text}\n-- \nlist")), expected);
            assert_eq!(armored(&format!("> {}", text.replace('\n', "\n> "))), None);
            let (cut, _) = text.rsplit_once("-----END").unwrap();
            assert_eq!(armored(cut), None);
        }
        let key = encrypted.replace("MESSAGE", "PUBLIC KEY BLOCK");
        for other in ["", "words", "Write -----BEGIN PGP MESSAGE----- above", &key] {
            assert_eq!(armored(other), None);
        }
    }
}
