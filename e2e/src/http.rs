//! A small HTTP/1.1 client. It sends exactly the headers that a test names, follows nothing and retries nothing, so
//! that a test sees what the server did.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer, complete.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// The body as it came, compressed if it was.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header; nothing when it is absent.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> Result<&str> {
        Ok(std::str::from_utf8(&self.body)?)
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| {
            format!(
                "{}: no JSON: {:?}",
                self.status,
                String::from_utf8_lossy(&self.body)
            )
        })
    }

    /// The body as JSON, when the status is 200.
    pub fn ok(&self) -> Result<Value> {
        self.expect(200)
    }

    /// The body as JSON, when the status is the expected one.
    pub fn expect(&self, status: u16) -> Result<Value> {
        ensure!(
            self.status == status,
            "expected {status}, got {}: {}",
            self.status,
            String::from_utf8_lossy(&self.body)
        );
        self.json()
    }
}

/// A connection that stays open between requests.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
}

impl Connection {
    /// Connects.
    pub fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream: BufReader::new(stream),
            host: address.to_string(),
        })
    }

    /// Sends a request without waiting for its answer. `Host` and the length of the body are added unless named.
    pub fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<()> {
        let length = body.len().to_string();
        let mut all = Vec::new();
        if !body.is_empty() || matches!(method, "POST" | "PATCH") {
            all.push(("Content-Length", length.as_str()));
        }
        all.extend_from_slice(headers);
        let head = self.head(method, path, &all);
        self.send_bytes(&[head.as_bytes(), body].concat())
    }

    /// Sends the head of a request alone.
    pub fn send_head(&mut self, method: &str, path: &str, headers: &[(&str, &str)]) -> Result<()> {
        let head = self.head(method, path, headers);
        self.send_bytes(head.as_bytes())
    }

    /// Sends bytes as they are.
    pub fn send_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.stream.get_mut().write_all(bytes)?)
    }

    fn head(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> String {
        let mut lines = vec![format!("{method} {path} HTTP/1.1")];
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            lines.push(format!("Host: {}", self.host));
        }
        lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
        lines.join("\r\n") + "\r\n\r\n"
    }

    /// Waits for the answer to the oldest request. `method` says whether a body belongs to it.
    pub fn receive(&mut self, method: &str) -> Result<Answer> {
        let status_line = self.line()?;
        let status = status_line
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .with_context(|| format!("no status line: {status_line:?}"))?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').context("a header without colon")?;
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let mut answer = Answer {
            status,
            headers,
            body: Vec::new(),
        };
        if method == "HEAD" || matches!(status, 204 | 304) {
            return Ok(answer);
        }
        let length: usize = answer
            .header("content-length")
            .context("an answer without content-length")?
            .parse()?;
        answer.body.resize(length, 0);
        self.stream.read_exact(&mut answer.body)?;
        Ok(answer)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            bail!("the server closed the connection");
        }
        Ok(line.trim_end().to_owned())
    }

    /// Sends a request and waits for its answer.
    pub fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer> {
        self.send(method, path, headers, body)?;
        self.receive(method)
            .with_context(|| format!("{method} {path} got no answer"))
    }

    /// Sends JSON with a bearer token.
    pub fn call(&mut self, token: &str, method: &str, path: &str, body: Option<&Value>) -> Result<Answer> {
        let bearer = format!("Bearer {token}");
        let text = body.map(Value::to_string).unwrap_or_default();
        let mut headers = vec![("Authorization", bearer.as_str())];
        if body.is_some() {
            headers.push(("Content-Type", "application/json"));
        }
        self.request(method, path, &headers, text.as_bytes())
    }
}

/// One request on a connection of its own.
pub fn once(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Answer> {
    Connection::open(address)?.request(method, path, headers, body)
}

/// Text as one segment of a path or one value of a query: everything but letters, digits and `-_~` is encoded.
pub fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.extend(["%".to_owned(), format!("{byte:02X}")]);
        }
    }
    out
}
