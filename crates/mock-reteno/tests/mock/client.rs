//! A client that sees answers as they are, whole or not.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;

use data_encoding::BASE64;
use mock_reteno::{Mock, MockOptions};
use serde_json::{Value, json};

/// An answer that arrived whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("the answer is JSON")
    }
}

/// How an answer failed to arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// Nothing of it came before the connection ended.
    Nothing,
    /// The connection was reset.
    Reset,
    /// Its body was shorter than its head said.
    Short,
}

/// What is sent.
pub(crate) struct Sent<'s> {
    pub(crate) method: &'s str,
    pub(crate) path: &'s str,
    pub(crate) authorization: Option<String>,
    pub(crate) content_type: &'s str,
    pub(crate) body: String,
}

impl Default for Sent<'_> {
    fn default() -> Self {
        Self {
            method: "GET",
            path: "version",
            authorization: Some(basic("", "test-key")),
            content_type: "application/json; charset=UTF-8",
            body: String::new(),
        }
    }
}

pub(crate) fn basic(user: &str, key: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{user}:{key}").as_bytes()))
}

pub(crate) fn start(options: MockOptions) -> Mock {
    Mock::start(options).expect("a port and a thread can be had")
}

/// Sends a request on a connection of its own.
pub(crate) fn send(mock: &Mock, sent: Sent<'_>) -> Result<Answer, Broken> {
    send_to(&mock.url(), sent)
}

/// The same, for a mock that may be stopped meanwhile.
pub(crate) fn send_to(url: &str, sent: Sent<'_>) -> Result<Answer, Broken> {
    let (host, base) = url.strip_prefix("http://").and_then(|url| url.split_once('/')).expect("a URL");
    let Sent { method, path, authorization, content_type, body } = sent;
    let authorization = authorization.map(|value| format!("Authorization: {value}\r\n")).unwrap_or_default();
    let head = format!(
        "{method} /{base}{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nUser-Agent: tests\r\n\
         {authorization}Content-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(host).expect("the mock listens");
    stream.write_all((head + &body).as_bytes()).expect("the mock reads requests to their end");
    let mut received = Vec::new();
    match stream.read_to_end(&mut received) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Err(Broken::Reset),
        Err(error) => panic!("{error}"),
        Ok(_) => read(&String::from_utf8(received).expect("answers are UTF-8")),
    }
}

fn read(received: &str) -> Result<Answer, Broken> {
    let Some((head, body)) = received.split_once("\r\n\r\n") else {
        assert_eq!(received, "");
        return Err(Broken::Nothing);
    };
    let header = |name: &str| {
        let mut headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        headers.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let length: usize =
        header("content-length").and_then(|value| value.parse().ok()).expect("answers tell their length");
    if body.len() < length {
        return Err(Broken::Short);
    }
    Ok(Answer {
        status: head[9..12].parse().expect("a status"),
        content_type: header("content-type").unwrap_or_default(),
        retry_after: header("retry-after"),
        body: body.to_owned(),
    })
}

pub(crate) fn get(mock: &Mock, path: &str) -> Answer {
    send(mock, Sent { path, ..Sent::default() }).expect("a whole answer")
}

pub(crate) fn try_add(mock: &Mock, body: &Value) -> Result<Answer, Broken> {
    send(mock, Sent { method: "POST", path: "contacts", body: body.to_string(), ..Sent::default() })
}

/// `POST contacts`
pub(crate) fn add(mock: &Mock, body: &Value) -> Answer {
    try_add(mock, body).expect("a whole answer")
}

/// Adds contacts that the mock must accept; the session.
pub(crate) fn accepted(mock: &Mock, body: &Value) -> Value {
    let answer = add(mock, body);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let id = answer.json()["asyncSessionId"].as_str().expect("a session").to_owned();
    get(mock, &format!("importstatus/{id}")).json()
}

/// A body with these contacts that lists these fields.
pub(crate) fn listing(contact_fields: &[&str], contacts: &[Value]) -> Value {
    json!({ "contacts": contacts, "dedupeOn": "externalCustomerId", "contactFields": contact_fields })
}

/// A contact with a key and an email address of its own.
pub(crate) fn contact(key: &str) -> Value {
    json!({ "externalCustomerId": key, "channels": [{ "type": "email", "value": format!("{key}@example.com") }] })
}

/// A body with contacts of these keys.
pub(crate) fn keys(keys: &[&str]) -> Value {
    listing(&["email"], &keys.iter().map(|key| contact(key)).collect::<Vec<_>>())
}
