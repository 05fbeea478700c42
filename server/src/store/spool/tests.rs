use std::time::Duration;

use super::chunks::{MAGIC, PREFIX_BYTES, TAG_BYTES};
use super::*;
use crate::store::process::LEASE_MS;
use crate::store::{SCHEMA, TestDir};

const LIMITS: SpoolLimits = SpoolLimits {
    account_max_bytes: 10 << 20,
    max_bytes: 16 << 20,
};

async fn spool() -> (TestDir, Spool) {
    let dir = TestDir::new();
    let spool = open_spool(&dir).await;
    (dir, spool)
}

/// Opens the spool of this folder as a new process.
async fn open_spool(dir: &TestDir) -> Spool {
    let sealer = Arc::new(Sealer::open(dir.path()).unwrap());
    let store = Store::open(dir.path(), SCHEMA).await.unwrap();
    Spool::open(dir.path(), store, sealer, LIMITS).unwrap()
}

fn ann() -> AccountKey {
    AccountKey("ann".to_owned())
}

fn files(dir: &TestDir) -> usize {
    std::fs::read_dir(dir.path().join("spool")).unwrap().count()
}

/// Waits until dropped files are removed.
async fn wait_for_count(dir: &TestDir, count: usize) {
    let removed = async {
        while files(dir) != count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), removed)
        .await
        .unwrap_or_else(|_| panic!("{} files, not {count}", files(dir)));
}

async fn write_file(spool: &Spool, content: &[u8], piece: usize) -> SpoolFile {
    let mut writer = spool.create(&ann(), 0, u64::MAX).await.unwrap();
    for part in content.chunks(piece) {
        writer.write(part).await.unwrap();
    }
    writer.finish().await.unwrap()
}

async fn read(spool: &Spool, name: &SpoolName) -> Result<Vec<u8>, SpoolError> {
    let mut reader = spool.read(name).await?;
    let mut content = Vec::new();
    while let Some(bytes) = reader.next().await? {
        content.extend_from_slice(&bytes);
    }
    Ok(content)
}

#[tokio::test]
async fn files_of_every_length_around_a_chunk_round_trip() {
    let (_dir, spool) = spool().await;
    for size in [
        0,
        1,
        CHUNK_BYTES - 1,
        CHUNK_BYTES,
        CHUNK_BYTES + 1,
        3 * CHUNK_BYTES,
    ] {
        let content: Vec<u8> = (0..size).map(|i| u8::try_from(i % 251).unwrap()).collect();
        let file = write_file(&spool, &content, 10_007).await;
        assert_eq!(file.size_bytes, size as u64);
        assert!(
            read(&spool, &file.name).await.unwrap() == content,
            "{size} bytes"
        );
    }
}

#[tokio::test]
async fn truncated_file_does_not_open() {
    let (dir, spool) = spool().await;
    let content = vec![7; 2 * CHUNK_BYTES + 100];
    let file = write_file(&spool, &content, 4096).await;
    let path = dir.path().join("spool").join(file.name.as_str());
    let sealed = std::fs::read(&path).unwrap();
    let head = MAGIC.len() + 4 + PREFIX_BYTES;
    let chunk = CHUNK_BYTES + TAG_BYTES;
    for len in [
        0,
        10,
        head,
        head + 5,
        head + chunk,
        head + 2 * chunk,
        sealed.len() - 1,
    ] {
        std::fs::write(&path, &sealed[..len]).unwrap();
        assert!(
            read(&spool, &file.name).await.is_err(),
            "cut to {len} bytes"
        );
    }
}

#[tokio::test]
async fn moved_or_exchanged_chunks_do_not_open() {
    let (dir, spool) = spool().await;
    let file = write_file(&spool, &vec![1; 3 * CHUNK_BYTES], CHUNK_BYTES).await;
    let path = dir.path().join("spool").join(file.name.as_str());
    let sealed = std::fs::read(&path).unwrap();
    let head = MAGIC.len() + 4 + PREFIX_BYTES;
    let chunk = CHUNK_BYTES + TAG_BYTES;
    let mut swapped = sealed.clone();
    swapped[head..head + chunk].copy_from_slice(&sealed[head + chunk..head + 2 * chunk]);
    std::fs::write(&path, &swapped).unwrap();
    assert!(read(&spool, &file.name).await.is_err());

    let other = SpoolName::parse("AAAAAAAAAAAAAAAAAAAAAA").unwrap();
    std::fs::write(dir.path().join("spool").join(other.as_str()), &sealed).unwrap();
    assert!(read(&spool, &other).await.is_err());
}

#[tokio::test]
async fn write_over_the_limit_is_refused_and_the_file_removed() {
    let (dir, spool) = spool().await;
    let mut writer = spool.create(&ann(), 0, 10).await.unwrap();
    writer.write(b"0123456789").await.unwrap();
    let refused = writer.write(b"x").await;
    assert!(matches!(
        refused,
        Err(SpoolError::TooLarge { max_bytes: 10 })
    ));
    drop(writer);
    wait_for_count(&dir, 0).await;
}

#[tokio::test]
async fn sweep_removes_only_files_without_an_owner() {
    let (dir, spool) = spool().await;
    let stored = write_file(&spool, b"kept", 4).await;
    let unfinished = spool.create(&ann(), 0, 100).await.unwrap();
    std::fs::write(dir.path().join("spool/BBBB.part"), b"cut off").unwrap();
    std::fs::write(dir.path().join("spool/AAAAAAAAAAAAAAAAAAAAAA"), b"unknown").unwrap();
    let now = crate::store::now_unix_ms();
    assert_eq!(spool.sweep(now).await.unwrap(), 2);
    // Another process does not remove the files of this one while its lease lasts.
    let other = open_spool(&dir).await;
    assert_eq!(other.sweep(now + LEASE_MS - 1).await.unwrap(), 0);
    assert_eq!(read(&spool, &stored.name).await.unwrap(), b"kept");
    assert_eq!(files(&dir), 2);
    assert_eq!(other.sweep(now + LEASE_MS).await.unwrap(), 2);
    assert_eq!(files(&dir), 0);
    drop((stored, unfinished));
}

#[tokio::test]
async fn dropped_file_releases_its_bytes_and_its_quota() {
    let (dir, spool) = spool().await;
    let complete = write_file(&spool, &[1; 3000], 1000).await;
    let mut partial = spool.create(&ann(), 5 << 20, 6 << 20).await.unwrap();
    partial.write(&[2; 200_000]).await.unwrap();
    assert_eq!(files(&dir), 2);
    drop((complete, partial));
    wait_for_count(&dir, 0).await;
    // The complete quota is available again.
    let all = LIMITS.account_max_bytes - (16 << 10);
    let retry = async {
        loop {
            match spool.create(&ann(), all, all).await {
                Ok(writer) => return writer,
                Err(SpoolError::AccountFull { .. } | SpoolError::ServerFull(_)) => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Err(error) => panic!("{error}"),
            }
        }
    };
    let retry = tokio::time::timeout(Duration::from_secs(30), retry).await;
    assert!(retry.is_ok(), "the quota is given back");
}

#[tokio::test]
async fn quota_counts_expected_and_growing_sizes() {
    let (dir, spool) = spool().await;
    let first = spool.create(&ann(), 6 << 20, 6 << 20).await.unwrap();
    let refused = spool.create(&ann(), 6 << 20, 6 << 20).await;
    assert!(matches!(refused, Err(SpoolError::AccountFull { .. })));
    let mut growing = spool.create(&ann(), 0, 8 << 20).await.unwrap();
    let mut result = Ok(());
    for _ in 0..8 {
        result = growing.write(&vec![3; 1 << 20]).await;
        if result.is_err() {
            break;
        }
    }
    assert!(matches!(result, Err(SpoolError::AccountFull { .. })));
    assert!(growing.size_bytes() <= 5 << 20);
    // Another account has its own quota, within the server's.
    let bob = AccountKey("bob".to_owned());
    let second = spool.create(&bob, 4 << 20, 4 << 20).await.unwrap();
    let refused = spool.create(&bob, 5 << 20, 5 << 20).await;
    assert!(matches!(refused, Err(SpoolError::ServerFull(_))));
    drop((first, second, growing));
    wait_for_count(&dir, 0).await;
}

#[test]
fn a_name_never_holds_a_path() {
    for text in [
        "",
        "../../etc/passwd",
        "a/b",
        "AAAAAAAAAAAAAAAAAAAAA.",
        "AAAAAAAAAAAAAAAAAAAAAAA",
    ] {
        assert!(SpoolName::parse(text).is_none(), "{text}");
    }
}

#[tokio::test]
async fn a_file_is_read_from_any_position() {
    let (dir, spool) = spool().await;
    let size = 3 * CHUNK_BYTES + 17;
    let content: Vec<u8> = (0..size).map(|i| u8::try_from(i % 251).unwrap()).collect();
    let file = write_file(&spool, &content, 10_007).await;
    for start in [
        0,
        1,
        CHUNK_BYTES - 1,
        CHUNK_BYTES,
        2 * CHUNK_BYTES + 5,
        3 * CHUNK_BYTES,
        size - 1,
    ] {
        let mut reader = spool.read_from(&file.name, start as u64).await.unwrap();
        let mut rest = Vec::new();
        while let Some(bytes) = reader.next().await.unwrap() {
            rest.extend_from_slice(&bytes);
        }
        assert!(rest == content[start..], "from {start}");
    }
    // What is before the position need not be whole, what is after it must be.
    let path = dir.path().join("spool").join(file.name.as_str());
    let mut sealed = std::fs::read(&path).unwrap();
    sealed.truncate(sealed.len() - 1);
    std::fs::write(&path, &sealed).unwrap();
    let start = 3 * CHUNK_BYTES as u64;
    let mut reader = spool.read_from(&file.name, start).await.unwrap();
    assert!(reader.next().await.is_err());
    let beyond = size as u64 + 3 * CHUNK_BYTES as u64;
    let mut reader = spool.read_from(&file.name, beyond).await.unwrap();
    assert!(reader.next().await.is_err());
}
