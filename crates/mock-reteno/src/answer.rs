//! Answers.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use std::time::Duration;

const JSON: HeaderValue = HeaderValue::from_static("application/json;charset=UTF-8");
const PLAIN: HeaderValue = HeaderValue::from_static("text/plain;charset=UTF-8");
const HTML: HeaderValue = HeaderValue::from_static("text/html");

/// 200 with this.
pub(crate) fn ok(value: &Value) -> Response {
    answer(StatusCode::OK, JSON, value.to_string())
}

/// An error as JSON with `message`.
pub(crate) fn error(status: StatusCode, message: &str) -> Response {
    answer(status, JSON, json!({ "message": message }).to_string())
}

/// An error as plain text, or as JSON if the text is that.
pub(crate) fn text(status: StatusCode, text: impl Into<String>) -> Response {
    let text = text.into();
    let content_type = if text.starts_with('{') { JSON } else { PLAIN };
    answer(status, content_type, text)
}

/// 429, with or without the time to wait.
pub(crate) fn too_many(wait: Option<Duration>) -> Response {
    let mut response = error(StatusCode::TOO_MANY_REQUESTS, "Too many requests");
    if let Some(wait) = wait {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// 200 with a web page.
pub(crate) fn web_page() -> Response {
    let page =
        "<!doctype html><title>Please wait</title><p>The page that you asked for will be here in a moment.";
    answer(StatusCode::OK, HTML, page.to_owned())
}

fn answer(status: StatusCode, content_type: HeaderValue, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}
