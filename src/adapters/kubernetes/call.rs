//! One request and its answer: time limits, a second try after new credentials, and faults in words.

use std::time::Duration;

use http::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, RETRY_AFTER};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use kube::client::Body;
use serde::de::DeserializeOwned;

use super::connect::Link;
use super::fault;
use crate::domain::fault::{Fault, FaultKind};

/// How long the head of an answer may take.
pub(super) const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// How long a whole answer may take; a page of 500 large pods over a thin link is slow.
pub(super) const WHOLE_LIMIT: Duration = Duration::from_mins(1);
/// What is read of an answer that is a fault.
const FAULT_BYTES: usize = 1 << 20;

/// A request: what, where, and for people what it is for.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    /// Path and query.
    pub(super) path: String,
    pub(super) content: &'static str,
    pub(super) body: Vec<u8>,
    /// "list pods in shop".
    pub(super) doing: String,
}

impl Call {
    pub(super) fn get(path: String, doing: String) -> Self {
        Self { method: Method::GET, path, content: "", body: Vec::new(), doing }
    }

    /// It was sent, and its answer did not come: of a write nobody knows what became of it.
    fn lost(&self, fault: Fault) -> Fault {
        let reads = self.method == Method::GET;
        if reads { fault } else { Fault { kind: FaultKind::OutcomeUnknown, ..fault } }
    }
}

impl Link {
    /// Sends it and gives the answer, if it is a success; the body is not read yet.
    pub(super) async fn send(&self, call: &Call, limit: Duration) -> Result<Response<Body>, Fault> {
        let answer = self.send_once(call, limit).await;
        // What is asked and what came of it; never headers and never bodies, which hold credentials and settings.
        match &answer {
            Ok(answer) => {
                tracing::debug!(method = %call.method, doing = call.doing, code = answer.status().as_u16(), "asked");
            }
            Err(fault) => tracing::debug!(method = %call.method, doing = call.doing, %fault, "asked"),
        }
        let answer = answer?;
        if answer.status() == StatusCode::UNAUTHORIZED && self.refused().await {
            return checked(self.send_once(call, limit).await?, call).await;
        }
        checked(answer, call).await
    }

    async fn send_once(&self, call: &Call, limit: Duration) -> Result<Response<Body>, Fault> {
        let client = self.client().await?;
        let mut request = Request::builder().method(call.method.clone()).uri(&call.path);
        if !call.content.is_empty() {
            request = request.header(CONTENT_TYPE, call.content);
        }
        let request = request.body(Body::from(call.body.clone()));
        let request =
            request.map_err(|error| Fault::new(FaultKind::Invalid, format!("cannot {}: {error}", call.doing)))?;
        match tokio::time::timeout(limit, client.send(request)).await {
            Ok(answer) => answer.map_err(|error| {
                let fault = fault::from_error(&error, &call.doing);
                if fault::never_sent(&error) { fault } else { call.lost(fault) }
            }),
            Err(_) => Err(call.lost(fault::timed_out(limit, &call.doing))),
        }
    }

    /// Sends it and reads the whole answer.
    pub(super) async fn bytes(&self, call: &Call) -> Result<Vec<u8>, Fault> {
        let read = async {
            let answer = self.send(call, HEAD_LIMIT).await?;
            let body = answer.into_body().collect().await;
            Ok(body.map_err(|error| call.lost(fault::unreachable(&error, &call.doing)))?.to_bytes().into())
        };
        let limited = tokio::time::timeout(WHOLE_LIMIT, read).await;
        limited.unwrap_or_else(|_| Err(call.lost(fault::timed_out(WHOLE_LIMIT, &call.doing))))
    }

    /// Sends it and reads the answer as JSON.
    pub(super) async fn json<T: DeserializeOwned>(&self, call: &Call) -> Result<T, Fault> {
        let bytes = self.bytes(call).await?;
        serde_json::from_slice(&bytes).map_err(|error| call.lost(fault::unreadable(&error, &bytes, &call.doing)))
    }
}

/// The seconds to wait that an answer asks for: a number, or, as proxies say it, a date, which is held against the date of
/// the answer itself and not against a clock of ours.
fn asked_pause(headers: &HeaderMap) -> Option<u64> {
    let said = |name: HeaderName| headers.get(name)?.to_str().ok().map(str::trim);
    let date = |text: &str| jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp());
    let after = said(RETRY_AFTER)?;
    let until = || u64::try_from(date(after)?.duration_since(date(said(DATE)?)?).as_secs()).ok();
    after.parse().ok().or_else(until)
}

async fn checked(answer: Response<Body>, call: &Call) -> Result<Response<Body>, Fault> {
    let code = answer.status();
    if code.is_success() {
        return Ok(answer);
    }
    let seconds = asked_pause(answer.headers());
    let body = tokio::time::timeout(HEAD_LIMIT, Limited::new(answer.into_body(), FAULT_BYTES).collect()).await;
    let body = body.ok().and_then(Result::ok).map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let fault = fault::from_answer(code, &body, seconds.map(Duration::from_secs), &call.doing);
    // Who says to be unavailable and when to come again has done nothing. What else broke in a server may have been done:
    // 500 and 504 ask for another try as well, when the storage was too slow to say what became of it.
    let refused_at_the_door = code == StatusCode::SERVICE_UNAVAILABLE && seconds.is_some();
    let undone = !code.is_server_error() || refused_at_the_door;
    Err(if undone { fault } else { call.lost(fault) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_asked_for_in_seconds_or_until_a_date() {
        let pause = |after: &str, date: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, after.parse().unwrap());
            headers.extend(date.map(|date| (DATE, date.parse().unwrap())));
            asked_pause(&headers)
        };
        let now = Some("Wed, 21 Oct 2015 07:27:30 GMT");
        assert_eq!(pause("7", now), Some(7));
        assert_eq!(pause("Wed, 21 Oct 2015 07:28:00 GMT", now), Some(30));
        assert_eq!(pause("Wed, 21 Oct 2015 07:20:00 GMT", now), None, "it is over");
        assert_eq!(pause("Wed, 21 Oct 2015 07:28:00 GMT", None), None, "nobody knows what time it is there");
        assert_eq!(pause("soon", now), None);
    }
}
