//! The ports of the server: those that systemd opened for it, or its own.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::cli::failure::Failure;
use crate::http::serve::Port;
use crate::outside::systemd;

/// Name of a socket of systemd that is for plain HTTP (`FileDescriptorName=` in its unit).
const PLAIN: &str = "http";

/// Ports that were asked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Where the service listens.
    pub service: &'a [SocketAddr],
    /// Further port for plain HTTP.
    pub plain: Option<SocketAddr>,
    /// The port of HTTPS as browsers see it, if it is another one.
    pub https_port: Option<u16>,
}

/// Ports that are open.
pub struct Open {
    /// All of them.
    pub listeners: Vec<(TcpListener, Port)>,
    /// Address of the first one of the service.
    pub first: SocketAddr,
    /// Whether one of them is for plain HTTP.
    pub has_plain: bool,
}

/// Takes what systemd opened; without that, every port that was asked for.
pub async fn open(wanted: Wanted<'_>) -> Result<Open, Failure> {
    let cannot = |error: std::io::Error| {
        Failure::new("Cannot listen on the sockets that systemd opened").because(error.to_string())
    };
    let mut service = Vec::new();
    let mut plain = Vec::new();
    for (name, listener) in systemd::listeners().map_err(cannot)? {
        let kind = if name == PLAIN { &mut plain } else { &mut service };
        kind.push(TcpListener::from_std(listener).map_err(cannot)?);
    }
    if service.is_empty() {
        for &address in wanted.service {
            service.push(bind(address, "--listen").await?);
        }
    }
    if let (true, Some(address)) = (plain.is_empty(), wanted.plain) {
        plain.push(bind(address, "--http-listen").await?);
    }
    let first = service
        .first()
        .ok_or_else(|| Failure::usage("--listen needs an address and a port"))?
        .local_addr()
        .map_err(cannot)?;
    let https = wanted.https_port.unwrap_or(first.port());
    let has_plain = !plain.is_empty();
    let service = service.into_iter().map(|listener| (listener, Port::Service));
    let plain = plain.into_iter().map(|listener| (listener, Port::Plain(https)));
    Ok(Open {
        listeners: service.chain(plain).collect(),
        first,
        has_plain,
    })
}

async fn bind(address: SocketAddr, flag: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::new(format!("Cannot listen on {address}"))
            .because(error.to_string())
            .advise(format!("Choose another address or port with {flag}"))
    })
}
