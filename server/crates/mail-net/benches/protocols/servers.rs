//! Servers that cost as little as a server can: a thread that writes what was made before, or reads
//! and counts.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use bytes::Bytes;

use crate::Result;
use crate::letter::BLOCKS;

/// What is read or written at a time.
pub(crate) const PIECE_BYTES: usize = 64 << 10;

/// Serves one connection after the other, each in the same way, until the process ends.
pub(crate) fn serve(
    serve_one: impl Fn(TcpStream) -> std::io::Result<()> + Send + 'static,
) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let _: JoinHandle<()> = thread::spawn(move || {
        for stream in listener.incoming() {
            // A client that has what it wants may close first.
            let _ = stream.and_then(|stream| {
                stream.set_nodelay(true)?;
                serve_one(stream)
            });
        }
    });
    Ok(address)
}

/// Waits for a line, then writes: the server of every download.
///
/// `greeting` is written at once, `before` and `after` around the blocks.
pub(crate) fn download(
    greeting: &'static [&'static str],
    before: String,
    block: Bytes,
    after: &'static str,
) -> Result<SocketAddr> {
    serve(move |stream| {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut stream = stream;
        let mut line = String::new();
        for response in greeting {
            stream.write_all(response.as_bytes())?;
            line.clear();
            reader.read_line(&mut line)?;
        }
        stream.write_all(before.as_bytes())?;
        for _ in 0..BLOCKS {
            stream.write_all(&block)?;
        }
        stream.write_all(after.as_bytes())?;
        // Until the client closes.
        reader.read_line(&mut line).map(|_| ())
    })
}

/// Reads this many bytes and says so: the other end of a plain upload.
pub(crate) fn sink(size_bytes: usize) -> Result<SocketAddr> {
    serve(move |mut stream| {
        let mut bytes = vec![0; PIECE_BYTES];
        let mut remaining = size_bytes;
        while remaining > 0 {
            let read = stream.read(&mut bytes)?;
            if read == 0 {
                return Ok(());
            }
            remaining = remaining.saturating_sub(read);
        }
        stream.write_all(b"250 ok\r\n")
    })
}

/// An SMTP server that takes a message of `data_bytes` by DATA, its final dot not counted, or any by
/// BDAT.
pub(crate) fn smtp(extensions: &'static str, data_bytes: usize) -> Result<SocketAddr> {
    serve(move |stream| {
        let mut reader = BufReader::with_capacity(PIECE_BYTES, stream.try_clone()?);
        let mut stream = stream;
        stream.write_all(b"220 ready\r\n")?;
        let mut line = String::new();
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let mut tokens = line.split_whitespace();
            match tokens.next().unwrap_or_default() {
                "EHLO" => stream.write_all(extensions.as_bytes())?,
                "DATA" => {
                    stream.write_all(b"354 go\r\n")?;
                    skip(&mut reader, data_bytes + b".\r\n".len())?;
                    stream.write_all(b"250 taken\r\n")?;
                }
                "BDAT" => {
                    let size = tokens.next().and_then(|size| size.parse().ok());
                    skip(&mut reader, size.unwrap_or(0))?;
                    stream.write_all(b"250 taken\r\n")?;
                }
                _ => stream.write_all(b"250 ok\r\n")?,
            }
        }
    })
}

fn skip(reader: &mut impl BufRead, size_bytes: usize) -> std::io::Result<()> {
    let mut remaining = size_bytes;
    while remaining > 0 {
        let available = reader.fill_buf()?.len().min(remaining);
        if available == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        reader.consume(available);
        remaining -= available;
    }
    Ok(())
}
