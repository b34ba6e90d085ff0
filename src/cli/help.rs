//! Help that teaches: what to try first, which options belong together, what the exit codes mean.

use clap::Arg;

pub(super) const ABOUT: &str = "Finds goroutine leaks in Go source before they ship";

pub(super) const LONG_ABOUT: &str = "\
Finds goroutine leaks in Go source before they ship.

A goroutine leaks when it waits at a channel (or lock, or WaitGroup) for somebody who will never come. goleash reads \
the source, needs no Go toolchain and builds nothing, and shows for every finding the run that strands the goroutine.";

pub(super) const EXAMPLES: &str = "\
Examples:
  goleash                            everything below the current folder
  goleash ./server                   the package in one folder
  goleash ./server/...               that folder and everything below
  goleash server/pool.go             only findings that touch this file
  goleash -f concise                 one line per finding, for editors and grep
  goleash -f full -f sarif=out.sarif several formats, all but one into files

What to do with a finding:
  goleash explain early-return       what the rule means and how to fix its findings
  goleash --diff                     what goleash would repair; --fix repairs it
  //goleash:ignore early-return why  a comment at the place, or above its function, suppresses it
  goleash --ignore early-return      without the rule
  goleash --min-confidence high      only what rests on nothing but the code in view
  goleash baseline create            accept what is there, so that only new findings count
  goleash --new-from-merge-base main only what this branch brings
  goleash init                       write a configuration: rules, paths, wrappers of your own

When something is missing:
  goleash -v                         folder by folder what was looked at, and where nothing is reported
  goleash --stats                    what was given up, and why
  goleash --timing                   where the time went

Elsewhere: pre-commit, GitHub, GitLab, go vet: https://github.com/goleash/goleash/blob/main/docs/integrations.md

Exit codes, the same for every format:
  0  nothing found
  1  findings
  2  wrong usage, or something could not be read, or a defect of goleash
  3  the patterns matched no Go file

Environment: NO_COLOR, CLICOLOR_FORCE and FORCE_HYPERLINK, as other programs know them.";

pub(super) const BASELINE: &str = "\
Examples:
  goleash baseline create                  accept what is found now, in goleash-baseline.json
  goleash --baseline goleash-baseline.json report only what is not accepted
  goleash baseline prune                   forget what has been mended since
  goleash baseline update                  accept what is found now, and forget what is gone";

pub(super) const COMPLETIONS: &str = "\
Examples:
  bash        goleash completions bash >~/.local/share/bash-completion/completions/goleash
  zsh         goleash completions zsh >~/.zfunc/_goleash      (with ~/.zfunc in fpath)
  fish        goleash completions fish >~/.config/fish/completions/goleash.fish
  PowerShell  goleash completions powershell >>$PROFILE";

/// Headings, and the options that stand below each.
const GROUPS: &[(&str, &[&str])] = &[
    (
        "What is looked at",
        &[
            "tests",
            "no_tests",
            "generated",
            "no_generated",
            "tags",
            "goos",
            "goarch",
            "this_module",
            "stdin_filename",
            "allow_no_files",
        ],
    ),
    (
        "What is reported",
        &[
            "select",
            "ignore",
            "min_confidence",
            "fail_on",
            "show_suppressed",
            "baseline",
            "no_baseline",
            "new_from_rev",
            "new_from_merge_base",
            "new_from_patch",
            "config",
            "isolated",
        ],
    ),
    (
        "How it is written",
        &[
            "format", "output", "category", "color", "stats", "timing", "verbose", "quiet",
        ],
    ),
    (
        "What is repaired",
        &["fix", "unsafe_fixes", "diff", "allow_dirty"],
    ),
];

/// Puts an option below its heading. New ones that are in no group stand below `Options`.
pub(super) fn grouped(arg: Arg) -> Arg {
    let id = arg.get_id().as_str();
    let group = GROUPS.iter().find(|(_, options)| options.contains(&id));
    match group {
        Some((heading, _)) => arg.help_heading(*heading),
        None => arg,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Cli;
    use clap::CommandFactory;

    #[test]
    fn every_group_names_options_that_exist() {
        let command = Cli::command();
        for (heading, options) in GROUPS {
            for option in *options {
                let found = command.get_arguments().find(|arg| arg.get_id() == *option);
                let found = found.unwrap_or_else(|| panic!("no option `{option}`"));
                assert_eq!(found.get_help_heading(), Some(*heading));
            }
        }
    }
}
