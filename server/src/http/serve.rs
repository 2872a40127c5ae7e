//! Listening, and stopping without breaking anybody's request.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::ServiceExt;

use crate::app::App;

/// Longest time that requests in flight get to finish; what is left of ten seconds is for closing the store.
const GRACE: Duration = Duration::from_secs(7);
/// Longest time for the head of a request, also between two requests of a connection.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// Connections at a time. More wait in the system's queue instead of using up our file descriptors.
const MOST_CONNECTIONS: usize = 800;
/// Pause after the system refused a connection, most likely for want of file descriptors.
const PAUSE: Duration = Duration::from_millis(500);

/// Serves until `stop` says so, then lets requests in flight finish.
pub async fn serve(listener: TcpListener, app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let service = super::service(app);
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        tokio::select! {
            // An error means that the sender is gone: then it is time to stop as well.
            _ = stop.wait_for(|stop| *stop) => break,
            accepted = accept(&listener, &places) => match accepted {
                Ok((stream, peer, place)) => {
                    tokio::spawn(converse(stream, peer, service.clone(), graceful.watcher(), place));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time and are cut off");
    }
}

async fn accept(
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
async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    service: Router,
    watcher: Watcher,
    place: OwnedSemaphorePermit,
) {
    let answer = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        service.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .serve_connection(TokioIo::new(stream), answer);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
    drop(place);
}
