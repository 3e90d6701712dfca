//! One call of the API at a time: no repetition, no pace, no memory.

use std::error::Error;
use std::time::{Duration, SystemTime};
use std::{fmt, io};

use bytes::Bytes;
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Method, Response, StatusCode, redirect, retry};
use thiserror::Error as ThisError;
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
    timeout: Duration,
}

/// A client cannot be made, most often because the machine has no certificates.
#[derive(Debug, ThisError)]
#[error("cannot prepare encrypted connections; are the certificates of the system installed?")]
pub struct ClientError(#[source] reqwest::Error);

/// Why a call has no answer that can be used.
#[derive(Debug, ThisError)]
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
    /// No connection came about: the server knows nothing of the call.
    #[error("no connection: {0}")]
    NoConnection(String),
    /// There was a connection, and no answer.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// The server answers, but not this.
    #[error("{0}")]
    Failed(String),
    /// The answer is not what the API gives.
    #[error("the answer is not one of the API: {0}")]
    Answer(String),
}

/// What became of a request of *Add contacts*.
#[derive(Debug)]
pub(crate) enum Reply {
    /// There is an answer that says it.
    Answered(Answered),
    /// It is to be sent again.
    Again(Trouble),
}

/// What the server says of a request.
#[derive(Debug)]
pub(crate) enum Answered {
    /// It was taken, but for some contacts.
    Accepted { session: Option<String>, failed: Vec<FailedContact> },
    /// The same request was taken before.
    Repeated,
    /// Something in it is not to the API's liking. Without the contact that it is about, the rest may be taken.
    Refused { status: u16, message: String },
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
    pub(crate) kind: TroubleKind,
}

/// How far a request came that is to be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TroubleKind {
    /// No connection came about.
    NoConnection,
    /// There was a connection, and no answer.
    NoAnswer,
    /// There was an answer of no use.
    Failing,
    /// The server asks for fewer requests.
    TooMany,
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
        Ok(Self { http, base, timeout })
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
            Err(error) => return Ok(Reply::Again(self.trouble(&error))),
        };
        let status = response.status();
        let wait = retry_after(response.headers(), SystemTime::now());
        let body = match read(response).await {
            Ok(body) => body,
            // What was said before the text broke off is known.
            Err(_) if !status.is_success() => Vec::new(),
            Err(Unread::TooLong) => return Ok(Reply::Again(Trouble::no_answer(TOO_LONG))),
            Err(Unread::Broken(error)) => return Ok(Reply::Again(self.trouble(&error))),
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
        let response = self.http.get(url).send().await.map_err(|error| self.unanswered(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read(response).await.map_err(|unread| match unread {
            Unread::TooLong => CallError::Answer(TOO_LONG.to_owned()),
            Unread::Broken(error) => self.unanswered(&error),
        })?;
        if status.is_success() {
            return Ok((headers, body));
        }
        Err(failed(status, told(&body)))
    }

    /// What became of a request of *Add contacts* that has no answer.
    fn trouble(&self, error: &reqwest::Error) -> Trouble {
        let reason = self.reason(error);
        if has_no_connection(error) {
            return Trouble { kind: TroubleKind::NoConnection, applied: Applied::No, reason, wait: None };
        }
        Trouble::no_answer(reason)
    }

    /// The same of another call.
    fn unanswered(&self, error: &reqwest::Error) -> CallError {
        let reason = self.reason(error);
        if has_no_connection(error) { CallError::NoConnection(reason) } else { CallError::NoAnswer(reason) }
    }

    /// Why there is no answer, in few words.
    fn reason(&self, error: &reqwest::Error) -> String {
        let causes =
            || std::iter::successors(error.source(), |cause: &&(dyn Error + 'static)| (*cause).source());
        let last = causes().last().map(|cause| without_number(&cause.to_string())).unwrap_or_default();
        let io = |cause: &(dyn Error + 'static)| cause.downcast_ref::<io::Error>().map(io::Error::kind);
        if !error.is_connect() && error.is_timeout() {
            format!("timed out after {} s", self.timeout.as_secs_f32())
        } else if error.is_timeout() {
            format!("no connection within {} s", CONNECT_TIMEOUT.min(self.timeout).as_secs_f32())
        } else if causes().any(|cause| cause.to_string().starts_with("dns error")) {
            let last = last.strip_prefix("failed to lookup address information: ").unwrap_or(&last);
            format!("the name {} cannot be looked up: {last}", self.base.host())
        } else if causes().any(is_of_encryption) {
            format!("no encrypted connection: {last}")
        } else if causes().filter_map(io).any(|kind| kind == io::ErrorKind::ConnectionRefused) {
            "connection refused".to_owned()
        } else if error.is_decode() || error.is_body() {
            format!("the answer broke off: {last}")
        } else if last.is_empty() {
            without_number(&error.to_string())
        } else {
            last
        }
    }
}

impl Trouble {
    /// Of a request that may have been taken.
    fn no_answer(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), applied: Applied::Perhaps, wait: None, kind: TroubleKind::NoAnswer }
    }
}

/// Whether nothing of a request has left this machine.
fn has_no_connection(error: &reqwest::Error) -> bool {
    error.is_connect() || error.is_builder()
}

/// Whether an error comes from encryption; others are wrapped around it.
fn is_of_encryption(cause: &(dyn Error + 'static)) -> bool {
    let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    cause.is::<rustls::Error>() || inner.is_some_and(|inner| is_of_encryption(inner))
}

/// The words of the system without its number for them.
fn without_number(words: &str) -> String {
    let end = words.rfind(" (os error ").filter(|_| words.ends_with(')'));
    let words = &words[..end.unwrap_or(words.len())];
    // A sentence of its own, which stands in another one here; "IO", say, stays.
    let mut letters = words.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().chain(words.chars().skip(1)).collect()
        }
        _ => words.to_owned(),
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
        return Ok(Reply::Answered(Answered::Repeated));
    }
    if status.is_success() {
        return Ok(success(body));
    }
    let message = told(body);
    let again = |applied, kind, message| {
        let reason = format!("the server answers {code}: {message}");
        Ok(Reply::Again(Trouble { reason, applied, wait, kind }))
    };
    match status {
        StatusCode::TOO_MANY_REQUESTS => again(Applied::No, TroubleKind::TooMany, message),
        StatusCode::REQUEST_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE => {
            again(Applied::No, TroubleKind::Failing, message)
        }
        _ if status.is_server_error() => again(Applied::Perhaps, TroubleKind::Failing, message),
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => {
            Ok(Reply::Answered(Answered::Refused { status: code, message }))
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
            let kind = TroubleKind::Failing;
            return Reply::Again(Trouble { reason, applied: Applied::Perhaps, wait: None, kind });
        }
    };
    match answer.error_message.filter(|message| !message.trim().is_empty()) {
        // Some clients see it beside contacts that failed, while the rest goes on.
        Some(message) if answer.failed_contacts.is_empty() || answer.async_session_id.is_none() => {
            Reply::Answered(Answered::Refused { status: 200, message: told(message.as_bytes()) })
        }
        _ => Reply::Answered(Answered::Accepted {
            session: answer.async_session_id,
            failed: answer.failed_contacts,
        }),
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

/// Why an answer has no text.
enum Unread {
    TooLong,
    Broken(reqwest::Error),
}

const TOO_LONG: &str = "the answer has more than 64 MiB";

/// The whole answer, if it is not beyond all measure.
async fn read(mut response: Response) -> Result<Vec<u8>, Unread> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(Unread::Broken)? {
        if body.len() + piece.len() > MOST_ANSWER_BYTES {
            return Err(Unread::TooLong);
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a request, in a word.
    fn fate(status: u16, body: &str) -> &'static str {
        let status = StatusCode::from_u16(status).expect("a status");
        match reply(status, None, body.as_bytes()) {
            Ok(Reply::Answered(Answered::Accepted { .. })) => "accepted",
            Ok(Reply::Answered(Answered::Repeated)) => "repeated",
            Ok(Reply::Answered(Answered::Refused { .. })) => "refused",
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
    fn the_words_of_the_system_stand_within_a_sentence() {
        for (words, told) in [
            ("Connection refused (os error 111)", "connection refused"),
            ("IO error (os error 5)", "IO error"),
            ("Ї", "Ї"),
            ("", ""),
            ("broken (os error 32) pipe", "broken (os error 32) pipe"),
        ] {
            assert_eq!(without_number(words), told);
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
