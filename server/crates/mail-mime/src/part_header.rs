//! What the header of a part says of it (RFC 2045, RFC 2183).

use crate::charset;
use crate::header::Headers;
use crate::params::Params;
use crate::rfc5322;
use crate::tree::{LeafFields, Part};

/// The kind of a part by its header.
pub(crate) enum Kind {
    /// A multipart that a boundary delimits.
    Multipart {
        /// The subtype, in lower case.
        subtype: String,
        params: Params,
        /// The boundary without white space at its end, never empty.
        boundary: String,
    },
    /// Any other part, a multipart without a boundary included: that one is text.
    Leaf { media_type: String, params: Params },
}

impl Kind {
    /// Reads the kind of a part. `default_type` is the type of a part without Content-Type.
    pub(crate) fn of(headers: &Headers, default_type: &str) -> Self {
        let (media_type, params) = token_and_params(headers, "Content-Type");
        let Some(subtype) = media_type.strip_prefix("multipart/") else {
            let media_type = match media_type.is_empty() {
                true => default_type.to_owned(),
                false => media_type,
            };
            return Self::Leaf { media_type, params };
        };
        let boundary = params.value("boundary").unwrap_or_default().trim_end();
        match boundary.is_empty() {
            false => Self::Multipart {
                subtype: subtype.to_owned(),
                boundary: boundary.to_owned(),
                params,
            },
            true => Self::Leaf {
                media_type: "text/plain".to_owned(),
                params,
            },
        }
    }
}

/// Returns the type of the parts of a multipart that have no Content-Type (RFC 2046 §5.1.5).
pub(crate) fn default_type_in(subtype: &str) -> &'static str {
    match subtype.eq_ignore_ascii_case("digest") {
        true => "message/rfc822",
        false => "text/plain",
    }
}

/// Whether parameters of the part, such as the name of its file, are raw 8-bit octets.
pub(crate) fn has_raw_names(headers: &Headers) -> bool {
    let mut fields = ["Content-Type", "Content-Disposition"]
        .into_iter()
        .filter_map(|name| headers.first(name));
    fields.any(|field| std::str::from_utf8(field.raw()).is_err())
}

/// Creates a part of this type and header that is not a multipart.
pub(crate) fn leaf(
    section: &str,
    media_type: &str,
    params: Params,
    headers: &Headers,
    size_bytes: u64,
) -> Part {
    let (disposition, disposition_params) = token_and_params(headers, "Content-Disposition");
    let text_of = |name: &str| {
        let field = headers.first(name)?;
        Some(String::from_utf8_lossy(field.raw()).into_owned())
    };
    let encoding = text_of("Content-Transfer-Encoding");
    let content_id = text_of("Content-ID");
    Part::leaf(LeafFields {
        section,
        media_type,
        params,
        disposition: Some(&disposition),
        disposition_params,
        encoding: encoding.as_deref(),
        size_bytes,
        content_id: content_id.as_deref(),
    })
}

/// Returns the first token of a structured field, in lower case, and its parameters.
fn token_and_params(headers: &Headers, name: &str) -> (String, Params) {
    let Some(field) = headers.first(name) else {
        return (String::new(), Params::default());
    };
    let typed = rfc5322::typed(&charset::decode(field.raw(), None));
    // A space may follow if the semicolon is missing.
    let token = typed.token.split_whitespace().next().unwrap_or_default();
    (token.to_owned(), Params::decode(typed.params))
}
