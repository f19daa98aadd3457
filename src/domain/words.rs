//! Numbers in sentences: what is said of one thing and what of several, made in one place so that no screen says that two
//! services is frozen.

/// A sentence within another: `Ask an administrator.` is `ask an administrator`.
pub fn clause(sentence: &str) -> String {
    begun(sentence.trim_end_matches('.'), char::to_lowercase)
}

/// As a sentence begins.
pub fn capital(text: &str) -> String {
    begun(text, char::to_uppercase)
}

fn begun<I: Iterator<Item = char>>(text: &str, first: impl Fn(char) -> I) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |c| first(c).chain(rest).collect())
}

/// `1 pod`, `2 pods`; `1 entry`, `2 entries`.
pub fn count(number: usize, one: &str) -> String {
    match one.strip_suffix('y') {
        _ if number == 1 => format!("1 {one}"),
        Some(stem) => format!("{number} {stem}ies"),
        None => format!("{number} {one}s"),
    }
}

/// `once`, `twice`, `3 times`.
pub fn times(number: u32) -> String {
    match number {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        many => format!("{many} times"),
    }
}

/// `1st`, `2nd`, `11th`.
pub fn ordinal(number: usize) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// `is` of one, `are` of several and of none.
pub fn are(number: usize) -> &'static str {
    if number == 1 { "is" } else { "are" }
}

/// `it` or `them`.
pub fn them(number: usize) -> &'static str {
    if number == 1 { "it" } else { "them" }
}

/// A verb, given as it goes with several: `keep` of those, `keeps` of one.
pub fn verb(number: usize, verb: &str) -> String {
    if number == 1 { format!("{verb}s") } else { verb.to_owned() }
}

/// What is said of one thing after its name, said of so many: `was lost` becomes `were lost`.
pub fn said_of(number: usize, text: &str) -> String {
    let plural = [("is ", "are "), ("was ", "were "), ("has ", "have ")];
    let rest = |(one, several): &(&str, &str)| Some(format!("{several}{}", text.strip_prefix(one)?));
    plural.iter().filter(|_| number != 1).find_map(rest).unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_one_and_several_are_several() {
        let said = |number| format!("{} {} there, {} it", count(number, "pod"), are(number), verb(number, "keep"));
        assert_eq!(said(1), "1 pod is there, keeps it");
        assert_eq!(said(2), "2 pods are there, keep it");
        assert_eq!(said(0), "0 pods are there, keep it");
        assert_eq!([count(1, "entry"), count(3, "entry")], ["1 entry", "3 entries"]);
        assert_eq!([1, 2, 3].map(times), ["once", "twice", "3 times"]);
        assert_eq!([them(1), them(2)], ["it", "them"]);
    }

    #[test]
    fn what_is_said_of_one_is_said_of_several() {
        assert_eq!(said_of(1, "is kept by Helm"), "is kept by Helm");
        assert_eq!(said_of(2, "is kept by Helm"), "are kept by Helm");
        assert_eq!(said_of(2, "was applied from a file"), "were applied from a file");
        assert_eq!(said_of(2, "island"), "island");
    }

    #[test]
    fn places_are_said_as_people_say_them() {
        let said: Vec<_> = [1, 2, 3, 4, 11, 12, 13, 21, 102, 111].map(ordinal).into();
        assert_eq!(said, ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "111th"]);
    }
}
