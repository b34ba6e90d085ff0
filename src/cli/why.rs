//! `goleash check --why FILE:LINE`: what the engine decided about the operations on a line, and on what ground.

use super::args::Line;
use super::{Exit, Failure, output};
use crate::analyze::{Answer, Ground, Report, Verdict};
use crate::walk::slashed;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

/// Prints the answers of a report.
pub(super) fn tell(asked: &Line, report: &Report) -> Result<Exit, Failure> {
    if report.answers.is_empty() {
        let text = fs::read(&asked.file).unwrap_or_default();
        let lines = text.split_inclusive(|b| *b == b'\n').count();
        if !text.is_empty() && asked.line as usize > lines {
            let file = slashed(&asked.file);
            output::line(&format!("goleash: {file} ends with line {lines}"));
            return Ok(Exit::NoFiles);
        }
        output::line(&format!(
            "goleash: {}:{} has no operation that is followed: no send, receive, select, close, `Wait` or `go` statement, or \
             none that can be reached, and none on a lock or a condition",
            slashed(&asked.file),
            asked.line
        ));
        return Ok(Exit::NoFiles);
    }
    let text: Vec<String> = report.answers.iter().map(answer).collect();
    output::to_stdout(&text.join("\n")).map(|()| Exit::Clean)
}

fn answer(answer: &Answer) -> String {
    let (path, line) = &answer.at;
    let mut text = format!("{path}:{line}: {}\n", answer.operation);
    if !answer.followed {
        text += "  not followed: a lock that nobody is seen to keep while it waits or as it ends counts as free, so nobody is told \
                 to be stuck here\n";
        return text;
    }
    let silent = answer.verdicts.iter().all(|v| v.ground == Ground::Foreign);
    if silent {
        text += "  undecided: what it acts on is made by nobody in view who also uses it, or is handed to code that is not \
                 followed\n";
    }
    for verdict in answer
        .verdicts
        .iter()
        .filter(|v| v.ground != Ground::Foreign)
    {
        let Verdict { root, at, .. } = verdict;
        let _ = writeln!(
            text,
            "  from {root} ({}:{}): {}",
            at.0,
            at.1,
            ground(&verdict.ground)
        );
    }
    let foreign = answer
        .verdicts
        .iter()
        .filter(|v| v.ground == Ground::Foreign);
    match foreign.count() {
        0 => {}
        1 => text += "  1 other function leads here, with nothing of its own at stake\n",
        count => {
            let _ = writeln!(
                text,
                "  {count} other functions lead here, with nothing of their own at stake"
            );
        }
    }
    let mut given_up: BTreeMap<&str, u64> = BTreeMap::new();
    for (reason, count) in answer.verdicts.iter().flat_map(|v| &v.abstentions) {
        *given_up.entry(reason).or_default() += count;
    }
    if !given_up.is_empty() {
        let reasons = given_up
            .iter()
            .map(|(reason, count)| format!("{reason} ({count})"));
        let reasons: Vec<String> = reasons.collect();
        let _ = writeln!(text, "  given up on the way: {}", reasons.join(", "));
    }
    text
}

fn ground(ground: &Ground) -> String {
    match ground {
        Ground::Stuck(rules) if rules.is_empty() => {
            "a goroutine gets stuck here, in a way that no rule explains".to_owned()
        }
        Ground::Stuck(rules) => format!("a goroutine gets stuck here: {}", rules.join(", ")),
        Ground::Started(places, rules) => {
            let places: Vec<String> = places
                .iter()
                .map(|(path, line)| format!("{path}:{line}"))
                .collect();
            let rules = if rules.is_empty() {
                "in a way that no rule explains".to_owned()
            } else {
                rules.join(", ")
            };
            format!(
                "a goroutine that is started here gets stuck at {}: {rules}",
                places.join(" and ")
            )
        }
        Ground::GivenUp(states) => {
            format!(
                "undecided: the search was given up after {states} states, without anybody stuck here until then"
            )
        }
        Ground::Refuted(states) => {
            format!("nobody gets stuck here: all runs were followed, {states} states")
        }
        Ground::Callers => {
            "nobody gets stuck here: a caller would have to do what none in view does".to_owned()
        }
        Ground::Foreign => String::new(),
    }
}
