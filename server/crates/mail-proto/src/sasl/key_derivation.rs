//! Key derivation, which takes too long to run between two reads.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use sha1::Sha1;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::Secret;

/// The derivation of the salted password of SCRAM, up to 600,000 rounds of HMAC. The driver runs it
/// outside the machine ([`Step::DeriveKey`](crate::Step::DeriveKey)).
#[derive(Clone)]
pub struct KeyDerivation {
    pub(super) hash: Hash,
    pub(super) password: Secret,
    pub(super) salt: Vec<u8>,
    pub(super) iterations: u32,
}

/// The hash function of a SCRAM mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha256,
}

impl Hash {
    pub(super) const fn size_bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }
}

/// The result of a [`KeyDerivation`].
#[derive(Clone)]
pub struct DerivedKey(pub(super) Zeroizing<Vec<u8>>);

impl KeyDerivation {
    /// Runs the computation: `Hi(password, salt, i)` of RFC 5802 §2.2, which is PBKDF2. Takes up to
    /// 1 s.
    pub fn run(&self) -> DerivedKey {
        let mut key = Zeroizing::new(vec![0; self.hash.size_bytes()]);
        let password = self.password.expose().as_bytes();
        let (salt, rounds) = (&self.salt, self.iterations);
        match self.hash {
            Hash::Sha1 => pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, rounds, &mut key),
            Hash::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, rounds, &mut key),
        }
        DerivedKey(key)
    }
}

impl fmt::Debug for KeyDerivation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyDerivation")
            .field("hash", &self.hash)
            .field("iterations", &self.iterations)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for DerivedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Compares the parameters without the password, so that no code compares secrets.
impl PartialEq for KeyDerivation {
    fn eq(&self, other: &Self) -> bool {
        (self.hash, &self.salt, self.iterations) == (other.hash, &other.salt, other.iterations)
    }
}

impl Eq for KeyDerivation {}
