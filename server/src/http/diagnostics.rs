//! What a server answers that cannot start for want of a usable configuration: a page with the problems, and nothing else. A
//! container that ended instead would be started again and again, and its reason would scroll away.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::from_fn;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::error::Failure;
use super::layers;
use super::serve::{Port, serve_router};
use crate::app::trusted_proxies::TrustedProxies;
use crate::config::Problem;
use crate::tls::Tls;

const STYLE: &str = include_str!("diagnostics.css");

/// Serves the page at all of these ports until `stop` says so, encrypted as `tls` says.
pub async fn serve(
    listeners: Vec<(TcpListener, Port)>,
    problems: Vec<Problem>,
    tls: Arc<Tls>,
    stop: watch::Receiver<bool>,
) {
    serve_router(listeners, service(problems), tls, TrustedProxies::default(), stop).await;
}

/// The page at every address; programs get the same refusal as JSON.
pub fn service(problems: Vec<Problem>) -> Router {
    let style = || async { ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE) };
    Router::new()
        .route("/diagnostics.css", get(style))
        .fallback(answer)
        .with_state(Arc::new(problems))
        .layer(from_fn(layers::around_without_app))
}

async fn answer(State(problems): State<Arc<Vec<Problem>>>, request: Request) -> Response {
    let refused = Failure::Misconfigured(problems.len()).into_response();
    let path = request.uri().path();
    let for_programs = ["/api/", "/healthcheck", "/metrics"]
        .iter()
        .any(|beginning| path.starts_with(beginning));
    if for_programs || !matches!(request.method().as_str(), "GET" | "HEAD") {
        return refused;
    }
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (refused.status(), headers, page(&problems)).into_response()
}

fn page(problems: &[Problem]) -> String {
    let mut list = String::new();
    for problem in problems {
        // Writing to a text cannot fail.
        let _ = write!(
            list,
            "<li><h2>{}</h2><p>{}</p><p class=\"next\">{}</p></li>",
            marked(&problem.what),
            marked(&sentence(&problem.reason)),
            marked(&sentence(&problem.next))
        );
    }
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Configuration · Strongroom</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <link rel=\"icon\" href=\"data:,\"><link rel=\"stylesheet\" href=\"/diagnostics.css\"></head><body><main>\
         <h1>Strongroom waits for its configuration</h1>\
         <p>Nothing is lost: the store was not opened, and nothing in it was changed. Mend what is listed here, then restart \
         the server. The same list stands in its log.</p><ol>{list}</ol></main></body></html>"
    )
}

/// A reason follows a colon in the log; here it stands alone.
fn sentence(text: &str) -> String {
    let word = text.split(' ').next().unwrap_or_default();
    // The name of a file or an option stays as it is.
    let begins = word.chars().all(|letter| letter.is_ascii_lowercase());
    let mut sentence = if begins {
        let (first, rest) = text.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    } else {
        text.to_owned()
    };
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

/// As HTML, with what stands between backticks as code.
fn marked(text: &str) -> String {
    let text = escaped(text);
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return text;
    }
    let mut html = String::new();
    for (number, part) in parts.into_iter().enumerate() {
        if number.is_multiple_of(2) {
            html.push_str(part);
        } else {
            html.push_str("<code>");
            html.push_str(part);
            html.push_str("</code>");
        }
    }
    html
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    async fn ask(method: &str, path: &str) -> (u16, String, String) {
        let problem = Problem::new("<b> is \"wrong\"", "a & b", "mend it");
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(Body::empty())
            .unwrap();
        let answer = service(vec![problem]).oneshot(request).await.unwrap();
        let kind = answer.headers()[header::CONTENT_TYPE]
            .to_str()
            .unwrap()
            .to_owned();
        let status = answer.status().as_u16();
        assert!(answer.headers().contains_key("content-security-policy"));
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, kind, String::from_utf8(body.to_vec()).unwrap())
    }

    #[test]
    fn a_reason_stands_alone() {
        for (said, shown) in [
            ("it is not known", "It is not known."),
            ("cert.pem is missing", "cert.pem is missing."),
            ("--tls is `files`: <b>", "--tls is <code>files</code>: &lt;b&gt;."),
            ("One ` is none. Mend it!", "One ` is none. Mend it!"),
            ("", "."),
        ] {
            assert_eq!(marked(&sentence(said)), shown);
        }
    }

    #[tokio::test]
    async fn nothing_else_is_served() {
        for (method, path) in [
            ("GET", "/api/status"),
            ("GET", "/api/health"),
            ("GET", "/healthcheck"),
            ("GET", "/metrics"),
            ("POST", "/api/v3/auth/login"),
            ("POST", "/"),
        ] {
            let (status, kind, body) = ask(method, path).await;
            assert_eq!(status, 503, "{method} {path}");
            assert!(kind.starts_with("application/json"), "{kind}");
            assert!(
                body.contains("ServiceUnavailable") && !body.contains("wrong"),
                "{body}"
            );
        }
    }

    #[tokio::test]
    async fn people_read_the_problems() {
        for path in ["/", "/login", "/admin/signup"] {
            let (status, kind, body) = ask("GET", path).await;
            assert_eq!((status, kind.as_str()), (503, "text/html; charset=utf-8"));
            assert!(
                body.contains("<h2>&lt;b&gt; is &quot;wrong&quot;</h2><p>A &amp; b.</p>"),
                "{body}"
            );
        }
        let (status, kind, _) = ask("GET", "/diagnostics.css").await;
        assert_eq!((status, kind.as_str()), (200, "text/css; charset=utf-8"));
    }
}
