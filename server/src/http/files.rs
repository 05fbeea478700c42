//! `GET …/files.zip`: all attachments of a message in one archive, which is written while it is
//! sent. Nothing is compressed: most attachments are already.

use std::collections::HashSet;
use std::io;

use app::api::backend::MailBackend as _;
use app::api::types::{AccountId, FolderId, FolderRef, MessageId, MessageRef, PartId};
use async_zip::tokio::write::ZipFileWriter;
use async_zip::{Compression, ZipEntryBuilder};
use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use futures_util::io::AsyncWriteExt as _;
use futures_util::stream::{self, StreamExt as _};
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use tokio::io::DuplexStream;
use tokio_util::io::ReaderStream;
use tokio_util::task::AbortOnDropHandle;

use super::attachment::disposition;
use super::message_body::MessagePath;
use super::visitor::Visitor;
use super::{Web, headers, page};
use crate::account::AccountHandle;
use crate::account::uploads::clean_file_name;

/// How much of the archive is buffered between its writer and the response, in bytes.
const BUFFER_BYTES: usize = 64 << 10;

pub(super) async fn files(
    State(web): State<Web>,
    Extension(visitor): Extension<Visitor>,
    Path((account, folder, message)): Path<MessagePath>,
) -> Response {
    let (Some(handle), Some(backend)) = (visitor.account(&account), visitor.backend(&web)) else {
        return page::not_found_page(&web, &visitor);
    };
    let message = FolderRef {
        account: AccountId(account),
        folder: FolderId(folder),
    }
    .message(MessageId(message));
    let view = match backend.message_open(message.clone()).await {
        Ok(view) => view,
        Err(error) => return page::failed(&web, &visitor, error, None),
    };
    let subject = view.subject;
    let names = view
        .attachments
        .into_iter()
        .map(|file| (file.name, file.part));
    let entries = distinct(names);

    let (reader, writer) = tokio::io::duplex(BUFFER_BYTES);
    let written = AbortOnDropHandle::new(tokio::spawn(write(handle, message, entries, writer)));
    // An archive that could not be completed must not end as if it were complete.
    let end = stream::once(async {
        match written.await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(Err(error)),
            Err(error) => Some(Err(io::Error::other(error))),
        }
    });
    let body = ReaderStream::new(reader).chain(end.filter_map(std::future::ready));
    let mut response = Body::from_stream(body).into_response();
    let headers = response.headers_mut();
    headers::download(headers);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    let name = format!("{}.zip", stem(&subject));
    if let Ok(value) = HeaderValue::from_str(&disposition("attachment", &name)) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    response
}

/// Writes the parts of a message as the files of an archive.
async fn write(
    handle: AccountHandle,
    message: MessageRef,
    entries: Vec<(String, PartId)>,
    writer: DuplexStream,
) -> io::Result<()> {
    let mut archive = ZipFileWriter::with_tokio(writer);
    for (name, part) in entries {
        let (folder, id) = (message.folder.folder.clone(), message.message.clone());
        let part = handle.part(folder, id, part).await;
        let mut part = part.map_err(io::Error::other)?;
        let entry = ZipEntryBuilder::new(name.into(), Compression::Stored);
        let file = archive.write_entry_stream(entry).await;
        let mut file = file.map_err(io::Error::other)?;
        while let Some(octets) = part.stream.next().await {
            file.write_all(&octets.map_err(io::Error::other)?).await?;
        }
        file.close().await.map_err(io::Error::other)?;
    }
    archive.close().await.map_err(io::Error::other)?;
    Ok(())
}

/// Gives each file a name that no other has, in any case: two files of one name would become one
/// when the archive is opened.
fn distinct(files: impl Iterator<Item = (String, PartId)>) -> Vec<(String, PartId)> {
    let mut known = HashSet::new();
    let named = files.map(|(name, part)| {
        let name = match name.is_empty() {
            true => format!("part-{part}"),
            false => clean_file_name(&name),
        };
        let (stem, extension) = match name.rsplit_once('.') {
            Some((stem, extension)) => (stem, format!(".{extension}")),
            None => (name.as_str(), String::new()),
        };
        let mut candidate = name.clone();
        let mut number = 2;
        while !known.insert(candidate.to_lowercase()) {
            candidate = format!("{stem} ({number}){extension}");
            number += 1;
        }
        (candidate, part)
    });
    named.collect()
}

/// Returns a name for the archive by the subject.
fn stem(subject: &str) -> String {
    let short: String = subject.chars().take(60).collect();
    match clean_file_name(&short) {
        name if name.is_empty() => "files".to_owned(),
        name => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_one_name_stay_two_files() {
        let files = ["a.txt", "A.TXT", "", "a.txt", "a (2).txt", "../b"];
        let files = files.into_iter().enumerate();
        let files = files.map(|(n, name)| (name.to_owned(), PartId(n.to_string())));
        let names: Vec<_> = distinct(files).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names[..4], ["a.txt", "A (2).TXT", "part-2", "a (3).txt"]);
        assert_eq!(names[4], "a (2) (2).txt");
        assert!(!names[5].contains('/'), "{}", names[5]);
    }
}
