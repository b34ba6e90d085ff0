//! Flags as Go's own tools write them: one dash, `-name=value` or `-name value`, switches as `-name` or `-name=false`.

use serde::Serialize;

/// An option of goleash that can be given to `go vet`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Flag {
    /// Its name without dashes, the same as that of the option.
    pub name: String,
    /// Whether it is a switch.
    pub bool: bool,
    /// What it does, on one line.
    pub usage: String,
}

/// The answer to `-flags`. The go command itself knows `-json`, and passes on only what is listed.
pub fn describe(flags: &[Flag]) -> String {
    let json = Flag {
        name: "json".to_owned(),
        bool: true,
        usage: "write findings as JSON".to_owned(),
    };
    let all: Vec<&Flag> = std::iter::once(&json).chain(flags).collect();
    let mut text = serde_json::to_string_pretty(&all).unwrap_or_else(|_| "[]".to_owned());
    text.push('\n');
    text
}

/// What flags say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether the answer is to be JSON.
    pub json: bool,
    /// The others, written as the options of `goleash check`.
    pub words: Vec<String>,
}

/// Reads `words`, all of which have to be flags. An error says what is wrong.
pub fn parse(words: &[String], flags: &[Flag]) -> Result<Options, String> {
    let mut options = Options::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let text = word.strip_prefix('-').ok_or_else(|| {
            format!("`{word}` is no flag; goleash gets its packages from `go vet`")
        })?;
        let text = text.strip_prefix('-').unwrap_or(text);
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        if name == "json" {
            options.json = switched_on(word, value)?;
            continue;
        }
        let flag = flags
            .iter()
            .find(|flag| flag.name == name)
            .ok_or_else(|| unknown(name))?;
        if flag.bool {
            options
                .words
                .retain(|earlier| *earlier != format!("--{name}"));
            if switched_on(word, value)? {
                options.words.push(format!("--{name}"));
            }
            continue;
        }
        let value = value
            .or_else(|| words.next().map(String::as_str))
            .ok_or_else(|| format!("`-{name}` needs a value"))?;
        options.words.push(format!("--{name}={value}"));
    }
    Ok(options)
}

fn unknown(name: &str) -> String {
    match name {
        "fix" | "diff" => format!(
            "`-{name}` does not work through `go vet`; `goleash --fix` makes repairs, `goleash --diff` shows them"
        ),
        _ => format!("there is no flag `-{name}`; `goleash -flags` lists them"),
    }
}

/// The values that Go's `flag` package takes for a switch.
fn switched_on(word: &str, value: Option<&str>) -> Result<bool, String> {
    match value {
        None | Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true),
        Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(false),
        Some(_) => Err(format!("`{word}`: the value is `true` or `false`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags() -> Vec<Flag> {
        [("generated", true), ("min-confidence", false)]
            .map(|(name, bool)| Flag {
                name: name.to_owned(),
                bool,
                usage: "does things".to_owned(),
            })
            .to_vec()
    }

    fn read(line: &str) -> Result<Options, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(&words, &flags())
    }

    #[test]
    fn flags_come_in_the_spellings_of_go() {
        let words = |line: &str| read(line).expect(line).words.join(" ");
        assert_eq!(words("-min-confidence=low"), "--min-confidence=low");
        assert_eq!(words("--min-confidence low"), "--min-confidence=low");
        assert_eq!(words("-generated"), "--generated");
        assert_eq!(words("-generated=true -generated=0"), "");
        assert_eq!(words("-generated=f -generated"), "--generated");
        assert!(read("-json").expect("a switch").json);
        assert!(!read("-json -json=false").expect("a switch").json);
    }

    #[test]
    fn wrong_flags_are_named() {
        for (line, text) in [
            ("x.go", "`x.go` is no flag"),
            ("-nonsense", "there is no flag `-nonsense`"),
            ("-min-confidence", "`-min-confidence` needs a value"),
            ("-generated=maybe", "the value is `true` or `false`"),
            ("-fix", "does not work through `go vet`"),
        ] {
            let error = read(line).expect_err(line);
            assert!(error.contains(text), "{error}");
        }
    }

    #[test]
    fn flags_are_described_as_the_go_command_reads_them() {
        let json: serde_json::Value = serde_json::from_str(&describe(&flags())).expect("JSON");
        assert_eq!(json[0]["Name"], "json");
        assert_eq!(json[2]["Name"], "min-confidence");
        assert_eq!(json[2]["Bool"], false);
        assert_eq!(json[2]["Usage"], "does things");
    }
}
