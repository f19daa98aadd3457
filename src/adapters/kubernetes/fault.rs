//! What goes wrong, as the domain's faults: one sentence, no secrets, no whole objects.

use std::error::Error as StdError;
use std::time::Duration;

use http::StatusCode;
use kube::client::AuthError;

use super::wire::{Cause, Status};
use crate::domain::fault::{BY_POLICY, Fault, FaultKind};
use crate::domain::text::clean;

/// Longest text of a server that is passed on.
const LONGEST: usize = 400;
/// A server that asks for less is obeyed without words.
const WORTH_TELLING: Duration = Duration::from_secs(10);

/// An answer that is no success. `doing` is what was tried: "list pods in shop".
pub(super) fn from_answer(code: StatusCode, body: &[u8], retry_after: Option<Duration>, doing: &str) -> Fault {
    if is_page(body) {
        let fault = page(&format!("answered {}", code.as_u16()), doing);
        return Fault { retry_after, ..fault };
    }
    let status = serde_json::from_slice::<Status>(body).unwrap_or_default();
    let mut fault = from_status(code, &status, doing);
    let asked = status.details.retry_after_seconds.filter(|seconds| *seconds > 0).map(Duration::from_secs);
    fault.retry_after = retry_after.or(asked);
    if let Some(pause) = fault.retry_after.filter(|pause| *pause >= WORTH_TELLING) {
        fault.message.push_str(&format!("; it asks for a pause of {}", length(pause)));
    }
    fault
}

/// A web page is never the API server's: a load balancer, a proxy or the login page of a network stands in between.
fn is_page(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

fn page(what: &str, doing: &str) -> Fault {
    let why = format!("something between here and the API server {what} with a web page");
    Fault::new(FaultKind::Unreachable, format!("cannot {doing}: {why}"))
}

/// `40 s`, `3 h`.
fn length(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}

/// A `Status` object, of an answer or within a watch.
pub(super) fn from_status(code: StatusCode, status: &Status, doing: &str) -> Fault {
    let said = said(status);
    let told = |what: &str| if said.is_empty() { what.to_owned() } else { format!("{what}: {said}") };
    match code.as_u16() {
        401 => {
            Fault::new(FaultKind::Unauthenticated, format!("cannot {doing}: the credentials are not accepted (401)"))
        }
        403 => Fault::new(FaultKind::Forbidden, forbidden(&status.message, &said, doing)),
        404 => Fault::new(FaultKind::NotFound, told(&format!("cannot {doing}, not found"))),
        409 => Fault::new(FaultKind::Conflict, told(&format!("cannot {doing}"))),
        410 => Fault::new(FaultKind::Expired, told("the history asked for is gone")),
        429 => Fault::new(FaultKind::Throttled, told(&format!("cannot {doing} now, the API server is busy (429)"))),
        400 | 405 | 413 | 415 | 422 => Fault::new(FaultKind::Invalid, told(&format!("cannot {doing}, refused"))),
        number @ 500.. => {
            Fault::new(FaultKind::Throttled, told(&format!("cannot {doing}, the API server failed ({number})")))
        }
        number => Fault::new(FaultKind::Other, told(&format!("cannot {doing} (answer {number})"))),
    }
}

/// What the server said, short: messages about invalid objects quote values or the whole object, secrets and all, so of
/// those only fields and what is wrong with them are passed on.
fn said(status: &Status) -> String {
    let causes: Vec<String> = status.details.causes.iter().filter_map(cause).collect();
    if !causes.is_empty() {
        return shortened(&causes.join("; "));
    }
    let message = &status.message;
    match message.find("Invalid value").or_else(|| message.find("Unsupported value")) {
        Some(at) => {
            let before = message[..at].trim_end_matches([' ', ':', '[']);
            if is_long(before) {
                "invalid value".to_owned()
            } else {
                shortened(&clean(&format!("{before}: invalid value")))
            }
        }
        None => tail(message),
    }
}

/// `spec.template.spec.containers[0].image: required`.
fn cause(cause: &Cause) -> Option<String> {
    let what = match &*cause.reason {
        "FieldValueNotFound" => "not found",
        "FieldValueRequired" => "required",
        "FieldValueDuplicate" => "duplicate",
        "FieldValueInvalid" | "FieldValueTypeInvalid" => "invalid value",
        "FieldValueNotSupported" => "value not supported",
        "FieldValueForbidden" => "may not be set",
        "FieldValueTooLong" | "FieldValueTooMany" => "too long",
        _ => return None,
    };
    Some(if cause.field.is_empty() { what.to_owned() } else { format!("{}: {what}", clean(&cause.field)) })
}

fn is_long(message: &str) -> bool {
    message.len() > LONGEST || message.contains("{\"") || message.contains("map[")
}

/// The message, or only its end where it quotes an object.
fn tail(message: &str) -> String {
    if !is_long(message) {
        return shortened(&clean(message));
    }
    let end = message.rsplit_once("\": ").map_or("the object is not valid", |(_, end)| end);
    let end = if end.contains("{\"") || end.contains("map[") { "the object is not valid" } else { end };
    shortened(&clean(end))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// `User "viewer" cannot patch resource "deployments" in API group "apps" in the namespace "shop"`, in short; a policy's
/// text as it is.
fn forbidden(message: &str, said: &str, doing: &str) -> String {
    if let Some((_, policy)) = message.split_once("denied request:") {
        return format!("cannot {doing}, {BY_POLICY}: {}", tail(policy.trim()));
    }
    let quoted = |after: &str| message.split_once(after)?.1.split('"').next();
    let user = quoted("User \"");
    let verb = message.split_once(" cannot ").and_then(|(_, rest)| rest.split(' ').next());
    let (Some(verb), Some(resource)) = (verb, quoted("resource \"")) else {
        return if said.is_empty() {
            format!("not allowed to {doing}")
        } else {
            format!("not allowed to {doing}: {said}")
        };
    };
    let space = quoted("in the namespace \"");
    let place = space.map_or_else(|| " in the whole cluster".to_owned(), |space| format!(" in namespace {space}"));
    let who = user.map_or_else(String::new, |user| format!("{user}: "));
    shortened(&clean(&format!("{who}no right to {verb} {resource}{place}")))
}

/// A call that got no answer at all.
pub(super) fn from_error(error: &kube::Error, doing: &str) -> Fault {
    match error {
        kube::Error::Auth(auth) => from_auth(auth),
        kube::Error::Api(status) => {
            let code = StatusCode::from_u16(status.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            from_status(code, &Status { message: status.message.clone(), ..Status::default() }, doing)
        }
        kube::Error::InferConfig(_) | kube::Error::InferKubeconfig(_) | kube::Error::RustlsTls(_) => {
            Fault::new(FaultKind::Other, format!("the kubeconfig cannot be used: {}", shortened(&clean(&root(error)))))
        }
        _ => find::<AuthError>(error).map_or_else(|| unreachable(error, doing), from_auth),
    }
}

/// A credential plugin that failed, in its own words, which it writes to its standard error.
fn from_auth(error: &AuthError) -> Fault {
    let message = match error {
        AuthError::AuthExecRun { cmd, out } => {
            let words = String::from_utf8_lossy(&out.stderr);
            let words = words.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
            let words = if words.is_empty() { out.status.to_string() } else { words };
            let program = program(cmd);
            format!("credential plugin {program} failed: {words}")
        }
        AuthError::AuthExecStart(why) => format!("the credential plugin cannot be started: {why}"),
        // What a plugin prints is a token: never repeat it.
        AuthError::AuthExecParse(_) => "the credential plugin did not print credentials".to_owned(),
        other => format!("cannot log in: {other}"),
    };
    Fault::new(FaultKind::Unauthenticated, shortened(&clean(&message)))
}

/// The name of the program of a command line as it is told: variables with their values come first, each in quotes, and
/// they are long and nobody's business.
fn program(cmd: &str) -> String {
    let is_variable = |word: &String| {
        let name = word.split_once('=').map(|(name, _)| name);
        name.is_some_and(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
    };
    let program = shlex::split(cmd).into_iter().flatten().find(|word| !is_variable(word));
    let name = program.as_deref().and_then(|path| path.rsplit(['/', '\\']).next());
    name.unwrap_or("?").to_owned()
}

/// A connection that was not made or that broke.
pub(super) fn unreachable(error: &(dyn StdError + 'static), doing: &str) -> Fault {
    let root = root(error);
    let low = root.to_lowercase();
    let why = if low.contains("connection refused") {
        "the API server refuses the connection".to_owned()
    } else if low.contains("dns") || low.contains("lookup") || low.contains("name or service") {
        "the API server's name is not found (DNS)".to_owned()
    } else if low.contains("certificate") || low.contains("tls") && !low.contains("close_notify") {
        format!("no secure connection (TLS): {root}")
    } else if low.contains("timed out") || low.contains("deadline") {
        "no answer from the API server in time".to_owned()
    } else {
        format!("the connection failed: {root}")
    };
    Fault::new(FaultKind::Unreachable, shortened(&clean(&format!("cannot {doing}: {why}"))))
}

/// Whether the request cannot have reached the server: no connection was made, or there is none to make it with.
pub(super) fn never_sent(error: &kube::Error) -> bool {
    match error {
        kube::Error::Auth(_) => true,
        _ => {
            find::<AuthError>(error).is_some()
                || find::<hyper_util::client::legacy::Error>(error)
                    .is_some_and(hyper_util::client::legacy::Error::is_connect)
        }
    }
}

/// The innermost error's text, which is the one that says something.
fn root(error: &(dyn StdError + 'static)) -> String {
    let mut innermost = error;
    while let Some(next) = innermost.source() {
        innermost = next;
    }
    innermost.to_string()
}

fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

pub(super) fn timed_out(limit: Duration, doing: &str) -> Fault {
    Fault::new(FaultKind::Unreachable, format!("cannot {doing}: no answer within {} s", limit.as_secs()))
}

/// An answer that was to be JSON and is not.
pub(super) fn unreadable(error: &serde_json::Error, answer: &[u8], doing: &str) -> Fault {
    if is_page(answer) {
        return page("answers", doing);
    }
    // Only where, not what: serde quotes values.
    let place = format!("line {}, column {}", error.line(), error.column());
    Fault::new(FaultKind::Other, format!("cannot {doing}: the answer cannot be read ({place})"))
}

#[cfg(test)]
#[path = "fault_tests.rs"]
mod tests;
