//! What `shipdeck print json` says, held against what the commands print: every name, every type, nothing missing.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use serde_json::{Value, json};

use crate::harness::shop::shop;
use crate::harness::{ControlPlane, Headless, Home, eventually, workloads};

/// A type as the documentation writes it.
#[derive(Clone, Debug)]
enum Shape {
    /// Name, whether it may be missing, type.
    Record(Vec<(String, bool, Shape)>),
    List(Box<Shape>),
    /// `text`, `number`, another shape, or one word of several.
    Word(Vec<String>),
}

struct Shapes(BTreeMap<String, Shape>);

impl Shapes {
    /// `NAME = TYPE`, over as many lines as its brackets are open.
    fn read(documentation: &str) -> Self {
        let mut shapes = BTreeMap::new();
        let mut rest = documentation;
        while let Some(at) = rest.find(" = ") {
            let name = rest[..at].rsplit('\n').next().unwrap().trim().to_owned();
            let tokens = tokens(&rest[at + 3..]);
            let mut left = tokens.as_slice();
            shapes.insert(name, shape(&mut left));
            rest = &rest[at + 3..];
        }
        Self(shapes)
    }

    /// What is wrong with a value, each with the path to it.
    fn wrong(&self, shape: &Shape, value: &Value, path: &str) -> Vec<String> {
        let no = |what: &str| vec![format!("{path} is {value} and no {what}")];
        match (shape, value) {
            (Shape::List(of), Value::Array(items)) => {
                let each = |(number, item)| self.wrong(of, item, &format!("{path}[{number}]"));
                items.iter().enumerate().flat_map(each).collect()
            }
            (Shape::List(_), _) => no("list"),
            (Shape::Record(fields), Value::Object(found)) => {
                let known = |name: &&String| fields.iter().any(|(known, ..)| known == *name);
                let strangers = found.keys().filter(|name| !known(name));
                let mut wrong: Vec<_> = strangers.map(|name| format!("{path}.{name} is not documented")).collect();
                for (name, optional, shape) in fields {
                    match found.get(name) {
                        Some(value) => wrong.extend(self.wrong(shape, value, &format!("{path}.{name}"))),
                        None if *optional => {}
                        None => wrong.push(format!("{path}.{name} is missing")),
                    }
                }
                wrong
            }
            (Shape::Record(_), _) => no("record"),
            (Shape::Word(words), _) => match (words.as_slice(), value) {
                ([one], _) if self.0.contains_key(one) => self.wrong(&self.0[one], value, path),
                ([one], Value::String(_)) if one == "text" => Vec::new(),
                ([one], Value::Number(_)) if one == "number" => Vec::new(),
                ([one], Value::Bool(_)) if one == "flag" => Vec::new(),
                ([one], Value::String(time)) if one == "time" && time.parse::<Timestamp>().is_ok() => Vec::new(),
                (several, Value::String(word)) if several.len() > 1 && several.contains(word) => Vec::new(),
                _ => no(&words.join("|")),
            },
        }
    }

    fn fits(&self, name: &str, value: &Value) {
        let wrong = self.wrong(&self.0[name], value, name);
        assert!(wrong.is_empty(), "{wrong:#?}\n{value:#}");
    }
}

fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut word = String::new();
    for c in text.chars() {
        let in_word = c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if in_word {
            word.push(c);
        } else {
            tokens.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            tokens.extend("{}[]:,?|".contains(c).then(|| c.to_string()));
        }
    }
    tokens.extend((!word.is_empty()).then_some(word));
    tokens
}

fn shape(tokens: &mut &[String]) -> Shape {
    let mut next = || {
        let (first, rest) = tokens.split_first().unwrap();
        *tokens = rest;
        first.clone()
    };
    match next().as_str() {
        "[" => {
            let of = shape(tokens);
            *tokens = &tokens[1..];
            Shape::List(Box::new(of))
        }
        "{" => {
            let mut fields = Vec::new();
            while tokens[0] != "}" {
                let name = tokens[0].clone();
                let optional = tokens[1] == "?";
                *tokens = &tokens[if optional { 3 } else { 2 }..];
                fields.push((name, optional, shape(tokens)));
                if tokens[0] == "," {
                    *tokens = &tokens[1..];
                }
            }
            *tokens = &tokens[1..];
            Shape::Record(fields)
        }
        word => {
            let mut words = vec![word.to_owned()];
            while tokens.first().is_some_and(|token| token == "|") {
                words.push(tokens[1].clone());
                *tokens = &tokens[2..];
            }
            Shape::Word(words)
        }
    }
}

fn documented() -> Shapes {
    let output = Home::new().shipdeck().args(["print", "json"]).output().unwrap();
    Shapes::read(&String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_name_or_a_type_that_is_not_as_documented_is_found() {
    let shapes = documented();
    let names: Vec<&str> = shapes.0.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "cause",
            "cleanup",
            "described",
            "history",
            "line",
            "lock",
            "locks",
            "note",
            "plan",
            "run",
            "runs",
            "state",
            "status",
            "step",
            "why"
        ]
    );
    let wrong = |value: Value| shapes.wrong(&shapes.0["line"], &value, "line");
    assert!(wrong(json!({ "version": 1, "pod": "a", "container": "b", "text": "c" })).is_empty());
    let found = wrong(json!({ "version": "1", "pod": "a", "container": "b", "time": "noon", "lines": [] }));
    let told = [
        "line.lines is not documented",
        "line.version is \"1\" and no number",
        "line.time is \"noon\" and no time",
        "line.text is missing",
    ];
    assert_eq!(found, told);
    let note = json!({ "version": 1, "environment": "e", "purpose": "look", "protected": 0, "waves": [[]],
        "skipped": [{ "subject": 1, "text": "" }], "warnings": {} });
    assert_eq!(shapes.wrong(&shapes.0["plan"], &note, "plan").len(), 4);
}

/// Staging and a protected production, both the same shop.
fn config(staging: &str, production: &str) -> String {
    let [one, other] = [("staging", staging, "[]", false), ("production", production, "[\"staging\"]", true)].map(
        |(name, namespace, after, protected)| {
            format!(
                "[[environment]]\nname = \"{name}\"\nnamespace = \"{namespace}\"\nafter = {after}\nprotected = {protected}\n"
            )
        },
    );
    let services = "[[service]]\nname = \"auth\"\n[[service]]\nname = \"cart\"\nneeds = [\"auth\"]\n";
    format!("{one}{other}{services}[[group]]\nname = \"shop\"\nservices = [\"auth\", \"cart\"]\n")
}

/// Placed by hand are a freeze and a lock; the third is what a roll back holds.
fn id_of_the_freeze(locks: &Value) -> &str {
    let all = locks["locks"].as_array().unwrap();
    let of = |kind: &str| all.iter().filter(|it| it["kind"] == kind).collect::<Vec<_>>();
    let found = ["freeze", "lock", "hold"].map(of);
    let [[freeze], [_lock], [hold]] = found.each_ref().map(Vec::as_slice) else { panic!("{locks}") };
    assert_eq!(hold["images"], json!(["shop/auth:crash"]), "{locks}");
    freeze["id"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_prints_what_is_documented_and_a_protected_environment_wants_its_name() {
    let Some(plane) = ControlPlane::shared() else { return };
    let (staging, production) = (plane.namespace("json-staging").await, plane.namespace("json-prod").await);
    shop(&staging).await;
    shop(&production).await;
    staging.create::<Job>(workloads::job("migrate", "shop/tool:fail")).await;
    let shapes = documented();
    let shipdeck = Headless::new(&plane.kubeconfig_path(), &config(&staging.name, &production.name));
    let says = async |shape: &str, code: i32, line: &str| -> Value {
        let answer = shipdeck.run(line).await;
        let value = serde_json::from_str(&answer.is(code, "").out).unwrap_or_else(|_| panic!("{answer:#?}"));
        shapes.fits(shape, &value);
        value
    };
    let status = says("status", 0, "status --json").await;
    assert_eq!(status["services"][0]["environments"][0]["state"], "ok");
    let plan = says("plan", 0, "plan --env staging auth=v2 cart=v1 --json").await;
    assert!(plan["skipped"].as_array().is_some_and(|skipped| skipped.len() == 1), "{plan}");
    says("plan", 0, "deploy --env staging auth=v2 --dry-run --json").await;
    says("run", 0, "deploy --env staging auth=v2 --yes --json").await;
    let runs = says("runs", 0, "runs --json").await;
    assert_eq!(runs["runs"][0]["services"][0]["state"], "succeeded", "{runs}");
    tokio::time::sleep(Duration::from_millis(1_100)).await;

    let refused = "promote --env production --json";
    shipdeck.run(&format!("{refused} --yes")).await.is(3, "--confirm production");
    shipdeck.run(&format!("{refused} --confirm staging")).await.is(2, "it is production that would change");
    shipdeck.run(refused).await.is(2, "Give --confirm production");
    let there: Deployment = production.get("auth").await.unwrap();
    assert_eq!(there.metadata.generation, Some(1), "so far nothing was changed");
    let run = says("run", 0, &format!("{refused} --confirm production")).await;
    assert_eq!(run["plan"]["purpose"], "promote");

    let run = says("run", 1, "deploy --env staging auth=crash --yes --json").await;
    assert!(run["steps"][0]["details"][0].is_string() && run["steps"][0]["reason"].is_string(), "{run}");
    // Between two crashes the container runs, and then there is nothing to tell for a moment.
    eventually("the reason is told", Duration::from_secs(30), async || {
        let status = says("status", 0, "status --json").await;
        status["services"][0]["environments"][0]["reason"].is_string().then_some(())
    })
    .await;
    shipdeck.run("rollback --env staging --group nobody").await.is(2, "Known are: shop");
    let run = says("run", 0, "rollback --env staging --group shop auth --confirm staging --json").await;
    assert_eq!(run["plan"]["purpose"], "rollback");
    shipdeck.run("rollback --env production --group shop --dry-run").await.is(3, "cart");

    let logs = shipdeck.run("logs --env staging auth --json").await;
    let lines: Vec<Value> = logs.is(0, "").out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!lines.is_empty());
    for line in &lines {
        shapes.fits("line", line);
    }
    eventually("the job has failed", Duration::from_secs(30), async || {
        staging.get::<Job>("migrate").await?.status?.conditions?.into_iter().find(|it| it.type_ == "Failed")
    })
    .await;
    let listed = says("cleanup", 0, "cleanup --env staging --older-than 1s --json").await;
    assert!(listed["leftovers"].as_array().is_some_and(|found| !found.is_empty()), "{listed}");
    let deleted = says("cleanup", 0, "cleanup --env staging --older-than 1s --yes --json").await;
    assert_eq!(deleted["leftovers"][0]["deleted"], true);
    says("lock", 0, "freeze --env staging auth --reason audit --until 2h --allow-hotfix --json").await;
    says("lock", 0, "lock --env production --reason audit --hard --json").await;
    let why = says("why", 0, "why --env staging auth --json").await;
    assert_eq!(why["causes"][0]["code"], "frozen", "{why}");
    shipdeck.run("deploy --env staging auth=v4 --yes --json").await.is(3, "audit");
    says("run", 0, "deploy --env staging auth=v4 --yes --hotfix --json").await;
    says("run", 0, "deploy --env staging auth=v5 --yes --override fire --json").await;
    let locks = says("locks", 0, "locks --json").await;
    let id = id_of_the_freeze(&locks);
    shipdeck.run(&format!("unlock {id}")).await.is(0, "released in staging");
    let history = says("history", 0, "history --json").await;
    let told = |kind: &str| history["entries"].as_array().unwrap().iter().filter(|it| it["kind"] == kind).count();
    assert_eq!(["lock", "override", "release", "cleanup", "unreadable"].map(told), [3, 1, 1, 1, 0], "{history}");
    assert_eq!(told("run"), 6, "{history}");
    let cleanup = history["entries"].as_array().unwrap().iter().find(|it| it["kind"] == "cleanup").unwrap();
    assert!(cleanup["removed"][0].as_str().unwrap().starts_with("job/migrate  "), "{cleanup}");
    shipdeck.run("history --env production").await.is(0, "lock on everything").is(0, "succeeded in ");
    shipdeck.run("history cart --since 1s --env staging").await.is(0, "nothing has happened yet");
    shipdeck.run("history nobody").await.is(2, "nobody");
    staging.delete().await;
    production.delete().await;
}
