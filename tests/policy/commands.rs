//! What a command leaves behind when its process ends is no leak worth a default finding.

use crate::binary::{goleash, tree};

/// A helper that leaves its goroutine behind when the deadline comes first, in line 6.
const ASK: &str = "package tool

func ask(question func() int, late <-chan struct{}) int {
\tanswer := make(chan int)
\tgo func() {
\t\tanswer <- question()
\t}()
\tselect {
\tcase n := <-answer:
\t\treturn n
\tcase <-late:
\t\treturn 0
\t}
}
";

/// What a file that imports a library for command lines comes to beside [`ASK`], if it asks, as `file:line`.
fn found(commands: &str, line: &str) -> Vec<String> {
    let head = "package tool\n\nimport \"github.com/spf13/cobra\"\n\n";
    let commands = format!("{head}{commands}");
    let ask = if commands.contains("ask(") {
        ASK
    } else {
        "package tool\n"
    };
    let folder = tree(&[
        ("go.mod", b"module m\n\ngo 1.27\n"),
        ("ask.go", ask.as_bytes()),
        ("commands.go", commands.as_bytes()),
    ]);
    let run = goleash(&folder, &format!("-f concise {line}"));
    let place = |line: &str| line.split(':').take(2).collect::<Vec<_>>().join(":");
    run.stdout.lines().map(place).collect()
}

#[test]
fn what_only_a_command_calls_is_told_at_low_confidence() {
    let once = "func Ask(late chan struct{}) *cobra.Command {
\treturn &cobra.Command{Use: \"ask\", RunE: func(cmd *cobra.Command, args []string) error {
\t\treturn say(ask(func() int { return len(args) }, late))
\t}}
}

func say(int) error { return nil }
";
    assert_eq!(found(once, ""), [""; 0]);
    assert_eq!(found(once, "--min-confidence low"), ["ask.go:6"]);
}

#[test]
fn a_command_itself_is_told_of_at_low_confidence() {
    let command = "func run(cmd *cobra.Command, args []string) error {
\tfailed := make(chan error)
\tgo func() { failed <- cmd.Execute() }()
\tselect {
\tcase err := <-failed:
\t\treturn err
\tcase <-cmd.Context().Done():
\t\treturn nil
\t}
}
";
    assert_eq!(found(command, ""), [""; 0]);
    let line = "commands.go:7";
    assert_eq!(found(command, "--min-confidence low"), [line]);
    // The same code in a function that no command line runs.
    let function = command.replace("cmd *cobra.Command, args", "cmd runner, args");
    let runner = "\ntype runner interface {\n\tExecute() error\n\tContext() interface{ Done() <-chan struct{} }\n}\n";
    assert_eq!(found(&format!("{function}{runner}"), ""), [line]);
}

#[test]
fn what_a_command_does_in_a_loop_or_others_do_as_well_is_a_leak() {
    let in_loop = "func run(cmd *cobra.Command, args []string) {
\tfor {
\t\task(func() int { return len(args) }, cmd.Context().Done())
\t}
}
";
    let others = "func run(cmd *cobra.Command, late chan struct{}) {
\task(func() int { return 0 }, late)
}

func Serve(late chan struct{}) { ask(func() int { return 1 }, late) }
";
    for commands in [in_loop, others] {
        assert_eq!(found(commands, ""), ["ask.go:6"], "{commands}");
    }
}

#[test]
fn a_command_that_hangs_is_a_leak() {
    let hangs = "func run(cmd *cobra.Command, args []string) {
\tdone := make(chan int)
\tgo func() {
\t\tif len(args) > 0 {
\t\t\tdone <- 1
\t\t}
\t}()
\t<-done
}
";
    assert_eq!(found(hangs, ""), ["commands.go:12"]);
}

#[test]
fn what_tests_call_a_command_for_makes_it_no_function_of_others() {
    let command = "func run(cmd *cobra.Command, late chan struct{}) {
\task(func() int { return 0 }, late)
}
";
    let test = "package tool\n\nimport \"testing\"\n\nfunc TestAsk(t *testing.T) {\n\task(func() int { return 1 }, t.Context().Done())\n}\n";
    let head = "package tool\n\nimport \"github.com/spf13/cobra\"\n\n";
    let folder = tree(&[
        ("go.mod", b"module m\n\ngo 1.27\n"),
        ("ask.go", ASK.as_bytes()),
        ("ask_test.go", test.as_bytes()),
        ("commands.go", format!("{head}{command}").as_bytes()),
    ]);
    assert_eq!(goleash(&folder, "-f concise").stdout, "");
    let low = goleash(&folder, "-f concise --min-confidence low").stdout;
    assert!(low.starts_with("ask.go:6:"), "{low}");
}

#[test]
fn what_a_command_cleans_up_as_it_ends_is_part_of_its_end() {
    let command = "func run(cmd *cobra.Command, args []string) error {
\tfailed := make(chan error)
\tdefer cleanUp(cmd)
\tgo func() { failed <- cmd.Execute() }()
\tselect {
\tcase err := <-failed:
\t\treturn err
\tcase <-cmd.Context().Done():
\t\treturn nil
\t}
}

func cleanUp(cmd *cobra.Command) {
\tdone := make(chan struct{})
\tgo func() { defer close(done); cmd.Help() }()
\t<-done
}
";
    assert_eq!(found(command, ""), [""; 0]);
    assert_eq!(found(command, "--min-confidence low"), ["commands.go:8"]);
}
