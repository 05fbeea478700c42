//! The nonzero numbers of IMAP: UIDs, sequence numbers and UIDVALIDITY.

use core::fmt;
use core::num::NonZeroU32;

macro_rules! nonzero_number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(NonZeroU32);

        impl $name {
            /// Creates a value; `None` for 0.
            pub const fn new(number: u32) -> Option<Self> {
                match NonZeroU32::new(number) {
                    Some(number) => Some(Self(number)),
                    None => None,
                }
            }

            /// Returns the number.
            pub const fn get(self) -> u32 {
                self.0.get()
            }

            /// Parses a decimal number; `None` for anything else.
            ///
            /// ```abnf
            /// nz-number = digit-nz *DIGIT ; (0 < n < 4,294,967,296)
            /// ```
            /// RFC 9051 §9. Leading zeros are accepted.
            pub fn parse(text: &[u8]) -> Option<Self> {
                u32::try_from(parse_u64(text)?).ok().and_then(Self::new)
            }
        }

        impl From<NonZeroU32> for $name {
            fn from(number: NonZeroU32) -> Self {
                Self(number)
            }
        }

        impl From<$name> for NonZeroU32 {
            fn from(number: $name) -> Self {
                number.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

nonzero_number! {
    /// The unique identifier of a message in its mailbox: stable as long as UIDVALIDITY does not
    /// change.
    Uid
}
nonzero_number! {
    /// The position of a message in its mailbox, counted from 1. EXPUNGE changes it.
    SequenceNumber
}
nonzero_number! {
    /// The validity value of the UIDs of a mailbox: if it changes, all known UIDs are invalid.
    UidValidity
}

/// Parses a decimal number of at most 64 bits; `None` for anything else.
///
/// ```abnf
/// number64 = 1*DIGIT ; (0 <= n <= 9,223,372,036,854,775,807)
/// ```
/// RFC 9051 §9. Numbers up to 2^64 - 1 are accepted.
pub(crate) fn parse_u64(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |number, byte| {
        let digit = char::from(*byte).to_digit(10)?;
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits_that_fit_and_are_not_zero() {
        assert_eq!(Uid::parse(b"4294967295").map(Uid::get), Some(u32::MAX));
        for bad in [&b""[..], b"0", b"4294967296", b"+1", b"1 ", b"-1", b"x"] {
            assert_eq!(Uid::parse(bad), None, "{bad:?}");
        }
        assert_eq!(parse_u64(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(parse_u64(b"18446744073709551616"), None);
    }
}
