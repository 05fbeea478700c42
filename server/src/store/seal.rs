//! Sealing: XChaCha20-Poly1305 with keys derived from the server key, one per purpose.
//!
//! The key file (`state_dir/key`, mode 0600) holds one or two lines of base64url, 32 bytes each:
//! the first key seals and opens, the second, the key before a rotation, only opens.

use std::io::{self, Read as _, Write as _};
use std::path::Path;

use app::api::types::{AccountId, FormKey, IncomingKind};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::StoreError;
use super::private::private_dir;
use crate::domain::AccountKey;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const KEY_ID_BYTES: usize = 4;
const FORMAT: u8 = 1;
/// The random part of a form's key.
const FORM_KEY_BYTES: usize = 12;
/// Length of the MAC in a form's key, in base64url characters: 96 bits.
const FORM_MAC_CHARS: usize = 16;

/// An error of sealing or opening.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// Other users can read the key file.
    #[error("the key file {0} can be read by other users: chmod 600 {0}")]
    KeyExposed(String),
    /// The key file does not hold one or two keys.
    #[error("the key file {0} does not hold one or two keys of 32 bytes in base64url")]
    KeyMalformed(String),
    /// The value is sealed with an unknown key, is damaged, or has another purpose or place.
    #[error("a sealed value cannot be opened: another key, damage, or another place")]
    Unopenable,
    /// The value is too long to be sealed.
    #[error("too large to be sealed")]
    TooLarge,
    /// The operating system provides no randomness.
    #[error("no randomness: {0}")]
    NoEntropy(String),
}

/// The purpose of a sealed value. Each purpose has its own key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose<'a> {
    /// The record of the session with this id; needs the session cookie.
    Session(&'a [u8]),
    /// A flash message for the next page of a session.
    Flash,
    /// A file of the spool.
    Spool,
    /// A row of the outbox or the ledger.
    Outbox,
    /// The stored state of a POP3 maildrop.
    Pop3,
    /// The address of a sender whose remote images are shown.
    ImageSender,
    /// A person an account wrote to.
    Person,
    /// The names and addresses that an account sends as.
    Identities,
    /// The texts that an account writes again and again.
    Templates,
    /// A message of a local folder.
    LocalMessage,
    /// A contact or a group of an account's address book.
    Contact,
    /// A compose form that is stored for a sign-in; needs its cookie.
    PostedForm(&'a [u8]),
    /// A sign-in that messages need which leave without a session.
    Delegated,
    /// An answer to an invitation.
    SentAnswer,
}

impl Purpose<'_> {
    fn info(self) -> Vec<u8> {
        match self {
            Self::Session(id) => [b"restante/session/".as_slice(), id].concat(),
            Self::Flash => b"restante/flash".into(),
            Self::Spool => b"restante/spool".into(),
            Self::Outbox => b"restante/outbox".into(),
            Self::Pop3 => b"restante/pop3".into(),
            Self::ImageSender => b"restante/image-sender".into(),
            Self::Person => b"restante/person".into(),
            Self::Identities => b"restante/identities".into(),
            Self::Templates => b"restante/templates".into(),
            Self::LocalMessage => b"restante/local-message".into(),
            Self::Contact => b"restante/contact".into(),
            Self::PostedForm(cookie) => [b"restante/posted-form/".as_slice(), cookie].concat(),
            Self::Delegated => b"restante/delegated".into(),
            Self::SentAnswer => b"restante/sent-answer".into(),
        }
    }
}

/// The account keys of an account's rows, one per server key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountKeys {
    /// The key derived from the current server key.
    pub current: AccountKey,
    /// The key derived from the server key before a rotation, as long as the key file has it.
    pub previous: Option<AccountKey>,
}

/// The keys with which an account's browsers seal unsent drafts.
#[derive(Clone)]
pub struct BrowserKeys {
    /// Seals and opens: 32 bytes, base64url.
    pub current: Zeroizing<String>,
    /// Opens data that was sealed before a rotation of the server key.
    pub previous: Option<Zeroizing<String>>,
}

impl std::fmt::Debug for BrowserKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BrowserKeys(***)")
    }
}

struct ServerKey {
    secret: Zeroizing<[u8; KEY_BYTES]>,
    /// Identifies the key in sealed values; reveals nothing about the key.
    id: [u8; KEY_ID_BYTES],
}

/// The server key, and the keys derived from it.
pub struct Sealer {
    current: ServerKey,
    previous: Option<ServerKey>,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer(***)")
    }
}

impl Sealer {
    /// Reads `state_dir/key`; creates it with a new key if it is missing.
    ///
    /// # Errors
    /// If the file cannot be read or created, other users can read it, or it holds no key.
    pub fn open(state_dir: &Path) -> Result<Self, StoreError> {
        private_dir(state_dir)?;
        let path = state_dir.join("key");
        let failed = |cause| StoreError::File {
            path: path.clone(),
            cause,
        };
        match std::fs::File::open(&path) {
            Ok(file) => Ok(Self::read(file, &path)?),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let mut secret = Zeroizing::new([0; KEY_BYTES]);
                getrandom::fill(secret.as_mut())
                    .map_err(|e| SealError::NoEntropy(e.to_string()))?;
                let text =
                    Zeroizing::new(format!("{}\n", URL_SAFE_NO_PAD.encode(secret.as_slice())));
                let mut options = std::fs::OpenOptions::new();
                options.write(true).create_new(true);
                #[cfg(unix)]
                std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
                let mut file = options.open(&path).map_err(failed)?;
                file.write_all(text.as_bytes())
                    .and_then(|()| file.sync_all())
                    .map_err(failed)?;
                Ok(Self {
                    current: ServerKey::new(secret)?,
                    previous: None,
                })
            }
            Err(e) => Err(failed(e)),
        }
    }

    fn read(file: std::fs::File, path: &Path) -> Result<Self, SealError> {
        let name = || path.display().to_string();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = file
                .metadata()
                .map_err(|_| SealError::KeyMalformed(name()))?
                .permissions();
            if mode.mode() & 0o077 != 0 {
                return Err(SealError::KeyExposed(name()));
            }
        }
        let mut text = Zeroizing::new(String::new());
        let malformed = || SealError::KeyMalformed(name());
        file.take(4096)
            .read_to_string(&mut text)
            .map_err(|_| malformed())?;
        let mut keys = Vec::new();
        for line in text.lines().map(str::trim).filter(|l| !l.is_empty()) {
            let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(line).map_err(|_| malformed())?);
            let secret = <[u8; KEY_BYTES]>::try_from(bytes.as_slice()).map_err(|_| malformed())?;
            keys.push(ServerKey::new(Zeroizing::new(secret))?);
        }
        let mut keys = keys.into_iter();
        match (keys.next(), keys.next(), keys.next()) {
            (Some(current), previous, None) => Ok(Self { current, previous }),
            _ => Err(malformed()),
        }
    }

    /// Seals a value. `associated_data` is a row's key: the value opens only with the same
    /// associated data.
    ///
    /// # Errors
    /// [`SealError::NoEntropy`] if no nonce can be generated.
    pub fn seal(
        &self,
        purpose: Purpose<'_>,
        associated_data: &[u8],
        value: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|e| SealError::NoEntropy(e.to_string()))?;
        let cipher = self.current.cipher(purpose)?;
        let sealed = cipher
            .encrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: value,
                    aad: associated_data,
                },
            )
            .map_err(|_| SealError::TooLarge)?;
        let head = [FORMAT];
        Ok([head.as_slice(), &self.current.id, &nonce, &sealed].concat())
    }

    /// Returns whether the key of a sealed value is available. The value may still be damaged.
    pub fn has_key_of(&self, sealed: &[u8]) -> bool {
        let id = sealed.get(1..=KEY_ID_BYTES);
        self.key_ids()
            .iter()
            .any(|known| id == Some(known.as_slice()))
    }

    /// Opens a sealed value.
    ///
    /// # Errors
    /// [`SealError::Unopenable`], for any reason.
    pub fn open_sealed(
        &self,
        purpose: Purpose<'_>,
        associated_data: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let rest = sealed
            .strip_prefix(&[FORMAT])
            .ok_or(SealError::Unopenable)?;
        let (id, rest) = rest
            .split_first_chunk::<KEY_ID_BYTES>()
            .ok_or(SealError::Unopenable)?;
        let (nonce, sealed) = rest
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(SealError::Unopenable)?;
        self.key(id)?
            .cipher(purpose)?
            .decrypt(
                &XNonce::from(*nonce),
                Payload {
                    msg: sealed,
                    aad: associated_data,
                },
            )
            .map(Zeroizing::new)
            .map_err(|_| SealError::Unopenable)
    }

    /// Derives the account keys of rows that outlive a session: from the current server key, and
    /// from the one before a rotation. Call it only after that server has accepted that login.
    pub fn account_keys(
        &self,
        kind: IncomingKind,
        host: &str,
        port: u16,
        login: &str,
    ) -> AccountKeys {
        let kind = match kind {
            IncomingKind::Imap => "imap",
            IncomingKind::Pop3 => "pop3",
        };
        let text = format!("{kind}\0{}\0{port}\0{login}", host.to_ascii_lowercase());
        let key = |server_key: &ServerKey| {
            AccountKey(URL_SAFE_NO_PAD.encode(server_key.mac(text.as_bytes())))
        };
        AccountKeys {
            current: key(&self.current),
            previous: self.previous.as_ref().map(key),
        }
    }

    /// Creates the key of a new compose form of an account: random bytes and a MAC.
    ///
    /// # Errors
    /// [`SealError::NoEntropy`] if the operating system provides no randomness.
    pub fn form_key(&self, account: &AccountId) -> Result<FormKey, SealError> {
        let mut random = [0; FORM_KEY_BYTES];
        getrandom::fill(&mut random).map_err(|e| SealError::NoEntropy(e.to_string()))?;
        let random = URL_SAFE_NO_PAD.encode(random);
        let mac = self.current.form_mac(&random, account);
        Ok(FormKey(format!("{random}.{mac}")))
    }

    /// Returns whether this server created the key of a compose form for this account, which proves
    /// that the sender was signed in.
    pub fn is_own_form_key(&self, form: &FormKey, account: &AccountId) -> bool {
        let Some((random, mac)) = form.as_str().split_once('.') else {
            return false;
        };
        let mut keys = std::iter::once(&self.current).chain(&self.previous);
        keys.any(|key| key.form_mac(random, account) == mac)
    }

    /// Returns the cookie value of a browser that posted this form without a session.
    pub fn form_cookie(&self, form: &FormKey) -> String {
        let text = format!("form-cookie\0{}", form.as_str());
        URL_SAFE_NO_PAD.encode(self.current.mac(text.as_bytes()))
    }

    /// Returns the hash that finds the row of a person an account wrote to; the same for an address
    /// in any case. It changes with the server key, as the account key does.
    pub(super) fn person_hash(&self, account: &AccountKey, address: &str) -> String {
        let text = format!("person\0{}\0{}", account.0, address.to_lowercase());
        URL_SAFE_NO_PAD.encode(self.current.mac(text.as_bytes()))
    }

    /// Returns the hash that finds the copies of a message of a local folder by its `Message-ID`. It
    /// changes with the server key, as the account key does.
    pub(super) fn message_hash(&self, account: &AccountKey, message_id: &str) -> String {
        let text = format!("message\0{}\0{message_id}", account.0);
        URL_SAFE_NO_PAD.encode(self.current.mac(text.as_bytes()))
    }

    /// Derives the keys for an account's browsers. They are the same for every session of the
    /// account, so that drafts sealed in one session open in the next.
    ///
    /// # Errors
    /// [`SealError::TooLarge`]: never for an account key.
    pub fn browser_keys(&self, account: &AccountKeys) -> Result<BrowserKeys, SealError> {
        let previous = self.previous.as_ref().zip(account.previous.as_ref());
        let previous = previous.map(|(server, account)| server.browser_key(account));
        Ok(BrowserKeys {
            current: self.current.browser_key(&account.current)?,
            previous: previous.transpose()?,
        })
    }

    /// Returns the ids of the two keys in sealed values; the same id twice if there is one key.
    pub(super) fn key_ids(&self) -> [[u8; KEY_ID_BYTES]; 2] {
        let previous = self.previous.as_ref().unwrap_or(&self.current);
        [self.current.id, previous.id]
    }

    /// Returns the cipher of the current key, with the key's id.
    pub(super) fn cipher(
        &self,
        purpose: Purpose<'_>,
    ) -> Result<([u8; KEY_ID_BYTES], XChaCha20Poly1305), SealError> {
        Ok((self.current.id, self.current.cipher(purpose)?))
    }

    /// Returns the cipher of the key with this id.
    pub(super) fn cipher_of(
        &self,
        id: &[u8; KEY_ID_BYTES],
        purpose: Purpose<'_>,
    ) -> Result<XChaCha20Poly1305, SealError> {
        self.key(id)?.cipher(purpose)
    }

    fn key(&self, id: &[u8; KEY_ID_BYTES]) -> Result<&ServerKey, SealError> {
        std::iter::once(&self.current)
            .chain(&self.previous)
            .find(|key| key.id == *id)
            .ok_or(SealError::Unopenable)
    }
}

impl ServerKey {
    fn new(secret: Zeroizing<[u8; KEY_BYTES]>) -> Result<Self, SealError> {
        let mut id = [0; KEY_ID_BYTES];
        expand(&secret, b"restante/key-id", &mut id)?;
        Ok(Self { secret, id })
    }

    fn cipher(&self, purpose: Purpose<'_>) -> Result<XChaCha20Poly1305, SealError> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        expand(&self.secret, &purpose.info(), key.as_mut())?;
        Ok(XChaCha20Poly1305::new((&*key).into()))
    }

    fn form_mac(&self, random: &str, account: &AccountId) -> String {
        let text = format!("form\0{random}\0{account}");
        let mac = URL_SAFE_NO_PAD.encode(self.mac(text.as_bytes()));
        mac.chars().take(FORM_MAC_CHARS).collect()
    }

    fn browser_key(&self, account: &AccountKey) -> Result<Zeroizing<String>, SealError> {
        let info = [b"restante/browser/".as_slice(), account.0.as_bytes()].concat();
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        expand(&self.secret, &info, key.as_mut())?;
        Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(key.as_slice())))
    }

    fn mac(&self, text: &[u8]) -> [u8; 32] {
        // HMAC pads a short key with zeros to the hash's block (RFC 2104 §2). With the padding done
        // here, the constructor cannot fail.
        let mut block = Zeroizing::new([0; 64]);
        for (to, from) in block.iter_mut().zip(self.secret.iter()) {
            *to = *from;
        }
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new((&*block).into());
        mac.update(text);
        mac.finalize().into_bytes().into()
    }
}

/// Derives a key with HKDF-SHA-256 (RFC 5869).
fn expand(secret: &[u8; KEY_BYTES], info: &[u8], out: &mut [u8]) -> Result<(), SealError> {
    Hkdf::<Sha256>::new(None, secret)
        .expand(info, out)
        .map_err(|_| SealError::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::TestDir;

    #[test]
    fn sealed_value_opens_only_for_its_purpose_and_associated_data() {
        let dir = TestDir::new();
        let sealer = Sealer::open(dir.path()).unwrap();
        let sealed = sealer.seal(Purpose::Flash, b"row", b"words").unwrap();
        let opened = sealer.open_sealed(Purpose::Flash, b"row", &sealed).unwrap();
        assert_eq!(opened.as_slice(), b"words");
        assert!(!sealed.windows(5).any(|w| w == b"words"));
        for (purpose, associated_data) in [
            (Purpose::Flash, b"roe".as_slice()),
            (Purpose::Outbox, b"row"),
            (Purpose::Session(b"row"), b"row"),
        ] {
            let refused = sealer.open_sealed(purpose, associated_data, &sealed);
            assert_eq!(refused.unwrap_err(), SealError::Unopenable);
        }
    }

    #[test]
    fn changed_or_truncated_value_does_not_open() {
        let dir = TestDir::new();
        let sealer = Sealer::open(dir.path()).unwrap();
        let sealed = sealer.seal(Purpose::Outbox, b"", b"a message").unwrap();
        for at in 0..sealed.len() {
            let mut broken = sealed.clone();
            broken[at] ^= 1;
            assert!(
                sealer.open_sealed(Purpose::Outbox, b"", &broken).is_err(),
                "byte {at}"
            );
            assert!(
                sealer
                    .open_sealed(Purpose::Outbox, b"", &sealed[..at])
                    .is_err(),
                "cut at {at}"
            );
        }
    }

    #[test]
    fn the_key_survives_a_restart_and_a_rotation() {
        let dir = TestDir::new();
        let sealed = Sealer::open(dir.path())
            .unwrap()
            .seal(Purpose::Spool, b"f", b"x")
            .unwrap();
        let reopened = Sealer::open(dir.path()).unwrap();
        assert!(reopened.open_sealed(Purpose::Spool, b"f", &sealed).is_ok());

        let path = dir.path().join("key");
        let old = std::fs::read_to_string(&path).unwrap();
        let new = URL_SAFE_NO_PAD.encode([7; KEY_BYTES]);
        std::fs::write(&path, format!("{new}\n{old}")).unwrap();
        let rotated = Sealer::open(dir.path()).unwrap();
        assert!(rotated.open_sealed(Purpose::Spool, b"f", &sealed).is_ok());
        std::fs::write(&path, format!("{new}\n")).unwrap();
        let without = Sealer::open(dir.path()).unwrap();
        assert!(without.open_sealed(Purpose::Spool, b"f", &sealed).is_err());
    }

    #[test]
    fn a_browser_key_is_its_account_s_alone_and_survives_restart_and_rotation() {
        let dir = TestDir::new();
        let keys = |login: &str| {
            let sealer = Sealer::open(dir.path()).unwrap();
            let account = sealer.account_keys(IncomingKind::Imap, "mail.example", 993, login);
            sealer.browser_keys(&account).unwrap()
        };
        let ann = keys("ann");
        assert_eq!(
            URL_SAFE_NO_PAD.decode(&*ann.current).unwrap().len(),
            KEY_BYTES
        );
        assert_eq!(ann.current, keys("ann").current);
        assert!(ann.previous.is_none());
        assert_ne!(ann.current, keys("ben").current);
        assert!(!format!("{ann:?}").contains(&*ann.current));

        let path = dir.path().join("key");
        let old = std::fs::read_to_string(&path).unwrap();
        let new = URL_SAFE_NO_PAD.encode([7; KEY_BYTES]);
        std::fs::write(&path, format!("{new}\n{old}")).unwrap();
        let rotated = keys("ann");
        assert_ne!(rotated.current, ann.current);
        assert_eq!(rotated.previous, Some(ann.current));
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = TestDir::new();
        Sealer::open(dir.path()).unwrap();
        let path = dir.path().join("key");
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let refused = Sealer::open(dir.path()).unwrap_err().to_string();
        assert!(refused.contains("chmod 600"), "{refused}");
    }

    #[test]
    fn an_account_key_differs_by_server_port_kind_and_login() {
        let dir = TestDir::new();
        let sealer = Sealer::open(dir.path()).unwrap();
        let key = |kind, host, port, login| sealer.account_keys(kind, host, port, login).current;
        let base = key(IncomingKind::Imap, "mail.example", 993, "ann");
        assert_eq!(base, key(IncomingKind::Imap, "MAIL.example", 993, "ann"));
        for other in [
            key(IncomingKind::Pop3, "mail.example", 993, "ann"),
            key(IncomingKind::Imap, "mail.example2", 993, "ann"),
            key(IncomingKind::Imap, "mail.example", 994, "ann"),
            key(IncomingKind::Imap, "mail.example", 993, "Ann"),
        ] {
            assert_ne!(base, other);
        }
    }
}
