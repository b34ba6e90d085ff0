//! `--format` and `--output`: which formats a run writes, and where each of them goes.
//!
//! In: the options as typed. Out: [`Sinks`], refused before any work is done when they cannot all be written. What the
//! formats say is a matter of [`crate::report`].

use super::{Failure, output};
use crate::analyze::Report;
use crate::report::{self, Invocation, human, sarif};
use clap::builder::{EnumValueParser, PossibleValue, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Arg, Command, ValueEnum};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Source with labels, the run, and the remedy
    Full,
    /// `file:line:col: severity: message [rule]`
    Concise,
    /// Every field of every finding
    Json,
    /// The same, one object per line
    Jsonl,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations in GitHub Actions
    Github,
    /// A Code Quality report for GitLab
    Gitlab,
    /// Diagnostics for reviewdog
    Rdjson,
    /// Checkstyle XML
    Checkstyle,
}

/// `FORMAT` or `FORMAT=FILE`, as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FormatArg {
    format: Format,
    file: Option<PathBuf>,
}

impl FormatArg {
    /// Whether the format has a place for repairs.
    pub(super) fn carries_fixes(&self) -> bool {
        matches!(
            self.format,
            Format::Json | Format::Jsonl | Format::Sarif | Format::Rdjson
        )
    }
}

/// Reads a [`FormatArg`].
#[derive(Clone)]
pub(super) struct FormatArgParser;

impl TypedValueParser for FormatArgParser {
    type Value = FormatArg;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<FormatArg, clap::Error> {
        let Some(text) = value.to_str() else {
            return Err(clap::Error::new(ErrorKind::InvalidUtf8).with_cmd(command));
        };
        let (name, file) = text
            .split_once('=')
            .map_or((text, None), |(name, file)| (name, Some(file)));
        let format = EnumValueParser::<Format>::new().parse_ref(command, arg, OsStr::new(name))?;
        Ok(FormatArg {
            format,
            file: file.filter(|file| *file != "-").map(PathBuf::from),
        })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let values: Vec<_> = Format::value_variants()
            .iter()
            .filter_map(ValueEnum::to_possible_value)
            .collect();
        Some(Box::new(values.into_iter()))
    }
}

/// What is written where; no file means stdout.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sinks(Vec<(Format, Option<PathBuf>)>);

/// What the formats need besides the report.
pub(super) struct Context {
    pub(super) color: super::args::Color,
    pub(super) invocation: Invocation,
    pub(super) sarif: sarif::Options,
}

impl Sinks {
    /// The formats of the command line with their files; `output` is the file of the one that names none.
    pub(super) fn new(formats: &[FormatArg], output: Option<&Path>) -> Result<Self, Failure> {
        let full = FormatArg {
            format: Format::Full,
            file: None,
        };
        let formats = if formats.is_empty() {
            std::slice::from_ref(&full)
        } else {
            formats
        };
        let bare = formats
            .iter()
            .filter(|format| format.file.is_none())
            .count();
        if bare > 1 {
            return Err(Failure(
                "only one format can go to stdout; give the others a file: `--format sarif=out.sarif`"
                    .to_owned(),
            ));
        }
        if output.is_some() && bare == 0 {
            return Err(Failure(
                "every --format has a file of its own, so nothing is left for --output".to_owned(),
            ));
        }
        let sinks = formats.iter().map(|arg| {
            let file = arg.file.as_deref().or(output);
            (arg.format, file.map(Path::to_owned))
        });
        let sinks = Self(sinks.collect());
        sinks.check()?;
        Ok(sinks)
    }

    fn check(&self) -> Result<(), Failure> {
        for (index, (_, file)) in self.0.iter().enumerate() {
            let Some(file) = file else { continue };
            output::check_target(file)?;
            if self.0[..index]
                .iter()
                .any(|(_, other)| other.as_ref() == Some(file))
            {
                return Err(Failure(format!(
                    "two formats are to be written to `{}`; give each a file of its own",
                    file.display()
                )));
            }
        }
        Ok(())
    }

    /// Writes every format, files first: a reader of stdout may have gone away.
    pub(super) fn write(&self, report: &Report, context: &Context) -> Result<(), Failure> {
        for (format, file) in &self.0 {
            if let Some(file) = file {
                output::to_file(file, &rendered(*format, report, context, true))?;
            }
        }
        for (format, file) in &self.0 {
            if file.is_none() {
                output::to_stdout(&rendered(*format, report, context, false))?;
            }
        }
        Ok(())
    }

    /// What the user should hear of limits that the readers of a format have.
    pub(super) fn notes(&self, report: &Report) -> Vec<String> {
        let sarif = self.0.iter().any(|(format, _)| *format == Format::Sarif);
        sarif
            .then(|| sarif::beyond_limits(report))
            .flatten()
            .into_iter()
            .collect()
    }
}

fn rendered(format: Format, report: &Report, context: &Context, to_file: bool) -> String {
    let invocation = &context.invocation;
    match format {
        Format::Full => {
            let color = output::colored(context.color, to_file);
            let links = color && output::links(to_file);
            human::render(report, &human::Style { color, links })
        }
        Format::Concise => report::concise::render(report),
        Format::Json => report::json::render(report, invocation),
        Format::Jsonl => report::jsonl::render(report, invocation),
        Format::Sarif => sarif::render(report, invocation, &context.sarif),
        Format::Github => report::github::render(report),
        Format::Gitlab => report::gitlab::render(report),
        Format::Rdjson => report::rdjson::render(report),
        Format::Checkstyle => report::checkstyle::render(report),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arg(text: &str) -> FormatArg {
        FormatArgParser
            .parse_ref(&Command::new("goleash"), None, OsStr::new(text))
            .expect("a format")
    }

    fn sinks(formats: &[&str], output: Option<&str>) -> Result<Vec<(Format, String)>, String> {
        let formats: Vec<_> = formats.iter().map(|text| arg(text)).collect();
        let shown = |file: Option<PathBuf>| {
            file.map_or_else(|| "-".to_owned(), |file| file.display().to_string())
        };
        Sinks::new(&formats, output.map(Path::new))
            .map(|sinks| {
                sinks
                    .0
                    .into_iter()
                    .map(|(f, file)| (f, shown(file)))
                    .collect()
            })
            .map_err(|Failure(message)| message)
    }

    #[test]
    fn each_format_goes_somewhere() {
        let to = |format, file: &str| (format, file.to_owned());
        assert_eq!(sinks(&[], None), Ok(vec![to(Format::Full, "-")]));
        assert_eq!(sinks(&[], Some("a")), Ok(vec![to(Format::Full, "a")]));
        assert_eq!(
            sinks(&["sarif=a=b.sarif", "github"], None),
            Ok(vec![
                to(Format::Sarif, "a=b.sarif"),
                to(Format::Github, "-")
            ])
        );
        assert_eq!(
            sinks(&["json=x", "full"], Some("y")),
            Ok(vec![to(Format::Json, "x"), to(Format::Full, "y")])
        );
        assert_eq!(sinks(&["json=-"], None), Ok(vec![to(Format::Json, "-")]));
    }

    #[test]
    fn what_cannot_all_be_written_is_refused() {
        for (formats, output, why) in [
            (&["json", "full"][..], None, "only one format"),
            (&["json=-", "full"], None, "only one format"),
            (&["json=x"], Some("y"), "nothing is left for --output"),
            (&["json=x", "full=x"], None, "two formats"),
            (&["json="], None, "no file name"),
            (&["json=nowhere/x"], None, "create it first"),
        ] {
            let error = sinks(formats, output).expect_err(why);
            assert!(error.contains(why), "{error}");
        }
    }
}
