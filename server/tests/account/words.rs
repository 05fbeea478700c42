//! Replies in the charset of a server's country are shown decoded.

use std::net::Ipv4Addr;

use app::api::types::{IncomingKind, Lang};
use encoding_rs::{BIG5, EUC_KR, Encoding, GBK, SHIFT_JIS, WINDOWS_1252};
use mail_net::TlsMode;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use super::peer::Peer;
use super::test_server::{TestAccounts, sign_in};

/// Starts a server that refuses every sign-in with these octets, and returns its port.
async fn start_refusing(kind: IncomingKind, text: Vec<u8>) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        let greeting = match kind {
            IncomingKind::Imap => "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] ready\r\n",
            IncomingKind::Pop3 => "+OK ready\r\n",
        };
        write.write_all(greeting.as_bytes()).await.unwrap();
        while let Ok(Some(line)) = lines.next_line().await {
            let tag = line.split(' ').next().unwrap_or_default();
            let mut reply = match kind {
                IncomingKind::Imap => format!("{tag} NO ").into_bytes(),
                IncomingKind::Pop3 if line == "CAPA" => {
                    let capabilities = b"+OK\r\nUSER\r\nUIDL\r\nTOP\r\n.\r\n";
                    write.write_all(capabilities).await.unwrap();
                    continue;
                }
                IncomingKind::Pop3 if line.starts_with("USER") => {
                    write.write_all(b"+OK\r\n").await.unwrap();
                    continue;
                }
                IncomingKind::Pop3 => b"-ERR ".to_vec(),
            };
            reply.extend_from_slice(&text);
            reply.extend_from_slice(b"\r\n");
            if write.write_all(&reply).await.is_err() {
                return;
            }
        }
    });
    port
}

/// Returns the reply text that is shown to the user.
async fn shown_reply(kind: IncomingKind, text: Vec<u8>) -> String {
    let port = start_refusing(kind, text).await;
    let accounts = TestAccounts::new(Peer::ca_pem(), vec![port]).await;
    let sign_in = sign_in(
        "ann@peer.test",
        "Sesame-offne-dich-7731",
        (kind, port),
        port,
        TlsMode::Plain,
    );
    let error = accounts.open(sign_in).await.err().unwrap();
    error.to_api(Lang::En).reply.unwrap_or_default()
}

#[tokio::test]
async fn replies_of_incoming_servers_are_decoded_from_their_charset() {
    let cases: [(&'static Encoding, &str); 5] = [
        (GBK, "请用授权码登录"),
        (BIG5, "密碼錯誤，請重新輸入正確的密碼"),
        (SHIFT_JIS, "認証に失敗しました"),
        (EUC_KR, "비밀번호가 틀렸습니다"),
        (WINDOWS_1252, "Mot de passe refusé à l’entrée"),
    ];
    for (encoding, text) in cases {
        for kind in [IncomingKind::Imap, IncomingKind::Pop3] {
            let octets = encoding.encode(text).0.into_owned();
            let shown_reply = shown_reply(kind, octets).await;
            assert!(
                shown_reply.contains(text),
                "{kind:?} {}: {shown_reply}",
                encoding.name()
            );
        }
    }
}
