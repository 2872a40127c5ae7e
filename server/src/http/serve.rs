//! Listening, and stopping without breaking anybody's request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::app::App;

/// Longest time that requests in flight get to finish. What is left of ten seconds, after which most supervisors kill, is
/// for closing the store.
const GRACE: Duration = Duration::from_secs(7);

/// Serves until `stop` says so, then lets requests in flight finish within seven seconds.
pub async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    mut stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let service = super::service(app).into_make_service_with_connect_info::<SocketAddr>();
    let listener = listener.tap_io(|stream| {
        // Answers are small and written at once: waiting to fill a packet only adds latency.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
    });
    let mut stopping = stop.clone();
    let serving = axum::serve(listener, service).with_graceful_shutdown(async move {
        // An error means that the sender is gone: then it is time to stop as well.
        let _ = stopping.wait_for(|stop| *stop).await;
    });
    let overdue = async move {
        let _ = stop.wait_for(|stop| *stop).await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        result = serving => result,
        () = overdue => {
            tracing::warn!("some requests did not finish within 7 seconds and are cut off");
            Ok(())
        }
    }
}
