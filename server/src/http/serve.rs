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
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt;

use super::redirect::{self, HttpsPort};
use super::transport::Transport;
use crate::app::App;
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
    place: OwnedSemaphorePermit,
}

/// Serves until `stop` says so, then lets requests in flight finish.
pub async fn serve(listeners: Vec<(TcpListener, Port)>, app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let tls = Arc::clone(app.tls());
    let service = super::service(app);
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
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
                    tokio::spawn(converse(accepted, Arc::clone(&tls), service.clone(), graceful.watcher()));
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
async fn accept(listener: TcpListener, port: Port, places: Arc<Semaphore>, accepted: mpsc::Sender<Accepted>) {
    loop {
        match next(&listener, &places).await {
            Ok((stream, peer, place)) => {
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
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    // Answers are small and written at once: waiting to fill a packet only adds latency.
    stream.set_nodelay(true)?;
    Ok((stream, peer, place))
}

/// Answers the requests of one connection.
async fn converse(accepted: Accepted, tls: Arc<Tls>, service: Router, watcher: Watcher) {
    let Accepted {
        stream,
        peer,
        port,
        place,
    } = accepted;
    let here = stream.local_addr().ok().map(|here| here.ip());
    let Some(config) = here.and_then(|here| tls.config_at(here)) else {
        return requests(stream, peer, None, service, watcher, place).await;
    };
    let opened = match port {
        Port::Service => tokio::time::timeout(HANDSHAKE_TIME, shake_hands(stream, config)).await,
        Port::Plain(_) => Ok(Ok(Opened::Plain(stream))),
    };
    match opened {
        Ok(Ok(Opened::Tls(stream))) => {
            let transport = Transport {
                locked_fingerprint: tls.locked_fingerprint(),
            };
            requests(stream, peer, Some(transport), service, watcher, place).await;
        }
        Ok(Ok(Opened::Plain(stream))) => {
            let to = match port {
                Port::Service => HttpsPort::Same,
                Port::Plain(port) => HttpsPort::Other(port),
            };
            show_the_way(stream, peer, tls, to, service, watcher, place).await;
        }
        Ok(Ok(Opened::Challenge)) => tracing::info!(%peer, "an authority looked at a challenge"),
        Ok(Err(error)) => tracing::debug!(%peer, %error, "a handshake failed"),
        Err(_) => tracing::debug!(%peer, "a handshake took too long"),
    }
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

async fn requests(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    transport: Option<Transport>,
    service: Router,
    watcher: Watcher,
    place: OwnedSemaphorePermit,
) {
    let answer = move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        if let Some(transport) = &transport {
            request.extensions_mut().insert(transport.clone());
        }
        service.clone().oneshot(request)
    };
    speak(stream, peer, answer, watcher).await;
    drop(place);
}

async fn show_the_way(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Arc<Tls>,
    to: HttpsPort,
    service: Router,
    watcher: Watcher,
    place: OwnedSemaphorePermit,
) {
    let answer = move |request: Request<Incoming>| {
        let shown = redirect::answer(&tls, to, &request);
        let service = redirect::is_about_health(peer, &request).then(|| service.clone());
        async move {
            let Some(service) = service else {
                return Ok(shown);
            };
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            service.oneshot(request).await
        }
    };
    speak(stream, peer, answer, watcher).await;
    drop(place);
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
