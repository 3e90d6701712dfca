//! One call of the API at a time: no repetition, no pace, no memory.

use std::fmt;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Method, Response, StatusCode, redirect, retry};
use thiserror::Error;
use url::Url;

use crate::answer::{Account, AddContactsAnswer, FailedContact, Session, told};
use crate::api_key::ApiKey;
use crate::base_url::BaseUrl;

/// Every request says who sends it.
pub const USER_AGENT: &str = concat!("reteno-import/", env!("CARGO_PKG_VERSION"));

/// The longest answer that is read; that of a session with 3000 contacts has some 200 KB.
const MOST_ANSWER_BYTES: usize = 64 << 20;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A client of one account.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: BaseUrl,
}

/// A client cannot be made, most often because the machine has no certificates.
#[derive(Debug, Error)]
#[error("cannot prepare encrypted connections; are the certificates of the system installed?")]
pub struct ClientError(#[source] reqwest::Error);

/// Why a call has no answer that can be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CallError {
    /// The key is not accepted (401, 403).
    #[error("the API does not accept the key ({status}): {message}")]
    Denied {
        /// 401 or 403.
        status: u16,
        /// What the server says.
        message: String,
    },
    /// There is no such thing (404).
    #[error("the API does not know it ({status}): {message}")]
    Unknown {
        /// The status.
        status: u16,
        /// What the server says.
        message: String,
    },
    /// The server answers, but not this; or not at all.
    #[error("{0}")]
    Failed(String),
    /// The answer is not what the API gives.
    #[error("the answer is not one of the API: {0}")]
    Answer(String),
}

/// What became of a request of *Add contacts*.
#[derive(Debug)]
pub(crate) enum Reply {
    /// It was taken, but for some contacts.
    Accepted { session: Option<String>, failed: Vec<FailedContact> },
    /// The same request was taken before.
    Repeated,
    /// Something in it is not to the API's liking. Without the contact that it is about, the rest may be taken.
    Refused { status: u16, message: String },
    /// It is to be sent again.
    Again(Trouble),
}

/// Why a request is to be sent again.
#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    /// For people.
    pub(crate) reason: String,
    /// Whether the request may have been taken all the same.
    pub(crate) applied: Applied,
    /// How long the server wants to be left alone.
    pub(crate) wait: Option<Duration>,
    /// Whether the server asks for fewer requests.
    pub(crate) is_too_many: bool,
}

/// Whether a request without an answer was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Applied {
    No,
    Perhaps,
}

impl Client {
    /// A client that asks one account. A call that takes longer than `timeout` has failed. Redirects are not followed.
    ///
    /// # Errors
    /// If connections cannot be prepared.
    pub fn new(base: BaseUrl, key: &ApiKey, timeout: Duration) -> Result<Self, ClientError> {
        // Another part of the program may have chosen one; then that one does.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, key.header());
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let http = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .default_headers(headers)
            .timeout(timeout)
            .connect_timeout(CONNECT_TIMEOUT.min(timeout))
            // The key would go along.
            .redirect(redirect::Policy::none())
            // What is sent again, and when, is decided where it is written down.
            .retry(retry::never())
            .build()
            .map_err(ClientError)?;
        Ok(Self { http, base })
    }

    /// Where the API is.
    #[must_use]
    pub fn base(&self) -> &BaseUrl {
        &self.base
    }

    /// `POST contacts`. An error says that nothing that could be sent would be taken.
    pub(crate) async fn add_contacts(&self, body: Bytes) -> Result<Reply, CallError> {
        let request = self
            .http
            .request(Method::POST, self.base.join(&["contacts"]))
            .header(header::CONTENT_TYPE, "application/json; charset=UTF-8")
            .body(body);
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => {
                let applied =
                    if error.is_connect() || error.is_builder() { Applied::No } else { Applied::Perhaps };
                return Ok(Reply::Again(Trouble::of(words(error), applied)));
            }
        };
        let status = response.status();
        let wait = retry_after(response.headers(), SystemTime::now());
        let body = match read(response).await {
            Ok(body) => body,
            // What was said before the text broke off is known.
            Err(_) if !status.is_success() => Vec::new(),
            Err(reason) => return Ok(Reply::Again(Trouble::of(reason, Applied::Perhaps))),
        };
        reply(status, wait, &body)
    }

    /// `GET importstatus/{session}`.
    ///
    /// # Errors
    /// [`CallError`]; only [`CallError::Denied`] cannot pass.
    pub async fn session(&self, session: &str) -> Result<Session, CallError> {
        self.get(&["importstatus", session]).await
    }

    /// `GET account/info`: whose key it is.
    ///
    /// # Errors
    /// [`CallError`]
    pub async fn account(&self) -> Result<Account, CallError> {
        self.get(&["account", "info"]).await
    }

    /// `GET addressbooks`: the catalogue of custom fields, as the API writes it.
    ///
    /// # Errors
    /// [`CallError`]
    pub async fn address_books(&self) -> Result<Vec<u8>, CallError> {
        Ok(self.text(self.base.join(&["addressbooks"])).await?.1)
    }

    /// `GET contact/token/{app}/{token}/contactId`: whether a token of mobile push is known.
    ///
    /// # Errors
    /// [`CallError::Unknown`] if it is not.
    pub async fn contact_of_token(&self, app: &str, token: &str) -> Result<(), CallError> {
        self.text(self.base.join(&["contact", "token", app, token, "contactId"])).await.map(|_| ())
    }

    /// What the clock of the server says; to the second.
    ///
    /// # Errors
    /// [`CallError`], also if it does not say.
    pub async fn server_time(&self) -> Result<SystemTime, CallError> {
        let (headers, _) = self.text(self.base.join(&["version"])).await?;
        let date = headers.get(header::DATE).and_then(|date| date.to_str().ok());
        date.and_then(|date| httpdate::parse_http_date(date).ok())
            .ok_or_else(|| CallError::Answer("it has no date".to_owned()))
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, path: &[&str]) -> Result<T, CallError> {
        let (_, body) = self.text(self.base.join(path)).await?;
        serde_json::from_slice(&body)
            .map_err(|error| CallError::Answer(format!("{error}; it says: {}", told(&body))))
    }

    async fn text(&self, url: Url) -> Result<(HeaderMap, Vec<u8>), CallError> {
        let response = self.http.get(url).send().await.map_err(|error| CallError::Failed(words(error)))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read(response).await.map_err(CallError::Failed)?;
        if status.is_success() {
            return Ok((headers, body));
        }
        Err(failed(status, told(&body)))
    }
}

impl Trouble {
    fn of(reason: impl Into<String>, applied: Applied) -> Self {
        Self { reason: reason.into(), applied, wait: None, is_too_many: false }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// What a status and an answer mean. This is the table of `docs/uploading.md`.
fn reply(status: StatusCode, wait: Option<Duration>, body: &[u8]) -> Result<Reply, CallError> {
    let code = status.as_u16();
    if status == StatusCode::CONFLICT || is_repeated(body) {
        return Ok(Reply::Repeated);
    }
    if status.is_success() {
        return Ok(success(body));
    }
    let message = told(body);
    let again = |applied, is_too_many, message| {
        let reason = format!("the server answers {code}: {message}");
        Ok(Reply::Again(Trouble { reason, applied, wait, is_too_many }))
    };
    match status {
        StatusCode::TOO_MANY_REQUESTS => again(Applied::No, true, message),
        StatusCode::REQUEST_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE => again(Applied::No, false, message),
        _ if status.is_server_error() => again(Applied::Perhaps, false, message),
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => {
            Ok(Reply::Refused { status: code, message })
        }
        _ => Err(failed(status, message)),
    }
}

/// What a status means that no call can make good.
fn failed(status: StatusCode, message: String) -> CallError {
    let code = status.as_u16();
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => CallError::Denied { status: code, message },
        StatusCode::NOT_FOUND => CallError::Unknown { status: code, message },
        _ if status.is_redirection() => CallError::Failed(format!(
            "the server sends the request elsewhere ({code}), where the key will not follow; set --base-url to the \
             address of the API itself"
        )),
        _ => CallError::Failed(format!("the server answers {code}: {message}")),
    }
}

/// The words of a repeated request; seen from clients, with different statuses.
fn is_repeated(body: &[u8]) -> bool {
    // A long answer is one about contacts, in which anything may stand.
    body.len() < 1000 && told(body).to_ascii_lowercase().contains("duplicated request")
}

fn success(body: &[u8]) -> Reply {
    let answer: AddContactsAnswer = match serde_json::from_slice(body) {
        Ok(answer) => answer,
        Err(error) => {
            let reason = format!("the answer is not one of the API ({error}); it says: {}", told(body));
            return Reply::Again(Trouble::of(reason, Applied::Perhaps));
        }
    };
    match answer.error_message.filter(|message| !message.trim().is_empty()) {
        // Some clients see it beside contacts that failed, while the rest goes on.
        Some(message) if answer.failed_contacts.is_empty() || answer.async_session_id.is_none() => {
            Reply::Refused { status: 200, message: told(message.as_bytes()) }
        }
        _ => Reply::Accepted { session: answer.async_session_id, failed: answer.failed_contacts },
    }
}

/// How long to wait, from `Retry-After`: seconds or a date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    Some(httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default())
}

/// The whole answer, if it is not beyond all measure.
async fn read(mut response: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(words)? {
        if body.len() + piece.len() > MOST_ANSWER_BYTES {
            return Err(format!("the answer has more than {MOST_ANSWER_BYTES} bytes"));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// What went wrong with a connection, with its causes.
fn words(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut words =
        if error.is_timeout() { "there was no answer in time".to_owned() } else { error.to_string() };
    let mut cause = std::error::Error::source(&error);
    while let Some(known) = cause {
        words = format!("{words}: {known}");
        cause = known.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a request, in a word.
    fn fate(status: u16, body: &str) -> &'static str {
        let status = StatusCode::from_u16(status).expect("a status");
        match reply(status, None, body.as_bytes()) {
            Ok(Reply::Accepted { .. }) => "accepted",
            Ok(Reply::Repeated) => "repeated",
            Ok(Reply::Refused { .. }) => "refused",
            Ok(Reply::Again(Trouble { applied: Applied::No, .. })) => "again",
            Ok(Reply::Again(Trouble { applied: Applied::Perhaps, .. })) => "again, perhaps applied",
            Err(CallError::Denied { .. }) => "denied",
            Err(_) => "useless",
        }
    }

    #[test]
    fn every_answer_has_its_meaning() {
        for (status, body, meaning) in [
            (200, r#"{"asyncSessionId":"s"}"#, "accepted"),
            (200, r#"{"asyncSessionId":"s","failedContacts":{"error":"x"}}"#, "accepted"),
            (
                200,
                r#"{"asyncSessionId":"s","failedContacts":{"error":"x"},"errorMessage":"some failed"}"#,
                "accepted",
            ),
            (200, "{}", "accepted"),
            (200, r#"{"errorMessage":"no such field"}"#, "refused"),
            (200, r#"{"errorMessage":"Duplicated request"}"#, "repeated"),
            (200, r#"{"asyncSessionId":"s","failedConta"#, "again, perhaps applied"),
            (200, "<html>Welcome to our WLAN</html>", "again, perhaps applied"),
            (200, "", "again, perhaps applied"),
            (400, "Duplicated request", "repeated"),
            (409, "", "repeated"),
            (400, "Bad contact", "refused"),
            (413, "", "refused"),
            (422, r#"{"message":"bad"}"#, "refused"),
            (401, "", "denied"),
            (403, "", "denied"),
            (404, "", "useless"),
            (405, "", "useless"),
            (415, "", "useless"),
            (301, "", "useless"),
            (307, "", "useless"),
            (408, "", "again"),
            (429, "", "again"),
            (503, "", "again"),
            (500, "", "again, perhaps applied"),
            (502, "", "again, perhaps applied"),
            (504, "", "again, perhaps applied"),
        ] {
            assert_eq!(fate(status, body), meaning, "{status} {body}");
        }
    }

    #[test]
    fn the_time_to_wait_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (text, seconds) in [
            ("7", Some(7)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:50:00 GMT", Some(23)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("-1", None),
            ("soon", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, HeaderValue::from_str(text).expect("a header"));
            assert_eq!(retry_after(&headers, now), seconds.map(Duration::from_secs), "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
