//! A waiver as written beside the code: `twoam: ignore[family/name, other/rule] until 2027-01-31 reason`, and the same
//! without brackets as the value of an annotation. Uses `config::date` and `problem::nearest`.

use std::ops::Range;

use jiff::civil::Date;

use crate::config;
use crate::problem::nearest;
use crate::tree::Text;

/// What a waiver says, with byte ranges of the text it was read from.
#[derive(Debug, PartialEq)]
pub(super) struct Written {
    pub(super) rules: Vec<(Text, Range<usize>)>,
    pub(super) until: Option<(Date, Range<usize>)>,
    pub(super) reason: String,
}

/// What is wrong with one, where, and what to do.
#[derive(Debug, PartialEq)]
pub(super) struct Complaint {
    pub(super) range: Range<usize>,
    pub(super) message: String,
    pub(super) help: String,
}

/// How a comment is written that waives.
const FORM: &str = "write `twoam: ignore[family/name] until 2027-01-31 why it is accepted`; the date may be left out";

/// How the annotation is written.
const ANNOTATION_FORM: &str = "write `family/name until 2027-01-31 why it is accepted`; the date may be left out";

/// Reads a line of a comment; nothing when it does not speak to us.
pub(super) fn comment(line: &str) -> Option<Result<Written, Complaint>> {
    // What opens a comment, or goes on with it on a further line.
    let body = line.trim_start_matches(|letter: char| letter.is_whitespace() || "#/*<!-;".contains(letter));
    let said = body.strip_prefix("twoam:")?.trim_start();
    let verb_end = said.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(said.len());
    let (verb, after) = said.split_at(verb_end);
    let start = line.len() - said.len();
    let wrong = |range: Range<usize>, message: &str| {
        Some(Err(Complaint { range, message: message.to_owned(), help: FORM.to_owned() }))
    };
    if verb != "ignore" {
        // Other words after our name are prose, unless they are meant for us.
        let meant = after.starts_with('[') || nearest(verb, ["ignore"]).is_some();
        let message = format!("`{verb}` is nothing that a comment can ask of twoam");
        return if meant { wrong(start..start + verb.len(), &message) } else { None };
    }
    let Some(listed) = after.trim_start().strip_prefix('[') else {
        return wrong(start..start + verb.len(), "a waiver names its rules in brackets");
    };
    let at = line.len() - listed.len();
    let Some(close) = listed.find(']') else {
        return wrong(at - 1..line.trim_end().len(), "the bracket is not closed");
    };
    let (list, rest) = listed.split_at(close);
    let rules = rules(list, at);
    if rules.is_empty() {
        return wrong(at - 1..at + close + 1, "a waiver names the rules it waives");
    }
    let rest = rest.get(1..).unwrap_or_default().trim_end();
    let rest = rest.strip_suffix("-->").or_else(|| rest.strip_suffix("*/")).unwrap_or(rest);
    Some(tail(rules, rest, at + close + 1, FORM))
}

/// Reads a line of the annotation's value.
pub(super) fn annotation(line: &str) -> Result<Written, Complaint> {
    // The list ends with the first word that a comma does not follow.
    let mut end = 0;
    for piece in line.split_inclusive(',') {
        let word = piece.trim_start().split([' ', '\t', ':']).next().unwrap_or_default();
        end += piece.len() - piece.trim_start().len() + word.len();
        if !word.ends_with(',') {
            break;
        }
    }
    let (list, rest) = line.split_at(end.min(line.len()));
    let rules = rules(list, 0);
    if rules.is_empty() || rules.iter().any(|(rule, _)| !rule.contains('/')) {
        let message = "the annotation begins with the rules it waives".to_owned();
        return Err(Complaint { range: 0..line.len(), message, help: ANNOTATION_FORM.to_owned() });
    }
    tail(rules, rest, end, ANNOTATION_FORM)
}

fn rules(list: &str, at: usize) -> Vec<(Text, Range<usize>)> {
    let mut rules = Vec::new();
    let mut start = at;
    for piece in list.split(',') {
        let rule = piece.trim();
        if !rule.is_empty() {
            let from = start + piece.len() - piece.trim_start().len();
            rules.push((rule.into(), from..from + rule.len()));
        }
        start += piece.len() + 1;
    }
    rules
}

/// What follows the rules: a date, perhaps, and the reason.
fn tail(rules: Vec<(Text, Range<usize>)>, rest: &str, at: usize, form: &str) -> Result<Written, Complaint> {
    let separators = |letter: char| letter.is_whitespace() || ":,;-–—".contains(letter);
    let mut reason = rest.trim_start_matches(separators);
    let mut until = None;
    if let Some(dated) = reason.strip_prefix("until").filter(|dated| dated.starts_with(char::is_whitespace)) {
        let dated = dated.trim_start();
        let word = dated.split_whitespace().next().unwrap_or_default();
        let written = word.trim_end_matches([':', ',', ';', '.']);
        let from = at + rest.len() - dated.len();
        let range = from..from + written.len();
        let Some(date) = config::date(written) else {
            let message = format!("`{written}` is not a date");
            return Err(Complaint { range, message, help: "write year, month and day: 2027-01-31".to_owned() });
        };
        until = Some((date, range));
        reason = dated.get(word.len()..).unwrap_or_default().trim_start_matches(separators);
    }
    let reason = reason.trim();
    if reason.is_empty() {
        let from = rules.first().map_or(at, |(_, range)| range.start);
        let to = rules.last().map_or(at, |(_, range)| range.end);
        let message = "a waiver needs a reason".to_owned();
        return Err(Complaint { range: from..to, message, help: form.to_owned() });
    }
    Ok(Written { rules, until, reason: reason.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rules, date and reason.
    fn said(read: Result<Written, Complaint>) -> (String, Option<String>, String) {
        let read = read.unwrap();
        let rules: Vec<&str> = read.rules.iter().map(|(rule, _)| rule.as_str()).collect();
        (rules.join(" "), read.until.map(|(date, _)| date.to_string()), read.reason)
    }

    #[test]
    fn comments_of_every_syntax_are_read() {
        for line in [
            "# twoam: ignore[a/b, c/d] until 2027-01-31 one reason",
            "//twoam:ignore[a/b,c/d] until 2027-01-31: one reason",
            "/* twoam: ignore [ a/b , c/d ] until 2027-01-31 - one reason */",
            "<!-- twoam: ignore[a/b, c/d] until 2027-01-31, one reason -->",
            "   * twoam: ignore[a/b, c/d] until 2027-01-31 \u{2014} one reason",
        ] {
            let expected = ("a/b c/d".to_owned(), Some("2027-01-31".to_owned()), "one reason".to_owned());
            assert_eq!(said(comment(line).unwrap()), expected, "{line}");
        }
        let undated = said(comment("# twoam: ignore[a/b] it waits").unwrap());
        assert_eq!(undated, ("a/b".to_owned(), None, "it waits".to_owned()));
    }

    #[test]
    fn prose_is_none_of_our_business() {
        for line in ["# twoam is a tool", "# see twoam: ignore[a/b] x", "# twoam: the audit", "# twoam:"] {
            assert_eq!(comment(line), None, "{line}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_at_its_place() {
        for (line, under, message) in [
            ("# twoam: ignore[a/b]", "a/b", "a waiver needs a reason"),
            ("# twoam: ignore[a/b] until 2027-01-31", "a/b", "a waiver needs a reason"),
            ("# twoam: ignore[a/b] until 2027-02-30 x", "2027-02-30", "`2027-02-30` is not a date"),
            ("# twoam: ignore[a/b] until we know", "we", "`we` is not a date"),
            ("# twoam: ignore[] x", "[]", "a waiver names the rules it waives"),
            ("# twoam: ignore[a/b x", "[a/b x", "the bracket is not closed"),
            ("# twoam: ignore all", "ignore", "a waiver names its rules in brackets"),
            ("# twoam: ingore[a/b] x", "ingore", "`ingore` is nothing that a comment can ask of twoam"),
            ("<!-- twoam: ignore[a/b] -->", "a/b", "a waiver needs a reason"),
        ] {
            let complaint = comment(line).unwrap().unwrap_err();
            assert_eq!((&line[complaint.range], complaint.message.as_str()), (under, message), "{line}");
        }
    }

    #[test]
    fn annotations_are_read() {
        let reason = "one reason".to_owned();
        assert_eq!(said(annotation("a/b: one reason")), ("a/b".to_owned(), None, reason.clone()));
        assert_eq!(
            said(annotation("a/b, c/d until 2027-01-31 one reason")),
            ("a/b c/d".to_owned(), Some("2027-01-31".to_owned()), reason.clone())
        );
        assert_eq!(said(annotation("a/b,c/d one reason")), ("a/b c/d".to_owned(), None, reason));
        assert_eq!(said(annotation("a/b well, it waits")), ("a/b".to_owned(), None, "well, it waits".to_owned()));
        assert_eq!(annotation("a/b").unwrap_err().message, "a waiver needs a reason");
        assert_eq!(annotation("because").unwrap_err().message, "the annotation begins with the rules it waives");
        assert!(annotation("").is_err());
    }
}
