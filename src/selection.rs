//! Which rules speak and how loud.
//!
//! In: the rules' pages, and words of the command line or a configuration. Out: a [`Selection`], which the analysis asks.
//! Deliberately absent: where the words come from.

use crate::finding::Severity;
use crate::nearest::nearest;
use crate::rule::Rule;
use crate::rules::{RULES, by_name};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

/// In lists of rules: every rule.
pub const ALL: &str = "all";
/// In lists of rules: those that are on when nobody says anything.
pub const DEFAULT: &str = "default";

/// For every rule whether it is on, and the level somebody wants its findings to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    settings: BTreeMap<&'static str, Setting>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Setting {
    on: bool,
    level: Option<Severity>,
}

/// A name that no rule has or had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownRule {
    /// As written.
    pub name: String,
    /// The rule that was probably meant.
    pub near: Option<&'static str>,
}

impl fmt::Display for UnknownRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no rule `{}`", self.name)?;
        match self.near {
            Some(near) => write!(f, "; did you mean `{near}`?"),
            None => f.write_str("; `goleash list-rules` lists them all"),
        }
    }
}

impl Default for Selection {
    fn default() -> Self {
        // Pages are read for this, and an editor asks at every key.
        static ON: LazyLock<Selection> =
            LazyLock::new(|| Selection::with(|rule| rule.metadata().on));
        ON.clone()
    }
}

impl Selection {
    /// With every rule on.
    pub fn all() -> Self {
        Self::with(|_| true)
    }

    fn with(on: impl Fn(&Rule) -> bool) -> Self {
        let setting = |rule: &Rule| Setting {
            on: on(rule),
            level: None,
        };
        Self {
            settings: RULES.iter().map(|rule| (rule.id, setting(rule))).collect(),
        }
    }

    /// Whether the rule with this id is on.
    pub fn is_on(&self, id: &str) -> bool {
        self.settings.get(id).is_some_and(|setting| setting.on)
    }

    /// The level the findings of a rule were told to have, whatever its page says and however sure they are.
    pub fn level(&self, id: &str) -> Option<Severity> {
        self.settings.get(id).and_then(|setting| setting.level)
    }

    /// Turns a rule on or off.
    pub fn turn(&mut self, id: &str, on: bool) {
        if let Some(setting) = self.settings.get_mut(id) {
            setting.on = on;
        }
    }

    /// Turns a rule on and gives its findings a level.
    pub fn set_level(&mut self, id: &str, level: Severity) {
        if let Some(setting) = self.settings.get_mut(id) {
            setting.on = true;
            setting.level = Some(level);
        }
    }

    /// Turns off what is off in `others`.
    pub fn restrict(&mut self, others: &Self) {
        for (id, setting) in &mut self.settings {
            setting.on &= others.is_on(id);
        }
    }

    /// Leaves on only the rules that `names` lists: ids, former ids, [`ALL`], [`DEFAULT`].
    pub fn select<S: AsRef<str>>(&mut self, names: &[S]) -> Result<(), UnknownRule> {
        let wanted = listed(names)?;
        for (id, setting) in &mut self.settings {
            setting.on = wanted.contains(id);
        }
        Ok(())
    }

    /// Turns off the rules that `names` lists, in the words of [`Selection::select`].
    pub fn ignore<S: AsRef<str>>(&mut self, names: &[S]) -> Result<(), UnknownRule> {
        for id in listed(names)? {
            self.turn(id, false);
        }
        Ok(())
    }
}

/// The rule with a name, or with a former name.
pub fn find(name: &str) -> Result<&'static Rule, UnknownRule> {
    by_name(name).ok_or_else(|| UnknownRule {
        name: name.to_owned(),
        near: nearest(name, RULES.iter().map(|rule| rule.id)),
    })
}

/// The ids of the rules that `names` lists.
fn listed<S: AsRef<str>>(names: &[S]) -> Result<Vec<&'static str>, UnknownRule> {
    let mut ids = Vec::new();
    for name in names {
        match name.as_ref().trim() {
            ALL => ids.extend(RULES.iter().map(|rule| rule.id)),
            DEFAULT => ids.extend(RULES.iter().filter(|r| r.metadata().on).map(|rule| rule.id)),
            name => ids.push(find(name)?.id),
        }
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_choose_and_unknown_names_are_guessed() {
        let mut rules = Selection::default();
        assert!(rules.is_on("early-return") && !rules.is_on("no-such-rule"));
        rules.select(&["ncast", " early-return"]).expect("known");
        rules.ignore(&["ncast"]).expect("known");
        let on: Vec<_> = RULES.iter().filter(|r| rules.is_on(r.id)).collect();
        assert_eq!(on.len(), 1);
        rules.select(&[ALL]).expect("known");
        assert_eq!(rules, Selection::all());
        rules.select(&[DEFAULT]).expect("known");
        assert_eq!(rules, Selection::default());
        let error = rules.ignore(&["erly-return"]).expect_err("unknown");
        assert_eq!(
            error.to_string(),
            "there is no rule `erly-return`; did you mean `early-return`?"
        );
        assert_eq!(rules, Selection::default(), "an error changes nothing");
    }

    #[test]
    fn a_level_is_for_a_rule_that_is_on() {
        let mut rules = Selection::default();
        rules.turn("ncast", false);
        rules.set_level("ncast", Severity::Note);
        assert!(rules.is_on("ncast"));
        assert_eq!(rules.level("ncast"), Some(Severity::Note));
        assert_eq!(rules.level("early-return"), None);
    }

    #[test]
    fn former_names_lead_to_the_rule() {
        for rule in RULES {
            for name in rule.metadata().also_known_as {
                assert_eq!(find(&name).map(|found| found.id), Ok(rule.id), "{name}");
            }
        }
    }
}
