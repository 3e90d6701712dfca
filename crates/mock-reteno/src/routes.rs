//! The paths of the API, and what all of them have in common: the log, the key, the delay.

mod add_contacts;
mod catalogue;
mod tokens;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use data_encoding::BASE64;
use serde_json::json;

use crate::answer;
use crate::connection::Line;
use crate::fault::Fault;
use crate::log::{self, Arrival, Authorization};
use crate::server::Server;

/// Where contacts are added.
pub(crate) const CONTACTS_PATH: &str = "/api/v1/contacts";

/// What a handler leaves at its answer for the log and the connection.
#[derive(Clone, Debug)]
struct Befallen(Fault);

/// The body of a request and its hash.
#[derive(Clone, Debug)]
struct Sent {
    body: Bytes,
    hash: String,
}

pub(crate) fn router(server: Arc<Server>) -> Router {
    let api = Router::new()
        .route("/contacts", post(add_contacts::add))
        .route("/importstatus/{session}", get(session))
        .route("/account/info", get(account_info))
        .route("/version", get(version))
        .route("/addressbooks", get(catalogue::address_books))
        .route("/contact/token/{app}/{token}/contactId", get(tokens::owner))
        .route("/contact/token/activated/{app}/{token}", get(tokens::activated))
        .route("/apps/{app}/tokens", post(tokens::add));
    Router::new()
        .nest("/api/v1", api)
        .fallback(|| async { answer::error(StatusCode::NOT_FOUND, "No such resource") })
        .method_not_allowed_fallback(|| async {
            answer::error(StatusCode::METHOD_NOT_ALLOWED, "The method is not allowed here")
        })
        .layer(from_fn_with_state(Arc::clone(&server), attend))
        .with_state(server)
}

/// What happens to every request, whatever its path.
async fn attend(
    State(server): State<Arc<Server>>,
    ConnectInfo(line): ConnectInfo<Line>,
    mut request: Request,
    next: Next,
) -> Response {
    let authorization = authorization(request.headers(), &server.options.key);
    let arrival = server.log().arrive(entry(&request, authorization));

    let body = std::mem::take(request.body_mut());
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        // The client went away in the middle of it.
        line.reset();
        return answer::error(StatusCode::BAD_REQUEST, "The body did not arrive");
    };
    let hash = blake3::hash(&body).to_hex().to_string();
    server.log().set_body(arrival.index, body.len(), hash.clone());

    let mut response = if authorization == Authorization::Right {
        request.extensions_mut().insert(arrival);
        request.extensions_mut().insert(Sent { body, hash });
        next.run(request).await
    } else {
        unauthorized()
    };
    let fault = response.extensions_mut().remove::<Befallen>().map_or(Fault::None, |befallen| befallen.0);
    let late = if let Fault::Slow(by) = fault { by } else { Duration::ZERO };
    let wait = server.options.latency + late;
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }

    let mut status = Some(response.status().as_u16());
    match fault {
        Fault::ResetBefore | Fault::ResetAfter => {
            line.reset();
            status = None;
        }
        Fault::Truncated => line.cut_short(),
        _ => {}
    }
    server.log().set_answer(arrival.index, status, fault);
    response
}

/// A request as its head tells of it.
fn entry(request: &Request<Body>, authorization: Authorization) -> log::Request {
    let user_agent = request.headers().get(USER_AGENT);
    log::Request {
        at: Duration::ZERO,
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        status: None,
        fault: Fault::None,
        user_agent: user_agent.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()),
        authorization,
        body_bytes: 0,
        body_hash: String::new(),
    }
}

/// Basic, any user name, the key as the password.
fn authorization(headers: &HeaderMap, key: &str) -> Authorization {
    let Some(header) = headers.get(AUTHORIZATION) else { return Authorization::Absent };
    let password = || {
        let (scheme, credentials) = header.to_str().ok()?.split_once(' ')?;
        let decoded = BASE64.decode(credentials.trim().as_bytes()).ok()?;
        let decoded = String::from_utf8(decoded).ok()?;
        let (_, password) = decoded.split_once(':')?;
        scheme.eq_ignore_ascii_case("basic").then(|| password.to_owned())
    };
    if password().as_deref() == Some(key) { Authorization::Right } else { Authorization::Wrong }
}

fn unauthorized() -> Response {
    let mut response = answer::error(StatusCode::UNAUTHORIZED, "The API key is not right");
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"API\""));
    response
}

/// 415, unless the body says that it is JSON.
fn not_json(headers: &HeaderMap) -> Option<Response> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return None;
    }
    Some(answer::error(StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body must be application/json"))
}

async fn session(State(server): State<Arc<Server>>, Path(id): Path<String>) -> Response {
    if server.draw().next_poll_fails() {
        return answer::error(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong");
    }
    match server.account().session(&id) {
        Some(status) => answer::ok(&status),
        None => answer::error(StatusCode::NOT_FOUND, "No such session"),
    }
}

async fn account_info() -> Response {
    answer::ok(&json!({ "userEmail": "owner@example.com", "organisationName": "Mock" }))
}

async fn version() -> Response {
    answer::ok(&json!({ "version": env!("CARGO_PKG_VERSION"), "protocolVersion": "1" }))
}
