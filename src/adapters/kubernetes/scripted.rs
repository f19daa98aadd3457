//! An API server within the process that answers as a test wrote it down: every fault of a real one, without sockets,
//! so that time may be stopped and an hour of trouble takes no time.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, StreamBody};
use kube::client::Body;
use tokio::time::{Instant, sleep};

use super::KubernetesCluster;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) at: Instant,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) body: String,
    /// How many there were of this method and path by now, this one included.
    pub(crate) number: usize,
}

impl Asked {
    pub(crate) fn watches(&self) -> bool {
        self.query.contains("watch=true")
    }
}

/// What becomes of a request.
pub(crate) enum Answer {
    /// Status, `Retry-After` and text.
    Whole(u16, Option<u64>, String),
    /// Pieces of a stream that was opened well, and how it goes on after them.
    Pieces(Vec<String>, After),
    /// The connection breaks before anything was answered.
    Broken,
    /// Not a word, for ever.
    Silence,
}

/// What follows the pieces of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// It stays open, and nothing comes.
    Open,
    /// So many seconds later it ends in order.
    Closed(u64),
    /// So many seconds later the connection breaks.
    Broken(u64),
}

pub(crate) fn ok(text: impl Into<String>) -> Answer {
    Answer::Whole(200, None, text.into())
}

/// A failure as the API server tells it.
pub(crate) fn failed(code: u16, message: &str) -> Answer {
    let status = serde_json::json!({ "kind": "Status", "status": "Failure", "code": code, "message": message });
    Answer::Whole(code, None, status.to_string())
}

/// A stream of these lines that stays open.
pub(crate) fn lines(lines: &[&str]) -> Answer {
    Answer::Pieces(vec![lines.iter().map(|line| format!("{line}\n")).collect()], After::Open)
}

/// What was asked, in order.
pub(crate) type Log = Arc<Mutex<Vec<Asked>>>;

/// A cluster behind which the script answers. Where it says `None`, lists are empty, watches quiet and the server ready.
pub(crate) fn cluster(script: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static) -> (KubernetesCluster, Log) {
    let (log, counts): (Log, Arc<Mutex<BTreeMap<String, usize>>>) = Default::default();
    let (kept, script) = (Arc::clone(&log), Arc::new(script));
    let service = tower::service_fn(move |request: Request<Body>| {
        let (log, counts, script) = (Arc::clone(&log), Arc::clone(&counts), Arc::clone(&script));
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
            let path = head.uri.path().to_owned();
            let number = {
                let mut counts = counts.lock().unwrap();
                let count = counts.entry(format!("{} {path}", head.method)).or_default();
                *count += 1;
                *count
            };
            let query = head.uri.query().unwrap_or_default().to_owned();
            let body = String::from_utf8_lossy(&body).into_owned();
            let asked = Asked { at: Instant::now(), method: head.method, path, query, body, number };
            log.lock().unwrap().push(asked.clone());
            let answer = script(&asked).unwrap_or_else(|| well(&asked));
            respond(answer).await
        }
    });
    (KubernetesCluster::given(kube::Client::new(service, "shop")), kept)
}

fn well(asked: &Asked) -> Answer {
    if asked.watches() { lines(&[]) } else { ok(r#"{"metadata":{"resourceVersion":"1"},"items":[]}"#) }
}

type Bytes = <Body as http_body::Body>::Data;

async fn respond(answer: Answer) -> io::Result<Response<impl http_body::Body<Data = Bytes, Error = io::Error>>> {
    let (code, retry_after, pieces, after) = match answer {
        Answer::Whole(code, retry_after, text) => (code, retry_after, vec![text], After::Closed(0)),
        Answer::Pieces(pieces, after) => (200, None, pieces, after),
        Answer::Broken => return Err(io::ErrorKind::ConnectionReset.into()),
        Answer::Silence => return std::future::pending().await,
    };
    let pieces = stream::iter(pieces.into_iter().map(|piece| Ok(http_body::Frame::data(Bytes::from(piece)))));
    let rest = stream::once(async move {
        match after {
            After::Open => std::future::pending::<Option<_>>().await,
            After::Closed(seconds) => {
                sleep(Duration::from_secs(seconds)).await;
                None
            }
            After::Broken(seconds) => {
                sleep(Duration::from_secs(seconds)).await;
                Some(Err(io::ErrorKind::ConnectionReset.into()))
            }
        }
    });
    let mut response = Response::builder().status(code).header("date", "Tue, 24 Nov 2026 10:00:12 GMT");
    if let Some(seconds) = retry_after {
        response = response.header("retry-after", seconds);
    }
    let body = StreamBody::new(pieces.chain(rest.filter_map(std::future::ready)));
    Ok(response.body(body).unwrap())
}
