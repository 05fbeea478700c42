//! The front-end build: scripts, WebAssembly, styles and icons under `{base}/a/`.
//!
//! Release builds embed it (`build.rs`); during development it is read from a folder at start.
//! Every file name holds a hash of the content, so browsers may cache the files for ever.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use axum::extract::{Path as UrlPath, State};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, StatusCode};
use sha2::{Digest as _, Sha256};

use super::Web;

/// The name of the script and the WebAssembly file within the build.
pub const OUTPUT_NAME: &str = "restante";

/// The file, beside the manifest, of the style sheet that the sign-in page embeds.
const SIGN_IN_STYLE: &str = "sign-in.css";

/// Name and content of every embedded file, collected by `build.rs`.
static EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/site.rs"));

/// One file, with its precompressed variants.
#[derive(Debug, Clone, Default)]
struct Asset {
    plain: Option<Bytes>,
    br: Option<Bytes>,
    gz: Option<Bytes>,
}

/// The files of one front-end build.
#[derive(Debug, Clone, Default)]
pub struct Site {
    files: HashMap<String, Asset>,
    pkg: String,
    css: String,
    icons: String,
    sign_in: Option<SignInStyle>,
}

/// The style sheet that the sign-in page embeds in its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInStyle {
    /// The text of the sheet.
    pub css: String,
    /// The source expression of the sheet in a Content-Security-Policy.
    pub csp_source: String,
}

impl Site {
    /// Reads the build from a folder, or uses the embedded build.
    ///
    /// # Errors
    /// If the folder cannot be read. A build without a manifest serves no files: pages then work
    /// without script and style.
    pub fn load(dir: Option<&Path>) -> io::Result<Self> {
        let mut site = Self::default();
        match dir {
            None => {
                for (name, content) in EMBEDDED {
                    site.add(name, Bytes::from_static(content));
                }
            }
            Some(dir) => {
                site.add("manifest", std::fs::read(dir.join("manifest"))?.into());
                if let Ok(sheet) = std::fs::read(dir.join(SIGN_IN_STYLE)) {
                    site.add(SIGN_IN_STYLE, sheet.into());
                }
                site.add_folder(&dir.join("a"), "a")?;
            }
        }
        Ok(site)
    }

    /// Returns the folder of script and WebAssembly below the base: `a/<hash>`.
    pub fn pkg_dir(&self) -> String {
        format!("a/{}", self.pkg)
    }

    /// Returns the build's id: the hash in the name of its folder.
    pub fn build(&self) -> &str {
        &self.pkg
    }

    /// Returns the style sheet's name below `a/`.
    pub fn css(&self) -> &str {
        &self.css
    }

    /// Returns the icon sheet's name below `a/`.
    pub fn icons(&self) -> &str {
        &self.icons
    }

    /// Returns the sign-in page's own style sheet, if the build has one.
    pub fn sign_in_style(&self) -> Option<&SignInStyle> {
        self.sign_in.as_ref()
    }

    fn add_folder(&mut self, folder: &Path, prefix: &str) -> io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let name = format!("{prefix}/{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                self.add_folder(&entry.path(), &name)?;
            } else {
                self.add(&name, std::fs::read(entry.path())?.into());
            }
        }
        Ok(())
    }

    fn add(&mut self, name: &str, content: Bytes) {
        if name == "manifest" {
            self.read_manifest(&String::from_utf8_lossy(&content));
        } else if name == SIGN_IN_STYLE {
            let css = String::from_utf8_lossy(&content).into_owned();
            self.sign_in = Some(SignInStyle {
                csp_source: csp_source(&css),
                css,
            });
        } else if let Some(name) = name.strip_prefix("a/") {
            let slot = |name: &str| name.to_owned();
            if let Some(name) = name.strip_suffix(".br") {
                self.files.entry(slot(name)).or_default().br = Some(content);
            } else if let Some(name) = name.strip_suffix(".gz") {
                self.files.entry(slot(name)).or_default().gz = Some(content);
            } else {
                self.files.entry(slot(name)).or_default().plain = Some(content);
            }
        }
    }

    /// Reads lines `pkg=`, `css=`, `icons=` with paths such as `a/<hash>` or `/a/main.<hash>.css`.
    fn read_manifest(&mut self, text: &str) {
        for (key, path) in text.lines().filter_map(|line| line.split_once('=')) {
            let path = path.trim().trim_start_matches('/');
            let name = path.strip_prefix("a/").unwrap_or(path).to_owned();
            match key.trim() {
                "pkg" => self.pkg = name,
                "css" => self.css = name,
                "icons" => self.icons = name,
                _ => {}
            }
        }
    }
}

/// `GET {base}/a/{*path}`
pub(super) async fn asset(
    State(web): State<Web>,
    UrlPath(path): UrlPath<String>,
    request: HeaderMap,
) -> Response {
    let Some(asset) = web.site.files.get(&path) else {
        return (StatusCode::NOT_FOUND, "no such file\n").into_response();
    };
    let accepts = |coding: &str| accepts_coding(&request, coding);
    let candidates = [("br", &asset.br), ("gzip", &asset.gz)];
    let coded = candidates.into_iter().find_map(|(coding, content)| {
        content
            .clone()
            .filter(|_| accepts(coding))
            .map(|content| (coding, content))
    });
    let (coding, content) = match (coded, &asset.plain) {
        (Some((coding, content)), _) => (Some(coding), content),
        (None, Some(content)) => (None, content.clone()),
        (None, None) => return StatusCode::NOT_ACCEPTABLE.into_response(),
    };
    let mut response = content.into_response();
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        http::HeaderValue::from_static(media_type(&path)),
    );
    super::headers::set(
        headers,
        CACHE_CONTROL,
        "public, max-age=31536000, immutable",
    );
    super::headers::set(headers, VARY, "accept-encoding");
    super::headers::set(headers, X_CONTENT_TYPE_OPTIONS, "nosniff");
    if let Some(coding) = coding {
        super::headers::set(headers, CONTENT_ENCODING, coding);
    }
    response
}

/// Returns the CSP source expression that allows this one inline script or style (CSP3 §2.3.1).
pub(super) fn csp_source(content: &str) -> String {
    let digest = STANDARD.encode(Sha256::digest(content));
    format!("'sha256-{digest}'")
}

fn accepts_coding(request: &HeaderMap, coding: &str) -> bool {
    let lists = request
        .get_all(ACCEPT_ENCODING)
        .into_iter()
        .filter_map(|v| v.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|item| {
        let (name, quality) = item.split_once(';').unwrap_or((item, ""));
        let is_refused = matches!(quality.trim().replace(' ', "").as_str(), "q=0" | "q=0.0");
        name.trim().eq_ignore_ascii_case(coding) && !is_refused
    })
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("webmanifest") => "application/manifest+json",
        Some("json" | "map") => "application/json",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_names_build_style_and_icons() {
        let mut site = Site::default();
        site.add(
            "manifest",
            "pkg=a/0123abcd\ncss=/a/main.1.css\nicons=/a/icons.2.svg\n".into(),
        );
        assert_eq!(site.pkg_dir(), "a/0123abcd");
        assert_eq!(
            (site.build(), site.css(), site.icons()),
            ("0123abcd", "main.1.css", "icons.2.svg")
        );
    }

    #[test]
    fn an_inline_sheet_is_allowed_by_its_hash_alone() {
        let mut site = Site::default();
        assert_eq!(site.sign_in_style(), None);
        site.add("sign-in.css", "".into());
        assert_eq!(
            site.sign_in_style().unwrap().csp_source,
            "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
        );
    }

    #[test]
    fn a_coding_with_quality_zero_is_refused() {
        let mut request = HeaderMap::new();
        request.insert(ACCEPT_ENCODING, "gzip, br;q=0".parse().unwrap());
        assert!(accepts_coding(&request, "gzip"));
        assert!(!accepts_coding(&request, "br"));
    }
}
