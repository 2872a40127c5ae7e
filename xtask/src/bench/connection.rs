//! One kept-alive HTTP/1.1 connection, as little code as possible between the clock and the socket.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

/// An open connection.
pub struct Connection {
    address: SocketAddr,
    reader: BufReader<TcpStream>,
    line: String,
}

/// A request, written out once and sent many times.
#[derive(Debug, Clone)]
pub struct Request(Vec<u8>);

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Body.
    pub body: Vec<u8>,
}

impl Request {
    /// Writes a request out; a body is JSON.
    pub fn new(
        method: &str,
        path: &str,
        address: SocketAddr,
        token: Option<&str>,
        body: Option<&serde_json::Value>,
    ) -> Self {
        let body = body.map(ToString::to_string).unwrap_or_default();
        let authorization = token
            .map(|token| format!("Authorization: Bearer {token}\r\n"))
            .unwrap_or_default();
        let content = if body.is_empty() {
            ""
        } else {
            "Content-Type: application/json\r\n"
        };
        Self(
            format!(
                "{method} {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: strongroom-bench\r\n{authorization}{content}\
                 Content-Length: {}\r\n\r\n{body}",
                body.len()
            )
            .into_bytes(),
        )
    }
}

impl Connection {
    /// Connects. Only to this machine: a load generator must not be pointed at anybody else's.
    pub fn open(address: SocketAddr) -> Result<Self> {
        if !address.ip().is_loopback() {
            bail!("{address} is not a loopback address: the benchmark loads this machine only");
        }
        let stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))
            .with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self {
            address,
            reader: BufReader::with_capacity(64 * 1024, stream),
            line: String::new(),
        })
    }

    /// Sends a request and reads its answer.
    pub fn send(&mut self, request: &Request) -> Result<Answer> {
        self.reader.get_mut().write_all(&request.0)?;
        let first = self.read_line()?;
        let status = first.split(' ').nth(1).and_then(|word| word.parse().ok());
        let status = status.with_context(|| format!("not an HTTP answer: {first:?}"))?;
        let mut length = None;
        let mut closes = false;
        loop {
            let line = self.read_line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok();
            }
            closes |= name.eq_ignore_ascii_case("connection") && value.trim().eq_ignore_ascii_case("close");
        }
        let length: usize = match length {
            Some(length) => length,
            None if status == 204 => 0,
            None => bail!("the answer has no Content-Length, which this small client needs"),
        };
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body)?;
        if closes {
            *self = Self::open(self.address)?;
        }
        Ok(Answer { status, body })
    }

    fn read_line(&mut self) -> Result<&str> {
        self.line.clear();
        if self.reader.read_line(&mut self.line)? == 0 {
            bail!("the server closed the connection");
        }
        Ok(self.line.trim_end())
    }
}

impl Answer {
    /// The body as JSON; an error for anything but success.
    pub fn json(&self) -> Result<serde_json::Value> {
        if !(200..300).contains(&self.status) {
            bail!("status {}: {}", self.status, String::from_utf8_lossy(&self.body));
        }
        serde_json::from_slice(&self.body).context("the answer is not JSON")
    }
}
