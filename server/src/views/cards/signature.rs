//! That a message is signed, or that its text is encrypted. Signatures are not verified, so a card
//! promises nothing about the author.

use app::api::types::{Card, CardKind, Lang};
use mail_mime::body::Body;
use mail_mime::openpgp::{self, Armored};
use mail_mime::tree::SignatureKind;

use crate::domain::Opened;

/// Returns the card; `None` if there is nothing to say.
pub(super) fn card(opened: &Opened, lang: Lang) -> Option<Card> {
    let signature = opened.supplements.signature(&opened.root);
    let armored = match &opened.body {
        Body::Text { text, .. } => openpgp::armored(text),
        _ => None,
    };
    let (title, line) = words(signature, armored, lang)?;
    Some(super::card(
        CardKind::Report,
        title.to_owned(),
        vec![line.to_owned()],
    ))
}

fn words(
    signature: Option<SignatureKind>,
    armored: Option<Armored>,
    lang: Lang,
) -> Option<(&'static str, &'static str)> {
    // An encrypted text needs more attention than a signature around it.
    let title = match (armored, signature, lang) {
        (Some(Armored::Encrypted), _, Lang::En) => {
            return Some((
                "The text is encrypted with OpenPGP",
                "Restante cannot decrypt it: copy it into a program that has your key.",
            ));
        }
        (Some(Armored::Encrypted), _, Lang::ZhCn) => {
            return Some((
                "正文已用 OpenPGP 加密",
                "Restante 无法解密。请将正文复制到装有您密钥的程序中打开。",
            ));
        }
        (_, Some(SignatureKind::Smime), Lang::En) => "Signed with S/MIME, not checked",
        (_, Some(SignatureKind::Smime), Lang::ZhCn) => "带有 S/MIME 签名，未经验证",
        (_, Some(SignatureKind::OpenPgp), Lang::En) | (Some(Armored::Signed), None, Lang::En) => {
            "Signed with OpenPGP, not checked"
        }
        (_, Some(SignatureKind::OpenPgp), Lang::ZhCn)
        | (Some(Armored::Signed), None, Lang::ZhCn) => "带有 OpenPGP 签名，未经验证",
        (_, Some(SignatureKind::Other), Lang::En) => "Signed, not checked",
        (_, Some(SignatureKind::Other), Lang::ZhCn) => "带有签名，未经验证",
        (None, None, _) => return None,
    };
    let line = match lang {
        Lang::En => {
            "Restante does not check signatures: this one does not prove who wrote the message."
        }
        Lang::ZhCn => "Restante 不验证签名，因此该签名不能证明邮件的作者。",
    };
    Some((title, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_is_never_called_valid() {
        for signature in [
            SignatureKind::Smime,
            SignatureKind::OpenPgp,
            SignatureKind::Other,
        ] {
            for armored in [None, Some(Armored::Signed)] {
                let (title, line) = words(Some(signature), armored, Lang::En).unwrap();
                assert!(title.ends_with("not checked"));
                assert!(line.contains("does not prove"));
                let (title, line) = words(Some(signature), armored, Lang::ZhCn).unwrap();
                assert!(title.ends_with("未经验证") && line.contains("不能证明"));
            }
        }
    }

    #[test]
    fn encrypted_text_is_named_also_inside_a_signature() {
        for signature in [None, Some(SignatureKind::Smime)] {
            let found = words(signature, Some(Armored::Encrypted), Lang::En);
            assert_eq!(found.unwrap().0, "The text is encrypted with OpenPGP");
        }
        assert_eq!(words(None, None, Lang::En), None);
    }
}
