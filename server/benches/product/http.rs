//! A minimal browser for the measurements: one persistent connection, cookies, gzip bodies counted
//! by their size on the wire.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use super::{Result, line};

pub(super) struct Browser {
    address: String,
    stream: Option<BufReader<TcpStream>>,
    cookie: Option<String>,
}

pub(super) struct Response {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    pub(super) body: Vec<u8>,
    /// Size of head and body on the wire, in bytes.
    pub(super) wire_bytes: usize,
}

impl Browser {
    pub(super) fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            stream: None,
            cookie: None,
        }
    }

    pub(super) async fn get(&mut self, path: &str) -> Result<Response> {
        self.request("GET", path, "", &[]).await
    }

    pub(super) async fn sign_in(&mut self, address: &str, password: &str) -> Result<Response> {
        let form = format!("email={}&password={password}", address.replace('@', "%40"));
        let kind = "application/x-www-form-urlencoded";
        self.request("POST", "/login", kind, &[form.as_bytes()])
            .await
    }

    /// Follows redirects to a page. Returns the page and the size of all responses in bytes.
    pub(super) async fn follow(&mut self, mut response: Response) -> Result<(Response, usize)> {
        let mut bytes = response.wire_bytes;
        for _ in 0..5 {
            let Some(location) = response.location.take() else {
                break;
            };
            response = self.get(&location).await?;
            bytes += response.wire_bytes;
        }
        if response.status != 200 {
            return Err(format!("the page answered {}", response.status).into());
        }
        Ok((response, bytes))
    }

    pub(super) async fn api(&mut self, endpoint: &str, body: &str) -> Result<String> {
        Ok(String::from_utf8(self.api_raw(endpoint, body).await?.body)?)
    }

    pub(super) async fn api_raw(&mut self, endpoint: &str, body: &str) -> Result<Response> {
        let path = format!("/api/{endpoint}");
        let response = self
            .request("POST", &path, "application/json", &[body.as_bytes()])
            .await?;
        if response.status != 200 {
            return Err(format!("{endpoint} answered {}", response.status).into());
        }
        Ok(response)
    }

    /// Opens the event stream, on its own connection.
    pub(super) async fn events(&self) -> Result<Events> {
        let mut stream = TcpStream::connect(&self.address).await?;
        let cookie = self.cookie.as_deref().unwrap_or_default();
        let head = format!(
            "GET /events HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\n\
             Sec-Fetch-Site: same-origin\r\nCookie: {cookie}\r\n\r\n",
            self.address
        );
        stream.write_all(head.as_bytes()).await?;
        let mut events = Events(BufReader::new(stream));
        events.until("hello").await?;
        Ok(events)
    }

    /// Sends a request, whose body is written piece by piece.
    pub(super) async fn request(
        &mut self,
        method: &str,
        path: &str,
        kind: &str,
        body: &[&[u8]],
    ) -> Result<Response> {
        let cookie = self
            .cookie
            .as_ref()
            .map_or_else(String::new, |c| format!("Cookie: {c}\r\n"));
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAccept-Encoding: gzip\r\nAccept: */*\r\n\
             Sec-Fetch-Site: same-origin\r\nSec-Fetch-Dest: empty\r\nContent-Type: {kind}\r\n\
             Content-Length: {}\r\n{cookie}\r\n",
            self.address,
            body.iter().map(|piece| piece.len()).sum::<usize>()
        );
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => BufReader::new(TcpStream::connect(&self.address).await?),
        };
        stream.get_mut().set_nodelay(true)?;
        let (first, rest) = body
            .split_first()
            .map_or((&[][..], body), |(first, rest)| (*first, rest));
        let first = [head.as_bytes(), first].concat();
        stream.get_mut().write_all(&first).await?;
        for piece in rest {
            stream.get_mut().write_all(piece).await?;
        }
        let mut response = Response {
            status: 0,
            location: None,
            body: Vec::new(),
            wire_bytes: 0,
        };
        let (mut length, mut is_chunked, mut is_gzip, mut closes) = (0_usize, false, false, false);
        loop {
            let header = line(&mut stream).await?;
            response.wire_bytes += header.len();
            let header = header.trim_end();
            if header.is_empty() {
                break;
            }
            if response.status == 0 {
                response.status = header.split(' ').nth(1).ok_or("no status")?.parse()?;
                continue;
            }
            let (name, value) = header.split_once(": ").unwrap_or((header, ""));
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse()?,
                "transfer-encoding" => is_chunked = value.contains("chunked"),
                "content-encoding" => is_gzip = value.contains("gzip"),
                "connection" => closes = value.eq_ignore_ascii_case("close"),
                "location" => response.location = Some(value.to_owned()),
                "set-cookie" if value.starts_with("restante=") => {
                    self.cookie = value.split(';').next().map(str::to_owned);
                }
                _ => {}
            }
        }
        if is_chunked {
            loop {
                let size_line = line(&mut stream).await?;
                let size = usize::from_str_radix(size_line.trim(), 16)?;
                let mut chunk = vec![0; size + 2];
                stream.read_exact(&mut chunk).await?;
                response.wire_bytes += size_line.len() + size + 2;
                response.body.extend_from_slice(&chunk[..size]);
                if size == 0 {
                    break;
                }
            }
        } else {
            response.body = vec![0; length];
            stream.read_exact(&mut response.body).await?;
            response.wire_bytes += length;
        }
        if is_gzip {
            let mut plain = Vec::new();
            std::io::Read::read_to_end(
                &mut flate2::read::GzDecoder::new(&response.body[..]),
                &mut plain,
            )?;
            response.body = plain;
        }
        if !closes {
            self.stream = Some(stream);
        }
        Ok(response)
    }
}

/// The event stream of a page.
pub(super) struct Events(BufReader<TcpStream>);

impl Events {
    /// Reads until a line contains `text`.
    pub(super) async fn until(&mut self, text: &str) -> Result<()> {
        loop {
            let line = line(&mut self.0).await?;
            if line.is_empty() {
                return Err("the stream of events ended".into());
            }
            if line.contains(text) {
                return Ok(());
            }
        }
    }
}

/// Returns the style sheets of a page.
pub(super) fn style_sheets(page: &str) -> Vec<String> {
    page.split("<link")
        .filter(|tag| tag.contains("rel=\"stylesheet\""))
        .filter_map(|tag| text_after(tag, "href=\""))
        .collect()
}

/// Returns the account of a mail page.
pub(super) fn account_in(page: &str) -> Option<String> {
    let rest = text_after(page, "/mail/")?;
    rest.split('/').next().map(str::to_owned)
}

pub(super) fn text_after(text: &str, mark: &str) -> Option<String> {
    let (_, rest) = text.split_once(mark)?;
    rest.split('"').next().map(str::to_owned)
}

pub(super) fn number_after(text: &str, mark: &str) -> Option<u32> {
    let (_, rest) = text.split_once(mark)?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
