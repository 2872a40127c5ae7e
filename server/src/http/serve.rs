//! Listening, and stopping without breaking anybody's request.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt;

use super::client_ip::Client;
use super::places::{Place, Places};
use super::redirect::{self, HttpsPort};
use super::transport::Transport;
use crate::app::App;
use crate::app::trusted_proxies::TrustedProxies;
use crate::tls::{Tls, is_challenge};

/// Longest time that requests in flight get to finish; what is left of ten seconds is for closing the store.
const GRACE: Duration = Duration::from_secs(7);
/// Longest time for the head of a request, also between two requests of a connection.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// Longest time for a handshake.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// Connections at a time. More wait in the system's queue instead of using up our file descriptors.
const MOST_CONNECTIONS: usize = 800;
/// Pause after the system refused a connection, most likely for want of file descriptors.
const PAUSE: Duration = Duration::from_millis(500);
/// Longest time in which the other end takes nothing of what was sent to it. Then its connection is free for others.
const UNREAD_TIME: Duration = Duration::from_mins(5);
/// The first byte of every TLS connection: a record that belongs to a handshake.
const HANDSHAKE: u8 = 0x16;

/// What a port is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// The service; plain HTTP is sent to HTTPS while TLS is on.
    Service,
    /// Plain HTTP for challenges, and for whoever does not know yet that there is HTTPS on that other port.
    Plain(u16),
}

/// A connection that was accepted.
struct Accepted {
    stream: TcpStream,
    peer: SocketAddr,
    port: Port,
    place: Place,
}

/// What every connection meets.
struct Server {
    service: Router,
    tls: Arc<Tls>,
    trusted: TrustedProxies,
}

/// Serves the application until `stop` says so, then lets requests in flight finish.
pub async fn serve(listeners: Vec<(TcpListener, Port)>, app: Arc<App>, stop: watch::Receiver<bool>) {
    let (tls, trusted) = (Arc::clone(app.tls()), app.host().trusted_proxies.clone());
    serve_router(listeners, super::service(app), tls, trusted, stop).await;
}

/// The same for any service.
pub async fn serve_router(
    listeners: Vec<(TcpListener, Port)>,
    service: Router,
    tls: Arc<Tls>,
    trusted: TrustedProxies,
    mut stop: watch::Receiver<bool>,
) {
    let places = Places::new(MOST_CONNECTIONS, trusted.clone());
    let server = Arc::new(Server {
        service,
        tls,
        trusted,
    });
    let graceful = GracefulShutdown::new();
    let (accepted, mut connections) = mpsc::channel(1);
    let mut ports = JoinSet::new();
    for (listener, port) in listeners {
        ports.spawn(accept(listener, port, Arc::clone(&places), accepted.clone()));
    }
    loop {
        tokio::select! {
            // An error means that the sender is gone: then it is time to stop as well.
            _ = stop.wait_for(|stop| *stop) => break,
            accepted = connections.recv() => match accepted {
                Some(accepted) => {
                    tokio::spawn(converse(accepted, Arc::clone(&server), graceful.watcher()));
                }
                None => break,
            },
        }
    }
    // With them goes the right to the ports.
    ports.shutdown().await;
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time and are cut off");
    }
}

/// Takes connections of one port, for as long as there is room for them.
async fn accept(listener: TcpListener, port: Port, places: Arc<Places>, accepted: mpsc::Sender<Accepted>) {
    loop {
        match next(&listener, &places).await {
            // More connections than one source may have: this one ends here.
            Ok(None) => {}
            Ok(Some((stream, peer, place))) => {
                let connection = Accepted {
                    stream,
                    peer,
                    port,
                    place,
                };
                if accepted.send(connection).await.is_err() {
                    return;
                }
            }
            // The other end went away before its turn: that is its own affair.
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn next(
    listener: &TcpListener,
    places: &Arc<Places>,
) -> io::Result<Option<(TcpStream, SocketAddr, Place)>> {
    let room = places.room().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    let Some(place) = places.give(room, peer.ip()) else {
        return Ok(None);
    };
    // Answers are small and written at once: waiting to fill a packet only adds latency.
    stream.set_nodelay(true)?;
    let unread = u32::try_from(UNREAD_TIME.as_millis()).unwrap_or(u32::MAX);
    if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(&stream, unread) {
        tracing::debug!(%error, "a connection has no limit for what is not taken");
    }
    Ok(Some((stream, peer, place)))
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}

/// Answers the requests of one connection.
async fn converse(accepted: Accepted, server: Arc<Server>, watcher: Watcher) {
    let Accepted {
        stream,
        peer,
        port,
        place,
    } = accepted;
    let here = match stream.local_addr() {
        Ok(here) => here.ip(),
        Err(error) => return tracing::debug!(%peer, %error, "a connection has no address"),
    };
    let tls = &server.tls;
    let opened = match (port, tls.config_at(here)) {
        (Port::Service, Some(config)) => {
            tokio::time::timeout(HANDSHAKE_TIME, shake_hands(stream, config)).await
        }
        _ => Ok(Ok(Opened::Plain(stream))),
    };
    match opened {
        Ok(Ok(Opened::Tls(stream))) => {
            let transport = Transport {
                locked_fingerprint: tls.locked_fingerprint(),
                vouched: tls.is_vouched(stream.get_ref().1.server_name()),
            };
            over_tls(stream, peer, transport, server.service.clone(), watcher).await;
        }
        Ok(Ok(Opened::Plain(stream))) => in_plain(stream, peer, port, server, watcher).await,
        Ok(Ok(Opened::Challenge)) => tracing::info!(%peer, "an authority looked at a challenge"),
        Ok(Err(error)) => tracing::debug!(%peer, %error, "a handshake failed"),
        Err(_) => tracing::debug!(%peer, "a handshake took too long"),
    }
    drop(place);
}

/// A connection that may carry requests.
enum Opened {
    Tls(Box<TlsStream<TcpStream>>),
    /// Somebody speaks plain HTTP to a port of TLS.
    Plain(TcpStream),
    /// An authority saw what it came for; there is nothing more to say.
    Challenge,
}

async fn shake_hands(stream: TcpStream, config: Arc<ServerConfig>) -> io::Result<Opened> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if first[0] != HANDSHAKE {
        return Ok(Opened::Plain(stream));
    }
    let stream = TlsAcceptor::from(config).accept(stream).await?;
    if is_challenge(stream.get_ref().1.alpn_protocol()) {
        return Ok(Opened::Challenge);
    }
    Ok(Opened::Tls(Box::new(stream)))
}

async fn over_tls(
    stream: Box<TlsStream<TcpStream>>,
    peer: SocketAddr,
    transport: Transport,
    service: Router,
    watcher: Watcher,
) {
    let answer = move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(transport.clone());
        service.clone().oneshot(request)
    };
    speak(stream, peer, answer, watcher).await;
}

/// Answers in plain HTTP, or shows the way to HTTPS. Which of them is asked at each request: TLS may be switched on while the
/// connection stays open. Whoever came to a trusted proxy by HTTPS is there already.
async fn in_plain(stream: TcpStream, peer: SocketAddr, port: Port, server: Arc<Server>, watcher: Watcher) {
    let to = match port {
        Port::Service => HttpsPort::Same,
        Port::Plain(port) => HttpsPort::Other(port),
    };
    let answer = move |request: Request<Incoming>| {
        let Server {
            service,
            tls,
            trusted,
        } = &*server;
        let there = || Client::of(Some(peer.ip()), false, request.headers(), trusted).https;
        let shown = (tls.is_on() && !redirect::is_about_health(peer, &request) && !there())
            .then(|| redirect::answer(tls, to, &request));
        let service = service.clone();
        async move {
            if let Some(shown) = shown {
                return Ok(shown);
            }
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            service.oneshot(request).await
        }
    };
    speak(stream, peer, answer, watcher).await;
}

async fn speak<F>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    answer: impl Fn(Request<Incoming>) -> F + Send,
    watcher: Watcher,
) where
    F: Future<Output = Result<Response, Infallible>> + Send + 'static,
{
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .serve_connection(TokioIo::new(stream), service_fn(answer));
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}
