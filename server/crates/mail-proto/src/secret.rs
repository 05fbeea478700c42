//! The type of passwords and tokens.

use alloc::string::String;
use core::fmt;

use zeroize::Zeroizing;

/// A password or token: zeroed on drop, and `Debug` prints `***`.
///
/// There is no `Display`, no `Serialize` and no `PartialEq`: the only way to the text is
/// [`expose`](Secret::expose), which is easy to find in a review.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a secret text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// Returns the secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns whether the secret is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn debug_of_a_secret_prints_stars_only() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "***");
    }
}
