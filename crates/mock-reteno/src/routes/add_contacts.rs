//! `POST contacts`.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::{Arrival, Befallen, Sent, not_json};
use crate::account::Verdict;
use crate::answer;
use crate::fault::Fault;
use crate::server::Server;

pub(super) async fn add(
    State(server): State<Arc<Server>>,
    Extension(arrival): Extension<Arrival>,
    Extension(sent): Extension<Sent>,
    headers: HeaderMap,
) -> Response {
    if !arrival.keeps_rate {
        return answer::too_many(Some(Duration::from_secs(1)));
    }
    let fault = server.draw().next();
    let mut response = match stopped_by(&fault) {
        Some(response) => response,
        None => {
            // Reading thousands of contacts takes long enough to keep other requests from arriving.
            let taken = tokio::task::spawn_blocking(move || take(&server, &headers, &sent)).await;
            let broken = |_| {
                answer::error(StatusCode::INTERNAL_SERVER_ERROR, "The mock failed: this is its own fault")
            };
            taken.unwrap_or_else(broken)
        }
    };
    let fault = match fault {
        Fault::WrongType if response.status() != StatusCode::OK => Fault::None,
        Fault::WrongType => {
            response = answer::web_page();
            fault
        }
        fault => fault,
    };
    response.extensions_mut().insert(Befallen(fault));
    response
}

/// The answer to a request that its fault keeps from being taken.
fn stopped_by(fault: &Fault) -> Option<Response> {
    let error = |status| answer::error(status, status.canonical_reason().unwrap_or("Error"));
    let status = |code| StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Some(match fault {
        Fault::TooMany => answer::too_many(None),
        Fault::TooManyAfter(wait) => answer::too_many(Some(*wait)),
        Fault::ServerError(code) => error(status(*code)),
        Fault::Timeout => error(StatusCode::REQUEST_TIMEOUT),
        // What is answered here is not sent.
        Fault::ResetBefore => error(StatusCode::INTERNAL_SERVER_ERROR),
        Fault::WrongTypeBefore => answer::web_page(),
        Fault::TooLarge => error(StatusCode::PAYLOAD_TOO_LARGE),
        Fault::Status(code, text) => answer::text(status(*code), text.as_str()),
        Fault::None | Fault::Slow(_) | Fault::ResetAfter | Fault::Truncated | Fault::WrongType => {
            return None;
        }
    })
}

/// Takes the request, or says why not.
fn take(server: &Server, headers: &HeaderMap, sent: &Sent) -> Response {
    if let Some(refusal) = not_json(headers) {
        return refusal;
    }
    if sent.body.len() > server.options.max_body_bytes {
        return answer::error(StatusCode::PAYLOAD_TOO_LARGE, "The request is too large");
    }
    let (body, upload) = match server.reader.read(&sent.body) {
        Ok(read) => read,
        Err(error) => return bad_request(server, &error.to_string()),
    };
    match server.account().take(&body, upload, &sent.hash) {
        Verdict::Accepted(value) => answer::ok(&value),
        Verdict::Duplicate => answer::text(StatusCode::CONFLICT, "Duplicated request"),
        Verdict::Refused { index } => {
            bad_request(server, &format!("The contact at index {index} is not accepted"))
        }
    }
}

/// 400, in turn as plain text and as JSON: the API does either.
fn bad_request(server: &Server, message: &str) -> Response {
    if server.bad_requests.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
        answer::text(StatusCode::BAD_REQUEST, message)
    } else {
        answer::error(StatusCode::BAD_REQUEST, message)
    }
}
