//! The page for each URL.

/// A page of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// A list, with a message or without.
    Mail,
    /// The compose form.
    Compose,
    /// The outbox.
    Outbox,
    /// The appearance settings.
    Appearance,
    /// None of them.
    Unknown,
}

impl Page {
    /// Returns the page of a path.
    pub fn at(base: &str, path: &str) -> Self {
        if super::mail_path(base, path).is_some() {
            return Self::Mail;
        }
        match path
            .strip_prefix(base)
            .map(|path| path.trim_end_matches('/'))
        {
            Some("/search") => Self::Mail,
            Some("/compose") => Self::Compose,
            Some("/outbox") => Self::Outbox,
            Some("/settings/appearance") => Self::Appearance,
            _ => Self::Unknown,
        }
    }

    /// Whether its code is in the second WebAssembly module.
    pub fn is_lazy(self) -> bool {
        match self {
            Self::Compose | Self::Outbox | Self::Appearance => true,
            Self::Mail | Self::Unknown => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_url_maps_to_its_page() {
        for base in ["", "/webmail"] {
            for (path, page) in [
                ("/mail/a/f", Page::Mail),
                ("/mail/a/f/1.2", Page::Mail),
                ("/search", Page::Mail),
                ("/compose", Page::Compose),
                ("/outbox", Page::Outbox),
                ("/outbox/", Page::Outbox),
                ("/settings/appearance", Page::Appearance),
                ("/settings", Page::Unknown),
                ("/mail", Page::Unknown),
                ("/mail/a/f/1.2/part/1", Page::Unknown),
                ("/", Page::Unknown),
            ] {
                assert_eq!(Page::at(base, &format!("{base}{path}")), page, "{path}");
            }
        }
        assert_eq!(Page::at("/webmail", "/outbox"), Page::Unknown);
    }

    #[test]
    fn first_module_shows_mail_and_no_form() {
        for page in [Page::Mail, Page::Unknown] {
            assert!(!page.is_lazy());
        }
        for page in [Page::Compose, Page::Outbox, Page::Appearance] {
            assert!(page.is_lazy());
        }
    }
}
