//! What is told of files that are wrong, and what of good ones is read.

use super::*;

fn problems(text: &str) -> Vec<String> {
    parse("config.toml", text).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn every_problem_is_told_at_once_with_its_place_and_what_to_write() {
    let text = "
[[environment]]
name = \"staging\"
namespce = \"shop\"

[[service]]
name = \"cart\"
image = \"r/cart:v1\"
needs = [\"auht\"]

[[service]]
name = \"auth\"
workload = \"pod/auth\"

[[service]]
name = \"auth\"
needs = true

[keys]
deplyo = \"d\"
promote = \"hyper-x\"
";
    let found = problems(text);
    let has =
        |place: &str, words: &str| found.iter().any(|problem| problem.starts_with(place) && problem.contains(words));
    assert!(has("config.toml:4:1", "did you mean namespace?"), "{found:#?}");
    assert!(has("config.toml:2:1", "needs its namespace"), "{found:#?}");
    assert!(has("config.toml:8:9", "image = \"r/cart\""), "{found:#?}");
    assert!(has("config.toml:9:10", "did you mean auth?"), "{found:#?}");
    assert!(has("config.toml:13:12", "deployment/NAME"), "{found:#?}");
    assert!(has("config.toml:16:8", "used twice"), "{found:#?}");
    assert!(has("config.toml:17:9", "list of names"), "{found:#?}");
    assert!(has("config.toml:20:1", "did you mean deploy?"), "{found:#?}");
    assert!(has("config.toml:21:11", "ctrl-d"), "{found:#?}");
}

#[test]
fn what_is_missing_in_an_environment_hides_nothing_of_what_else_is_wrong_with_it_or_with_others() {
    let found = problems(
        "[[environment]]\nname=\"a\"\nafter=[\"c\"]\n[[environment]]\nname=\"b\"\nnamespace=\"b\"\nafter=[\"a\"]\n\
             [[environment]]\nnamespace=\"d\"\nafter=[\"e\"]\n",
    );
    let wanted = [
        "1:1: an environment needs",
        "3:8: there is no environment c",
        "8:1: a name",
        "10:8: there is no environment e",
    ];
    assert_eq!(found.len(), wanted.len(), "what a names is there, though it is not whole: {found:#?}");
    assert!(found.iter().zip(wanted).all(|(found, wanted)| found.contains(wanted)), "{found:#?}");
}

#[test]
fn keys_that_are_no_texts_are_told_and_never_dropped() {
    assert!(problems("[keys]\ndeploy = [1, true]\n")[0].contains("keys are texts"));
}

#[test]
fn cycles_are_told_with_their_path() {
    let found = problems("[[service]]\nname=\"a\"\nneeds=[\"b\"]\n[[service]]\nname=\"b\"\nneeds=[\"a\"]\n");
    assert!(found[0].contains("a → b → a"), "{found:?}");
}

#[test]
fn two_names_for_one_workload_or_one_namespace_are_told() {
    let found = problems(
        "[[environment]]\nname=\"a\"\nnamespace=\"shop\"\n[[environment]]\nname=\"b\"\nnamespace=\"shop\"\n\
             [[service]]\nname=\"web\"\n[[service]]\nname=\"front\"\nworkload=\"deployment/web\"\n",
    );
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("6:11: b and a are the same namespace shop"), "{found:?}");
    assert!(found[1].contains("11:10: front and web are both deployment/web"), "{found:?}");
}

#[test]
fn a_file_that_is_no_toml_says_where() {
    assert!(problems("[[service]\n")[0].starts_with("config.toml:1:"));
}

#[test]
fn control_characters_of_a_file_never_come_back() {
    assert!(!problems("\"a\\u001b[31mb\" = 1\n").iter().any(|problem| problem.contains('\x1b')));
    let found = problems("[[service]]\nname = \"a\"\nworkload = \"deployment/a\\u001b[2J\"\n");
    assert!(found[0].contains("control characters"), "{found:?}");
}
